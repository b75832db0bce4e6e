"""Seeds trained at once against the same seeds trained one by one, by the stepper that trains a single run."""

import gc
from dataclasses import replace

import pytest
import torch

from faceswap_lab.training import replica
from faceswap_lab.training.build import autoencoder_of
from faceswap_lab.training.finite import Diverged
from faceswap_lab.training.replica import Replica, StackedReplica, batches_of
from tests.training.configs import config_for, noise_data

SEEDS, CPU = (3, 1, 8), torch.device("cpu")
STATES = ("keras_2018", "per_autoencoder", "shared")
ORDERS = ["a_then_b", "b_then_a", "only_b", "accumulate", "a_then_b_alone", "alternate", "joint", "joint_half"]
MORE = {"alternate": ["update_order.block=1"]}
IN_BLOCKS = ("alternate", "a_then_b_alone")  # which take four steps to train both sides twice
SHARED, OWN = "optimizer_state=shared", "optimizer_state=per_autoencoder"
CASES = [
    (f"update_order={order}", f"optimizer_state={state}", f"encoders={encoders}", *MORE.get(order, []))
    for order in ORDERS
    for state, encoders in zip(STATES, ("one", "two", "one"))
    if not order.startswith("joint") or state == "shared"
] + [
    ("update_order=joint", SHARED, "encoders=two"),
    ("update_order=joint", SHARED, "encoders=frozen"),
    ("encoders=frozen",),
    ("loss=mse_masked", "training.gradient_clip=1e-3"),
    ("loss=mae_masked", "loss.weight_a=0.3", "value_range=signed", "colour_match=mean_a_to_b"),
    ("optimizer=rmsprop", OWN, "optimizer.beta1=0.5"),
    ("optimizer=rmsprop", SHARED),
    ("optimizer=sgd", SHARED, "optimizer.beta1=0.9"),
    ("optimizer=sgd", OWN, "optimizer.beta1=0"),
    ("encoder_activation=prelu", "decoder_activation=tanh"),
]
NOISE = noise_data()


def configs(*overrides):
    in_blocks = any(order in override for order in IN_BLOCKS for override in overrides)
    first = config_for(f"training.max_steps={4 if in_blocks else 2}", *overrides)
    return [replace(first, seed=seed) for seed in SEEDS]


def both_ways(of):
    """Train the seeds together and one by one, step by step; yield after each step (stacked, singles, seen)."""
    stacked, singles = StackedReplica(of, NOISE, CPU), [Replica(config, NOISE, CPU) for config in of]
    for batches in zip(*(batches_of(config, NOISE) for config in of), strict=True):
        seen = stacked.step(batches)
        for single, batch in zip(singles, batches, strict=True):
            single.step(batch)
        yield stacked, singles, seen


def state_of(trained):
    """Return weights and moments by name, all of them tensors."""
    named = dict(trained.autoencoder.state_dict())
    for i, optimizer in enumerate(trained.states.optimizers):
        for j, p in enumerate(optimizer.param_groups[0]["params"]):
            named |= {f"{i} {j} {name}": x for name, x in optimizer.state.get(p, {}).items() if x is not None}
    return named


def assert_close(ours, theirs, relative):
    """Within so much of a tensor's largest value."""
    assert ours.keys() == theirs.keys()
    for name, x in ours.items():
        assert x.shape == theirs[name].shape, name
        assert (x - theirs[name]).abs().max() <= relative * theirs[name].abs().max(), name


@pytest.mark.parametrize("overrides", CASES, ids=" ".join)
def test_it_is_the_same_arithmetic(overrides, monkeypatch):
    """In float64, so that nothing but the mathematics can differ: no rounding turns a kink of the loss over."""
    monkeypatch.setattr(replica, "autoencoder_of", lambda *given: autoencoder_of(*given).double())
    for trained in both_ways(configs(*overrides)):
        stacked, singles, seen = trained
        for single, of_seed in zip(singles, seen, strict=True):
            expected = list(single.stepper.seen.values())
            assert [side for side, _ in of_seed] == [side for side, _ in expected]
            assert [float(x) for _, x in of_seed] == pytest.approx([float(x) for _, x in expected], rel=1e-5)
    for ours, single in zip(stacked.parted(), singles, strict=True):
        assert_close(state_of(ours), state_of(single), 1e-6)
    first, second = (torch.cat([p.ravel() for p in module.parameters()]) for module in stacked.parted()[:2])
    assert not torch.allclose(first, second), "the seeds are one"


