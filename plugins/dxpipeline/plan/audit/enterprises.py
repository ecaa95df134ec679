"""The rule on the role of enterprises, which the plan wants at its centre."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dxpipeline.plan.audit.facts import PlanFacts
from dxpipeline.plan.audit.model import Found

ENTERPRISE_FUND = "doanh nghiệp"
CENTRE_SHARE = Decimal("0.5")
"""Enterprises are at the centre where they lead, or pay, at least this part."""


@dataclass(frozen=True)
class _Role:
    """What enterprises do, of all that is done; the suffix says in what unit, as in names of columns."""

    kind: str
    suffix: str
    part: Decimal
    whole: Decimal
    evidence: dict[str, Any]
    documents: Sequence[str] = ()


def enterprise_role(facts: PlanFacts) -> Iterator[Found]:
    """Find where enterprises lead or pay less than half: solutions and money of the plan, research tasks.

    What was not reported, or not planned, is not judged. The share of revenue from science and technology
    products stands in the evidence.
    """
    for role in (*_of_solutions(facts), *_of_plan_money(facts), *_of_tasks(facts)):
        if role.part < CENTRE_SHARE * role.whole:
            yield Found(
                subject=role.kind,
                details={
                    "part": role.part,
                    "whole": role.whole,
                    "share": 100 * role.part / role.whole,
                },
                evidence={
                    f"enterprises{role.suffix}": role.part,
                    f"all{role.suffix}": role.whole,
                    "enterprises_pct": 100 * role.part / role.whole,
                    **role.evidence,
                    **_revenue(facts),
                },
                documents=role.documents,
                sentence=f"enterprise-role-{role.kind}",
                synthetic=bool(role.documents) and facts.is_synthetic(facts.solutions),
            )


def _of_solutions(facts: PlanFacts) -> Iterator[_Role]:
    solutions = facts.solutions
    led = [solution.solution_code for solution in solutions if solution.led_by == "enterprise"]
    yield _Role(
        "solutions-led",
        "",
        Decimal(len(led)),
        Decimal(len(solutions)),
        {"led_by_enterprises": led},
        [solution.document_code for solution in solutions],
    )


def _of_plan_money(facts: PlanFacts) -> Iterator[_Role]:
    lines = facts.budget_lines
    documents = {solution.solution_code: solution.document_code for solution in facts.solutions}
    yield _Role(
        "plan-paid",
        "_vnd_m",
        sum((line.amount_vnd_m for line in lines if line.fund == ENTERPRISE_FUND), Decimal(0)),
        sum((line.amount_vnd_m for line in lines), Decimal(0)),
        {},
        [documents[line.solution_code] for line in lines],
    )


def _of_tasks(facts: PlanFacts) -> Iterator[_Role]:
    tasks = facts.tasks
    if tasks is None:
        return
    source = {"period": tasks.period, "submission_ids": list(tasks.submission_ids)}
    yield _Role("tasks-led", "", Decimal(tasks.led_by_enterprises), Decimal(tasks.tasks), source)
    yield _Role(
        "tasks-paid",
        "_vnd_m",
        tasks.enterprise_vnd_m,
        tasks.enterprise_vnd_m + tasks.state_vnd_m,
        source,
    )


def _revenue(facts: PlanFacts) -> dict[str, Any]:
    revenue = facts.revenue
    if revenue is None or revenue.revenue_vnd_m == 0:
        return {}
    return {
        "st_revenue_pct": 100 * revenue.st_revenue_vnd_m / revenue.revenue_vnd_m,
        "st_revenue_period": revenue.period,
        "st_enterprises": revenue.enterprises,
    }
