"""The effect of the update order against trainings made by Lightning, a closed form, and what must be equal."""

import json
import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

from faceswap_lab.config.schema import Optimizer
from faceswap_lab.data.sampler import centre
from faceswap_lab.training.build import autoencoder_of, module_of
from faceswap_lab.training.fit import fit
from faceswap_lab.training.order_effect.measure import _variants, companion, distance, measure
from faceswap_lab.training.order_effect.replica import Replica, batches_of
from faceswap_lab.training.step.finite import Diverged
from faceswap_lab.training.step.training_step import picture
from tests.config.shipped import OPTIONS
from tests.training.configs import config_for, noise_data

STEPS = (1, 5)
SMOOTH = ("encoder_activation=elu", "encoder_activation.slope=1.0", "loss=mse")  # no kink in it: it has Hessians
GROUPS = {"encoder": "parts.encoder.", "decoder_A": "parts.decoder_A.", "decoder_B": "parts.decoder_B."}


@cache
def measured(*overrides, steps=STEPS):
    return measure(config_for(*overrides), noise_data(), steps)


def by_lightning(steps, *overrides, draws_of=0, start=0):
    """Return the autoencoder after ``steps`` steps of a real run."""
    config = config_for(*overrides, f"seed={start}", f"training.max_steps={steps}")
    data = noise_data()
    module = module_of(config, autoencoder_of(config, data))
    fit(replace(config, seed=draws_of), data, module, None, lambda: None, (), lambda row, step: None)
    return module.autoencoder


def vector(model, prefix):
    return np.concatenate(
        [p.detach().numpy().ravel() for name, p in model.named_parameters() if name.startswith(prefix)]
    ).astype(np.float64)


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("state", ["keras_2018", "shared"])
def test_distances_are_those_of_real_runs(state, steps):
    """The runs are Lightning's, so what is compared is what users get, to the last bit of every weight."""
    forth = by_lightning(steps, f"optimizer_state={state}")
    others = {
        "orders": by_lightning(steps, f"optimizer_state={state}", "update_order=b_then_a"),
        "draws": by_lightning(steps, f"optimizer_state={state}", draws_of=1),
        "seeds": by_lightning(steps, f"optimizer_state={state}", start=1, draws_of=1),
    }
    start = autoencoder_of(config_for(), noise_data())
    row = next(row for row in measured(f"optimizer_state={state}")["growth"] if row["step"] == steps)
    for name, other in others.items():
        for group, prefix in GROUPS.items():
            here, there, origin = (vector(model, prefix) for model in (forth, other, start))
            got, way = row[name][group], np.linalg.norm(here - origin)
            assert got["largest"] == np.abs(here - there).max() > 0
            assert got["largest_update"] == np.abs(here - origin).max()
            assert got["absolute"] == pytest.approx(np.linalg.norm(here - there), rel=1e-9)
            assert got["relative"] == pytest.approx(np.linalg.norm(here - there) / way, rel=1e-9)


def test_outputs_are_the_swaps_differences():
    forth, back = by_lightning(5), by_lightning(5, "update_order=b_then_a")
    apart = []
    for source, target in (("A", "B"), ("B", "A")):
        crops = centre(noise_data().held_out[source].images, 32, config_for().augmentation.coverage)
        faces = torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255
        with torch.no_grad():
            one, other = (model.swap(faces, source, target).double().numpy() for model in (forth, back))
        apart.append(np.abs(one - other).mean())
    assert measured()["growth"][-1]["outputs"]["orders"] == pytest.approx(np.mean(apart), rel=1e-5)


def test_one_step_is_the_first_row_of_growth():
    found = measured()
    assert found["one_step"] == found["growth"][0]["orders"] == found["one_step_variants"][0]["groups"]
    assert found["groups"] == list(GROUPS)


