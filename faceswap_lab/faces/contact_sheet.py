"""A page with all faces of a set, to sort, to judge, and to say which are not wanted."""

from collections.abc import Sequence

from faceswap_lab.faces.choice import Choice
from faceswap_lab.faces.face_set import HIDDEN, Row

_MOST_DROPPED = 500  # that are shown, for each reason


def page(title: str, summary: Sequence[str], rows: Sequence[Row], choice: Choice, excluded: set[str]) -> str:
    """Return the page as HTML. Its pictures are the set's own files, so it holds none itself."""
    from jinja2 import Environment, PackageLoader

    told = sorted(
        zip(rows, choice.likeness, choice.reasons), key=lambda one: (one[0].source, one[0].frame, one[0].file)
    )
    dropped: dict[str, list[Row]] = {}
    for row, _, reason in told:
        if reason:
            dropped.setdefault(reason, []).append(row)
    environment = Environment(loader=PackageLoader("faceswap_lab.faces"), autoescape=True)
    return environment.get_template("contact_sheet.html").render(
        title=f"Faces: {title}",
        summary="\n".join(summary),
        kept=[(row, likeness) for row, likeness, reason in told if not reason],
        dropped=dropped,
        hidden=HIDDEN,
        most_dropped=_MOST_DROPPED,
        already=sorted(excluded),
    )
