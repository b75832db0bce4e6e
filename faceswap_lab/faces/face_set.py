"""A set of extracted faces on the disk: the pictures a person sees, and behind them what a repeated command needs.

    <set>/<video>_000123.png      the faces, each with its record inside (see ``data.face_record``)
    <set>/contact_sheet.html      all of them to look at, and what was dropped and why
    <set>/summary.json            how many, which poses, how even
    <set>/exclude.txt             names of faces that a person does not want, if there is such a file
    <set>/.extraction/            faces that were dropped, and what was measured, by source

``.extraction`` holds embeddings, from which a person can be recognised: it is as private as the pictures.
"""

import base64
import codecs
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

HIDDEN = ".extraction"
_ROWS, _HEADER = "rows.jsonl", "header.json"


class SetRefused(ValueError):
    """The folder cannot be used as it is asked; the message says why and what to do."""


@dataclass(frozen=True)
class Row:
    """What was measured of one face that was found.

    Attributes:
        file: the name of its picture.
        source: the file that it was cut from.
        frame: its number there.
        eyes: distance of the eyes in the frame, in pixels: how large the face was.
        score: the detector's, 0 to 1.
        disagreement: see ``mesh.Mesh``: a guess of how much is hidden.
        inside: the share of the picture that lies inside the frame.
        sharpness: see ``data.measures``.
        yaw: in degrees, > 0 to the right of the picture.
        pitch: in degrees, > 0 downwards.
        roll: in degrees, > 0 clockwise.
        embedding: (128,) SFace's.
        look: (256,) see ``data.near_duplicates``.
    """

    file: str
    source: str
    frame: int
    eyes: float
    score: float
    disagreement: float
    inside: float
    sharpness: float
    yaw: float
    pitch: float
    roll: float
    embedding: NDArray[np.float32]
    look: NDArray[np.float32]


@dataclass
class Source:
    """What is known of one video or folder of photos that faces were cut from.

    Attributes:
        folder: where its rows lie.
        header: its name, its identity, the framing, and how far it was read; of photos their numbers.
    """

    folder: Path
    header: dict[str, Any] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        """What the names of its pictures begin with; no other source of the set has it."""
        return str(self.header.get("stem") or file_name(self.header["name"]))  # earlier versions wrote none

    @property
    def next_frame(self) -> int:
        """The first frame that was not looked at yet."""
        return int(self.header.get("next_frame", 0))

    @property
    def finished(self) -> bool:
        """Whether all frames were looked at."""
        return bool(self.header.get("finished", False))

    def append(self, rows: list[Row]) -> None:
        """Write down rows; their pictures are there already. A line that a kill has cut is not gone on with."""
        with (self.folder / _ROWS).open("ab+") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    file.write(b"\n")
            file.writelines(_line(row).encode() for row in rows)

    def save(self, **changes: Any) -> None:
        """Write down how far it was read; whole or not at all."""
        self.header |= changes
        partial = self.folder / f"{_HEADER}.partial"
        partial.write_text(json.dumps(self.header, indent=1), encoding="utf-8")
        os.replace(partial, self.folder / _HEADER)

    def rows(self) -> Iterator[Row]:
        """Yield the rows of frames that are done; not a line that a kill has cut, whose frames were looked at again."""
        path, seen = self.folder / _ROWS, set()
        if not path.exists():
            return
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                row = _row(json.loads(line))
            except (ValueError, KeyError, TypeError):
                continue
            if row.file not in seen:
                seen.add(row.file)
                yield row


