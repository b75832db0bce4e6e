"""Do the metrics of real swaps follow the truth? Over trained models of twins, of which both are known.

    python scripts/judging/real_faces.py RUNS_DIR … --work /tmp/real        writes docs/judging/real_faces.csv
    python scripts/judging/real_faces.py                                    writes the table of docs/judging.md from it

A row is one direction of one run. Its true metrics are those of its result; the others are what networks see in the
same swaps, as `faceswap_lab.evaluation.real_swaps` asks them: detector, mesh and SFace in the first --faces held-out
faces of a side, dlib's network in the first --dlib_faces. The unit of every interval is the pair of people.
"""

import argparse
import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from faceswap_lab.faces.embedders import Dlib, SFace
from faceswap_lab.faces.judging import FaceJudge
from faceswap_lab.runs.folder import RunFolder
from faceswap_lab.runs.result import read_result
from faceswap_lab.studies.statistics.rank_correlation import RankCorrelation, rank_correlation, rank_correlation_within

ROOT = Path(__file__).parents[2]
PAGE, ROWS = ROOT / "docs" / "judging.md", ROOT / "docs" / "judging" / "real_faces.csv"
NAME = "real faces"
TRUTHS = {  # metric of a real swap: the true metric that asks the same
    "face_found": "score",
    "identity_sface": "identity",
    "identity_dlib": "identity",
    "frechet_sface": "identity",
    "frechet_dlib": "identity",
    "follow_yaw": "yaw",
    "follow_pitch": "pose",
    "follow_mouth_open": "mouth",
    "follow_smile": "expression",
    "follow_eyes_open": "expression",
    "follow_gaze_x": "score",
    "cycle_mae": "score",
    "own_sharpness": "sharpness",
}
FALLING = ("frechet_sface", "frechet_dlib", "cycle_mae")  # less is better: these follow if their negative does
NO_FACES = 9.0  # in the place of a Fréchet distance where fewer than two swaps have a face: more than any other
QUESTION_1 = ("baseline", "only_b", "two_encoders")
FEWEST_ARMS = 3  # fewer have no order to speak of
WHOLE = ("score", "ssim")  # what a swap is worth in all
TRUE = tuple(dict.fromkeys((*TRUTHS.values(), *WHOLE)))

Row = Mapping[str, str]


class Vouched(NamedTuple):
    """How a metric goes with a true one: over all rows, and on the mean over pairs among the arms of one pair."""

    everywhere: RankCorrelation
    among_arms: RankCorrelation


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="*", help="folders of finished runs on pairs of rendered people")
    parser.add_argument("--work", type=Path, help="a folder in which what was seen is kept")
    parser.add_argument("--faces", type=int, default=48, help="held-out faces of a side that are looked at")
    parser.add_argument("--dlib_faces", type=int, default=20, help="likewise by dlib's network, which is slow")
    parser.add_argument("--arms", default="", help="names with commas; all unless given")
    asked = parser.parse_args()
    if asked.runs:
        if asked.work is None:
            parser.error("--work is needed: looking takes seconds a run, and is kept there")
        write_rows(asked.runs, asked.work, asked.faces, asked.dlib_faces, [*filter(None, asked.arms.split(","))])
    write_table(read_rows())


def write_rows(runs: Sequence[Path], work: Path, faces: int, dlib_faces: int, arms: list[str]) -> None:
    """Look at the swaps of all runs, and write what was seen beside the truth."""
    from looks import WAYS, Looker, finished_twins

    work.mkdir(parents=True, exist_ok=True)
    first = Looker(FaceJudge([SFace()]), "sface", work, faces)
    second = Looker(FaceJudge([Dlib()]), "dlib", work, dlib_faces)
    rows = []
    for folder, people in finished_twins(list(runs), arms):
        result = read_result(RunFolder(folder))
        assert result is not None
        by_second, by_first = second.scores(folder, people), first.scores(folder, people)
        for way in WAYS:
            seen = by_second[way] | by_first[way]  # what both see is the first's, who saw more
            values = {name: seen.get(name, NO_FACES) for name in TRUTHS}
            values |= {f"true_{name}": result.metrics[f"swap_{name}_{way}"] for name in TRUE}
            named = {"size": size_of(folder), "arm": result.label.partition("-")[0], "pair": result.seed, "way": way}
            rows.append(named | {name: f"{value:.4f}" for name, value in values.items()})
        print(folder.name, flush=True)
    rows.sort(key=lambda row: (row["size"], row["arm"], row["pair"], row["way"]))
    with ROWS.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def size_of(folder: Path) -> int:
    """Return the side of a run's pictures in pixels."""
    from yaml import safe_load  # type: ignore[import-untyped]

    return int(safe_load(RunFolder(folder).config.read_text("utf-8"))["model"]["resolution"])