def commutator(config, data):
    """Return H_B g_A - H_A g_B at the start by parameter name: gradients and Hessians by autograd."""
    model = autoencoder_of(config, data)
    names, parameters = zip(*model.named_parameters())

    def gradient(portion):
        output = model.reconstruct(portion.side, picture(portion.input))
        loss = (output - picture(portion.target)).square().mean()
        return torch.autograd.grad(loss, parameters, create_graph=True, materialize_grads=True)

    def hessian_times(g, v):
        along = sum((x * y.detach()).sum() for x, y in zip(g, v))
        return torch.autograd.grad(along, parameters, retain_graph=True, materialize_grads=True)

    g_a, g_b = (gradient(portion) for portion in next(batches_of(config, data)))
    return dict(zip(names, map(torch.sub, hessian_times(g_b, g_a), hessian_times(g_a, g_b))))


def test_without_state_one_step_differs_by_the_commutator():
    """θ_ab - θ_ba = lr² (H_B g_A - H_A g_B) + O(lr³), so what is missing from the first term halves with lr."""
    data, missing = noise_data(), []
    predicted = commutator(config_for(*SMOOTH), data)
    for lr in (0.1, 0.05):  # much smaller, and rounding shows
        descent = Optimizer(name="sgd", lr=lr, beta1=0.0, beta2=None, eps=None, weight_decay=None)
        config = replace(config_for(*SMOOTH, "optimizer_state=shared"), optimizer=descent)
        ends = []
        for reverse in (False, True):
            replica = Replica(config, data, torch.device("cpu"), reverse)
            replica.step(next(batches_of(config, data)))
            ends.append(dict(replica.autoencoder.named_parameters()))
        apart = torch.cat([(ends[0][name] - ends[1][name]).detach().ravel() / lr**2 for name in predicted])
        expected = torch.cat([term.ravel() for term in predicted.values()])
        missing.append(float((apart - expected).norm() / expected.norm()))
    assert missing[0] < 0.25
    assert missing[1] < 0.6 * missing[0]


def test_the_distances_of_gradient_descent_are_the_commutators():
    """By group, in what is reported: at lr 0.01 the first term leaves some 2 % out."""
    predicted = commutator(config_for(*SMOOTH), noise_data())
    found = next(v for v in measured(*SMOOTH)["one_step_variants"] if v["lr"] == 0.01)["groups"]
    for group, prefix in GROUPS.items():
        terms = torch.cat([term.ravel() for name, term in predicted.items() if name.startswith(prefix)])
        assert found[group]["absolute"] == pytest.approx(0.01**2 * float(terms.norm()), rel=0.05)


def test_without_state_the_difference_is_of_second_order():
    """A tenth of the learning rate: a hundredth of the distance, so a tenth of its share of the way."""
    large, small = (v for v in measured(*SMOOTH)["one_step_variants"] if v["optimizer"] == "sgd")
    for group in GROUPS:
        assert large["groups"][group]["relative"] / small["groups"][group]["relative"] == pytest.approx(10, rel=0.5)


def test_the_shared_clock_shortens_the_second_sides_first_step():
    """keras.optimizers.Adam at t = 1 and t = 2 on fresh moments: lr, and lr sqrt(1 + β₂) / (1 + β₁)."""
    lr, second = 0.002, math.sqrt(1.999) / 1.5
    for state, factor in (("keras_2018", second), ("keras_own_clocks", 1.0), ("per_autoencoder", 1.0)):
        found = measured(f"optimizer_state={state}", "optimizer.eps=1e-16", f"optimizer.lr={lr}")["one_step"]
        assert found["decoder_A"]["largest_update"] == pytest.approx(lr, rel=1e-4)  # A comes first
        assert found["decoder_B"]["largest_update"] == pytest.approx(factor * lr, rel=1e-4)
        assert found["decoder_A"]["largest"] == pytest.approx((1 + factor) * lr, rel=1e-4)  # a sign that flipped


@pytest.mark.parametrize("state", ["per_autoencoder", "shared"])
@pytest.mark.parametrize("encoders", ["two", "frozen"])
def test_nothing_differs_where_one_sides_update_cannot_reach_the_other(encoders, state):
    found = measured(f"encoders={encoders}", f"optimizer_state={state}")
    for row in found["growth"]:
        assert all(group["largest"] == 0 for group in row["orders"].values())
        assert row["outputs"]["orders"] == 0
        assert row["outputs"]["draws"] > 0
    assert found["loss_A_first_step_equal"]
    assert found["first_losses"]["a_then_b"] == found["first_losses"]["b_then_a"]
    assert "bit for bit" in found["says"][0]


