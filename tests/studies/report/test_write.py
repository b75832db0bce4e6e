import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from faceswap_lab.studies.findings import Arm, Findings, Provenance
from faceswap_lab.studies.report import write_report
from faceswap_lab.studies.run import Run
from faceswap_lab.studies.statistics.verdicts import judge_arms
from tests.studies.fake_runs import FakeArm, analysed, fake_study
from tests.studies.report.example import example, renamed

EVIL = '<script>alert(1)</script>"|`*[x](javascript:alert(1))\n# </style><img src=x onerror=alert(1)> {{ 7*7 }}'
VOID = {"meta", "link", "img", "br", "hr"}


class Reader(HTMLParser):
    """Collects tags, text and ids, and checks that elements close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.headings: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.text.append(data)
        if self.open and self.open[-1] == "h2":
            self.headings.append(data.strip())


def read_page(path: Path) -> Reader:
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    assert reader.open == []
    return reader


def check(folder: Path) -> tuple[str, str]:
    """Check what holds for every report; return the words of page and Markdown."""
    reader = read_page(folder / "report.html")
    words, markdown = " ".join(reader.text), (folder / "report.md").read_text(encoding="utf-8")
    for text in (words, markdown):
        assert not re.search(r"(?<![A-Za-z])(nan|NaN|inf|None|undefined)(?![a-z])", text)
    ids = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [str(attributes.get("href")) for tag, attributes in reader.tags if tag == "a"]
    assert all(link[1:] in ids for link in links if link.startswith("#"))
    assert all(link.startswith("#") for link in links)
    images = [attributes for tag, attributes in reader.tags if tag == "img"]
    assert all(
        str(image["src"]).startswith(("data:image/webp;base64,", "data:image/svg+xml;base64,")) and image["alt"]
        for image in images
    )
    assert {path.name for path in folder.iterdir()} == {"report.html", "report.md"}
    assert not list(folder.rglob(".tmp-*"))
    return words, markdown


def test_a_whole_report(tmp_path: Path) -> None:
    findings = example(tmp_path / "runs", arms=4, seeds=7)
    page = write_report(findings, tmp_path / "report")
    words, markdown = check(tmp_path / "report")
    assert page == tmp_path / "report" / "report.html"
    assert page.stat().st_size < 5e6
    for said in (findings.title, findings.question, findings.answer, findings.command, findings.notes[0]):
        assert said in words
        assert said in markdown.replace("\\", "")
    order = [
        "Answer", "Arms", "Topologies", "Curves", "Budget", "Faces", "Secondary metrics",
        "Losses as predictors of the true swap error",
        "Diagnostics", "What differs from the baseline", "The exact effect of the update order",
        "False alarms in this very study", "Every cell", "Provenance", "How to read this", "Repeat it",
    ]  # fmt: skip
    places = [markdown.index(f"## {heading}") for heading in order]
    assert places == sorted(places)
    headings = [heading for heading in read_page(page).headings if heading not in ("What needs attention", "")]
    assert headings == order
    best_first = ["joint", "b_then_a", "two_encoders"]  # shifted by 0.018, 0.004, −0.09
    answered = markdown[: markdown.index("## Arms")]
    assert re.findall(r"^\| [^|]+ \| (\w+) \| [+−]", answered.replace("\\", ""), re.MULTILINE) == best_first
    assert re.findall(r'<span class="arm">(\w+)</span>', page.read_text(encoding="utf-8")) == best_first
    first_screen = words[: words.index("mean over the seeds and paired difference")]
    assert "What needs attention" in first_screen
    assert "an error of the test's making" in first_screen


def test_the_same_findings_give_the_same_files(tmp_path: Path) -> None:
    findings = example(tmp_path / "runs", arms=2, seeds=2)
    for name in ("one", "two"):
        write_report(findings, tmp_path / name)
    for path in (tmp_path / "one").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes()


def test_names_and_messages_are_harmless(tmp_path: Path) -> None:
    findings = example(tmp_path / "runs", arms=3, seeds=2)
    evil = replace(
        renamed(findings, "two_encoders", EVIL),
        title=EVIL,
        question=EVIL,
        answer=EVIL,
        command=EVIL,
        settings=[EVIL],
        notes=[EVIL],
        arms=[findings.arms[0], Arm(EVIL, EVIL, {EVIL: (EVIL, EVIL)}, 1), findings.arms[2]],
        cells=[*findings.cells, Run(EVIL, 3, "failed", EVIL)],
        provenance=Provenance({EVIL: {EVIL: [EVIL]}}, [EVIL]),
        extras={EVIL: {EVIL: EVIL}},
    )
    page = write_report(evil, tmp_path / "report")
    reader = read_page(page)
    assert [tag for tag, _ in reader.tags].count("script") == 5
    assert all("onerror" not in attributes for _, attributes in reader.tags)
    assert "alert(1)" in " ".join(reader.text)
    assert "49" not in re.findall(r"x onerror=alert\(1\)> (\S+)", page.read_text())
    markdown = (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    rendered = Reader()
    rendered.feed(MarkdownIt("commonmark").enable("table").render(markdown))
    assert {tag for tag, _ in rendered.tags} <= {
        "h1", "h2", "h3", "p", "em", "strong", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "img", "a",
        "code", "pre",
    }  # fmt: skip
    links = {str(attributes["href"]) for tag, attributes in rendered.tags if tag == "a"}
    assert links == {"results.csv", "curves.npz"}
    assert [tag for tag, _ in rendered.tags].count("h1") == 1
    tables = [line for line in markdown.splitlines() if line.startswith("|")]
    assert all(len(re.findall(r"(?<!\\)\|", line)) >= 3 for line in tables)


def few(tmp_path: Path, case: str) -> Findings:
    """Findings with next to nothing in them."""
    if case == "nothing finished":
        arms, seeds = [f"arm {number}" for number in range(3)], range(3)
        missing = {(arm, seed): "missing" for arm in arms for seed in seeds}
        return analysed(fake_study(tmp_path / "runs", {arm: FakeArm() for arm in arms}, seeds, states=missing))
    findings = example(tmp_path / "runs", arms=1 if case == "one arm" else 3, seeds=1 if case == "one seed" else 3)
    if case != "nan and inf":
        return findings
    odd = {arm.name: {0: math.nan, 1: math.inf, 2: 0.5} for arm in findings.arms}
    baseline, *others = odd
    judgements = judge_arms(odd[baseline], {arm: odd[arm] for arm in others}, higher_is_better=True)
    return replace(
        findings,
        primary=replace(findings.primary, values=odd, judgements=judgements),
        diagnostics=[replace(compared, values=odd) for compared in findings.diagnostics],
        cells=[replace(cell, metrics={findings.primary.metric.key: math.nan}) for cell in findings.cells],
        curves=[
            replace(c, arms={n: replace(a, mean=a.mean * math.nan, low=a.low * math.nan) for n, a in c.arms.items()})
            for c in findings.curves
        ],
        extras={"order_effect": {"growth": [{"step": 1, "outputs": {"orders": math.nan}}]}, "x": {"y": math.inf}},
    )


@pytest.mark.parametrize("case", ["one arm", "one seed", "nothing finished", "nan and inf"])
def test_little_is_said_as_it_is(tmp_path: Path, case: str) -> None:
    write_report(few(tmp_path, case), tmp_path / "report")
    words, markdown = check(tmp_path / "report")
    if case != "one arm":
        assert "not known" in words
        assert "not known" in markdown
    if case == "nothing finished":
        assert "0 of 9 cells are finished" in words
        assert "9 missing" in markdown
        assert "no cell is finished" in words
