"""What there is to say about people's own pictures before they are trained on: warnings, and remarks."""

import logging
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from faceswap_lab.data.cache import MANIFEST, Entry
from faceswap_lab.data.faces import Side
from faceswap_lab.data.folder_reading import SPLIT_LIST
from faceswap_lab.data.measures import Measures, medians

_log = logging.getLogger(__name__)

FEWEST_JUDGED = 30
_LISTED_FILES = 5
_UNEQUAL = 8  # times as many pictures
_APART = {  # how far the medians of two sides may lie apart, and how to say it
    "brightness": (30.0, "levels darker", "levels brighter"),
    "light": (20.0, "levels more lit from the left", "levels more lit from the right"),
    "yaw": (12.0, "degrees more to the left", "degrees more to the right"),
    "pitch": (10.0, "degrees more upwards", "degrees more downwards"),
}
_STUDY = {"yaw": "unseen_poses", "pitch": "unseen_poses", "light": "unseen_poses"}


def warn_of_side(where: str, entry: Entry, held_out: int) -> None:
    """Warn of what was skipped of a folder, and of what its scores will be worth."""
    for said in _of_side(entry, held_out):
        _log.warning("%s: %s", where, said)


def _of_side(entry: Entry, held_out: int) -> Iterator[str]:
    notes = entry.notes
    skipped, duplicates = notes["skipped"], notes["duplicates"]
    if skipped:
        rest = f" (all are listed in '{entry.path / MANIFEST}')" if len(skipped) > _LISTED_FILES else ""
        yield f"skipped {len(skipped)} of {notes['files']} files: {_some(skipped)}{rest}"
    if duplicates:
        yield f"left out {duplicates} exact duplicate{'s' * (duplicates > 1)}"
    for why, count in notes["left_out"].items():
        yield f"left out {count} file{'s' * (count > 1)}: {why}"
    if notes["videos"]:
        yield f"left out {notes['videos']} video(s); cut faces out with python -m faceswap_lab faces"
    if notes["animated"]:
        yield f"{notes['animated']} animated picture(s), of which the first frame is used"
    if notes["oblong"]:
        yield (
            f"{notes['oblong']} of {len(entry.faces)} pictures are not square and lost their ends; are these aligned "
            "faces, or whole photos? python -m faceswap_lab faces cuts faces out of photos"
        )
    if notes["straddling"]:
        yield (
            f"{notes['straddling']} training pictures look like held-out ones, too many to leave them out: these "
            "pictures are nearly all alike, and a score on them says little"
        )
    if held_out < FEWEST_JUDGED:
        pictures = f"{held_out} held-out picture{'s' * (held_out > 1)}"
        yield f"a score rests on {pictures}, fewer than {FEWEST_JUDGED}: take it for a hint"


def warn_of_sides(sides: Mapping[Side, tuple[NDArray[np.float32], Entry]]) -> None:
    """Warn of what tells two sides apart besides who they are, by the measures (n, 7) of their pictures."""
    typical = {side: medians(measures) for side, (measures, _) in sides.items()}
    first, *others = sides
    for other in others:
        a, b = typical[first], typical[other]
        for name, (apart, less, more) in _APART.items():
            difference = getattr(b, name) - getattr(a, name)
            if abs(difference) > apart:
                study = f"; what that does: the study {_STUDY[name]}" if name in _STUDY else ""
                said = f"{abs(difference):.0f} {more if difference > 0 else less}"
                _log.warning("side %s is %s than side %s (medians)%s", other, said, first, study)
        if max(a.pixels, b.pixels) > 2 * min(a.pixels, b.pixels):
            _log.warning(
                "side %s's pictures have %.0f px, side %s's %.0f (medians): one side is much sharper than the other",
                *(first, a.pixels, other, b.pixels),
            )
        counts = {side: len(sides[side][1].faces) for side in (first, other)}
        if max(counts.values()) > _UNEQUAL * min(counts.values()):
            _log.warning(
                "side %s has %d pictures, side %s %d: the smaller side is seen many times over",
                *(first, counts[first], other, counts[other]),
            )


def remarks_on(side: Side, entry: Entry, measures: NDArray[np.float32], coverage: float | None) -> list[str]:
    """Return lines for a person who is about to train on these pictures, of which ``coverage`` of the side is seen."""
    notes, typical = entry.notes, medians(measures)
    lines = []
    if notes["held_out"] is not None:
        blocks = f"in {notes['blocks']} block{'s' * (notes['blocks'] > 1)} of time"
        how = blocks if notes["films"] else "one by one"
        left = f", {notes['near_duplicates']} like them left out" if notes["near_duplicates"] else ""
        lines.append(f"side {side}: {notes['held_out']} held out {how}{left}; listed in {entry.path / SPLIT_LIST}")
    about = [f"{typical.pixels:.0f} px"]
    about += [f"{notes['masked']} with masks" if notes["masked"] else "no masks"]
    about += [f"{count} with landmarks of {maker}" for maker, count in notes["makers"].items()]
    if np.isfinite(typical.yaw):
        about.append(f"turned {_spread(measures, 'yaw')}")
    lines.append(f"side {side}: {', '.join(about)}")
    if coverage is not None:
        lines.append(
            f"side {side}: the network sees the middle {coverage:.0%} of each picture{_cut(measures, coverage)}"
        )
    return lines


def _spread(measures: NDArray[np.float32], name: str) -> str:
    values = measures[:, Measures._fields.index(name)]
    low, middle, high = np.percentile(values[np.isfinite(values)], [5, 50, 95])
    return f"{middle:.0f}° (90 % within {low:.0f}° … {high:.0f}°)"


def _cut(measures: NDArray[np.float32], coverage: float) -> str:
    """Say whether what the network sees holds the landmarks, where there are some."""
    extents = measures[:, Measures._fields.index("extent")]
    extents = extents[np.isfinite(extents)]
    if not len(extents):
        return ", whatever lies there"
    cut = float((extents > coverage).mean())
    if cut < 0.05:
        return ", which holds the whole face"
    need = float(np.percentile(extents, 95))
    remedy = f"augmentation.coverage={need:.2f} would hold nearly all"
    if need > 1:  # they lie outside of the pictures
        remedy = "no coverage holds nearly all: the faces are cut out too tightly (faces --framing whole_face)"
    return f", which cuts off chin, jaw or brows in {cut:.0%}; {remedy}"


def _some(skipped: Mapping[str, str]) -> str:
    """Return the first few of the skipped files with the reason, and how many more there are."""
    listed = [f"{name}: {reason}" for name, reason in list(skipped.items())[:_LISTED_FILES]]
    if len(skipped) > _LISTED_FILES:
        listed.append(f"and {len(skipped) - _LISTED_FILES} more")
    return "; ".join(listed)
