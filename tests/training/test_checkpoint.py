"""Checkpoint files: whole or not there, belonging to one run, and nothing in them is executed."""

import hashlib
import io
import shutil
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from faceswap_lab.models.autoencoder import Autoencoder
from faceswap_lab.training.saved.checkpoint import BadCheckpoint, Checkpoint, load, restore, save
from faceswap_lab.training.saved.weights import load_weights
from tests.models.tiny import tiny
from tests.training.tiny import module_for

DIGEST = "d" * 10


def checkpoint(step, digest=DIGEST):
    return Checkpoint(
        digest=digest,
        step=step,
        seconds=1.5,
        weights={"w": torch.arange(6.0).reshape(2, 3) + step},
        optimizers=[{"state": {0: {"step": torch.tensor(3.0)}}, "param_groups": [{"lr": 5e-5, "params": [0]}]}],
        pending={"loss_A": [0.1, float(torch.tensor(0.3))], "loss_B": []},
        recent={"loss_A": [0.2], "loss_B": [float(torch.tensor(0.1))]},
    )


def test_round_trip(tmp_path):
    save(tmp_path, checkpoint(7))
    loaded = load(tmp_path, DIGEST)
    assert torch.equal(loaded.weights.pop("w"), checkpoint(7).weights.pop("w"))
    assert {k: v for k, v in vars(loaded).items() if k != "weights"} == {
        k: v for k, v in vars(checkpoint(7)).items() if k != "weights"
    }


def test_the_newest_is_used_and_the_one_before_is_kept(tmp_path):
    assert load(tmp_path, DIGEST) is None
    for step in (5, 10, 100, 1_000_000_000):  # a name sorted as text would put the last before the third
        save(tmp_path, checkpoint(step))
        assert load(tmp_path, DIGEST).step == step
    assert len(list(tmp_path.iterdir())) == 2
    max(tmp_path.iterdir(), key=lambda path: len(path.name)).write_bytes(b"")
    assert load(tmp_path, DIGEST).step == 100


@settings(max_examples=40)
@given(data=st.data())
def test_any_damage_is_seen_and_the_one_before_used(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("checkpoints")
    save(folder, checkpoint(1))
    path = save(folder, checkpoint(2))
    content = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    kind = data.draw(st.sampled_from(["cut", "flip", "zero"]))
    if kind == "cut":
        del content[at:]
    elif kind == "flip":
        content[at] ^= 1 << data.draw(st.integers(0, 7))
    else:
        content = bytearray(len(content))
    path.write_bytes(content)
    assert load(folder, DIGEST).step == 1
    assert path.with_name(path.name + ".damaged").exists()


class Bomb:
    def __reduce__(self):
        return pytest.fail, ("code from a checkpoint was run",)


def stranger(folder, content):
    """Write a checkpoint whose checksum is right."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    data = buffer.getvalue()
    (folder / f"step-000000009-{hashlib.sha256(data).hexdigest()[:16]}.pt").write_bytes(data)


@pytest.mark.parametrize(
    "content",
    [
        {"format": 2, **vars(checkpoint(9)), "weights": Bomb()},
        Bomb(),
        [1, 2],
        {},
        {"format": 1, **vars(checkpoint(9))},
        {"format": 2, **vars(checkpoint(9)), "surprise": 1},
        {"format": 2, **vars(checkpoint(9, digest="e" * 10))},
    ],
)
def test_a_strangers_checkpoint_is_refused(content, tmp_path):
    stranger(tmp_path, content)
    for _ in range(2):
        with pytest.raises(BadCheckpoint, match="no usable checkpoint is left"):
            load(tmp_path, DIGEST)
    save(tmp_path, checkpoint(1))
    assert load(tmp_path, DIGEST).step == 1


def test_what_is_no_checkpoint_is_left_alone(tmp_path):
    (tmp_path / ".tmp-abc-step-000000003-0123456789abcdef.pt").write_bytes(b"half")
    (tmp_path / "notes.txt").write_text("mine")
    save(tmp_path, checkpoint(2))
    assert load(tmp_path, DIGEST).step == 2
    assert (tmp_path / "notes.txt").exists()


BEFORE = Path(__file__).with_name("before_topologies")


def test_a_checkpoint_from_before_topologies_goes_on(tmp_path):
    """Written by the commit before topologies after three steps of alternate; its weights stand in two.safetensors."""
    for path in BEFORE.glob("*.pt"):
        shutil.copy(path, tmp_path)
    found = load(tmp_path, "0123456789")
    model = Autoencoder(tiny(encoders=2))
    model.load_state_dict(found.weights)
    written = load_weights(BEFORE / "two.safetensors").state_dict()
    assert all(torch.equal(tensor, written[name]) for name, tensor in model.state_dict().items())
    assert found.step == 3
    assert found.recent == {"loss_A": [0.15857654809951782], "loss_B": [0.1603795886039734]}
    module = module_for("alternate", "per_autoencoder", model=model)
    module.configure_optimizers()
    restore(module, found)
    assert [len(o.state) for o in module.states.optimizers] == [len(list(model.parameters_of(s))) for s in "AB"]
