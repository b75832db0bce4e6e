"""``python -m faceswap_lab faces``: from a video or photos to a set of aligned faces of one person."""

import argparse
import logging
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from faceswap_lab.config import ConfigError
from faceswap_lab.data.cache import cache_root
from faceswap_lab.data.mean_face import FRAMINGS
from faceswap_lab.faces.choice import Choice, choose
from faceswap_lab.faces.contact_sheet import page
from faceswap_lab.faces.detector import Detector
from faceswap_lab.faces.embedders import Embedding, SFace
from faceswap_lab.faces.extraction import extract
from faceswap_lab.faces.face_set import FaceSet, Row, SetRefused
from faceswap_lab.faces.forget import Forgotten, forget
from faceswap_lab.faces.frames import Frames, NoFrames, frames_of
from faceswap_lab.faces.mesh import Mesher
from faceswap_lab.faces.model_files import ModelMissing
from faceswap_lab.faces.summary import lines, summary
from faceswap_lab.interruption import Interrupted
from faceswap_lab.runs.atomic import StorageError, write_json, write_text

_log = logging.getLogger(__name__)

_NAMED = 10  # of exclude.txt, which no face has
USAGE = "faces VIDEO|FOLDER --out faces/NAME [--like PICTURE]"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"faces: {message}. Usage: {USAGE} (more: faces --help)")


def faces(args: Sequence[str]) -> int:
    """Run the subcommand on its arguments and return the exit code: 0, or 1 if no face was found.

    Raises:
        ConfigError: what is asked cannot be done; the message says why in one line.
    """
    asked = _parser().parse_args(list(args))
    try:
        if asked.forget is not None:
            return _forget(
                forget(asked.forget, cache_root(asked.cache_dir), asked.runs_dir, asked.experiments_dir), asked.forget
            )
        if asked.source is None or asked.out is None:
            raise ConfigError(f"faces: name a video or a folder of photos, and --out. Usage: {USAGE}")
        return _extract(asked)
    except (NoFrames, SetRefused, ModelMissing) as error:
        raise ConfigError(f"faces: {error}") from error
    except OSError as error:
        raise _storage(error, asked.forget or asked.out, forgetting=asked.forget is not None) from error


def _storage(error: OSError, place: Path, forgetting: bool) -> StorageError:
    """Return what a full disk, a folder that may not be written, or a film that may not be read comes to, in a line."""
    free = ""
    with suppress(OSError):
        free = f" ({shutil.disk_usage(place).free / 1e6:,.1f} MB are free there)"
    said = os.strerror(error.errno) if error.errno else str(error)
    left = "Some of it is removed and some is not" if forgetting else "What was found so far is kept"
    return StorageError(
        f"faces: {said}: '{error.filename or place}'{free}. {left}: mend that, and the same command goes on."
    )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m faceswap_lab faces", description=__doc__, allow_abbrev=False)
    parser.add_argument("source", nargs="?", type=Path, help="a video, a photo, or a folder of photos")
    parser.add_argument("--out", type=Path, help="the folder of the set; several sources may go into one")
    parser.add_argument("--like", type=Path, help="a picture of the person, where there are several")
    parser.add_argument(
        "--framing",
        choices=sorted(FRAMINGS),
        default="2018",
        help="2018: the face, as faceswap cut it out then (the default); whole_face: with forehead and chin; head",
    )
    size, every = _within(64, 2048), _within(1, 100_000)
    parser.add_argument("--size", type=size, default=256, help="side of the pictures in pixels, 64 to 2048 (256)")
    parser.add_argument("--every", type=every, default=1, help="look at one frame in so many (1)")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.add_argument("--forget", type=Path, metavar="SET", help="remove a set and its copies in the cache")
    parser.add_argument("--cache_dir", help="with --forget: where decoded faces are kept")
    parser.add_argument("--runs_dir", type=Path, default=Path("runs"), help="with --forget: where to look for runs")
    parser.add_argument("--experiments_dir", type=Path, default=Path("experiments"), help="likewise, for reports")
    return parser