def test_two_encoders_under_the_shared_clock_differ_by_the_clock_alone():
    """Gradients are equal and Adam's clock is not: the weights differ, though neither side sees the other."""
    found = measured("encoders=two", "optimizer_state=keras_2018", "optimizer.eps=1e-16", "optimizer.lr=0.002")
    assert found["groups"] == ["encoder_A", "encoder_B", "decoder_A", "decoder_B"]
    assert found["loss_A_first_step_equal"]
    factor = math.sqrt(1.999) / 1.5
    for name, group in found["one_step"].items():
        alone = factor if name.endswith("A") else 1 / factor  # what the other order makes of this one's update
        assert group["relative"] == pytest.approx(abs(1 - alone), rel=1e-3)
        assert group["largest"] < 0.06 * 0.002  # no sign has flipped


def test_order_cannot_matter_where_both_gradients_are_taken_at_the_start():
    variants = {v["update_order"]: v for v in measured()["one_step_variants"]}
    assert variants["accumulate"]["unequal"] == []
    assert all(group["largest_update"] > 0 for group in variants["accumulate"]["groups"].values())
    assert all(group["relative"] < 1e-3 for group in variants["joint"]["groups"].values())


def test_the_first_sides_loss_is_taken_at_the_start():
    config, data = config_for(), noise_data()
    model, found = autoencoder_of(config, data), measured()["first_losses"]
    at_start = {
        p.side: (model.reconstruct(p.side, picture(p.input)) - picture(p.target)).abs()
        for p in next(batches_of(config, data))
    }
    mask = {p.side: p.mask.unsqueeze(1) / 255 for p in next(batches_of(config, data))}
    weight = config.loss.mask_weight
    for side, first, second in (("A", "a_then_b", "b_then_a"), ("B", "b_then_a", "a_then_b")):
        apart, m = at_start[side], mask[side]
        masked = ((apart * m).sum((1, 2, 3)) / (3 * m.sum((1, 2, 3)))).mean()
        expected = (1 - weight) * apart.mean() + weight * masked
        assert found[first][side] == pytest.approx(expected.item(), rel=1e-5)
        assert found[second][side] != found[first][side]
    assert not measured()["loss_A_first_step_equal"]


def test_parts_without_weights_are_no_groups():
    replica = Replica(config_for("topology=dropout_a"), noise_data(), torch.device("cpu"))
    found, parts = replica.weights(), replica.autoencoder.parts
    assert parts.keys() - found.keys() == {"dropout_1", "dropout_2"}
    assert all(np.array_equal(weights, vector(parts[name], "")) for name, weights in found.items())


def test_the_smallest_difference_is_one_rounding_of_every_weight():
    """After one small step of gradient descent the two are still a few roundings apart; after Adam's the signs hold."""
    sgd = ("optimizer=sgd", "optimizer_state=per_autoencoder", "optimizer.lr=1e-4")
    for group in measured(*sgd, steps=(1,))["growth"][0]["rounding"].values():
        assert 0 < group["largest"] < 1e-6


def test_the_same_twice_and_plain_json():
    config = config_for()
    again = measure(config, noise_data(), STEPS)
    assert again == measured()
    assert json.loads(json.dumps(again, allow_nan=False)) == again


def test_sentences_tell_the_numbers():
    found = measured()
    said, step, last = found["says"], found["one_step"], found["growth"][-1]
    assert f"decoder_B {100 * step['decoder_B']['relative']:.2g} %" in said[0]
    assert f"encoder {step['encoder']['largest']:.2g}" in said[0]
    assert f"loss_A is {found['first_losses']['a_then_b']['A']:.4f} when A comes first" in said[1]
    assert "0.943 times as far" in said[2]
    assert "accumulate exactly 0" in said[4]
    swaps = ", ".join(f"{255 * last['outputs'][name]:.2g}" for name in ("orders", "draws", "rounding", "seeds"))
    assert f"{swaps} levels of 255" in said[5]


