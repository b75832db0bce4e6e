"""The hashes of all shipped experiments at every scale, as they were before the schema grew: old runs stay findable.

``hashes.json`` was made at commit cbec004 and is never made anew: a hash that changes orphans finished runs and the
evidence made of them. A new experiment or scale needs no entry.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from faceswap_lab.config import load
from faceswap_lab.runs.identity import identity, run_hash
from tests.config.shipped import OPTIONS, composed

STORED = json.loads(Path(__file__).with_name("hashes.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("scale", ["smoke", "quick", "standard", "original"])
def test_every_shipped_experiment_is_the_run_that_it_was(scale: str):
    stored = {name.split()[0]: digest for name, digest in STORED.items() if name.split()[1] == scale}
    assert len(stored) == 39
    found = {
        name: run_hash(load(composed(f"scale={scale}", f"+experiment={name}"), OPTIONS), "faces") for name in stored
    }
    assert found == stored


def test_the_hashes_tell_experiments_and_scales_apart():
    assert len(set(STORED.values())) > 140  # a few experiments spell the same run


@dataclass(frozen=True)
class Before:
    lr: float = field(default=0.1, metadata={"identity": True})


@dataclass(frozen=True)
class Group:
    kind: str = field(default="none", metadata={"identity": True, "absent": "none"})


@dataclass(frozen=True)
class After(Before):
    decay: float | None = field(default=None, metadata={"identity": True, "absent": None})
    names: tuple[str, ...] = field(default=(), metadata={"identity": True, "absent": ()})
    group: Group = field(default=Group())


def test_a_field_that_holds_its_absent_value_is_not_there():
    assert run_hash(After()) == run_hash(Before())
    assert identity(After(decay=0.0)) == {"lr": 0.1, "decay": 0}  # zero is not null
    for other in (After(decay=0.0), After(names=("x",)), After(group=Group("some"))):
        assert run_hash(other) != run_hash(Before())