def _within(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"{text} is no whole number from {low} to {high}")
        return int(text)

    return read


def _extract(asked: argparse.Namespace) -> int:
    like = None if asked.like is None else embedding_of(asked.like)
    if asked.out.resolve().is_relative_to(asked.source.resolve()):
        raise SetRefused(
            f"--out '{asked.out}' lies in '{asked.source}': its faces would be taken for photos; name another"
        )
    frames, kept = frames_of(asked.source), FaceSet(asked.out)
    with kept.locked():
        return _extract_into(kept, frames, like, asked)


def _extract_into(kept: FaceSet, frames: Frames, like: Embedding | None, asked: argparse.Namespace) -> int:
    try:
        extract(frames, kept, asked.framing, asked.size, asked.every, not asked.quiet)
    except Interrupted:
        print(
            f"faceswap_lab: faces: what was found is kept in '{kept.path}'; the same command goes on", file=sys.stderr
        )
        raise
    rows, deleted = kept.rows()
    looked = sum(int(source.header.get("looked", 0)) for source in kept.sources())
    if not rows:
        said = f"no face found in {looked} frames of" if looked else "nothing could be read of"
        said = f"the pictures of all {deleted} faces have been deleted, of" if deleted else said
        print(f"faceswap_lab: faces: {said} '{asked.source.name}'", file=sys.stderr)
        return 1
    choice = settle(kept, rows, like)
    told = summary(rows, choice, looked, deleted)
    about = lines(told, str(kept.path))
    write_json(kept.path / "summary.json", told)
    sheet = kept.path / "contact_sheet.html"
    write_text(sheet, page(kept.path.name, about, rows, choice, kept.excluded()))
    print("\n".join(about))
    print(f"look at     {sheet}")
    if not told["kept"]:
        print("faceswap_lab: faces: every face was dropped; see the page for why", file=sys.stderr)
        return 1
    named = shlex.quote(f"data.a={kept.path}")
    print(f"next        cut out the other person's too, then: python -m faceswap_lab data=folders {named} data.b=…")
    return 0


def settle(kept: FaceSet, rows: Sequence[Row], like: Embedding | None) -> Choice:
    """Choose what belongs to a set, and put every picture where it belongs."""
    excluded = kept.excluded()
    if excluded:
        _say_unknown(kept, excluded)
    choice = choose(rows, like, excluded)
    for row, reason in zip(rows, choice.reasons):
        kept.settle(row.file, kept=not reason)
    return choice


def _say_unknown(kept: FaceSet, excluded: set[str]) -> None:
    """Name what is excluded and is no face: whoever mistypes a name must not think that the face is left out."""
    unknown = sorted(excluded - {row.file for source in kept.sources() for row in source.rows()})
    if unknown:
        _log.warning(
            "exclude.txt: %d names are of no face in this set: %s%s. Write each as its picture is called",
            *(len(unknown), ", ".join(unknown[:_NAMED]), ", …" if len(unknown) > _NAMED else ""),
        )


def embedding_of(path: Path) -> Embedding:
    """Return who the largest face in a picture is.

    Raises:
        NoFrames: it cannot be read, or shows no face.
    """
    frame = next(iter(frames_of(path)), None)
    found = [] if frame is None else Detector().find(frame.pixels)
    if frame is None or not found:
        raise NoFrames(f"--like: no face found in '{path.name}'")
    return SFace().embed(frame.pixels, Mesher().fit(frame.pixels, found[0]).landmarks)


def _forget(told: Forgotten, path: Path) -> int:
    for place in told.removed:
        print(f"removed     {place}")
    for run in told.runs:
        print(f"left        {run}: a model trained on these faces, with previews of them; remove it yourself")
    for report in told.reports:
        print(f"left        {report}: a report that shows these faces; remove it yourself")
    if path.exists():
        print(f"left        {path}: the lab has not written it; remove it yourself")
    return 0
