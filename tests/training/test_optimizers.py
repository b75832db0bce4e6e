"""The three optimizer states, given gradients, against Keras 2.1.2 in NumPy and plain torch."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from faceswap_lab.training.step.optimizers import OPTIMIZERS, STATES, Settings
from tests.training.slow_updates import KerasAdam

SIZES = {"encoder": 6, "A": 5, "B": 4}
ADAM = Settings("adam", lr=1e-3, beta1=0.5, beta2=0.999, eps=1e-8)
sides_of_updates = st.lists(st.sampled_from("AB"), min_size=20, max_size=20)
scales = st.sampled_from([1e-9, 1e-7, 1e-5, 1e-2])  # the gradients of a MAE over a picture are about 1e-7


def parameters():
    """Zeros, so that float32 resolves the smallest change."""
    return {name: nn.Parameter(torch.zeros(n)) for name, n in SIZES.items()}


def by_side(p):
    return {side: [p["encoder"], p[side]] for side in ("A", "B")}


def gradients(updates, scale):
    rng = np.random.default_rng(len(updates))
    return [{name: (scale * rng.standard_normal(n)).astype(np.float32) for name, n in SIZES.items()} for _ in updates]


def set_gradients(p, side, gradient):
    for name, parameter in p.items():
        parameter.grad = torch.tensor(gradient[name]) if name in ("encoder", side) else None


def run(state_name, updates, scale, optimizer=ADAM):
    """Return the parameters after ``updates``, with a trip of the state through a checkpoint half-way."""
    p = parameters()
    states = STATES[state_name](by_side(p), optimizer)
    for number, (side, gradient) in enumerate(zip(updates, gradients(updates, scale))):
        if number == len(updates) // 2:
            saved = copy.deepcopy([o.state_dict() for o in states.optimizers])
            states = STATES[state_name](by_side(p), optimizer)
            for o, s in zip(states.optimizers, saved):
                o.load_state_dict(s)
            states.loaded()
        set_gradients(p, side, gradient)
        states.step([side])
    return {name: parameter.detach().numpy() for name, parameter in p.items()}


@settings(max_examples=40)
@given(sides_of_updates, scales, st.booleans())
def test_keras_2018_is_keras(updates, scale, one_clock):
    """One optimizer object of Keras in two models has one clock; with a clock each they are two objects."""
    got = run("keras_2018" if one_clock else "keras_own_clocks", updates, scale)
    each = {side: KerasAdam(ADAM, {side: [SIZES["encoder"], SIZES[side]]}) for side in "AB"}
    both = KerasAdam(ADAM, {side: [SIZES["encoder"], SIZES[side]] for side in "AB"})
    expected = {name: np.zeros(n) for name, n in SIZES.items()}
    for side, gradient in zip(updates, gradients(updates, scale)):
        weights, grads = (
            [source[name].astype(np.float64) for name in ("encoder", side)] for source in (expected, gradient)
        )
        keras = both if one_clock else each[side]
        expected["encoder"], expected[side] = keras.update(side, weights, grads)
    for name in SIZES:
        np.testing.assert_allclose(got[name], expected[name], rtol=2e-5, atol=2e-5 * np.abs(expected[name]).max())


def test_keras_2018_is_not_torchs_adam_with_the_same_numbers():
    """Tiny gradients: epsilon's place and the shared clock move the weights by far more than the tolerance above."""
    updates = list("AB" * 10)
    keras, torchs = (run(name, updates, 1e-7)["encoder"] for name in ("keras_2018", "per_autoencoder"))
    assert np.abs(keras - torchs).max() > 0.05 * np.abs(keras).max()


