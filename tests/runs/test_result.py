import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.result import BadResult, Result, read_result, weights_are_intact, write_result

_GOOD: dict[str, Any] = {"digest": "0123456789", "label": "x", "seed": 0, "steps": 240, "seconds": 12.5}
_METRICS = {"swap_ssim_AB": 0.1 + 0.2, "swap_mae_AB": 1 / 3}


def _written(tmp_path: Path, **changes: Any) -> RunFolder:
    folder = RunFolder(tmp_path)
    write_result(folder, Result(**(_GOOD | {"metrics": _METRICS} | changes)))
    return folder


def test_what_is_written_is_read(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.weights.write_bytes(b"abc")
    written = write_result(folder, Result(**_GOOD, metrics=_METRICS, details={"parameters": {"encoder": 3}}))
    assert read_result(folder) == written
    assert written.metrics == _METRICS
    assert written.details == {"parameters": {"encoder": 3}}
    # sha256sum's answer for "abc", the first test vector of FIPS 180-2
    assert written.weights_sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_without_a_file_there_is_no_result(tmp_path: Path) -> None:
    assert read_result(RunFolder(tmp_path)) is None


def test_changed_weights_are_noticed(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.weights.write_bytes(b"abc")
    result = write_result(folder, Result(**_GOOD, metrics={}))
    assert weights_are_intact(folder, result)
    folder.weights.write_bytes(b"abd")
    assert not weights_are_intact(folder, result)
    folder.weights.unlink()
    assert not weights_are_intact(folder, result)


def test_a_run_without_weights_has_none_to_check(tmp_path: Path) -> None:
    folder = _written(tmp_path)
    result = read_result(folder)
    assert result is not None
    assert result.weights_sha256 is None
    assert weights_are_intact(folder, result)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_metric_that_is_not_finite_is_named_and_nothing_is_written(tmp_path: Path, value: float) -> None:
    with pytest.raises(ValueError, match="swap_ssim_AB"):
        _written(tmp_path, metrics={"fine": 1.0, "swap_ssim_AB": value})
    assert list(tmp_path.iterdir()) == []


def test_every_truncation_is_refused_with_the_remedy(tmp_path: Path) -> None:
    folder = _written(tmp_path)
    whole = folder.result.read_bytes()
    for length in range(len(whole.rstrip())):
        folder.result.write_bytes(whole[:length])
        with pytest.raises(BadResult, match="force=true"):
            read_result(folder)


@pytest.mark.parametrize("name", [*_GOOD, "metrics", "details", "weights_sha256", "finished", "format"])
def test_a_missing_or_wrong_field_is_named(tmp_path: Path, name: str) -> None:
    folder = _written(tmp_path)
    content = json.loads(folder.result.read_text())
    for wrong in ([], True):
        folder.result.write_text(json.dumps(content | {name: wrong}))
        with pytest.raises(BadResult, match=name):
            read_result(folder)
    folder.result.write_text(json.dumps({key: value for key, value in content.items() if key != name}))
    with pytest.raises(BadResult, match=name):
        read_result(folder)


def test_metrics_are_finite_numbers(tmp_path: Path) -> None:
    folder = _written(tmp_path)
    text = folder.result.read_text()
    for wrong in ('"0.3"', "null", "true", "NaN", "Infinity", "1e999"):
        folder.result.write_text(text.replace(repr(_METRICS["swap_mae_AB"]), wrong))
        with pytest.raises(BadResult):
            read_result(folder)
    folder.result.write_text(text.replace("12.5", "NaN"))
    with pytest.raises(BadResult, match="NaN is no number"):
        read_result(folder)


@given(content=st.binary(max_size=60) | st.just(b"[" * 100_000))
def test_no_bytes_make_it_raise_anything_else(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = RunFolder(tmp_path_factory.getbasetemp())
    folder.result.write_bytes(content)
    with pytest.raises(BadResult):
        read_result(folder)


def test_a_folder_in_the_place_of_a_file_is_damage(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.weights.mkdir()
    assert not weights_are_intact(run, Result(**_GOOD, metrics=_METRICS, weights_sha256="0" * 64))
    run.result.mkdir()
    with pytest.raises(BadResult, match=r"result\.json cannot be used: it cannot be read \(Is a directory\)"):
        read_result(run)
