"""Further sections from plain JSON: the exact effect of the update order, false alarms, and whatever comes later."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from faceswap_lab.studies import digits
from faceswap_lab.studies.report.figure import Figure
from faceswap_lab.studies.report.growth_plot import SERIES, growth_figure

TITLES = {
    "declared": "Declared, started, reported",
    "order_effect": "The exact effect of the update order",
    "false_alarms": "False alarms in this very study",
    "tuning": "Each arm tuned, and as it was without",
}
_INTRODUCTIONS = {
    "declared": "Whoever may choose among runs that nobody hears of can show anything. What is asked, of which arms, "
    "seeds and runs and by which metric, was written down with its hash; a run that starts leaves a line that stays "
    "when the run is deleted.",
    "order_effect": "Trainings that start equal and see the same samples, run side by side in both orders, without "
    "any statistics: how far apart are weights and swaps?",
    "false_alarms": "The same configuration split into two groups of seeds at random, again and again: how often do "
    "the statistics claim a difference that cannot be there?",
    "tuning": "Worse must not mean untuned: every arm, the baseline too, took its best of the same candidates on "
    "people of the development population, with the same seeds, before the runs that count. All tables above are of "
    "the tuned arms. Where an arm keeps its setting, its runs with and without tuning are the same.",
}


@dataclass(frozen=True)
class Table:
    """A table with a caption, column heads and rows of text; the first column names the row."""

    caption: str
    head: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Section:
    """One further section.

    Attributes:
        title: what it is about.
        introduction: a sentence; may be empty.
        sentences: findings in words.
        tables: numbers.
        figure: a plot, or None.
    """

    title: str
    introduction: str
    sentences: list[str]
    tables: list[Table]
    figure: Figure | None = None


def sections(extras: Mapping[str, Any]) -> list[Section]:
    """Return a section for every extra; what is not known by name becomes plain tables."""
    return [_section(name, content) for name, content in extras.items() if content not in (None, {}, [])]


def _section(name: str, content: Any) -> Section:
    title = TITLES.get(name, _words(name).capitalize())
    introduction = _INTRODUCTIONS.get(name, "")
    content = content if isinstance(content, Mapping) else {"values": content}
    says = content.get("says", [])
    sentences = [says] if isinstance(says, str) else [str(sentence) for sentence in says]
    if name == "false_alarms" and content.get("metrics"):
        return Section(title, introduction, sentences, [_alarms(content)])
    if name == "order_effect":
        return Section(title, introduction, sentences, _order_tables(content), growth_figure(content))
    rest = {key: value for key, value in content.items() if key != "says"}
    return Section(title, introduction, sentences, _plain_tables(rest))


def _order_tables(content: Mapping[str, Any]) -> list[Table]:
    tables = []
    if one_step := content.get("one_step"):
        columns = ("largest", "largest_update", "relative")
        rows = [[group, *(_number(found.get(column)) for column in columns)] for group, found in one_step.items()]
        head = ["parameters", "largest difference", "largest update", "difference ÷ update (L2)"]
        tables.append(Table("After one step from equal states, A then B against B then A", head, rows))
    growth = content.get("growth") or []
    outputs = {entry["step"]: entry.get("outputs") or {} for entry in growth}
    shown = [series for series in SERIES if any(series in found for found in outputs.values())]
    if shown:
        rows = [[f"{step:,}", *(_number(found.get(one)) for one in shown)] for step, found in outputs.items()]
        head = ["step", *(SERIES[series] for series in shown)]
        tables.append(Table("Mean absolute difference of the held-out swaps, pixels in [0, 1]", head, rows))
    if variants := content.get("one_step_variants"):
        groups = list(variants[0]["groups"])
        rows = [
            [_variant(one), *(_number(one["groups"].get(group, {}).get("relative")) for group in groups)]
            for one in variants
        ]
        tables.append(Table("One step under other optimizers: difference ÷ update (L2)", ["", *groups], rows))
    return tables


def _alarms(content: Mapping[str, Any]) -> Table:
    shares = ("better_or_worse", "equivalent", "undecided")
    rows = [
        [row["metric"], _number(row["runs"]), *(_share(row[share]) for share in shares)] for row in content["metrics"]
    ]
    caption = f"Verdicts in {_number(content['splits'])} splits into two groups of {_number(content['group'])}"
    return Table(caption, ["metric", "runs", "better or worse", "equivalent", "undecided"], rows)


def _share(share: float | None) -> str:
    return f"{digits.fixed(100 * share, 1)} %" if share is not None and math.isfinite(share) else digits.NOT_KNOWN


def _variant(variant: Mapping[str, Any]) -> str:
    words = [variant.get("update_order"), variant.get("optimizer"), variant.get("optimizer_state")]
    rate = variant.get("lr")
    return ", ".join([*(str(word) for word in words if word), *([f"lr {rate:g}"] if isinstance(rate, float) else [])])


def _plain_tables(content: Mapping[str, Any]) -> list[Table]:
    """Return single values as one table, and every list of alike entries as a table of its own."""
    single = [[_words(key), _number(value)] for key, value in content.items() if not isinstance(value, dict | list)]
    tables = [Table("", ["", "value"], single)] if single else []
    for key, value in content.items():
        if isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
            head = list(dict.fromkeys(column for entry in value for column in entry))
            rows = [[_number(entry.get(column, "")) for column in head] for entry in value]
            tables.append(Table(_words(key).capitalize(), [_words(column) for column in head], rows))
        elif isinstance(value, dict):
            tables.append(
                Table(_words(key).capitalize(), ["", "value"], [[_words(k), _number(v)] for k, v in value.items()])
            )
        elif isinstance(value, list):
            tables.append(Table(_words(key).capitalize(), ["value"], [[_number(entry)] for entry in value]))
    return tables


def _number(value: Any) -> str:
    if value is None:
        return digits.NOT_KNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return digits.general(value) if math.isfinite(value) else digits.NOT_KNOWN
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _words(key: str) -> str:
    return key.replace("_", " ")
