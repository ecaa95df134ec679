"""All that the rules look at: the plan as its files say it, and what was reported, read once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

import psycopg
from psycopg.rows import class_row

from dxpipeline.plan.entries import BudgetLine, Document, Indicator, Plan, Solution, Target
from dxpipeline.warehouse.sql_files import read_sql

TargetKey = tuple[str, str, str, int]
"""Document, indicator, area and year: what tells one target from another."""


def key_of(target: Target) -> TargetKey:
    """Return what tells a target from all others."""
    return target.document_code, target.indicator_code, target.geography_code, target.target_year


@dataclass(frozen=True)
class Progress:
    """Where a target stands, a row of mart.target_progress.

    Attributes:
        document_code: The document that sets the target.
        indicator_code: Its indicator.
        geography_code: Its area.
        target_year: Its year.
        period: Latest period with a value; None without one.
        vintage: Kind of the value, `published` for one that others have published; None without one.
        value: Latest value, in the target's unit; None where nothing is known.
        required_pace: Units per year that the target still asks for; None where it cannot be said.
        observed_pace: Units per year observed so far; None where it cannot be said.
        projected_value: Value projected for the target year; None where it cannot be said.
        projected_high: Upper end of the projection's interval, or what cannot be exceeded.
        projection_method: How it was projected, or why not (`dxpipeline.plan.projection.Method`); None
            without a value.
        point_count: Values that the projection rests on; None without a value.
        verdict: `reached`, `on_track`, `at_risk`, `out_of_reach` or `no_data`.
    """

    document_code: str
    indicator_code: str
    geography_code: str
    target_year: int
    period: str | None
    vintage: str | None
    value: Decimal | None
    required_pace: Decimal | None
    observed_pace: Decimal | None
    projected_value: Decimal | None
    projected_high: Decimal | None
    projection_method: str | None
    point_count: int | None
    verdict: str


@dataclass(frozen=True)
class ProgressPoint:
    """A value that a target's verdict rests on, a row of mart.target_series.

    Attributes:
        document_code: The document that sets the target.
        indicator_code: Its indicator.
        geography_code: Its area.
        target_year: Its year.
        origin: `reported` by a feed, or `published` by others.
        method: How a published value was made; None for one that was reported.
        period: The value's period.
        period_end_on: Its last day.
        vintage: Kind of the value.
        value: The value, in the target's unit.
        submission_ids: The submissions that brought it; none for a published one.
    """

    document_code: str
    indicator_code: str
    geography_code: str
    target_year: int
    origin: str
    method: str | None
    period: str
    period_end_on: date
    vintage: str
    value: Decimal
    submission_ids: Sequence[int] = ()


@dataclass(frozen=True)
class ReportedBudget:
    """Money reported for a solution of a target from one source in one year, a row of mart.fct_plan_budget.

    Attributes:
        year: The year reported.
        period_end_on: Its last day.
        target_code: The indicator whose target the money serves.
        solution_code: The solution.
        fund: Who pays.
        planned_vnd_m: Planned, in million VND.
        allocated_vnd_m: Allocated of it.
        disbursed_vnd_m: Disbursed of it.
        submission_id: The submission that brought it.
        source_row: Its row in the file.
    """

    year: int
    period_end_on: date
    target_code: str
    solution_code: str
    fund: str
    planned_vnd_m: Decimal
    allocated_vnd_m: Decimal
    disbursed_vnd_m: Decimal
    submission_id: int
    source_row: int


@dataclass(frozen=True)
class ReportedTasks:
    """Research tasks of the latest period reported: how many, who leads them and who pays.

    Attributes:
        period: The period.
        tasks: Tasks reported.
        led_by_enterprises: Those led by an enterprise.
        state_vnd_m: State budget of all tasks, in million VND.
        enterprise_vnd_m: Money of enterprises for all tasks, in million VND.
        submission_ids: The submissions that brought them.
    """

    period: str
    tasks: int
    led_by_enterprises: int
    state_vnd_m: Decimal
    enterprise_vnd_m: Decimal
    submission_ids: tuple[int, ...]


@dataclass(frozen=True)
class ReportedRevenue:
    """Revenue of the science and technology enterprises in force, in the latest period reported.

    Attributes:
        period: The period.
        enterprises: How many they are.
        revenue_vnd_m: Their revenue, in million VND.
        st_revenue_vnd_m: The part from science and technology products.
        submission_ids: The submissions that brought them.
    """

    period: str
    enterprises: int
    revenue_vnd_m: Decimal
    st_revenue_vnd_m: Decimal
    submission_ids: tuple[int, ...]


@dataclass(frozen=True)
class PlanFacts:
    """The facts of one audit; what was not reported is absent, never zero.

    Rules look at what counts: `targets`, `solutions`, `budget_lines` and `reported_money` leave out what
    belongs to a document that is replaced.

    Attributes:
        plan: The plan, with what does not count any more.
        on: The day of the audit.
        progress: Where each target stands.
        points: The values behind it, of the targets that are out of reach.
        budgets: All money reported for the plan.
        tasks: Research tasks; None where none were reported.
        revenue: Revenue of the science and technology enterprises; None where none was reported.
    """

    plan: Plan
    on: date
    progress: tuple[Progress, ...] = ()
    points: tuple[ProgressPoint, ...] = ()
    budgets: tuple[ReportedBudget, ...] = ()
    tasks: ReportedTasks | None = None
    revenue: ReportedRevenue | None = None

    @cached_property
    def documents(self) -> dict[str, Document]:
        """Return the documents by their codes."""
        return {document.document_code: document for document in self.plan.documents}

    @cached_property
    def indicators(self) -> dict[str, Indicator]:
        """Return the indicators by their codes."""
        return {indicator.indicator_code: indicator for indicator in self.plan.indicators}

    @cached_property
    def counting_documents(self) -> dict[str, Document]:
        """Return the documents that count by their codes: drafts and those in force."""
        return {
            code: document
            for code, document in self.documents.items()
            if document.status in ("draft", "in_force")
        }

    @cached_property
    def targets(self) -> tuple[Target, ...]:
        """Return the targets of the documents that count."""
        return tuple(
            target for target in self.plan.targets if target.document_code in self.counting_documents
        )

    @cached_property
    def solutions(self) -> tuple[Solution, ...]:
        """Return the solutions of the documents that count."""
        return tuple(
            solution for solution in self.plan.solutions if solution.document_code in self.counting_documents
        )

    @cached_property
    def budget_lines(self) -> tuple[BudgetLine, ...]:
        """Return the plan's money for the solutions that count."""
        codes = {solution.solution_code for solution in self.solutions}
        return tuple(line for line in self.plan.budget_lines if line.solution_code in codes)

    @cached_property
    def reported_money(self) -> tuple[ReportedBudget, ...]:
        """Return the money reported, but for that of solutions which do not count any more."""
        gone = {solution.solution_code for solution in self.plan.solutions} - {
            solution.solution_code for solution in self.solutions
        }
        return tuple(row for row in self.budgets if row.solution_code not in gone)

    @cached_property
    def provincial_targets(self) -> tuple[Target, ...]:
        """Return those of them that the province sets itself and can mend."""
        return tuple(
            target for target in self.targets if self.documents[target.document_code].level == "provincial"
        )

    @cached_property
    def _progress(self) -> dict[TargetKey, Progress]:
        return {
            (row.document_code, row.indicator_code, row.geography_code, row.target_year): row
            for row in self.progress
        }

    def progress_of(self, target: Target) -> Progress | None:
        """Return where a target stands, None where that was never computed."""
        return self._progress.get(key_of(target))

    def points_of(self, target: Target) -> tuple[ProgressPoint, ...]:
        """Return the values that the verdict on a target rests on, in the order of their periods."""
        return tuple(
            point
            for point in self.points
            if (point.document_code, point.indicator_code, point.geography_code, point.target_year)
            == key_of(target)
        )

    def targets_of(self, indicator_code: str) -> tuple[Target, ...]:
        """Return the targets of an indicator that count."""
        return tuple(target for target in self.targets if target.indicator_code == indicator_code)

    def solutions_for(self, indicator_code: str) -> tuple[Solution, ...]:
        """Return the solutions that serve an indicator, of whatever document that counts."""
        return tuple(solution for solution in self.solutions if indicator_code in solution.indicator_codes)

    def solutions_of(self, document_code: str) -> tuple[Solution, ...]:
        """Return the solutions of a document; none where it does not count or nobody has given them."""
        return tuple(solution for solution in self.solutions if solution.document_code == document_code)

    def is_synthetic(self, solutions: Iterable[Solution]) -> bool:
        """Say whether a solution, or a line of its money, is an example that no document holds."""
        codes = {solution.solution_code for solution in solutions}
        entries: list[Solution | BudgetLine] = [*self.solutions, *self.budget_lines]
        return any(entry.sureness == "synthetic" for entry in entries if entry.solution_code in codes)

    def targets_served_by(self, solution: Solution) -> tuple[Target, ...]:
        """Return the targets of a solution's document that it serves."""
        return tuple(
            target
            for target in self.targets
            if target.document_code == solution.document_code
            and target.indicator_code in solution.indicator_codes
        )


def read_facts(connection: psycopg.Connection, plan: Plan, on: date) -> PlanFacts:
    """Read what was reported for a plan.

    Args:
        connection: As any role that may read schema mart; rows of one moment need a transaction of the
            isolation level repeatable read.
        plan: The plan.
        on: The day of the audit.

    Raises:
        psycopg.Error: The database refuses.
    """
    with connection.cursor(row_factory=class_row(Progress)) as cursor:
        progress = tuple(cursor.execute(read_sql("audit/progress")))
    with connection.cursor(row_factory=class_row(ProgressPoint)) as cursor:
        points = tuple(cursor.execute(read_sql("audit/points")))
    with connection.cursor(row_factory=class_row(ReportedBudget)) as cursor:
        budgets = tuple(cursor.execute(read_sql("audit/reported_budgets")))
    with connection.cursor(row_factory=class_row(ReportedTasks)) as cursor:
        tasks = cursor.execute(read_sql("audit/reported_tasks")).fetchone()
    with connection.cursor(row_factory=class_row(ReportedRevenue)) as cursor:
        revenue = cursor.execute(read_sql("audit/reported_revenue")).fetchone()
    return PlanFacts(plan, on, progress, points, budgets, tasks, revenue)
