"""Mutated checkpoints whose checksum is right all the same, as a stranger may make them: used whole, or refused."""

import hashlib
import math
import shutil
import tempfile
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faceswap_lab.training.saved.checkpoint import BadCheckpoint, Checkpoint, load, save

HONEST = Checkpoint(
    digest="d",
    step=7,
    seconds=1.5,
    weights={"w": torch.arange(6.0).reshape(2, 3)},
    optimizers=[{"state": {0: {"step": torch.tensor(7.0)}}, "param_groups": [{"lr": 1e-3, "params": [0]}]}],
    pending={"A": [0.5], "B": []},
    recent={"A": [0.2], "B": [float(torch.tensor(0.1))]},
)


@pytest.fixture(scope="module")
def honest_bytes() -> bytes:
    with tempfile.TemporaryDirectory() as place:
        return save(Path(place), HONEST).read_bytes()


@st.composite
def changes(draw: st.DrawFn) -> list[tuple[float, bytes, int]]:
    """Changes to some bytes: where (as a fraction), what is put there, how many bytes it replaces."""
    change = st.tuples(st.floats(0, 1), st.binary(max_size=8), st.integers(0, 8))
    return draw(st.lists(change, min_size=1, max_size=4))


def changed(data: bytes, wanted: list[tuple[float, bytes, int]]) -> bytes:
    for where, new, count in wanted:
        at = int(where * len(data))
        data = data[:at] + new + data[at + count :]
    return data


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=changes())
def test_any_change(honest_bytes: bytes, wanted: list[tuple[float, bytes, int]]) -> None:
    data = changed(honest_bytes, wanted)
    folder = Path(tempfile.mkdtemp())
    try:
        (folder / f"step-000000007-{hashlib.sha256(data).hexdigest()[:16]}.pt").write_bytes(data)
        found = load(folder, "d")
    except BadCheckpoint:
        assert len(list(folder.glob("*.damaged"))) == 1
    else:
        assert found is not None
        assert (found.digest, found.step) == ("d", 7)
        assert 0 <= found.seconds < math.inf
        assert all(isinstance(weight, torch.Tensor) for weight in found.weights.values())
        assert found.pending.keys() == found.recent.keys() == {"A", "B"}
    finally:
        shutil.rmtree(folder)
