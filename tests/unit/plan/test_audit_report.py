"""The audit as a page: complete, in Vietnamese, self-contained, and safe whatever the plan's texts hold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from tests.unit.plan.audit_cases import facts, indicator, line, solution, target, tasks
from tests.unit.plan.audit_tables import FINDS

from dxpipeline.messages import catalogue
from dxpipeline.plan.audit.facts import PlanFacts
from dxpipeline.plan.audit.report import render_report, write_report
from dxpipeline.plan.audit.rules import RULES, audit
from dxpipeline.plan.audit.store import RuleCount

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """The text of a page and its tags; a tag that is not closed, or closed twice, fails."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and "style" not in self.open:
            self.texts.append(data.strip())


def counts(of: PlanFacts) -> list[RuleCount]:
    found = Counter(finding.rule for finding in audit(of))
    return [
        RuleCount(
            rule=rule.name,
            severity=rule.severity,
            title_vi=rule.title(),
            title_en=rule.title("en"),
            findings=found[rule.name],
        )
        for rule in RULES
    ]


def rendered(of: PlanFacts) -> str:
    return render_report(of.plan, audit(of), counts(of), date(2026, 11, 24))


def leaves(value: Any) -> Iterator[str]:
    """Return the names of evidence that are no codes, funds or years."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if isinstance(key, str) and re.fullmatch(r"[a-z_]+", key):
            yield key
        yield from leaves(item)


BAD = facts(
    targets=(target(legal_basis=[]),),
    solutions=(solution(led_by="department", costs=[{"year": 2021, "needed_vnd_m": 123456}]),),
    budget_lines=(line(), line("tỉnh", 2000)),
    progress=(),
    tasks=tasks(led=1),
)


def test_it_tells_every_rule_with_its_count_and_every_finding_with_its_evidence() -> None:
    texts = Page(rendered(BAD)).texts
    findings = audit(BAD)
    assert len(findings) == 7
    for finding in findings:
        assert finding.message_vi in texts
    for rule in RULES:
        assert rule.title() in texts
    row = texts.index("Mục tiêu mâu thuẫn")
    assert texts[row : row + 3] == ["Mục tiêu mâu thuẫn", "Nghiêm trọng", "0"]
    assert "24/11/2026" in texts
    assert "Doanh nghiệp phần mềm" in texts
    # The gap year by year, and who would pay what, are tables.
    year = texts.index("2021")
    assert texts[year - 5 : year + 6] == [
        "Theo năm",
        "Nhu cầu (triệu đồng)",
        "Nguồn đã nêu (triệu đồng)",
        "Còn thiếu (triệu đồng)",
        "Giải pháp thiếu vốn (triệu đồng)",
        "2021",
        "123.456",
        "ngân sách tỉnh: 2.000",
        "doanh nghiệp: 1.000",
        "120.456",
        "GP01: 120.456",
    ]
    way = texts.index("doanh nghiệp bù toàn bộ")
    assert texts[way + 1 : way + 4] == [
        "doanh nghiệp: 120.456",
        "ngân sách tỉnh: 1,62",
        "doanh nghiệp: 98,38",
    ]


def test_a_reported_figure_leads_to_its_delivery_and_row() -> None:
    texts = Page(rendered(FINDS["budget-not-disbursed"][0])).texts
    assert "lần nộp 7, dòng 12" in texts


def test_values_behind_a_verdict_are_a_table_by_period() -> None:
    texts = Page(rendered(FINDS["out-of-reach"][0])).texts
    period = len(texts) - 1 - texts[::-1].index("2023-Q4")
    assert texts[period : period + 6] == ["2023-Q4", "14/12/2023", "reported", "3", "reported", "5"]


def test_a_finding_about_no_document_stands_at_the_end() -> None:
    texts = Page(rendered(facts(tasks=tasks(led=1)))).texts
    general = texts.index("Chung cho cả kế hoạch")
    assert any("chủ trì 1 trong 10 nhiệm vụ" in text for text in texts[general:])


def test_two_documents_tell_of_what_concerns_both() -> None:
    case = FINDS["contradicting-targets"][0]
    texts = Page(rendered(case)).texts
    (finding,) = [finding for finding in audit(case) if finding.rule == "contradicting-targets"]
    assert texts.count(finding.message_vi) == 2


def test_a_plan_without_findings_says_so() -> None:
    page = rendered(facts())
    assert "Không quy tắc nào phát hiện vấn đề." in page
    assert '<body class="accepted">' in page


def test_nothing_is_loaded_from_elsewhere_and_it_is_laid_out_for_paper() -> None:
    page = rendered(BAD)
    tags = Page(page).tags
    assert not {tag for tag, _ in tags} & {"script", "link", "img", "iframe", "a"}
    assert not [attrs for _, attrs in tags if attrs.keys() & {"src", "href"}]
    assert not re.search(r"url\(|@import|https?:", page)
    assert "@page { size: A4;" in page
    assert ("html", {"lang": "vi"}) in tags


def test_texts_of_the_plan_are_never_read_as_marks() -> None:
    hostile = facts(
        indicators=(indicator(name_vi="<script>alert(1)</script> & Co"),),
        targets=(target(legal_basis=[]),),
    )
    page = rendered(hostile)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Co" in page


@pytest.mark.parametrize("rule", [rule.name for rule in RULES])
def test_every_piece_of_evidence_has_a_name_in_words(rule: str) -> None:
    names = catalogue("vi")["audit_evidence"].keys()
    for case in FINDS[rule]:
        for finding in audit(case):
            assert set(leaves(finding.evidence)) - names <= {"synthetic", "statement_en"}


def test_the_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    report = tmp_path / "rà soát.html"
    report.write_text("cũ", encoding="utf-8")
    write_report(report, BAD.plan, audit(BAD), counts(BAD), date(2026, 11, 24))
    assert report.read_text(encoding="utf-8") == rendered(BAD)
    assert list(tmp_path.iterdir()) == [report]
