"""What every topology promises: each shipped one, with two sides and with three, and random ones."""

import copy
import dataclasses
import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from faceswap_lab.data.datamodule import FaceDataModule, StepDataset
from faceswap_lab.data.faces import sides_of
from faceswap_lab.data.sampler import SideSampler
from faceswap_lab.events import Event, Events
from faceswap_lab.models.architecture import Architecture
from faceswap_lab.models.autoencoder import Autoencoder, Samples
from faceswap_lab.models.blocks import PADDINGS
from faceswap_lab.models.bottlenecks import BOTTLENECKS
from faceswap_lab.models.norms import NORMS
from faceswap_lab.models.parts import MODULES
from faceswap_lab.models.upsamplers import UPSAMPLERS
from faceswap_lab.orders import Plan
from faceswap_lab.topology import KINDS, Blocks, Bottleneck, Declared, Residuals, TopologyError, expand
from faceswap_lab.topology.blocks import DOWNSAMPLERS, RESIDUAL_STARTS
from faceswap_lab.training.callbacks import Resume
from faceswap_lab.training.device.processes import Place, further_processes
from faceswap_lab.training.module import FaceswapModule
from faceswap_lab.training.saved.checkpoint import load, save, taken_of
from faceswap_lab.training.saved.weights import load_weights, save_weights
from tests.data.recipes import WARP_ALIGNED, noise_faces
from tests.topology.normalised import NORMALISED, add_kind
from tests.topology.shipped import MOST_SIDES, SHIPPED, SIZES, architecture, shipped
from tests.training.tiny import ADAM, BATCH, FOOLING, SEED, adversaries, trainer_for, with_settings

CASES = [(name, people) for name in SHIPPED for people in (2, 3) if people <= MOST_SIDES.get(name, 3)]
ORDERS = {"joint": "shared", "a_then_b": "keras_2018"}  # all sides at once, and one after another
STEPS = 4


def orders_of(name):
    """A tie needs all sides in one update."""
    return {"joint": "shared"} if name == "tied" else ORDERS


def module_of(model, order, **options):
    plan = Plan(order, model.sides, BATCH, block=1, seed=SEED)
    return FaceswapModule(model, plan, ADAM, ORDERS[order], log_every=1, last_step=STEPS, **with_settings(options))


def opposed(name, order):
    """Return a module whose faces and codes discriminators judge."""
    model = Autoencoder(architecture(name, sides_of(MOST_SIDES.get(name, 3))), SEED)
    return module_of(model, order, objective=FOOLING, discriminators=adversaries(model))


def fit(module, steps, first=0, place=None, callbacks=()):
    sides = module.autoencoder.sides
    samplers = {
        side: SideSampler(noise_faces(6, 64, seed=i), WARP_ALIGNED, 32, SEED, side) for i, side in enumerate(sides)
    }
    trainer_for(callbacks, place=place, order=module.plan.order).fit(
        module, FaceDataModule(StepDataset(samplers, module.plan.portions, first, steps))
    )
    return module


def trained(name, people, order, steps=STEPS, place=None):
    model = Autoencoder(architecture(name, sides_of(people)), SEED)
    return fit(module_of(model, order), steps, place=place)


def vector(model):
    return torch.cat([p.detach().ravel() for p in model.parameters()]).numpy()


def faces(n=2):
    return torch.rand(n, 3, 32, 32, generator=torch.Generator().manual_seed(n))


def check_shapes_and_ranges(model):
    x = faces()
    for side in model.sides:
        assert model.code(x, side).shape[0] == 2
        assert model.code(x, side).dim() == 2
        drawn = [model.reconstruct(side, x)]
        drawn += [
            model.swap(x, side, other, path) for other in model.sides if other != side for path in model.swap_paths
        ]
        for y in drawn:
            assert y.shape == x.shape
            assert ((y >= 0) & (y <= 1)).all()


def check_what_training_moves(start, module):
    """Every trained part has moved, every frozen one has not, and nothing is without a finite loss."""
    for name, part in module.autoencoder.topology.parts.items():
        before, after = start.parts[name].state_dict(), module.autoencoder.parts[name].state_dict()
        moved = [key for key in before if not torch.equal(before[key], after[key])]
        assert bool(moved) == (part.trained and bool(before)), name
    assert all(math.isfinite(value) for value in module.last_losses.values())


@pytest.mark.parametrize(("name", "people"), CASES)
def test_shapes_ranges_and_what_training_moves(name, people):
    start = Autoencoder(architecture(name, sides_of(people)), SEED)
    check_shapes_and_ranges(start)
    for order in orders_of(name):
        module = trained(name, people, order, steps=2)
        check_what_training_moves(start, module)
        sides = {f"loss_{side}" for side in module.autoencoder.sides}
        assert set(module.last_losses) == sides | ({"loss_tie"} if name == "tied" else set())