class FaceSet:
    """A set of faces in a folder, which is made if need be.

    Raises:
        SetRefused: it is no folder, or one with something else in it.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.hidden = path, path / HIDDEN
        if path.exists() and not path.is_dir():
            raise SetRefused(f"'{path}' is a file; --out names a folder for faces")
        if path.is_dir() and not self.hidden.is_dir() and any(path.iterdir()):
            raise SetRefused(f"'{path}' holds other things; --out names an empty or a new folder, or an earlier set")
        (self.hidden / "dropped").mkdir(parents=True, exist_ok=True)

    def source(self, name: str, identities: Sequence[str], framing: str, size: int) -> Source:
        """Return a source of this set, as far as it was read under one of these identities; new, it gets the first.

        Raises:
            SetRefused: the set has another framing or size.
        """
        sources = self.sources()
        for other in sources:
            told = (other.header["framing"], other.header["size"])
            if told != (framing, size):
                raise SetRefused(
                    f"'{self.path}' holds faces framed as {told[0]} at {told[1]} px, not {framing} at {size} px; "
                    "use another --out"
                )
        for other in sources:
            if other.folder.name in {identity[:16] for identity in identities}:
                return other
        identity = identities[0]
        source = Source(self.hidden / identity[:16])
        source.folder.mkdir(exist_ok=True)
        stem = file_name(name)
        if stem in {other.stem for other in sources}:
            stem = f"{stem}-{identity[:8]}"
        source.save(name=name, stem=stem, identity=identity, framing=framing, size=size, next_frame=0, finished=False)
        return source

    def sources(self) -> list[Source]:
        """Return all sources, in the order of their names."""
        headers = sorted(self.hidden.glob(f"*/{_HEADER}"))
        found = [Source(path.parent, json.loads(path.read_text(encoding="utf-8"))) for path in headers]
        return sorted(found, key=lambda source: str(source.header["name"]))

    def rows(self) -> tuple[list[Row], int]:
        """Return what was measured of the faces that were found, and of how many somebody has deleted the pictures."""
        there = {path.name for folder in (self.path, self.hidden / "dropped") for path in folder.glob("*.png")}
        found = [row for source in self.sources() for row in source.rows()]
        rows = [row for row in found if row.file in there]
        return rows, len(found) - len(rows)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other commands from this set while the body runs.

        Raises:
            SetRefused: another one is at work on it.
        """
        try:
            with FileLock(self.hidden / ".lock", timeout=0):
                yield
        except Timeout:
            raise SetRefused(f"another command is at work on '{self.path}'; wait for its end") from None

    def has(self, file: str) -> bool:
        """Tell whether a face's picture is there, kept or dropped."""
        return self.place(file, True).exists() or self.place(file, False).exists()

    def place(self, file: str, kept: bool) -> Path:
        """Return where a face's picture lies, or belongs."""
        return self.path / file if kept else self.hidden / "dropped" / file

    def settle(self, file: str, kept: bool) -> None:
        """Move a face's picture to where it belongs."""
        wrong = self.place(file, not kept)
        if wrong.exists():
            os.replace(wrong, self.place(file, kept))

    def excluded(self) -> set[str]:
        """Return the names that a person has written into exclude.txt, in UTF-8 or as Windows' programs save it."""
        path = self.path / "exclude.txt"
        if not path.is_file():
            return set()
        written = path.read_bytes()
        wide = written.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))  # PowerShell's ">"
        lines = written.decode("utf-16" if wide else "utf-8-sig", errors="replace").splitlines()
        return {line.strip() for line in lines if line.strip()}


def file_name(name: str) -> str:
    """Return what is left of a source's name for file names anywhere."""
    return re.sub(r"[^A-Za-z0-9-]+", "-", Path(name).stem).strip("-")[:40] or "face"


def _line(row: Row) -> str:
    told = asdict(row) | {name: _packed(getattr(row, name)) for name in ("embedding", "look")}
    return json.dumps({k: round(v, 4) if isinstance(v, float) else v for k, v in told.items()}) + "\n"


def _row(told: dict[str, Any]) -> Row:
    return Row(**(told | {name: _unpacked(told[name]) for name in ("embedding", "look")}))


def _packed(values: NDArray[np.float32]) -> str:
    return base64.b64encode(values.astype("<f2").tobytes()).decode()


def _unpacked(text: str) -> NDArray[np.float32]:
    return np.frombuffer(base64.b64decode(text), "<f2").astype(np.float32)
