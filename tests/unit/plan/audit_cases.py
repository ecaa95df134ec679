"""Facts made by hand for the audit: a plan of one document and one target, and what differs from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from dxpipeline.plan.audit.facts import (
    PlanFacts,
    Progress,
    ProgressPoint,
    ReportedBudget,
    ReportedRevenue,
    ReportedTasks,
)
from dxpipeline.plan.entries import (
    BudgetLine,
    Document,
    Indicator,
    Observation,
    Plan,
    Solution,
    Target,
)

SOURCE: dict[str, Any] = {"source": "Mẫu / sample", "sureness": "derived"}


def document(code: str = "DT-1", **changes: Any) -> Document:
    return Document.model_validate(
        {
            "document_code": code,
            "kind": "plan",
            "level": "provincial",
            "title_vi": "Kế hoạch",
            "title_en": "Plan",
            "status": "draft",
            "dated_on": date(2021, 2, 25),
            **SOURCE,
            **changes,
        }
    )


LAW = document("LAW-1", kind="regulation", status="in_force", number="1/2019", dated_on=date(2019, 1, 1))
OTHER = document("QD-2", status="in_force", number="2/QĐ-UBND", dated_on=date(2020, 11, 25))


def indicator(code: str = "SW_ENT", **changes: Any) -> Indicator:
    return Indicator.model_validate(
        {
            "indicator_code": code,
            "name_vi": "Doanh nghiệp phần mềm",
            "name_en": "Software enterprises",
            "unit": "enterprise",
            "unit_vi": "doanh nghiệp",
            "feed": "software_enterprises",
            "numerator": "x",
            "denominator": "x",
            "aggregation": "count",
            "measure": "cumulative",
            "definition_vi": "x",
            "definition_en": "x",
            "legal_basis": ["LAW-1"],
            "owner_code": "so-tt-tt",
            "direction": "higher_is_better",
            **changes,
        }
    )


def target(document_code: str = "DT-1", **changes: Any) -> Target:
    return Target.model_validate(
        {
            "document_code": document_code,
            "indicator_code": "SW_ENT",
            "target_year": 2025,
            "target_value": 10,
            "unit": "enterprise",
            "direction": "at_least",
            "owners": [{"department_code": "so-tt-tt"}],
            "legal_basis": ["LAW-1"],
            **SOURCE,
            **changes,
        }
    )


def solution(code: str = "GP01", **changes: Any) -> Solution:
    return Solution.model_validate(
        {
            "solution_code": code,
            "document_code": "DT-1",
            "name_vi": "Ươm tạo",
            "name_en": "Incubation",
            "indicator_codes": ["SW_ENT"],
            "led_by": "enterprise",
            "owner_code": "so-tt-tt",
            "costs": [{"year": 2021, "needed_vnd_m": 1000}],
            "source": "Mẫu / sample",
            "sureness": "derived",
            **changes,
        }
    )


def line(fund: str = "doanh nghiệp", amount: int = 1000, **changes: Any) -> BudgetLine:
    return BudgetLine.model_validate(
        {
            "solution_code": "GP01",
            "year": 2021,
            "fund": fund,
            "amount_vnd_m": amount,
            "source": "Mẫu / sample",
            "sureness": "derived",
            **changes,
        }
    )


def observation(year: int, value: str, code: str = "SW_ENT") -> Observation:
    return Observation.model_validate(
        {"indicator_code": code, "year": year, "value": value, "method": "Mẫu", **SOURCE}
    )


def progress(value: str | None = "6", verdict: str = "on_track", **changes: Any) -> Progress:
    stated = Progress(
        document_code="DT-1",
        indicator_code="SW_ENT",
        geography_code="38",
        target_year=2025,
        period=None if value is None else "2023-Q4",
        vintage=None if value is None else "reported",
        value=None if value is None else Decimal(value),
        required_pace=Decimal(2),
        observed_pace=Decimal(2),
        projected_value=Decimal(10),
        projected_high=Decimal(11),
        projection_method="two-points",
        point_count=2,
        verdict=verdict,
    )
    return replace(stated, **changes)


def point(period: str, value: str, period_end_on: date, **changes: Any) -> ProgressPoint:
    stated = ProgressPoint(
        document_code="DT-1",
        indicator_code="SW_ENT",
        geography_code="38",
        target_year=2025,
        origin="reported",
        method=None,
        period=period,
        period_end_on=period_end_on,
        vintage="reported",
        value=Decimal(value),
        submission_ids=(5,),
    )
    return replace(stated, **changes)


def reported(
    planned: int = 1000, allocated: int = 900, disbursed: int = 850, **changes: Any
) -> ReportedBudget:
    row = ReportedBudget(
        year=2021,
        period_end_on=date(2021, 12, 14),
        target_code="SW_ENT",
        solution_code="GP01",
        fund="doanh nghiệp",
        planned_vnd_m=Decimal(planned),
        allocated_vnd_m=Decimal(allocated),
        disbursed_vnd_m=Decimal(disbursed),
        submission_id=7,
        source_row=12,
    )
    return replace(row, **changes)


def tasks(led: int = 6, of: int = 10, state: int = 400, enterprise: int = 600) -> ReportedTasks:
    return ReportedTasks("2021-Q2", of, led, Decimal(state), Decimal(enterprise), (3,))


def revenue(st: int = 300, of: int = 1000) -> ReportedRevenue:
    return ReportedRevenue("2021-Q2", 20, Decimal(of), Decimal(st), (4,))


def facts(*, on: date = date(2023, 12, 31), **changes: Any) -> PlanFacts:
    """Return facts in which no rule finds anything, but for what is given: fields of plan or facts."""
    fields = {
        "documents": (document(), LAW),
        "indicators": (indicator(),),
        "targets": (target(),),
        "observations": (),
        "solutions": (solution(),),
        "budget_lines": (line(),),
    }
    plan = {name: changes.pop(name, value) for name, value in fields.items()}
    return PlanFacts(
        plan=Plan(**plan),
        on=on,
        **{"progress": (progress(),), "budgets": (reported(),), "tasks": tasks(), "revenue": revenue()}
        | changes,
    )
