"""The findings in the warehouse: written after the marts are computed, read by whoever tells them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date
from typing import Literal, TypedDict, cast

import psycopg
from psycopg.rows import class_row, dict_row

from dxpipeline.console import table
from dxpipeline.plan.audit.facts import read_facts
from dxpipeline.plan.audit.model import Finding, Severity
from dxpipeline.plan.audit.rules import RULES, audit
from dxpipeline.plan.entries import Plan
from dxpipeline.warehouse.merge import merge_listed
from dxpipeline.warehouse.sql_files import read_sql

FINDINGS = "fct_plan_finding"


class RuleCount(TypedDict):
    """A rule of the audit and how often it found something; 0 where it found nothing."""

    rule: str
    severity: Severity
    title_vi: str
    title_en: str
    findings: int


def write_findings(connection: psycopg.Connection, plan: Plan, on: date) -> None:
    """Audit a plan and make the stored findings equal to what the rules find, in the caller's transaction.

    Nothing is written for a finding that stays as it is; one that is gone leaves.

    Args:
        connection: As a role that may write schema mart, in a transaction of the isolation level repeatable
            read.
        plan: The plan.
        on: The day of the audit.

    Raises:
        psycopg.Error: The database refuses.
    """
    rules = [
        {
            "rule": rule.name,
            "severity": rule.severity,
            "title_vi": rule.title("vi"),
            "title_en": rule.title("en"),
            "position": position,
        }
        for position, rule in enumerate(RULES, start=1)
    ]
    merge_listed(connection, "mart.dim_plan_rule", ("rule",), list(rules[0]), rules)
    findings = [dataclasses.asdict(finding) for finding in audit(read_facts(connection, plan, on))]
    columns = [field.name for field in dataclasses.fields(Finding)]
    key = ("rule", "subject")
    merge_listed(connection, f"mart.{FINDINGS}", key, columns, findings, stamp="computed_at")


def read_findings(connection: psycopg.Connection) -> list[Finding]:
    """Return the stored findings, those of the gravest rules first.

    Args:
        connection: As any role that may read schema mart.

    Raises:
        psycopg.Error: The database refuses.
    """
    with connection.cursor(row_factory=class_row(Finding)) as cursor:
        return cursor.execute(read_sql("audit/findings")).fetchall()


def count_findings(connection: psycopg.Connection) -> list[RuleCount]:
    """Return every rule with the number of its findings, the gravest first.

    Args:
        connection: As any role that may read schema mart.

    Raises:
        psycopg.Error: The database refuses.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        return cast(list[RuleCount], cursor.execute(read_sql("audit/counts")).fetchall())


def counts_table(counts: Sequence[RuleCount]) -> str:
    """Lay the number of findings by rule out as a table of text."""
    names: tuple[Literal["rule", "title_vi", "severity", "findings"], ...] = (
        "rule",
        "title_vi",
        "severity",
        "findings",
    )
    return table(names, [[count[name] for name in names] for count in counts])
