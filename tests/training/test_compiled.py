"""torch.compile changes how the parts are computed and nothing else: same names, same steps, and judging without it.

The backends here leave the kernels as they are: a backend of torch's own takes minutes to make new ones.
"""

from functools import partial

import pytest
import torch

from faceswap_lab.events import NO_EVENTS
from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.runs.folder import find_or_create
from faceswap_lab.runs.metrics import read_metrics
from faceswap_lab.training import fit
from faceswap_lab.training.device.compiled import CompileFailed, as_written, compile_parts, explaining
from faceswap_lab.training.run import Run
from tests.models.tiny import decoder_of, out_of, tiny
from tests.training.configs import config_for, noise_data
from tests.training.tiny import EVENTS, SEED, module_for, samples_for, trainer_for

TWO = {"encoders": 2, "encoder_start": "independent"}


@pytest.fixture(autouse=True)
def nothing_compiled_is_left():
    yield
    torch.compiler.reset()


class Counting:
    """A backend that runs a graph as it was traced, and counts the runs."""

    def __init__(self):
        self.runs = 0

    def __call__(self, graph, inputs):
        def run(*inputs):
            self.runs += 1
            return graph(*inputs)

        return run


def vector(module):
    return torch.cat([p.detach().ravel() for p in module.autoencoder.parameters()])


def stepped(order, state, backend, architecture, steps=3, events=NO_EVENTS):
    module = module_for(order, state, architecture=architecture, look_later=True, events=events)  # as on a GPU
    compile_parts(module.autoencoder, "none" if backend is None else "default", backend)
    trainer_for(order=order).fit(module, samples_for(order, steps, events=events))
    return module


@pytest.mark.parametrize("architecture", [tiny(), tiny(**TWO)], ids=["one encoder", "two"])
@pytest.mark.parametrize(
    ("order", "state"), [("a_then_b", "keras_2018"), ("joint", "shared"), ("a_then_b_alone", "per_autoencoder")]
)
def test_compiled_steps_are_the_same_steps(order, state, architecture):
    plain, compiled = (stepped(order, state, backend, architecture) for backend in (None, "aot_eager"))
    assert list(compiled.autoencoder.state_dict()) == list(plain.autoencoder.state_dict())
    torch.testing.assert_close(vector(compiled), vector(plain), rtol=0, atol=1e-6)
    assert (vector(plain) - vector(module_for(architecture=architecture))).abs().max() > 1e-3


def test_compiled_parts_go_on_with_weights_that_an_event_has_replaced():
    plain, compiled = (stepped("a_then_b", "shared", backend, tiny(), 4, EVENTS) for backend in (None, "eager"))
    torch.testing.assert_close(vector(compiled), vector(plain), rtol=0, atol=1e-6)


def test_encoders_and_decoders_are_what_is_compiled():
    counting = Counting()
    stepped("a_then_b", "shared", counting, tiny(), steps=3)
    assert counting.runs == 3 * 2 * 2  # steps, sides, an encoder and a decoder


def test_as_written_runs_nothing_compiled():
    counting, plain, model = Counting(), Autoencoder(tiny(), SEED), Autoencoder(tiny(), SEED)
    compile_parts(model, "default", counting)
    x = torch.rand(2, 3, 32, 32)
    with as_written("default"):
        assert torch.equal(model.reconstruct("A", x), plain.reconstruct("A", x))
    assert counting.runs == 0
    model.reconstruct("A", x)
    assert counting.runs == 2


def test_a_run_is_judged_as_written(tmp_path, monkeypatch):
    """The same scores, and no more compiled calls than its training steps make, previews and evaluations or not."""
    counting, found = Counting(), {}
    monkeypatch.setattr(fit, "compile_parts", partial(compile_parts, backend=counting))
    for how in ("none", "default"):
        config = config_for(f"trainer.compile={how}", "evaluation.every_steps=5", "loss=mse", "optimizer.eps=1e-2")
        folder = find_or_create(tmp_path / how, "tiny", 0, "0" * 10)
        result = Run(config, noise_data(), folder, "0" * 10, "tiny", ["test"]).train_and_judge()
        found[how] = (
            result.metrics,
            [
                {name: value for name, value in row.items() if not name.endswith("per_second")}
                for row in read_metrics(folder.metrics)
            ],
        )
    assert counting.runs == 14 * 2 * 2
    assert found["default"][0] == pytest.approx(found["none"][0], rel=1e-4, abs=1e-6)
    for row, due in zip(found["default"][1], found["none"][1], strict=True):
        assert row == pytest.approx(due, rel=1e-4, abs=1e-6)


def test_a_model_that_cannot_be_compiled_ends_with_the_remedy():
    def without_compiler(graph, inputs):
        raise OSError("no g++ here")

    said = r"trainer\.compile=default: .*OSError: no g\+\+ here.*Use trainer\.compile=none"
    with pytest.raises(CompileFailed, match=said), explaining("default"):
        stepped("a_then_b", "shared", without_compiler, tiny())


def test_other_errors_are_left_alone():
    with pytest.raises(ZeroDivisionError), explaining("default"):
        raise ZeroDivisionError


@pytest.mark.parametrize("graphs", [False, True])
def test_every_step_is_marked_where_cuda_graphs_are_replayed(monkeypatch, graphs):
    marks = []
    monkeypatch.setattr(torch.compiler, "cudagraph_mark_step_begin", lambda: marks.append(1))
    trainer_for().fit(module_for(cuda_graphs=graphs), samples_for("a_then_b", 3))
    assert len(marks) == 3 * graphs


@pytest.mark.parametrize("last", [True, False])
def test_channels_lie_where_they_are_asked_to(last, tmp_path):
    """Weights and pictures alike, and what is trained is the same."""
    from faceswap_lab.training.build import autoencoder_of, module_of, samples_of

    config, data = config_for(f"trainer.channels_last={str(last).lower()}"), noise_data()
    module = module_of(config, autoencoder_of(config, data))
    module.configure_optimizers()
    batch = next(iter(samples_of(config, data, 0).train_dataloader()))
    portion = batch[0]
    seen = []
    decoder_of(module.autoencoder, "A").register_forward_hook(lambda decoder, code, z: seen.append(z))
    module.make_step(batch)
    weight = out_of(module.autoencoder, "A").weight
    for tensor in (module.step._picture(portion.input), weight, *seen):
        assert tensor.is_contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)
        assert not tensor.is_contiguous(memory_format=torch.contiguous_format if last else torch.channels_last)