@settings(max_examples=15)
@given(sides_of_updates, scales, st.sampled_from(["per_autoencoder", "shared"]))
def test_torchs_states_are_plain_adams(updates, scale, state):
    got, p = run(state, updates, scale), parameters()
    groups = by_side(p) if state == "per_autoencoder" else {"both": list(p.values())}
    options = {"lr": ADAM.lr, "betas": (ADAM.beta1, ADAM.beta2), "eps": ADAM.eps, "foreach": False, "fused": False}
    plain = {key: torch.optim.Adam(group, **options) for key, group in groups.items()}
    for side, gradient in zip(updates, gradients(updates, scale)):
        set_gradients(p, side, gradient)
        plain[side if state == "per_autoencoder" else "both"].step()
    for name in SIZES:
        expected = p[name].detach().numpy()
        np.testing.assert_allclose(got[name], expected, rtol=2e-5, atol=2e-5 * np.abs(expected).max())


def test_the_clock_is_one_for_both_and_survives_a_checkpoint():
    p = parameters()
    states = STATES["keras_2018"](by_side(p), ADAM)
    for side in "AABAB":
        set_gradients(p, side, gradients("x", 1e-3)[0])
        states.step([side])
    assert states.clocks == {"A": 5, "B": 5}
    steps = {int(s["step"]) for o in states.optimizers for s in o.state.values()}
    assert steps == {5}
    fresh = STATES["keras_2018"](by_side(parameters()), ADAM)
    for new, old in zip(fresh.optimizers, states.optimizers):
        new.load_state_dict(old.state_dict())
    fresh.loaded()
    assert fresh.clocks == {"A": 5, "B": 5}


@pytest.mark.parametrize(("name", "closed"), [("sgd", 1e-3), ("rmsprop", 1e-3 / np.sqrt(1 - 0.9))])
def test_the_first_update_of_sgd_and_rmsprop(name, closed):
    """After one step from zero: lr g, and lr g / sqrt((1 - alpha) g²)."""
    p = nn.Parameter(torch.zeros(1))
    optimizer = OPTIMIZERS[name]([p], Settings(name, lr=1e-3, beta1=0.5, beta2=0.9, eps=1e-12))
    p.grad = torch.ones(1)
    optimizer.step()
    assert p.item() == pytest.approx(-closed, rel=1e-5)
    first = p.item()
    p.grad = torch.zeros(1)
    optimizer.step()
    assert p.item() < first  # the momentum goes on


def slow_adamw(w, g, t, memory, o):
    m = memory["m"] = o.beta1 * memory.get("m", 0) + (1 - o.beta1) * g
    v = memory["v"] = o.beta2 * memory.get("v", 0) + (1 - o.beta2) * g**2
    step = m / (1 - o.beta1**t) / (np.sqrt(v / (1 - o.beta2**t)) + o.eps)
    return w - o.lr * o.weight_decay * w - o.lr * step


def slow_adabelief(w, g, t, memory, o):
    m = memory["m"] = o.beta1 * memory.get("m", 0) + (1 - o.beta1) * g
    v = memory["v"] = o.beta2 * memory.get("v", 0) + (1 - o.beta2) * (g - m) ** 2 + o.eps
    return w - o.lr * m / (1 - o.beta1**t) / (np.sqrt(v / (1 - o.beta2**t)) + o.eps)


def slow_adabelief_dfl(w, g, t, memory, o):
    m = memory["m"] = o.beta1 * memory.get("m", 0) + (1 - o.beta1) * g
    v = memory["v"] = o.beta2 * memory.get("v", 0) + (1 - o.beta2) * (g - m) ** 2
    return w - o.lr * m / (np.sqrt(v) + o.eps)


def slow_lion(w, g, t, memory, o):
    before = memory.get("m", 0)
    memory["m"] = o.beta2 * before + (1 - o.beta2) * g
    return w - o.lr * (np.sign(o.beta1 * before + (1 - o.beta1) * g) + o.weight_decay * w)


SLOW = {"adamw": slow_adamw, "adabelief": slow_adabelief, "adabelief_dfl": slow_adabelief_dfl, "lion": slow_lion}