@pytest.mark.parametrize("name", SHIPPED)
def test_gone_on_from_a_checkpoint_is_bit_equal_and_saved_weights_swap_alike(name, tmp_path):
    order = next(iter(orders_of(name)))
    whole = fit(opposed(name, order), STEPS)
    save(tmp_path, taken_of(fit(opposed(name, order), 2), "d", 0.0))
    again = opposed(name, order)
    fit(again, STEPS, first=2, callbacks=[Resume(load(tmp_path, "d"))])
    assert np.array_equal(vector(again), vector(whole))
    save_weights(tmp_path / "w.safetensors", whole.autoencoder)
    loaded = load_weights(tmp_path / "w.safetensors")
    assert loaded.architecture == whole.autoencoder.architecture
    for source, target in itertools.permutations(whole.autoencoder.sides, 2):
        for path in loaded.swap_paths:
            with torch.no_grad():
                pair = [model.swap(faces(), source, target, path) for model in (loaded, whole.autoencoder)]
            torch.testing.assert_close(*pair)


DDP = [name for name in SHIPPED if name != "tied"]  # refused: the tie is taken over the whole batch


def every_case(place, out):
    ends = {name: vector(trained(name, MOST_SIDES.get(name, 3), "a_then_b", 2, place).autoencoder) for name in DDP}
    torch.distributed.destroy_process_group()
    torch.save({name: torch.from_numpy(end) for name, end in ends.items()}, out / f"{place.rank}.pt")


def test_two_processes_are_one(tmp_path):
    first = Place.first_of(2)
    with further_processes(first, every_case, tmp_path):
        every_case(first, tmp_path)
    ends = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1)]
    for name in DDP:
        assert torch.equal(ends[0][name], ends[1][name]), name
        alone = vector(trained(name, MOST_SIDES.get(name, 3), "a_then_b", 2).autoencoder)
        np.testing.assert_allclose(ends[0][name].numpy(), alone, atol=2e-6, err_msg=name)


@st.composite
def topologies(draw):
    """Encoders of some kind, inters joined in some way, decoders of some kind: all that fits together."""
    people = draw(st.integers(2, 3))
    parts, steps = {}, []
    own_encoder = draw(st.booleans())
    encoder = "e_{side}" if own_encoder else "e"
    inters = draw(st.lists(st.sampled_from(["i", "i_{side}", "j"]), max_size=3))
    if inters:
        parts[encoder] = {"kind": "conv_encoder"}
        parts |= {name: {"kind": "inter", "code_size": draw(st.sampled_from([16, 32]))} for name in inters}
        steps = [encoder, " + ".join(inters)]
    else:
        parts[encoder] = {"kind": "encoder"}
        split = draw(st.none() | st.integers(0, 5))
        steps = [encoder]
        if split is not None:
            top = draw(st.sampled_from(["t", "t_{side}"]))
            parts = {encoder: {"kind": "encoder", "last": split}, top: {"kind": "encoder", "first": split}}
            steps = [encoder, top]
    if len(inters) == 2 and draw(st.booleans()):
        parts["mix"] = {"kind": "mix", "share": draw(st.floats(0.3, 0.7))}
        steps.append("mix")
    decoder = draw(st.sampled_from(["d", "d_{side}"]))
    parts[decoder] = {"kind": draw(st.sampled_from(["decoder", "told_decoder"]))}
    return Declared(parts, " > ".join([*steps, decoder]), code=encoder), people


BLOCKS = st.builds(
    Blocks,
    *(st.sampled_from(sorted(UPSAMPLERS)), st.booleans()),
    *(st.sampled_from(sorted(registry)) for registry in (NORMS, PADDINGS)),
).filter(lambda blocks: blocks.upsampler != "transposed" or blocks.padding == "same")  # the others are refused
DOWN = [(), *((name,) for name, known in DOWNSAMPLERS.items() if known.halves)]
DOWN += [("conv", "shuffled", "pool_beside", "conv"), ("pointwise", "pair_pool", "conv", "pair_pool", "plain")]
NECKS = st.builds(Bottleneck, st.sampled_from(sorted(BOTTLENECKS)), st.booleans())


@st.composite
def sizes(draw):
    """The smallest sizes, and any choice of blocks."""
    ends = draw(st.sampled_from([{"out_kernel": 1}, {"out_kernel": 5}, {"depth_to_space": True}]))
    widths = SIZES.decoder_widths[: 1 if "depth_to_space" in ends else 2]
    down = draw(st.sampled_from(DOWN))
    around = {"linear_before": draw(st.booleans()), "skip_around": draw(st.booleans())}
    after = draw(st.sampled_from([(), (1,), (2,)]))
    residuals = Residuals(after, draw(st.sampled_from(tuple(RESIDUAL_STARTS))), **around)
    blocks = {"blocks": draw(BLOCKS), "bottleneck": draw(NECKS), "residuals": residuals, "downsamplers": down}
    blocks["encoder_widths"] = (4,) * max(3, len(down))
    blocks["encoder_residuals"] = draw(st.sampled_from([(), (1, 0, 2, 0, 0)[: len(blocks["encoder_widths"])]]))
    return dataclasses.replace(SIZES, code_size=16, decoder_widths=widths, **ends, **blocks)


