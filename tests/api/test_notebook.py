"""The notebook of the docs runs from top to bottom, and shows what it says."""

import os
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebook.ipynb"


def test_the_notebook_runs_and_shows_its_pictures_bar_and_table(tmp_path, tmp_path_factory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(NOTEBOOK.parents[1]), os.environ.get("PYTHONPATH", "")]))
    book = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.get("outputs") for cell in book.cells)  # committed without its outputs
    changed = [cell for cell in book.cells if "scale=smoke" in cell.source and cell.cell_type == "code"]
    assert len(changed) == 1
    run = next(cell for cell in book.cells if cell.id == "run")
    two = next(cell for cell in book.cells if cell.id == "two")
    run.source = run.source.replace("[SCALE]", '[SCALE, "training.max_steps=60"]')  # a test need not swap well
    two.source = two.source.replace("[SCALE,", '[SCALE, "training.max_steps=60",')
    NotebookClient(book, timeout=240, resources={"metadata": {"path": str(tmp_path)}}).execute()

    shown = {cell.id: cell.outputs for cell in book.cells if cell.cell_type == "code"}
    for name in ("draw", "rows"):
        assert any("image/png" in output.get("data", {}) for output in shown[name])
    displayed = [output.data["text/html"] for output in shown["run"] if "text/html" in output.get("data", {})]
    (bar,) = [html for html in displayed if "<progress" in html]
    assert 'value="60" max="60"' in bar
    assert "loss_A" in bar
    assert any("SSIM" in output.get("text", "") for output in shown["run"])
    (output,) = shown["two"]  # it was to be quiet
    table = output.data["text/plain"]
    assert "swap_ssim_AB" in table
    assert len(table.splitlines()) == 3