@pytest.mark.parametrize("name", SLOW)
@settings(max_examples=5)
@given(updates=sides_of_updates, scale=st.sampled_from([1e-3, 1.0]))
def test_further_optimizers_are_as_their_papers_have_them(name, updates, scale):
    """One for each side, through a checkpoint half-way; in float64 from the formulas."""
    optimizer = Settings(name, lr=1e-2, beta1=0.9, beta2=0.99, eps=1e-8, weight_decay=0.1)
    got = run("per_autoencoder", updates, scale, optimizer)
    weights = {name: np.zeros(n) for name, n in SIZES.items()}
    memory, clock = {}, dict.fromkeys("AB", 0)
    for side, gradient in zip(updates, gradients(updates, scale)):
        clock[side] += 1
        for part in ("encoder", side):
            own = memory.setdefault((side, part), {})
            g = gradient[part].astype(np.float64)
            weights[part] = SLOW[name](weights[part], g, clock[side], own, optimizer)
    for part in SIZES:
        np.testing.assert_allclose(got[part], weights[part], rtol=1e-4, atol=1e-4 * np.abs(weights[part]).max())


@pytest.mark.parametrize("name", sorted(set(OPTIMIZERS) - {"adam"}))
@pytest.mark.parametrize("state", ["per_autoencoder", "shared"])
def test_other_optimizers_survive_a_checkpoint(name, state):
    updates = list("ABBA" * 3)
    optimizer = Settings(name, lr=0.1, beta1=0.5, beta2=0.9, eps=1e-8)
    p = parameters()
    states = STATES[state](by_side(p), optimizer)
    for side, gradient in zip(updates, gradients(updates, 1.0)):
        set_gradients(p, side, gradient)
        states.step([side])
    resumed = run(state, updates, 1.0, optimizer)
    for parameter_name in SIZES:
        np.testing.assert_array_equal(resumed[parameter_name], p[parameter_name].detach().numpy())


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize(("saved", "loaded"), [(None, True), (True, None), (True, True)])
def test_descent_goes_on_under_other_kernels(momentum, saved, loaded):
    """One optimizer over everything whose B part has not been updated yet, saved on a CPU and loaded on a GPU, or back.

    ``True`` stands for a device whose updates may have to be skipped, which takes torch's fused kernel.
    """
    descent, updates = Settings("sgd", lr=0.1, beta1=momentum, beta2=0.0, eps=0.0), list("AABBAB")
    ends = []
    for kernels in ((None, None), (saved, loaded)):
        p, states = parameters(), None
        for number, (side, gradient) in enumerate(zip(updates, gradients(updates, 1.0))):
            if number in (0, 2):
                state = states and copy.deepcopy([o.state_dict() for o in states.optimizers])
                states = STATES["shared"](by_side(p), descent, kernels[number // 2] and torch.zeros(()))
                if state:
                    states.optimizers[0].load_state_dict(state[0])
                    states.loaded()
            set_gradients(p, side, gradient)
            states.step([side])
        ends.append(p)
    for name in SIZES:
        torch.testing.assert_close(ends[1][name], ends[0][name], rtol=1e-6, atol=1e-7)


def test_loaded_momentum_lies_as_the_weights_it_is_for():
    """``trainer.channels_last`` may change between two sessions; the fused kernel takes memory as it lies."""
    descent, ends = Settings("sgd", lr=0.1, beta1=0.9, beta2=0.0, eps=0.0), []
    start, gradient = torch.randn(2, 3, 5, 4, 4, generator=torch.Generator().manual_seed(0))
    for layouts in ((torch.contiguous_format, torch.contiguous_format), (torch.contiguous_format, torch.channels_last)):
        p, state = nn.Parameter(start.clone(memory_format=layouts[0])), None
        for layout in layouts:
            p = nn.Parameter(p.detach().clone(memory_format=layout))
            states = STATES["shared"]({"A": [p], "B": []}, descent, torch.zeros(()))
            if state:
                states.optimizers[0].load_state_dict(state)
                states.loaded()
            (momentum,) = (s["momentum_buffer"] for s in states.optimizers[0].state.values())
            assert momentum.stride() == p.stride()
            p.grad = gradient.clone(memory_format=layout)
            states.step(["A", "B"])
            state = copy.deepcopy(states.optimizers[0].state_dict())
        ends.append(p)
    torch.testing.assert_close(*ends)