@settings(max_examples=20)
@given(topologies(), sizes(), st.sampled_from(sorted(ORDERS)))
def test_a_random_topology_of_random_blocks_keeps_the_same_promises(tmp_path_factory, drawn, sizes, order):
    declared, people = drawn
    built = Architecture(32, expand(declared, sides_of(people), sizes))
    start = Autoencoder(built, SEED)
    check_shapes_and_ranges(start)
    module = fit(module_of(copy.deepcopy(start), order), 2)
    check_what_training_moves(start, module)
    path = tmp_path_factory.mktemp("weights") / "w.safetensors"
    save_weights(path, module.autoencoder)
    with torch.no_grad():
        torch.testing.assert_close(
            load_weights(path).swap(faces(), "A", "B"), module.autoencoder.swap(faces(), "A", "B")
        )


def test_the_generator_of_random_topologies_makes_what_can_be_built():
    """A generator that only made what is refused would test nothing."""

    @settings(max_examples=50, database=None)
    @given(topologies())
    def built(drawn):
        try:
            expand(drawn[0], sides_of(drawn[1]), SIZES)
        except TopologyError as error:
            pytest.fail(str(error))

    built()


def test_a_part_that_several_sides_use_runs_once_and_mixtures_are_a_matter_of_the_samples_index():
    model, seen = Autoencoder(architecture("amp"), SEED), []
    model.parts["decoder"].register_forward_hook(lambda part, args, out: seen.append(len(args[0])))
    x = faces(6)
    whole = model.reconstruct_all([Samples("B", x, first=10)])[0].faces
    parts = [model.reconstruct_all([Samples("B", x[i : i + 2], first=10 + i)])[0].faces for i in (0, 2, 4)]
    torch.testing.assert_close(torch.cat(parts), whole)  # whichever batch or device a sample is in
    assert not torch.allclose(model.reconstruct_all([Samples("B", x, first=11)])[0].faces, whole)
    mixed = model.parts["mix"](torch.cat([torch.zeros(1, 4, 2, 2), torch.ones(1, 4, 2, 2)], dim=1))
    assert mixed[0, :, 0, 0].tolist() == [0, 0, 1, 1]  # a swap takes the first half of the first
    check_dropout(x)
    seen.clear()
    told = Autoencoder(architecture("told_decoder"), SEED)
    told.parts["decoder"].register_forward_hook(lambda part, args, out: seen.append(len(args[0])))
    told.reconstruct_all([Samples("A", x), Samples("B", x[:2])])
    assert seen == [8]


def check_dropout(x):
    """Whole channels of a training sample, by its index, are 0, and the mean stays; otherwise nothing happens."""
    model, seen = Autoencoder(architecture("dropout_a", share=0.25), SEED), []
    model.parts["dropout_1"].register_forward_hook(lambda part, args, out: seen.append((args[0], out)))
    whole = model.reconstruct_all([Samples("A", x, first=10)])[0].faces
    parts = [model.reconstruct_all([Samples("A", x[i : i + 3], first=10 + i)])[0].faces for i in (0, 3)]
    torch.testing.assert_close(torch.cat(parts), whole)
    model.swap(x, "B", "A")
    assert torch.equal(*seen.pop())
    before, after = seen[0]
    kept = after[:, :, :1, :1] != 0
    torch.testing.assert_close(after, torch.where(kept, before / 0.75, 0.0))
    assert not torch.equal(kept[0], kept[1])
    rows = model.parts["dropout_1"].drawn(np.random.default_rng(0).uniform(size=(500, 20)))
    assert rows.mean() == pytest.approx(1, abs=0.03)
    of_units = MODULES["dropout"](KINDS["dropout"](share=0.4, units=True), (3, 2), torch.nn.Identity)
    factors = torch.arange(24.0).reshape(2, of_units.channels)  # each number of a face has its own
    assert torch.equal(of_units(torch.ones(2, 3, 2, 2), factors).flatten(1), factors)


@pytest.mark.parametrize(
    ("name", "split", "encoders"),
    [
        ("shared_encoder_start", 0, 2),
        ("shared_encoder_start", 5, 1),
        ("shared_encoder_end", 0, 1),
        ("shared_encoder_end", 5, 2),
    ],
)
def test_the_ends_of_partly_shared_encoders_are_one_and_two_to_the_last_bit(name, split, encoders):
    from tests.models.tiny import tiny

    ends = []
    for built in (architecture(name, split=split), tiny(encoders=encoders, encoder_start=None)):
        module = fit(module_of(Autoencoder(built, SEED), "joint"), 2)
        ends.append([module.autoencoder.swap(faces(), a, b) for a, b in ("AB", "BA")])
    for here, there in zip(*ends):
        assert torch.equal(here, there)


