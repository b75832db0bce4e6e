"""The options of every group, and what an option's own YAML says."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any


def items_of(value: str) -> list[str]:
    """Return what a typed value lists.

    >>> items_of("[anna, 'b c']"), items_of("one,two"), items_of("one")
    (['anna', 'b c'], ['one', 'two'], ['one'])
    """
    return [item.strip(" '\"") for item in value.strip("[]").split(",")]


class Options(dict[str, list[str]]):
    """``{"encoders": ["one", "two"], …}`` for all group folders below ``folders``, ours first.

    Args:
        folders: where groups lie; of files of one name the first folder's is the one that Hydra takes.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = list(folders)
        found: dict[str, set[str]] = {}
        for folder in self.folders:
            for path in folder.glob("*/*.yaml"):
                found.setdefault(path.parent.name, set()).add(path.stem)
        super().__init__({group: sorted(names) for group, names in sorted(found.items())})
        self._written: dict[tuple[str, str], dict[str, Any]] = {}

    def path(self, group: str, option: str) -> Path | None:
        """Return an option's YAML, if there is one."""
        paths = (folder / group / f"{option}.yaml" for folder in self.folders)
        return next(filter(Path.is_file, paths), None)

    def written(self, group: str, option: str) -> dict[str, Any]:
        """Return what an option's YAML says, interpolations as they stand there; empty if there is no such file.

        Each file is read once: a sweep asks for the same ones in every cell.
        """
        import yaml  # type: ignore[import-untyped]

        if (group, option) not in self._written:
            path = self.path(group, option)
            content = yaml.safe_load(path.read_text(encoding="utf-8")) if path else None
            self._written[group, option] = content if isinstance(content, dict) else {}
        return self._written[group, option]
