"""The table of the audit's rules: each with its name and severity, in the order in which they are told.

`critical` is what a plan should not be decided with, `warning` what its owners have to look at, `info` what
is good to know. docs/how-to/ke-hoach-ra-soat.md tells of each what it finds and what to do.
"""

from __future__ import annotations

from dxpipeline.plan.audit.basis import (
    later_legal_basis,
    no_data,
    no_legal_basis,
    no_measurable_number,
    no_solution,
    solution_without_target,
)
from dxpipeline.plan.audit.enterprises import enterprise_role
from dxpipeline.plan.audit.facts import PlanFacts
from dxpipeline.plan.audit.model import Finding, Rule, told
from dxpipeline.plan.audit.money import (
    budget_does_not_add_up,
    budget_not_disbursed,
    funding_gap,
    no_budget,
)
from dxpipeline.plan.audit.numbers import (
    already_met_when_set,
    contradicting_targets,
    out_of_reach,
    repeated_targets,
)

RULES: tuple[Rule, ...] = (
    Rule("contradicting-targets", "critical", contradicting_targets),
    Rule("no-legal-basis", "critical", no_legal_basis),
    Rule("out-of-reach", "critical", out_of_reach),
    Rule("no-solution", "critical", no_solution),
    Rule("funding-gap", "critical", funding_gap),
    Rule("no-measurable-number", "warning", no_measurable_number),
    Rule("already-met-when-set", "warning", already_met_when_set),
    Rule("later-legal-basis", "warning", later_legal_basis),
    Rule("no-data", "warning", no_data),
    Rule("solution-without-target", "warning", solution_without_target),
    Rule("no-budget", "warning", no_budget),
    Rule("budget-does-not-add-up", "warning", budget_does_not_add_up),
    Rule("budget-not-disbursed", "warning", budget_not_disbursed),
    Rule("enterprise-role", "warning", enterprise_role),
    Rule("repeated-targets", "info", repeated_targets),
)


def audit(facts: PlanFacts) -> list[Finding]:
    """Return what every rule finds, in the order of the rules and, within a rule, of the plan's entries."""
    return [told(rule, found) for rule in RULES for found in rule.find(facts)]