@pytest.mark.parametrize("overrides", [(), ("update_order=joint", SHARED, "encoders=two", "loss=mse")], ids=" ".join)
def test_in_float32_rounding_is_all_that_differs(overrides):
    smooth = ("encoder_activation=gelu", "optimizer.eps=1e-3")  # full steps of Adam out of rounding are no measure
    for trained in both_ways(configs(*overrides, *smooth)):
        stacked, singles, seen = trained
        for single, of_seed in zip(singles, seen, strict=True):
            expected = [float(loss) for _, loss in single.stepper.seen.values()]
            assert [float(loss) for _, loss in of_seed] == pytest.approx(expected, rel=1e-4)
    for ours, single in zip(stacked.parted(), singles, strict=True):
        assert_close(state_of(ours), state_of(single), 1e-4)


@pytest.mark.parametrize("overrides", [(), ("update_order=joint", SHARED, "training.gradient_clip=1")], ids=" ".join)
@pytest.mark.parametrize("what", ["loss_A", "the gradient's norm in the update of A"])
def test_a_seed_that_is_not_finite_is_named_and_the_others_never_notice(overrides, what, monkeypatch):
    of = [replace(config, training=replace(config.training, max_steps=4)) for config in configs(*overrides)]
    sound, spoilt = StackedReplica(of, NOISE, CPU), StackedReplica(of, NOISE, CPU)
    steps = list(zip(*(batches_of(config, NOISE) for config in of), strict=True))
    for batches in steps[:2]:
        sound.step(batches)
        spoilt.step(batches)
    if what == "loss_A":
        spoilt.training.modules[1].autoencoder.decoders["A"].out.bias.data[0] = torch.nan
    else:  # every loss is finite, and the gradient of the second seed is not
        monkeypatch.setattr(
            spoilt.training.stepper, "backward", lambda loss: (loss.sum() + infinite(loss[1])).backward()
        )
    expected, seen = sound.step(steps[2]), spoilt.step(steps[2])
    assert isinstance(seen[1], Diverged)
    assert seen[1].step == 2
    assert f"training step 3: {what}" in str(seen[1])
    for i in (0, 2):
        assert [float(loss) for _, loss in seen[i]] == [float(loss) for _, loss in expected[i]]
    if what != "loss_A":  # its optimizers were given zeros instead
        assert all(x.isfinite().all() for x in state_of(spoilt.parted()[1]).values())
    for ours, theirs in zip(spoilt.parted()[::2], sound.parted()[::2], strict=True):
        assert_close(state_of(ours), state_of(theirs), 0)
    spoilt.training.keep(spoilt.parted()[::2])
    expected, seen = sound.step(steps[3]), spoilt.step(steps[3][::2])
    for of_seed, other in zip(seen, expected[::2], strict=True):
        assert [float(loss) for _, loss in of_seed] == pytest.approx([float(loss) for _, loss in other], rel=1e-4)


def bytes_alive():
    """Return the bytes of all tensors that anything holds, each piece of memory counted once."""
    gc.collect()
    storages = {}
    for x in gc.get_objects():
        if isinstance(x, torch.Tensor) and x.device == CPU:
            storages[x.untyped_storage().data_ptr()] = x.untyped_storage().nbytes()
    return sum(storages.values())


def test_going_on_with_fewer_takes_less_memory():
    of, before = configs(), bytes_alive()
    stacked = StackedReplica(of, NOISE, CPU)
    stacked.step([next(batches_of(config, NOISE)) for config in of])
    of_three = bytes_alive() - before
    stacked.training.keep(stacked.training.modules[:1])
    assert bytes_alive() - before < 0.5 * of_three


def test_seeds_whose_order_differs_are_refused():
    of = configs("update_order=random")
    steps = zip(*(batches_of(config, NOISE) for config in of), strict=True)
    mixed = next(s for s in steps if len({batch[0].side for batch in s}) > 1)
    with pytest.raises(ValueError, match="plan depends on the seed"):
        StackedReplica(of, NOISE, CPU).step(mixed)


def infinite(loss):
    """Nothing in value, and without bound in gradient."""
    return torch.sqrt(loss - loss.detach()).nan_to_num() * 0


def test_an_order_that_compares_a_seeds_losses_is_refused():
    of = configs("update_order=worse_first", OWN)
    with pytest.raises(ValueError, match="depends on each seed's losses"):
        StackedReplica(of, NOISE, CPU).step([next(batches_of(config, NOISE)) for config in of])
