"""Arms on real people: the interval over seeds beside the one over seeds and pictures, and what each means."""

from faceswap_lab.studies import digits
from faceswap_lab.studies.findings import Findings, OverPictures
from faceswap_lab.studies.report.tables import decimals_of

_MEANINGS = (
    "Over seeds: where the mean difference of other trainings should lie, judged on these very pictures; verdicts are "
    "by this one.",
    "Over seeds and pictures: the same, judged on other moments of these people, as different from these as the blocks "
    "are from each other.",
    "Neither says anything of other people.",
)
_ONE_BLOCK = (
    "What other moments of these people would give is therefore not known: hold out more of them (data.held_out), or "
    "film longer."
)
_NOTHING_KEPT = (
    "What other moments of these people would give is not known: these runs kept nothing of single pictures, or none "
    "is finished."
)


def picture_sentences(found: OverPictures) -> list[str]:
    """Return what was judged on what, and what each interval means."""
    if not found.blocks:
        return [_NOTHING_KEPT]
    blocks = f"{found.blocks} block{'s' * (found.blocks > 1)} of time or single picture{'s' * (found.blocks > 1)}"
    head = f"Every run was judged on the same {found.pictures} held-out pictures, in {blocks}."
    return [head, *(_MEANINGS if found.blocks > 1 else [_ONE_BLOCK])]


def picture_rows(findings: Findings) -> list[list[str]]:
    """Return arm, difference, its interval over seeds, and over seeds and pictures; nothing where none is known."""
    found, decimals, rows = findings.over_pictures, decimals_of(findings.primary), []
    for arm, interval in found.intervals.items() if found and found.blocks > 1 else ():
        numbers = findings.primary.judgements[arm].comparison
        ends = (digits.interval(*each, decimals, sign=True) for each in (numbers.interval, interval))
        rows.append([arm, digits.fixed(numbers.difference, decimals, sign=True), *ends])
    return rows