def test_the_ends_of_partly_shared_decoders():
    from tests.models.tiny import tiny

    ends = []
    for built in (architecture("shared_decoder_start", split=0), architecture("shared_decoder_end", split=3), tiny()):
        module = fit(module_of(Autoencoder(built, SEED), "joint"), 2)
        ends.append(module.autoencoder.swap(faces(), "A", "B"))
    assert torch.equal(ends[0], ends[2])
    assert torch.equal(ends[1], ends[2])
    blind = Autoencoder(architecture("shared_decoder_start", split=3), SEED)  # one decoder that is told nothing
    assert torch.equal(blind.swap(faces(), "A", "B"), blind.reconstruct("A", faces()))


def test_a_split_decoder_starts_as_the_whole_one_does_without_an_upscale_before_it_too():
    for bridge, widths in ((4, (4, 4)), (0, (6, 4, 4))):
        sizes = dataclasses.replace(SIZES, bridge_width=bridge, decoder_widths=widths)
        whole, split = (
            Autoencoder(Architecture(32, shipped(name, sizes=sizes)), SEED).parts for name in ("original", "dropout_a")
        )
        slices = {k: v for name in ("first_A", "second_A", "decoder_A") for k, v in split[name].state_dict().items()}
        assert slices.keys() == whole["decoder_A"].state_dict().keys()
        assert all(torch.equal(slices[name], weights) for name, weights in whole["decoder_A"].state_dict().items())


@pytest.mark.parametrize(("name", "people"), CASES)
def test_every_part_can_start_again(name, people):
    """As it started, from the stream of before; as it has not been yet, from another."""
    fresh = Autoencoder(architecture(name, sides_of(people)), SEED)
    model = trained(name, people, next(iter(orders_of(name))), steps=1).autoencoder
    for part, module in model.parts.items():
        module.load_state_dict(model.started(part, "init").state_dict())
    assert np.array_equal(vector(model), vector(fresh))
    other = model.started("encoder" if "encoder" in model.parts else next(iter(model.parts)), "reset", "again")
    assert not any(torch.equal(p, q) for p in other.parameters() for q in fresh.parameters() if p.dim() > 1)


@pytest.mark.parametrize("order", sorted(ORDERS))
def test_a_part_is_frozen_from_its_step_on_and_not_before(order):
    from tests.models.tiny import tiny

    events = Events((Event(2, "freeze", "freeze", {"parts": ("encoder",)}),))
    ends = {
        steps: fit(module_of(Autoencoder(tiny(), SEED), order, events=events), steps).autoencoder for steps in (1, 2, 4)
    }
    for name, moves in (("encoder", False), ("decoder_A", True), ("decoder_B", True)):
        one, two, four = (vector(ends[steps].parts[name]) for steps in (1, 2, 4))
        assert not np.array_equal(one, two), name
        assert np.array_equal(two, four) is not moves, name


def test_a_part_that_computes_across_the_batch_sees_each_side_alone(monkeypatch):
    add_kind(monkeypatch)
    model = Autoencoder(Architecture(32, expand(NORMALISED, sides_of(2), SIZES)), SEED)
    own = {side: faces(n) for side, n in (("A", 5), ("B", 3))}
    together = [drawn.faces for drawn in model.reconstruct_all([Samples(side, x) for side, x in own.items()])]
    for drawn, (side, x) in zip(together, own.items()):
        torch.testing.assert_close(drawn, model.reconstruct(side, x))
    assert not torch.allclose(model.reconstruct("A", own["A"][:2]), model.reconstruct("A", own["A"])[:2])


def test_every_side_has_its_code_though_its_part_stands_on_anothers_way_too():
    kinds = {"e": "conv_encoder", "i_{side}": "inter", "mix": "mix", "d": "decoder"}
    routes = {"A": "e > i_A + i_B > mix > d", "default": "e > i_{side} > d"}
    declared = Declared({name: {"kind": kind} for name, kind in kinds.items()}, routes, code="i_{side}")
    model = Autoencoder(Architecture(32, expand(declared, "AB", SIZES)), SEED)
    faces = torch.rand(3, 3, 32, 32)
    drawn = model.reconstruct_all([Samples(side, faces) for side in "AB"], with_codes=True)
    for side, one in zip("AB", drawn):
        assert one.code is not None
        torch.testing.assert_close(one.code, model.code(faces, side))
    assert not torch.allclose(drawn[0].code, drawn[1].code)
