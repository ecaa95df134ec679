"""Every rule of the audit: facts in which it finds something, and facts next to them in which it does not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.plan.audit_cases import (
    LAW,
    OTHER,
    document,
    facts,
    indicator,
    line,
    observation,
    progress,
    reported,
    solution,
    target,
    tasks,
)

from dxpipeline.messages import LANGUAGES, catalogue
from dxpipeline.plan.audit.facts import PlanFacts, SeriesPoint
from dxpipeline.plan.audit.model import SEVERITIES, Finding
from dxpipeline.plan.audit.rules import RULES, audit
from dxpipeline.settings import PROJECT_ROOT

LATER_LAW = document(
    "LAW-2", kind="regulation", status="in_force", number="94/2022", dated_on=date(2022, 11, 7)
)
NATIONAL = document("QD-9", level="national", status="in_force", number="9/QĐ-BYT", dated_on=date(2019, 1, 1))
GONE = document("QD-2", status="replaced", replaced_on=date(2022, 1, 1), replaced_by="DT-1")
TWO_DOCUMENTS = (document(), OTHER, LAW)
HEADCOUNT = indicator("HEADS", companion_of="SW_ENT", name_vi="Theo đầu người", name_en="By heads")

FINDS: Mapping[str, list[PlanFacts]] = {
    "contradicting-targets": [
        facts(documents=TWO_DOCUMENTS, targets=(target(), target("QD-2", target_value=30))),
        facts(
            documents=TWO_DOCUMENTS,
            targets=(target(), target("QD-2", target_value=5, direction="at_most")),
        ),
        facts(
            documents=TWO_DOCUMENTS,
            targets=(target(), target("QD-2", target_value=30, target_year=2024)),
        ),
        facts(
            documents=TWO_DOCUMENTS,
            targets=(
                target(direction="at_most"),
                target("QD-2", target_value=5, target_year=2024, direction="at_most"),
            ),
        ),
    ],
    "no-legal-basis": [
        facts(targets=(target(legal_basis=[]),)),
        facts(targets=(target(legal_basis=["DT-1"]),)),
    ],
    "out-of-reach": [facts(progress=(progress("3", "out_of_reach"),))],
    "budget-does-not-add-up": [
        facts(budget_lines=(line(amount=1200),), budgets=()),
        facts(budgets=(reported(1000, 1100, 900),)),
        facts(budgets=(reported(1000, 800, 900),)),
        facts(budgets=(reported(900, 900, 900),)),
    ],
    "no-measurable-number": [
        facts(targets=(target(target_value=None, statement_vi="cơ bản", statement_en="basically"),))
    ],
    "already-met-when-set": [
        facts(observations=(observation(2020, "10"),)),
        facts(targets=(target(baseline={"value": 11, "year": 2020, "sureness": "read"}),)),
        facts(indicators=(indicator(), HEADCOUNT), observations=(observation(2019, "12", "HEADS"),)),
        facts(
            targets=(target(direction="at_most"),),
            observations=(observation(2020, "9"),),
        ),
    ],
    "later-legal-basis": [
        facts(documents=(document(), LATER_LAW, LAW), targets=(target(legal_basis=["LAW-2"]),)),
        facts(
            documents=(document(), LATER_LAW),
            indicators=(indicator(legal_basis=["LAW-2"]),),
            targets=(target(legal_basis=[]),),
        ),
    ],
    "no-data": [
        facts(progress=(progress(None, "no_data"),)),
        facts(progress=()),
        facts(progress=(), indicators=(indicator(feed=None),)),
    ],
    "no-solution": [facts(solutions=(solution(indicator_codes=[]),))],
    "solution-without-target": [
        facts(solutions=(solution(), solution("GP02", indicator_codes=[], costs=[])))
    ],
    "no-budget": [
        facts(budget_lines=(), budgets=()),
        facts(budget_lines=(line(amount=0),), budgets=()),
    ],
    "funding-gap": [facts(budget_lines=(line(amount=400), line("tỉnh", 100)))],
    "budget-not-disbursed": [facts(budgets=(reported(1000, 900, 799),))],
    "enterprise-role": [
        facts(tasks=tasks(led=4)),
        facts(tasks=tasks(state=700)),
        facts(solutions=(solution(led_by="department"),)),
        facts(budget_lines=(line("tỉnh"),)),
    ],
    "repeated-targets": [facts(documents=TWO_DOCUMENTS, targets=(target(), target("QD-2")))],
}

FINDS_NOT: Mapping[str, list[PlanFacts]] = {
    "contradicting-targets": [
        facts(documents=TWO_DOCUMENTS, targets=(target(), target("QD-2"))),
        facts(documents=TWO_DOCUMENTS, targets=(target(), target("QD-2", target_value=30, target_year=2030))),
        # A floor under its ceiling leaves room between them, at the same height it leaves one value.
        facts(documents=TWO_DOCUMENTS, targets=(target(), target("QD-2", direction="at_most"))),
        # A ceiling may come down from year to year, and a document knows its own way.
        facts(
            documents=TWO_DOCUMENTS,
            targets=(
                target(direction="at_most"),
                target("QD-2", target_value=15, target_year=2024, direction="at_most"),
            ),
        ),
        facts(targets=(target(), target(target_value=30, target_year=2024))),
        # Of another area.
        facts(
            documents=TWO_DOCUMENTS,
            targets=(target(), target("QD-2", target_value=30, geography_code="380")),
        ),
        facts(
            documents=(document(), GONE, LAW),
            targets=(target(), target("QD-2", target_value=30)),
        ),
    ],
    "no-legal-basis": [
        facts(),
        # What the country asks is not for the province to found.
        facts(documents=(document(), NATIONAL, LAW), targets=(target("QD-9", legal_basis=[]),)),
    ],
    "out-of-reach": [facts(progress=(progress("5", "at_risk"),)), facts(progress=())],
    "budget-does-not-add-up": [
        facts(),
        # Nobody said what is needed, or who pays: nothing disagrees with nothing.
        facts(solutions=(solution(costs=[]),)),
        facts(budget_lines=(), budgets=()),
        facts(budget_lines=(line(), ), budgets=(reported(500, 400, 300, fund="tỉnh"),)),
    ],
    "no-measurable-number": [facts()],
    "already-met-when-set": [
        facts(observations=(observation(2020, "9.9"),)),
        # Published of the document's own year or later: that is progress, not a beginning.
        facts(observations=(observation(2021, "12"),)),
        # Once more it was less.
        facts(observations=(observation(2018, "12"), observation(2020, "9"))),
        # Of another unit: nothing that could be compared.
        facts(
            indicators=(indicator(), indicator("HEADS", companion_of="SW_ENT", unit="pct", unit_vi="%")),
            observations=(observation(2019, "12", "HEADS"),),
        ),
    ],
    "later-legal-basis": [
        facts(documents=(document(), LATER_LAW, LAW), targets=(target(legal_basis=["LAW-2", "LAW-1"]),)),
        facts(targets=(target(legal_basis=[]),)),
    ],
    "no-data": [facts(), facts(progress=(), observations=(observation(2020, "0"),))],
    "no-solution": [
        facts(),
        # Nobody has entered what the document does: nothing is known of it.
        facts(solutions=(), budget_lines=()),
    ],
    "solution-without-target": [facts()],
    "no-budget": [facts(budgets=()), facts(budget_lines=()), facts(solutions=(), budget_lines=())],
    "funding-gap": [facts(), facts(solutions=(solution(costs=[]),), budget_lines=())],
    "budget-not-disbursed": [
        facts(budgets=(reported(1000, 900, 800),)),
        facts(budgets=()),
        # The year is not over yet.
        facts(on=date(2021, 12, 14), budgets=(reported(1000, 900, 0),)),
    ],
    "enterprise-role": [
        facts(tasks=tasks(led=5, enterprise=400, state=400)),
        facts(tasks=None, solutions=(), budget_lines=()),
    ],
    "repeated-targets": [
        facts(documents=TWO_DOCUMENTS, targets=(target(), target("QD-2", target_value=11))),
        facts(),
    ],
}  # fmt: skip


def findings(of: PlanFacts, rule: str) -> list[Finding]:
    return [finding for finding in audit(of) if finding.rule == rule]


def only(of: PlanFacts, rule: str) -> Finding:
    (found,) = findings(of, rule)
    return found


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
    assert "nguồn software_enterprises" in of_feed.message_vi
    assert "nguồn" not in without_feed.message_vi.partition("Hãy")[0]


def test_figures_that_disagree_are_told_apart_with_their_year() -> None:
    need, allocated, disbursed, report = (
        only(case, "budget-does-not-add-up") for case in FINDS["budget-does-not-add-up"]
    )
    assert need.subject == "GP01 need"
    assert need.evidence["years"] == {"2021": {"needed_vnd_m": 1000, "sources_vnd_m": {"doanh nghiệp": 1200}}}
    assert "(2021: cần 1.000, nguồn 1.200 triệu đồng)" in need.message_vi
    assert allocated.subject == disbursed.subject == "GP01 order"
    assert allocated.evidence["years"]["2021"]["rows"] == [
        {
            "submission_id": 7,
            "source_row": 12,
            "fund": "doanh nghiệp",
            "planned_vnd_m": 1000,
            "allocated_vnd_m": 1100,
            "disbursed_vnd_m": 900,
        }
    ]
    assert (
        "(2021: doanh nghiệp: kế hoạch 1.000, phân bổ 800, giải ngân 900 triệu đồng)" in disbursed.message_vi
    )
    assert report.subject == "GP01 report"
    assert report.evidence["years"]["2021"]["reported_vnd_m"] == {"doanh nghiệp": 900}
    assert "(2021: doanh nghiệp: báo cáo 900, kế hoạch hành động 1.000 triệu đồng)" in report.message_vi
    assert report.targets == ["DT-1 SW_ENT"]


def test_years_of_one_solution_that_disagree_make_one_finding() -> None:
    costs = [{"year": year, "needed_vnd_m": 1000} for year in (2021, 2022, 2023)]
    found = only(
        facts(
            solutions=(solution(costs=costs),),
            budget_lines=(line(amount=900), line(year=2022), line(amount=1100, year=2023)),
            budgets=(),
        ),
        "budget-does-not-add-up",
    )
    assert list(found.evidence["years"]) == ["2021", "2023"]
    assert "2021: cần 1.000, nguồn 900 triệu đồng; 2023: cần 1.000, nguồn 1.100" in found.message_vi


def test_reported_money_of_several_targets_is_compared_as_one_sum() -> None:
    halves = (reported(600, 500, 500), reported(400, 350, 350, target_code="OTHER"))
    assert findings(facts(budgets=halves), "budget-does-not-add-up") == []


def test_a_gap_lists_its_years_and_who_would_pay_what() -> None:
    found = only(
        facts(
            solutions=(
                solution(costs=[{"year": 2021, "needed_vnd_m": 1000}, {"year": 2022, "needed_vnd_m": 500}]),
            ),
            budget_lines=(line(amount=400), line("tỉnh", 100), line(amount=500, year=2022)),
        ),
        "funding-gap",
    )
    assert found.subject == "DT-1"
    assert found.evidence["years"]["2021"] == {
        "needed_vnd_m": 1000,
        "sources_vnd_m": {"doanh nghiệp": 400, "tỉnh": 100},
        "deficit_vnd_m": 500,
    }
    assert found.evidence["years"]["2022"]["deficit_vnd_m"] == 0
    # 900 of enterprises and 100 of the province are named for 1,500; 500 are missing.
    assert found.evidence["options"] == [
        {
            "closed_by": "same-shares",
            "shares_pct": {"doanh nghiệp": 90, "tỉnh": 10},
            "more_vnd_m": {"doanh nghiệp": 450, "tỉnh": 50},
        },
        {
            "closed_by": "doanh nghiệp",
            "shares_pct": {"doanh nghiệp": 93.333333, "tỉnh": 6.666667},
            "more_vnd_m": {"doanh nghiệp": 500},
        },
        {
            "closed_by": "tỉnh",
            "shares_pct": {"doanh nghiệp": 60, "tỉnh": 40},
            "more_vnd_m": {"tỉnh": 500},
        },
    ]
    assert "cần 1.000 triệu đồng, các nguồn đã nêu 500, còn thiếu 500 (2021: 500)" in found.message_vi


def test_a_gap_without_any_source_has_no_shares_to_keep() -> None:
    found = only(facts(budget_lines=()), "funding-gap")
    assert found.evidence["years"]["2021"]["deficit_vnd_m"] == 1000
    assert found.evidence["options"] == []


def test_money_that_was_not_paid_out_says_the_line_it_missed() -> None:
    found = only(FINDS["budget-not-disbursed"][0], "budget-not-disbursed")
    assert found.subject == "SW_ENT"
    assert found.evidence["years"]["2021"]["disbursed_pct"] == pytest.approx(79.9)
    assert "giải ngân dưới 80 % kế hoạch (2021: 799 trên 1.000 triệu đồng, 79,9 %)" in found.message_vi


def test_what_rests_on_examples_says_so() -> None:
    example = solution(led_by="department", sureness="synthetic")
    found = audit(facts(solutions=(example,), budget_lines=(line(amount=400),), tasks=tasks(led=1)))
    assert {(finding.rule, finding.subject, finding.evidence.get("synthetic")) for finding in found} == {
        ("budget-does-not-add-up", "GP01 need", True),
        ("budget-does-not-add-up", "GP01 report", True),
        ("funding-gap", "DT-1", True),
        ("enterprise-role", "solutions-led", True),
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
    assert subjects == ["tasks-led", "tasks-paid", "solutions-led", "plan-paid"]


def test_a_target_out_of_reach_names_value_and_paces() -> None:
    found = only(FINDS["out-of-reach"][0], "out-of-reach")
    assert "3 doanh nghiệp ở kỳ 2023-Q4" in found.message_vi
    assert "mỗi năm cần 2, đã đạt 2; dự báo 10" in found.message_vi
    assert found.evidence["target_value"] == 10
    assert found.evidence["point_count"] == 2


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
    assert "cũng chỉ đến 5,5 vào năm 2025" in told.message_vi
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


def test_what_one_solution_has_too_much_pays_for_no_other() -> None:
    two = (solution(), solution("GP02"))
    lines = (line(amount=1500), line(solution_code="GP02", amount=500))
    found = audit(facts(solutions=two, budget_lines=lines))
    (gap,) = (each for each in found if each.rule == "funding-gap")
    assert [year["deficit_vnd_m"] for year in gap.evidence["years"].values()] == [500]


def test_a_replaced_document_is_judged_by_no_rule() -> None:
    gone = document(status="replaced", replaced_on=date(2022, 1, 1))
    found = audit(
        facts(
            documents=(gone, LAW),
            solutions=(solution(indicator_codes=[]),),
            budget_lines=(line(amount=1),),
            budgets=(),
            tasks=None,
        )
    )
    assert [each.rule for each in found if each.documents] == []


def test_a_target_that_is_out_of_reach_names_the_values_and_submissions_behind_it() -> None:
    point, other = (
        SeriesPoint(code, "SW_ENT", "38", 2025, "reported", "2021-Q4", date(2021, 12, 14), Decimal(3), [7])
        for code in ("DT-1", "QD-2")
    )
    (found,) = (
        each
        for each in audit(facts(progress=(progress("3", "out_of_reach"),), points=(point, other)))
        if each.rule == "out-of-reach"
    )
    assert found.evidence["points"] == [
        {
            "origin": "reported",
            "period": "2021-Q4",
            "period_end_on": "2021-12-14",
            "value": 3,
            "submission_ids": [7],
        }
    ]
