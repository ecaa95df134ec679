"""The rule on the role of enterprises, which the plan wants at its centre."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dxpipeline.plan.audit.facts import PlanFacts
from dxpipeline.plan.audit.model import Detail, Found, document_label
from dxpipeline.plan.entries import Document

ENTERPRISE_FUND = "doanh nghiệp"
CENTRE_SHARE = Decimal("0.5")
"""Enterprises are at the centre where they lead, or pay, at least this part."""


@dataclass(frozen=True)
class _Role:
    """What enterprises do, of all that is done; the suffix says in what unit, as in names of columns.

    The document is the one of whose solutions it speaks; None for what departments reported.
    """

    kind: str
    suffix: str
    part: Decimal
    whole: Decimal
    evidence: dict[str, Any]
    document: Document | None = None


def enterprise_role(facts: PlanFacts) -> Iterator[Found]:
    """Find where enterprises lead or pay less than half: solutions and money of a document, research tasks.

    What was not reported, or not planned, is not judged. The share of revenue from science and technology
    products stands in the evidence.
    """
    documents = facts.counting_documents.values()
    of_documents = (role for document in documents for role in _of_document(facts, document))
    for role in (*of_documents, *_of_tasks(facts)):
        if role.part >= CENTRE_SHARE * role.whole:
            continue
        details: dict[str, Detail] = {
            "part": role.part,
            "whole": role.whole,
            "share": 100 * role.part / role.whole,
        }
        document = role.document
        if document is not None:
            details["document"] = document_label(document)
        yield Found(
            subject=f"{document.document_code} {role.kind}" if document else role.kind,
            details=details,
            evidence={
                f"enterprises{role.suffix}": role.part,
                f"all{role.suffix}": role.whole,
                "enterprises_pct": 100 * role.part / role.whole,
                **role.evidence,
                **_revenue(facts),
            },
            documents=[document.document_code] if document else [],
            sentence=f"enterprise-role-{role.kind}",
            synthetic=document is not None and facts.is_synthetic(facts.solutions_of(document.document_code)),
        )


def _of_document(facts: PlanFacts, document: Document) -> Iterator[_Role]:
    """Return who leads the solutions of a document, and who pays for them."""
    solutions = facts.solutions_of(document.document_code)
    led = [solution.solution_code for solution in solutions if solution.led_by == "enterprise"]
    yield _Role(
        "solutions-led",
        "",
        Decimal(len(led)),
        Decimal(len(solutions)),
        {"led_by_enterprises": led},
        document,
    )
    codes = {solution.solution_code for solution in solutions}
    lines = [line for line in facts.budget_lines if line.solution_code in codes]
    yield _Role(
        "plan-paid",
        "_vnd_m",
        sum((line.amount_vnd_m for line in lines if line.fund == ENTERPRISE_FUND), Decimal(0)),
        sum((line.amount_vnd_m for line in lines), Decimal(0)),
        {},
        document,
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