def test_steps_alone_change_no_row():
    """What is compared after five steps does not depend on where else it is compared, or on how long a run would be."""
    found = measure(config_for("training.max_steps=999"), noise_data(), (5,))
    assert found["growth"] == measured()["growth"][1:]


class KeptAfter(pl.Callback):
    """Keeps the weights of some parts after five steps, wherever the run goes from there."""

    def on_train_batch_end(self, trainer, module, *rest):
        if module.steps_done == 5:
            self.kept = {group: vector(module.autoencoder, prefix) for group, prefix in GROUPS.items()}


def test_a_schedule_is_that_of_the_whole_run_however_early_it_is_compared():
    after_five, data = {}, noise_data()
    for order in ("a_then_b", "b_then_a"):
        config, kept = config_for("schedule=cosine", f"update_order={order}", "seed=0"), KeptAfter()
        fit(
            config,
            data,
            module_of(config, autoencoder_of(config, data)),
            None,
            lambda: None,
            (kept,),
            lambda *row: None,
        )
        after_five[order] = kept.kept
    row = measured("schedule=cosine", steps=(5,))["growth"][0]["orders"]
    for group, one in after_five["a_then_b"].items():
        assert row[group]["largest"] == np.abs(one - after_five["b_then_a"][group]).max() > 0


@pytest.mark.parametrize("step", [12, 0.9])
def test_an_event_that_comes_after_the_last_comparison_changes_nothing(step):
    planned = f"+events.planned.slow={{kind: learning_rate, step: {step}, factor: 0.1}}"
    assert measured(planned)["growth"] == measured()["growth"]


def test_what_the_configuration_says_of_order_and_seed_is_not_looked_at():
    found = measure(config_for("update_order=alternate", "update_order.block=7", "seed=5"), noise_data(), STEPS)
    assert found["growth"] == measured()["growth"]


@pytest.mark.parametrize(("max_steps", "expected"), [(2, [1]), (10, [1, 10])])
def test_the_companion_asks_as_far_as_a_run_goes(max_steps, expected):
    found = companion(config_for(f"training.max_steps={max_steps}"), noise_data())
    assert found["steps"] == [row["step"] for row in found["growth"]] == expected
    assert len(found["says"]) == 6
    assert f"After {expected[-1]} steps" in found["says"][-1]


def test_progress_is_shown_where_it_is_asked_for(capsys):
    measure(config_for("progress=true"), noise_data(), (2,))
    assert "5 trainings of 2 steps: 2 of 2" in capsys.readouterr().err
    measure(config_for(), noise_data(), (2,))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("before", [(False, False), (True, False), (True, True)])
def test_torchs_setting_is_put_back(before):
    config = config_for()
    assert config.training.deterministic
    kept = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    try:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
        measure(config, noise_data(), (1,))
        after = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    finally:
        torch.use_deterministic_algorithms(kept[0], warn_only=kept[1])
    assert after == before


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "sgd"])
def test_every_variant_is_a_configuration_that_the_door_lets_in(optimizer):
    from faceswap_lab.config.rules import check_rules

    state = "shared" if optimizer != "adam" else "keras_2018"
    variants = list(_variants(config_for(f"optimizer={optimizer}", f"optimizer_state={state}")))
    for config in variants:
        check_rules(config, OPTIONS)
    assert len(variants) == (8 if optimizer == "adam" else 6)


def test_a_distance_without_a_way():
    one, two = torch.ones(3), torch.zeros(3)
    assert distance(one, two, one)["relative"] is None
    assert distance(one, one, one)["relative"] == 0
    assert distance(torch.cat([one, two]), torch.ones(6), torch.zeros(6)) == {
        "largest": 1.0,
        "largest_update": 1.0,
        "absolute": pytest.approx(math.sqrt(3)),
        "relative": pytest.approx(1.0),
        "share": 0.5,
    }


def test_a_training_that_diverges_says_so():
    config = config_for(
        "optimizer=sgd", "optimizer_state=shared", "optimizer.lr=10", "decoder_activation=linear", "loss=mse"
    )
    with pytest.raises(Diverged):
        measure(config, noise_data(), (40,))
