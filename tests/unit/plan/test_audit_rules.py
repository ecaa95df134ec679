"""Every rule of the audit: what it finds, what it does not, and how it is told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.plan.audit_cases import (
    LAW,
    document,
    facts,
    indicator,
    line,
    point,
    progress,
    reported,
    solution,
    target,
    tasks,
)
from tests.unit.plan.audit_tables import (
    FINDS,
    FINDS_NOT,
    GONE,
    TWO_DOCUMENTS,
    findings,
    only,
)

from dxpipeline.messages import LANGUAGES, catalogue
from dxpipeline.plan.audit.facts import PlanFacts
from dxpipeline.plan.audit.model import SEVERITIES
from dxpipeline.plan.audit.rules import RULES, audit
from dxpipeline.settings import PROJECT_ROOT


def cases(table: Mapping[str, list[PlanFacts]]) -> list[Any]:
    return [
        pytest.param(rule.name, position, id=f"{rule.name}-{position}")
        for rule in RULES
        for position in range(len(table.get(rule.name, [])))
    ]


def test_every_rule_has_cases_in_which_it_finds_and_in_which_it_does_not() -> None:
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names) == 15
    assert FINDS.keys() == FINDS_NOT.keys() == set(names)
    assert all(FINDS.values())
    assert all(FINDS_NOT.values())


@pytest.mark.parametrize(("rule", "position"), cases(FINDS))
def test_the_rule_finds_it_once_and_tells_it_in_both_languages(rule: str, position: int) -> None:
    found = only(FINDS[rule][position], rule)
    (severity,) = [each.severity for each in RULES if each.name == rule]
    assert found.severity == severity
    assert found.evidence
    for message in (found.message_vi, found.message_en):
        assert message.endswith((".", ".)"))
        assert not re.search(r"[\[\]{}]|None|Decimal|  ", message), message


@pytest.mark.parametrize(("rule", "position"), cases(FINDS_NOT))
def test_the_rule_finds_nothing_in_what_is_as_it_should_be(rule: str, position: int) -> None:
    assert findings(FINDS_NOT[rule][position], rule) == []


def test_a_plan_that_is_as_it_should_be_has_no_finding_at_all() -> None:
    assert audit(facts()) == []


def test_subjects_tell_the_findings_of_a_rule_apart() -> None:
    of = facts(
        documents=TWO_DOCUMENTS,
        targets=(
            target(legal_basis=[]),
            target("QD-2", legal_basis=[]),
            target(legal_basis=[], target_year=2030, geography_code="380"),
        ),
        solutions=(),
        budget_lines=(),
        tasks=tasks(led=1, enterprise=1),
        progress=(),
    )
    keys = [(finding.rule, finding.subject) for finding in audit(of)]
    assert len(keys) == len(set(keys))
    assert len(findings(of, "no-legal-basis")) == 3


def test_findings_come_by_severity() -> None:
    order = [SEVERITIES.index(rule.severity) for rule in RULES]
    assert order == sorted(order)


@pytest.mark.parametrize("language", LANGUAGES)
def test_titles_and_rules_are_the_same(language: Any) -> None:
    assert catalogue(language)["audit_titles"].keys() == {rule.name for rule in RULES}
    assert catalogue(language)["audit_severities"].keys() == set(SEVERITIES)


def test_the_guide_lists_exactly_the_rules_with_their_severities() -> None:
    text = (PROJECT_ROOT / "docs" / "how-to" / "ke-hoach-ra-soat.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([a-z-]+)` \| (\w+) \|", text, flags=re.MULTILINE)
    assert listed == [(rule.name, rule.severity) for rule in RULES]


def test_a_contradiction_names_both_documents_and_both_values() -> None:
    found = only(FINDS["contradicting-targets"][0], "contradicting-targets")
    assert found.targets == ["DT-1 SW_ENT", "QD-2 SW_ENT"]
    assert found.documents == ["DT-1", "QD-2"]
    assert found.evidence == {"target_year": 2025, "values": {"DT-1": 10, "QD-2": 30}}
    assert "10 doanh nghiệp (dự thảo ngày 25/02/2021); 30 doanh nghiệp (2/QĐ-UBND)" in found.message_vi
    assert "10 (draft of 25/02/2021); 30 (2/QĐ-UBND)" in found.message_en


def test_values_that_do_not_go_together_are_told_with_their_years_and_directions() -> None:
    _, ceiling, earlier, _ = (only(case, "contradicting-targets") for case in FINDS["contradicting-targets"])
    assert ceiling.evidence == {"values": {"DT-1 2025": {"at_least": 10}, "QD-2 2025": {"at_most": 5}}}
    assert (
        "ít nhất 10 doanh nghiệp vào năm 2025 (dự thảo ngày 25/02/2021); "
        "nhiều nhất 5 doanh nghiệp vào năm 2025 (2/QĐ-UBND)" in ceiling.message_vi
    )
    assert earlier.evidence == {"values": {"DT-1 2025": {"at_least": 10}, "QD-2 2024": {"at_least": 30}}}
    assert earlier.targets == ["DT-1 SW_ENT", "QD-2 SW_ENT"]


def test_targets_that_contradict_each_other_by_pairs_make_one_finding_and_others_none() -> None:
    third = document("QD-3", status="in_force", number="3/QĐ-UBND")
    of = facts(
        documents=(*TWO_DOCUMENTS, third),
        targets=(
            target(target_value=20),
            target("QD-2", target_value=30, target_year=2024),
            target("QD-3", target_value=25, target_year=2023),
            target("QD-3", target_value=10, target_year=2022),
        ),
    )
    found = only(of, "contradicting-targets")
    assert list(found.evidence["values"]) == ["DT-1 2025", "QD-2 2024", "QD-3 2023"]


def test_a_target_met_by_other_counting_says_how_it_was_counted() -> None:
    found = only(FINDS["already-met-when-set"][2], "already-met-when-set")
    assert found.evidence["value"] == 12
    assert found.evidence["year"] == 2019
    assert "năm 2019 là 12 doanh nghiệp, tính theo “Theo đầu người”" in found.message_vi


def test_a_basis_that_the_target_does_not_name_is_that_of_its_indicator() -> None:
    named, defined = (only(case, "later-legal-basis") for case in FINDS["later-legal-basis"])
    assert named.evidence == {
        "document_dated_on": "2021-02-25",
        "named_by_target": True,
        "legal_basis": {"LAW-2": "2022-11-07"},
    }
    assert "94/2022 (07/11/2022)" in named.message_vi
    assert defined.evidence["named_by_target"] is False
    assert "không nêu căn cứ" in defined.message_vi


def test_missing_data_names_the_feed_that_should_bring_it() -> None:
    of_feed, _, without_feed = (only(case, "no-data") for case in FINDS["no-data"])
    assert "nguồn “Doanh nghiệp phần mềm, nội dung số được ươm tạo”" in of_feed.message_vi
    assert "feed software_enterprises" in of_feed.message_en
    assert "nguồn" not in without_feed.message_vi.partition("Hãy")[0]


def test_solutions_and_money_of_a_replaced_document_count_for_nothing() -> None:
    costs = [{"year": 2021, "needed_vnd_m": 5000}]
    gone = (
        solution("GP02", document_code="QD-2", led_by="department", costs=costs),
        solution("GP03", document_code="QD-2", indicator_codes=[], led_by="department", costs=costs),
    )
    lines = (line("tỉnh", 3000, solution_code="GP02"),)
    paid = (
        reported(2000, 3000, 0, solution_code="GP02", fund="tỉnh"),
        reported(0, 0, 0, solution_code="GP03"),
    )
    of = facts(
        documents=(document(), GONE, LAW),
        targets=(target(), target("QD-2")),
        solutions=(solution(), *gone),
        budget_lines=(line(), *lines),
        budgets=(reported(), *paid),
    )
    assert audit(of) == []
    # The same of a document in force is found; so nothing but the status hides it.
    standing = replace(of, plan=replace(of.plan, documents=TWO_DOCUMENTS))
    assert {finding.rule for finding in audit(standing)} == {
        "solution-without-target",
        "funding-gap",
        "budget-does-not-add-up",
        "budget-not-disbursed",
        "enterprise-role",
        "repeated-targets",
        "no-data",
    }


def test_a_solution_of_a_replaced_document_serves_no_target_of_another() -> None:
    served = facts(
        documents=TWO_DOCUMENTS,
        solutions=(solution(indicator_codes=[]), solution("GP02", document_code="QD-2")),
    )
    assert findings(served, "no-solution") == []
    gone = replace(served, plan=replace(served.plan, documents=(document(), GONE, LAW)))
    assert only(gone, "no-solution").targets == ["DT-1 SW_ENT"]


def test_what_rests_on_examples_says_so() -> None:
    example = solution(led_by="department", sureness="synthetic")
    found = audit(facts(solutions=(example,), budget_lines=(line(amount=400),), tasks=tasks(led=1)))
    assert {(finding.rule, finding.subject, finding.evidence.get("synthetic")) for finding in found} == {
        ("budget-does-not-add-up", "GP01 need", True),
        ("budget-does-not-add-up", "GP01 report", True),
        ("funding-gap", "DT-1", True),
        ("enterprise-role", "DT-1 solutions-led", True),
        # What departments reported is no example.
        ("enterprise-role", "tasks-led", None),
    }
    examples = [finding for finding in found if "synthetic" in finding.evidence]
    assert all(
        finding.message_vi.endswith("(Giải pháp và kinh phí là ví dụ tổng hợp.)") for finding in examples
    )
    by_line = facts(budget_lines=(line(amount=400, sureness="synthetic"),))
    assert only(by_line, "funding-gap").evidence["synthetic"] is True
    beside = (solution(), solution("GP02", costs=[], sureness="synthetic"))
    real = only(
        facts(solutions=beside, budget_lines=(line(amount=1200),), budgets=()), "budget-does-not-add-up"
    )
    assert "synthetic" not in real.evidence


def test_only_the_examples_of_a_document_mark_what_is_found_in_it() -> None:
    costs = [{"year": 2021, "needed_vnd_m": 1000}]
    of = facts(
        documents=TWO_DOCUMENTS,
        targets=(target(), target("QD-2", indicator_code="OTHER")),
        indicators=(indicator(), indicator("OTHER")),
        solutions=(
            solution(indicator_codes=[], led_by="department"),
            solution(
                "GP02",
                document_code="QD-2",
                indicator_codes=[],
                led_by="department",
                costs=costs,
                sureness="synthetic",
            ),
        ),
        budget_lines=(line("tỉnh", 500), line("tỉnh", 500, solution_code="GP02")),
    )
    marks = {
        (finding.rule, finding.subject): finding.evidence.get("synthetic", False)
        for finding in audit(of)
        if finding.rule in ("funding-gap", "enterprise-role", "no-solution")
    }
    assert marks == {
        ("no-solution", "DT-1 SW_ENT 38 2025"): False,
        ("no-solution", "QD-2 OTHER 38 2025"): True,
        ("funding-gap", "DT-1"): False,
        ("funding-gap", "QD-2"): True,
        ("enterprise-role", "DT-1 solutions-led"): False,
        ("enterprise-role", "DT-1 plan-paid"): False,
        ("enterprise-role", "QD-2 solutions-led"): True,
        ("enterprise-role", "QD-2 plan-paid"): True,
    }


def test_the_role_of_enterprises_is_judged_part_by_part_with_their_revenue_as_evidence() -> None:
    found = only(FINDS["enterprise-role"][0], "enterprise-role")
    assert found.subject == "tasks-led"
    assert "chủ trì 4 trong 10 nhiệm vụ" in found.message_vi
    assert found.evidence == {
        "enterprises": 4,
        "all": 10,
        "enterprises_pct": 40,
        "period": "2021-Q2",
        "submission_ids": [3],
        "st_revenue_pct": 30,
        "st_revenue_period": "2021-Q2",
        "st_enterprises": 20,
    }
    subjects = [only(case, "enterprise-role").subject for case in FINDS["enterprise-role"]]
    assert subjects == ["tasks-led", "tasks-paid", "DT-1 solutions-led", "DT-1 plan-paid"]


def test_a_target_out_of_reach_names_value_and_paces() -> None:
    found = only(FINDS["out-of-reach"][0], "out-of-reach")
    assert "3 doanh nghiệp ở kỳ 2023-Q4" in found.message_vi
    assert "mỗi năm cần 2 doanh nghiệp, đã đạt 2 doanh nghiệp; dự báo 10 doanh nghiệp" in found.message_vi
    assert "không đạt được 10 doanh nghiệp vào năm 2025" in found.message_vi
    assert found.evidence["target_value"] == 10
    assert found.evidence["point_count"] == 2


@pytest.mark.parametrize(
    ("aggregation", "words"),
    [("ratio_of_sums", "mỗi năm cần 2 điểm phần trăm, đã"), ("geometric_mean", "mỗi năm cần 2 %, đã")],
)
def test_the_pace_of_a_share_is_told_in_points_and_that_of_a_growth_in_percent(
    aggregation: str, words: str
) -> None:
    share = indicator(unit="pct", unit_vi="%", aggregation=aggregation)
    found = only(facts(indicators=(share,), progress=(progress("3", "out_of_reach"),)), "out-of-reach")
    assert words in found.message_vi


@pytest.mark.parametrize(("on", "over"), [(date(2025, 12, 31), False), (date(2026, 1, 1), True)])
def test_a_target_year_that_is_over_without_a_later_report_says_so(on: date, over: bool) -> None:
    found = only(facts(on=on, progress=(progress("3", "out_of_reach"),)), "out-of-reach")
    told = "năm 2025 đã hết mà sau kỳ 2023-Q4 (3 doanh nghiệp) chưa có báo cáo nào nữa"
    assert (told in found.message_vi) is over
    assert ("Hãy điều chỉnh mức, hạn" in found.message_vi) is not over
    assert ("2025 is over, and after 2023-Q4 (3) no later report came" in found.message_en) is over


def test_what_is_out_of_reach_lists_the_values_that_it_is_reckoned_from() -> None:
    of = facts(
        targets=(target(baseline={"value": 1, "year": 2020, "sureness": "read"}),),
        progress=(progress("3", "out_of_reach"),),
        points=(
            point("2022-Q4", "2", date(2022, 12, 14)),
            point("2023-Q4", "3", date(2023, 12, 14), submission_ids=(8, 9)),
            point("2023-Q4", "7", date(2023, 12, 14), document_code="QD-2"),
        ),
    )
    evidence = only(of, "out-of-reach").evidence
    assert evidence["baseline"] == {"year": 2020, "value": 1}
    assert (evidence["direction"], evidence["document_dated_on"]) == ("at_least", "2021-02-25")
    of_point = {"origin": "reported", "method": None, "vintage": "reported"}
    assert evidence["points"] == {
        "2022-Q4": {**of_point, "period_end_on": "2022-12-14", "value": 2, "submission_ids": [5]},
        "2023-Q4": {**of_point, "period_end_on": "2023-12-14", "value": 3, "submission_ids": [8, 9]},
    }


def test_without_a_pace_the_bound_or_the_end_of_the_year_is_told() -> None:
    bound = progress(
        "3",
        "out_of_reach",
        observed_pace=None,
        projected_value=None,
        projected_high=Decimal("5.5"),
        projection_method="single-point-bound",
    )
    told = only(facts(progress=(bound,)), "out-of-reach")
    assert "nhiều nhất cho 5,5 doanh nghiệp vào năm 2025" in told.message_vi
    final = progress(
        "8",
        "out_of_reach",
        required_pace=None,
        observed_pace=None,
        projected_value=None,
        projected_high=None,
        projection_method="final-value",
    )
    told = only(facts(progress=(final,)), "out-of-reach")
    assert "hết năm 2025 đạt 8 doanh nghiệp (kỳ 2023-Q4), mục tiêu là 10 doanh nghiệp" in told.message_vi
