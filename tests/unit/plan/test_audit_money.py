"""The audit's rules on money: how figures, gaps and late payments are told."""

from __future__ import annotations

import pytest
from tests.unit.plan.audit_cases import (
    facts,
    line,
    reported,
    solution,
    target,
)
from tests.unit.plan.audit_tables import (
    FINDS,
    TWO_DOCUMENTS,
    findings,
    only,
)


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
        "deficit_of_solutions_vnd_m": {"GP01": 500},
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
    assert "cần 1.000 triệu đồng, các nguồn đã nêu đáp ứng 500, còn thiếu 500 (2021: 500)" in found.message_vi


def test_neither_money_without_a_need_nor_a_surplus_pays_for_another_solution() -> None:
    found = only(
        facts(
            solutions=(
                solution(costs=[{"year": 2021, "needed_vnd_m": 1000}]),
                # What this one needs nobody has said, of either year or of 2021 only.
                solution("GP02", costs=[]),
                solution("GP03", costs=[{"year": 2022, "needed_vnd_m": 100}]),
                solution("GP04", costs=[{"year": 2021, "needed_vnd_m": 50}]),
            ),
            budget_lines=(
                line(amount=400),
                line("tỉnh", 300, solution_code="GP02"),
                line("tỉnh", 200, solution_code="GP03"),
                line("tỉnh", 100, solution_code="GP03", year=2022),
                line("tỉnh", 80, solution_code="GP04"),
            ),
        ),
        "funding-gap",
    )
    assert found.evidence["years"] == {
        "2021": {
            "needed_vnd_m": 1050,
            "sources_vnd_m": {"doanh nghiệp": 400, "tỉnh": 80},
            "deficit_vnd_m": 600,
            "deficit_of_solutions_vnd_m": {"GP01": 600},
        },
        "2022": {
            "needed_vnd_m": 100,
            "sources_vnd_m": {"tỉnh": 100},
            "deficit_vnd_m": 0,
            "deficit_of_solutions_vnd_m": {},
        },
    }
    assert "cần 1.050 triệu đồng, các nguồn đã nêu đáp ứng 450, còn thiếu 600" in found.message_vi
    assert found.evidence["options"][1]["more_vnd_m"] == {"doanh nghiệp": 600}
    surplus = facts(
        solutions=(solution(), solution("GP02", costs=[])),
        budget_lines=(line(amount=1500), line(solution_code="GP02")),
    )
    assert findings(surplus, "funding-gap") == []


def test_a_gap_without_any_source_has_no_shares_to_keep() -> None:
    found = only(facts(budget_lines=()), "funding-gap")
    assert found.evidence["years"]["2021"]["deficit_vnd_m"] == 1000
    assert found.evidence["options"] == []


def test_money_that_was_not_paid_out_says_the_line_it_missed() -> None:
    found = only(FINDS["budget-not-disbursed"][0], "budget-not-disbursed")
    assert found.subject == "DT-1 SW_ENT"
    assert found.evidence["years"]["2021"]["disbursed_pct"] == pytest.approx(79.9)
    assert found.evidence["years"]["2021"]["period_end_on"] == "2021-12-14"
    # The year goes on after the period that budgets are reported for.
    assert (
        "(dự thảo ngày 25/02/2021): kỳ báo cáo đã kết thúc mà giải ngân dưới 80 % kế hoạch "
        "(2021: 799 trên 1.000 triệu đồng, 79,9 %, kỳ kết thúc ngày 14/12/2021)" in found.message_vi
    )


def test_money_is_that_of_the_document_whose_solution_it_pays_for() -> None:
    late = (
        reported(disbursed=0),
        reported(disbursed=10, solution_code="GP02"),
        reported(disbursed=20, solution_code="GP99"),
    )
    of = facts(
        documents=TWO_DOCUMENTS,
        targets=(target(), target("QD-2", target_year=2030)),
        solutions=(solution(), solution("GP02", document_code="QD-2")),
        budgets=late,
    )
    found = {finding.subject: finding for finding in findings(of, "budget-not-disbursed")}
    assert {subject: finding.targets for subject, finding in found.items()} == {
        "DT-1 SW_ENT": ["DT-1 SW_ENT"],
        "QD-2 SW_ENT": ["QD-2 SW_ENT"],
        "SW_ENT": [],
    }
    assert found["DT-1 SW_ENT"].documents == ["DT-1"]
    assert found["DT-1 SW_ENT"].evidence["years"]["2021"]["disbursed_vnd_m"] == 0
    assert found["QD-2 SW_ENT"].evidence["years"]["2021"]["disbursed_vnd_m"] == 10


def test_one_solution_without_money_is_told_as_one() -> None:
    found = only(FINDS["no-budget"][0], "no-budget")
    assert "chưa có nguồn kinh phí nào cho giải pháp GP01." in found.message_vi
    assert "no source of money is named for GP01." in found.message_en