def read_rows() -> list[Row]:
    with ROWS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def vouched(rows: Iterable[Row], metric: str, truth: str) -> Vouched:
    """Return the rank correlations of a metric with a true one. Pairs of people are the witnesses."""
    pairs: dict[str, list[tuple[float, float]]] = {}
    arms: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for row in rows:
        both = float(row[metric]) * (-1 if metric in FALLING else 1), float(row[f"true_{truth}"])
        pairs.setdefault(row["pair"], []).append(both)
        arms.setdefault((row["pair"], row["way"]), []).append(both)
    return Vouched(rank_correlation(pairs), rank_correlation_within(arms, witnesses={key: key[0] for key in arms}))


def follows(found: RankCorrelation) -> bool:
    """Whether a metric is shown to follow: its whole interval lies above zero."""
    return found.interval.low > 0


def groups_of(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return the rows of each size: of arms that are much alike, and of question 1's, which are not. Both: baseline."""
    groups = dict[str, list[Row]]()
    for size in sorted({row["size"] for row in rows}, key=int):
        own = [row for row in rows if row["size"] == size]
        groups[f"{size} px"] = [row for row in own if row["arm"] not in QUESTION_1[1:]]
        groups[f"{size} px, question 1"] = [row for row in own if row["arm"] in QUESTION_1]
    return {name: own for name, own in groups.items() if len({row["arm"] for row in own}) >= FEWEST_ARMS}


def write_table(rows: Sequence[Row]) -> None:
    lines = [
        ["swaps", "metric", "true metric", "all runs", "arms of one pair", "score, arms of one pair", "says"],
        ["---"] * 7,
    ]
    groups = groups_of(rows)
    for name, own in groups.items():
        for metric, truth in TRUTHS.items():
            asked, whole = vouched(own, metric, truth), vouched(own, metric, "score")
            says = "follows" if follows(asked.among_arms) else "**not shown to follow**"
            cells = (asked.everywhere, asked.among_arms, whole.among_arms)
            shown = f"−`{metric}`" if metric in FALLING else f"`{metric}`"
            lines.append([name, shown, f"`swap_{truth}`", *map(_said, cells), says])
    about = [f"- {name}: {_about(own)}" for name, own in groups.items()]
    _write("\n".join([*about, "", *(f"| {' | '.join(cells)} |" for cells in lines)]))


def _about(rows: Sequence[Row]) -> str:
    arms, pairs = ({row[name] for row in rows} for name in ("arm", "pair"))
    named = f" ({', '.join(sorted(arms))})" if len(arms) < 5 else ""
    return f"{len(rows)} swaps of {len(arms)} arms{named} and {len(pairs)} pairs of people, both ways."


def _said(found: RankCorrelation) -> str:
    return f"{found.rho:.2f} ({found.interval.low:.2f} to {found.interval.high:.2f})"


def _write(text: str) -> None:
    begin, end = f"<!-- {NAME}: written by scripts/judging/real_faces.py -->", f"<!-- end of {NAME} -->"
    marked = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    page = PAGE.read_text("utf-8")
    if not marked.search(page):
        raise ValueError(f"{PAGE} has no place for '{NAME}': add the lines {begin!r} and {end!r}")
    PAGE.write_text(marked.sub(lambda _: f"{begin}\n{text}\n{end}", page), "utf-8")


if __name__ == "__main__":
    main()
