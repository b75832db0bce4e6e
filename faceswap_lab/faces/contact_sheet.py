"""A page with all faces of a set, to sort, to judge, and to say which are not wanted."""

import json
from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from faceswap_lab.faces.choice import Choice
from faceswap_lab.faces.face_set import HIDDEN, Row

_MOST_DROPPED = 500  # that are shown

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="robots" content="noindex">
<meta name="description" content="Faces cut out of pictures of a person. Not made by a model."><style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 2rem; box-sizing: border-box; max-width: 80rem;
  color: #1b1b1b; background: #fff; }}
.faces {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(7.5rem, 1fr)); gap: .5rem; }}
button {{ font: inherit; }} .face {{ border: 2px solid transparent; padding: 0; background: none; cursor: pointer; }}
.face img {{ width: 100%; display: block; }} .face small {{ color: #555; }}
.face[aria-pressed=true] {{ border-color: #b00; }} .face[aria-pressed=true] img {{ opacity: .3; }}
nav {{ position: sticky; top: 0; background: #fff; padding: .5rem 0; display: flex; gap: .75rem; flex-wrap: wrap; }}
h2 {{ margin-top: 2rem; }} pre {{ background: #f3f3f3; padding: .5rem; overflow: auto; }}
</style></head><body>
<h1>{title}</h1><pre>{summary}</pre>
<nav><label>Sort by <select id="by">
<option value="frame">time</option><option value="yaw">turn, left to right</option><option value="pitch">nod</option>
<option value="sharpness">sharpness</option><option value="likeness">likeness</option><option value="eyes">size</option>
</select></label>
<button id="save">Save exclude.txt</button> <span id="count">Click a face to exclude it.</span></nav>
<div class="faces" id="kept">{kept}</div>
<p>Put <code>exclude.txt</code> into this folder and repeat the command: the faces named in it are left out.</p>
{dropped}
<script>
const kept = document.getElementById("kept"), by = document.getElementById("by");
const excluded = () => [...kept.querySelectorAll("[aria-pressed=true]")].map(face => face.dataset.file);
function sort() {{
  const faces = [...kept.children], key = by.value;
  faces.sort((a, b) => key === "frame" ? a.dataset.order - b.dataset.order : a.dataset[key] - b.dataset[key]);
  kept.append(...faces);
}}
by.addEventListener("change", sort);
kept.addEventListener("click", event => {{
  const face = event.target.closest(".face");
  if (!face) return;
  face.setAttribute("aria-pressed", face.getAttribute("aria-pressed") !== "true");
  document.getElementById("count").textContent = excluded().length + " excluded";
}});
document.getElementById("save").addEventListener("click", () => {{
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([excluded().concat({already}).join("\\n") + "\\n"], {{type: "text/plain"}}));
  link.download = "exclude.txt";
  link.click();
}});
</script></body></html>
"""


def page(title: str, summary: Sequence[str], rows: Sequence[Row], choice: Choice, excluded: set[str]) -> str:
    """Return the page as HTML. Its pictures are the set's own files, so it holds none itself."""
    ordered = sorted(range(len(rows)), key=lambda i: (rows[i].source, rows[i].frame, rows[i].file))
    kept = [_face(rows[i], choice.likeness[i], order) for order, i in enumerate(ordered) if not choice.reasons[i]]
    by_reason: dict[str, list[int]] = {}
    for i in ordered:
        if choice.reasons[i]:
            by_reason.setdefault(choice.reasons[i], []).append(i)
    dropped = "".join(
        f"<h2>Dropped: {escape(reason)} ({len(which)})</h2><div class=faces>"
        + "".join(_picture(rows[i], f"{HIDDEN}/dropped/") for i in which[:_MOST_DROPPED])
        + "</div>"
        for reason, which in by_reason.items()
    )
    already = json.dumps(sorted(excluded)).replace("<", "\\u003c")
    return _PAGE.format(
        title=escape(f"Faces: {title}"),
        summary=escape("\n".join(summary)),
        kept="".join(kept),
        dropped=dropped,
        already=already,
    )


def _face(row: Row, likeness: float, order: int) -> str:
    data = {"file": row.file, "order": order, "likeness": f"{likeness:.3f}"}
    data |= {name: f"{getattr(row, name):.2f}" for name in ("yaw", "pitch", "sharpness", "eyes")}
    attributes = " ".join(f'data-{name}="{escape(str(value))}"' for name, value in data.items())
    return f'<button class="face" aria-pressed="false" {attributes}>{_picture(row, "")}</button>'


def _picture(row: Row, place: str) -> str:
    pose = f"turned {row.yaw:.0f}°, nod {row.pitch:.0f}°, sharpness {row.sharpness:.0f}"
    said = escape(f"{row.source}, frame {row.frame}; {pose}")
    image = f'<img loading="lazy" src="{place}{quote(row.file)}" alt="{escape(row.file)}">'
    return f'<figure style="margin:0" title="{said}">{image}</figure>'
