"""Simulate how often the lab's intervals and verdicts hold, and put the tables into docs/statistics.md.

    OMP_NUM_THREADS=1 python scripts/coverage.py                  every table, printed and written
    OMP_NUM_THREADS=1 python scripts/coverage.py intervals        one of them
    OMP_NUM_THREADS=1 python scripts/coverage.py --quick --print  a first look, nothing written

The seeds are fixed: the same command gives the same tables.
"""

import argparse
import re
import time
from collections.abc import Callable
from pathlib import Path

from simulations import correlations, crossed, curves, intervals, pairing, pairs, verdicts, within_arms

PAGE = Path(__file__).parents[1] / "docs" / "statistics.md"

# name → (simulation, how many studies it takes for each row)
TABLES: dict[str, tuple[Callable[[int], str], int]] = {
    "pairing": (pairing.report, 0),
    "intervals": (intervals.report, 4_000),
    "false_alarms": (verdicts.report_false_alarms, 2_000),
    "skewed_arms": (verdicts.report_skewed_arms, 1_000),
    "verdicts": (verdicts.report_verdicts, 2_000),
    "borderline": (verdicts.report_borderline, 20_000),
    "peeking": (verdicts.report_peeking, 2_000),
    "outlook": (verdicts.report_outlook, 300),
    "pairs": (pairs.report_pairs, 20_000),
    "split": (pairs.report_split, 20_000),
    "correlations": (correlations.report, 300),
    "within_arms": (within_arms.report, 300),
    "curves": (curves.report, 300),
    "crossed": (crossed.report, 1_000),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", metavar="table", help=f"any of {', '.join(TABLES)}; all if none is named")
    parser.add_argument("--quick", action="store_true", help="a quarter of the studies")
    parser.add_argument("--print", dest="only_print", action="store_true", help="write nothing")
    arguments = parser.parse_args()
    if unknown := set(arguments.tables) - set(TABLES):
        parser.error(f"no table is called {', '.join(sorted(unknown))}; there are {', '.join(TABLES)}")
    for name in arguments.tables or TABLES:
        simulate, studies = TABLES[name]
        start = time.process_time()
        text = simulate(studies // 4 if arguments.quick else studies)
        print(f"\n{name} ({time.process_time() - start:.0f} CPU s)\n\n{text}", flush=True)
        if not arguments.only_print:
            PAGE.write_text(with_table(PAGE.read_text("utf-8"), name, text), "utf-8")


def with_table(page: str, name: str, text: str) -> str:
    """The page with everything between the table's two marks replaced."""
    begin, end = f"<!-- {name}: written by scripts/coverage.py -->", f"<!-- end of {name} -->"
    marked = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not marked.search(page):
        raise ValueError(f"{PAGE} has no place for the table {name}: add the lines {begin!r} and {end!r}")
    return marked.sub(lambda _: f"{begin}\n{text}\n{end}", page)


if __name__ == "__main__":
    main()
