"""``shrink=``: a model at the baseline's budget, whose sizes are its identity."""

import copy
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from faceswap_lab.cli.job.shrinking import shrink
from faceswap_lab.config import Config, Conflict, load
from faceswap_lab.models.architecture import Architecture
from faceswap_lab.models.costs import costs
from faceswap_lab.orders import Plan
from faceswap_lab.runs.identity import run_hash
from faceswap_lab.training import matched
from faceswap_lab.training.build import architecture_of, plan_of
from faceswap_lab.training.description import flops_per_step
from faceswap_lab.training.matched import LARGEST_MISS, Cost, last_below
from tests.cli.judging import judged
from tests.config.shipped import OPTIONS, composed

PEERS = OPTIONS["peer"]


def peer_at(name: str, scale: str, how: str) -> Config:
    """What ``+peer=name scale=… shrink=…`` means, of two compositions that all cases share."""
    plain, small = composed(f"+peer={name}"), composed(f"scale={scale}")
    plain["scale"], plain["training"]["batch_size"] = small["scale"], small["training"]["batch_size"]
    plain["shrink"]["name"] = how
    return shrink(load(plain, OPTIONS), OmegaConf.create(plain), OPTIONS)


@cache
def baseline(scale: str, what: Cost) -> float:
    return what_it_costs(load(composed(f"scale={scale}"), OPTIONS), what)


def what_it_costs(config: Config, what: Cost) -> float:
    return what(architecture_of(config), plan_of(config))


def weights(architecture: Architecture, plan: object) -> float:
    return sum(cost.parameters for cost in costs(architecture).values())


@pytest.mark.parametrize("name", PEERS[::3])  # of each program some: the widths that match FLOPs are found alike
def test_a_peer_has_as_many_weights_as_the_baseline(name: str):
    scale = ["medium", "quick"][PEERS.index(name) % 2]
    small = peer_at(name, scale, "matched_parameters")
    assert small.model.resolution == {"quick": 32, "medium": 64}[scale]
    assert what_it_costs(small, weights) == pytest.approx(baseline(scale, weights), rel=LARGEST_MISS)


@pytest.mark.parametrize("name", PEERS)
def test_every_peers_step_costs_as_much_as_the_baselines(name: str):
    scale = ["quick", "medium"][PEERS.index(name) % 2]
    small = peer_at(name, scale, "matched_flops")
    assert what_it_costs(small, flops_per_step) == pytest.approx(baseline(scale, flops_per_step), rel=LARGEST_MISS)


@given(st.lists(st.integers(0, 50), max_size=60), st.integers(0, 3000), st.integers(1, 70))
def test_the_last_width_below_a_cost_is_found_whatever_the_steps(rises: list[int], target: int, apart: int):
    def cost(steps: int) -> float:
        return 1 + sum(rises[: steps // apart])

    assert last_below(cost, target) == max((k for k in range(1, 4001) if cost(k) <= target), default=0)


def test_what_comes_no_nearer_is_refused_with_the_nearest(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(matched, "LARGEST_MISS", 0.01)
    told = r"nearest is widths × 0.115, 671,709 weights against the baseline's 663,430 \(\+1.2%\), .* within 1%"
    with pytest.raises(Conflict, match=told):
        peer_at("dfl_h128", "quick", "matched_parameters")


def test_a_models_cost_is_counted_once_whatever_its_rate(monkeypatch: pytest.MonkeyPatch):
    counted = []

    def cost(architecture: Architecture, plan: Plan) -> float:
        counted.append((repr(architecture), plan))
        return matched.parameters(architecture, plan)

    monkeypatch.setattr(matched, "_COSTS", {})
    monkeypatch.setitem(matched.BUDGETS, "matched_parameters", (cost, ",.0f", "weights"))
    plain = composed("scale=quick", "topology=iae", "shrink=matched_parameters")
    found = []
    for rate in (1e-3, 2e-3):
        plain["optimizer"]["lr"] = rate
        found.append(shrink(load(plain, OPTIONS), OmegaConf.create(plain), OPTIONS))
    assert found[0].shrunk == found[1].shrunk
    assert (found[0].optimizer.lr, found[1].optimizer.lr) == (1e-3, 2e-3)
    assert len(counted) == len(set(counted)) > 2


def test_the_sizes_are_the_identity_and_nothing_is_shrunk_twice():
    plain = composed("scale=quick", "topology=iae", "shrink=matched_parameters")
    words: Any = OmegaConf.create(copy.deepcopy(plain))
    small = shrink(load(plain, OPTIONS), words, OPTIONS)
    assert small.shrunk == "widths × 0.671 at 32 px: 661,076 weights against the baseline's 663,430 (-0.4%)"
    again = OmegaConf.to_container(words)
    assert load(again, OPTIONS) == small == shrink(load(again, OPTIONS), words, OPTIONS)
    by_hand = composed("scale=quick", "topology=iae") | {"model": again["model"]}
    assert run_hash(load(by_hand, OPTIONS)) == run_hash(small)


def test_a_mask_head_is_shrunk_with_its_peer():
    plain = composed("+peer=saehd_df_ud", "scale=quick", "shrink=by_factor", "shrink.factor=0.25")
    small = shrink(load(plain, OPTIONS), OmegaConf.create(plain), OPTIONS).model
    assert (small.decoder_widths, small.mask_head) == ((128, 64), (44, 22, 11))


def test_a_peer_is_trained_as_there_and_a_shrunk_one_at_the_scales_rate_and_batch_or_as_typed():
    def rate_and_batch(*words: str) -> tuple[float, int]:
        config = load(composed("+peer=quick96", *words), OPTIONS)
        return config.optimizer.lr, config.training.batch_size

    by_factor = ("scale=medium", "shrink=by_factor", "shrink.factor=0.1")
    assert rate_and_batch() == rate_and_batch("scale=medium") == (2e-4, 4)
    assert rate_and_batch(*by_factor) == (8e-4, 16)
    assert rate_and_batch(*by_factor, "optimizer.lr=1e-5", "training.batch_size=2") == (1e-5, 2)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["upsampler=hybrid", "shrink=by_factor", "shrink.factor=0.01"], "must be 2 or more"),
        (["shrink.factor=0.5"], "none has no factor"),
        (["shrink=matched_flops", "shrink.factor=0.5"], "shrink=by_factor"),
    ],
)
def test_what_cannot_be_shrunk_is_refused(words: list[str], told: str):
    with pytest.raises(Conflict, match=told):
        judged(words)
