"""Facts in which each rule of the audit finds something, and facts next to them in which it does not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tests.unit.plan.audit_cases import (
    LAW,
    OTHER,
    document,
    facts,
    indicator,
    line,
    observation,
    point,
    progress,
    reported,
    solution,
    target,
    tasks,
)

from dxpipeline.plan.audit.facts import PlanFacts
from dxpipeline.plan.audit.model import Finding
from dxpipeline.plan.audit.rules import audit

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
    "out-of-reach": [
        facts(progress=(progress("3", "out_of_reach"),), points=(point("2023-Q4", "3", date(2023, 12, 14)),))
    ],
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
        # No solutions entered: that is not knowing them, and not that there are none.
        facts(solutions=(), budget_lines=()),
        facts(
            documents=TWO_DOCUMENTS,
            targets=(target(), target("QD-2", indicator_code="OTHER", target_year=2030)),
            indicators=(indicator(), indicator("OTHER")),
        ),
        # Another document's solution serves it.
        facts(
            documents=TWO_DOCUMENTS,
            solutions=(solution(indicator_codes=[]), solution("GP02", document_code="QD-2")),
        ),
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
