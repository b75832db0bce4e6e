"""The plots' library is kept from one report to the next, and only as long as it is what was written."""

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
import vl_convert

from faceswap_lab.studies.report import page


@pytest.fixture
def bundled(monkeypatch) -> Iterator[list[str]]:
    """Note every bundling; the real one takes a second."""
    made: list[str] = []

    def bundle(snippet: str) -> str:
        made.append(snippet)
        return f"drawing(); {snippet} '</script>'"

    monkeypatch.setattr(vl_convert, "javascript_bundle", bundle)
    yield made
    page.bundled.cache_clear()


def library(cache: Path | None) -> str:
    """The library in a process that has not made it yet."""
    page.bundled.cache_clear()
    return page.library(cache)


def test_it_is_made_once_and_safe_inside_a_page(tmp_path, bundled):
    first = library(tmp_path / "cache")
    assert (library(tmp_path / "cache"), len(bundled)) == (first, 1)
    assert "</script" not in first


def test_a_damaged_or_foreign_one_is_made_anew(tmp_path, bundled):
    first = library(tmp_path)
    (kept,) = tmp_path.iterdir()
    for content in (first.encode()[:-1], b"", b"\xff"):
        kept.write_bytes(content)
        assert library(tmp_path) == first
    assert len(bundled) == 4
    other = tmp_path / kept.name.replace(version("vl-convert-python"), "0.0.1")
    kept.rename(other)
    assert (library(tmp_path), len(bundled)) == (first, 5)


def test_without_a_cache_each_process_makes_it_once(tmp_path, bundled):
    file = tmp_path / "file"
    file.write_text("")
    assert library(None) == library(file / "below") == library(Path("/proc/cache"))
    assert len(bundled) == 3
    assert page.library(None) == page.library(file / "below")
    assert len(bundled) == 3
