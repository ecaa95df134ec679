"""Rules on money: is it named, does it add up, was it spent, is it enough."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from dxpipeline.messages import grouped, label
from dxpipeline.plan.audit.facts import PlanFacts, ReportedBudget
from dxpipeline.plan.audit.model import Found, Words, about, document_label, in_both, listed, subject_of
from dxpipeline.plan.entries import Document, Solution

DISBURSED_SHARE = Decimal("0.8")
"""A year's money counts as not disbursed when less than this part of the plan was paid out by its end. No
regulation names the line: it is drawn here, well under what a year that runs as planned pays out."""

Funds = dict[str, Decimal]
"""Amounts in million VND by fund."""


def no_budget(facts: PlanFacts) -> Iterator[Found]:
    """Find the province's targets whose solutions have no money named, neither planned nor reported."""
    funded = {line.solution_code for line in facts.plan.budget_lines if line.amount_vnd_m > 0}
    funded |= {row.solution_code for row in facts.budgets if row.planned_vnd_m > 0}
    for target in facts.provincial_targets:
        solutions = facts.solutions_for(target.indicator_code)
        codes = [solution.solution_code for solution in solutions]
        if codes and not funded.intersection(codes):
            yield Found(
                subject=subject_of(target),
                details={**about(facts, target), "solutions": ", ".join(codes)},
                evidence={"solutions": codes},
                targets=[target],
            )


def budget_does_not_add_up(facts: PlanFacts) -> Iterator[Found]:
    """Find solutions whose figures of a year disagree.

    The lines of all funds against the need; reported plan, allocation and disbursement, each of which may not
    exceed the one before; the reported plan against the plan's own line of the same fund. A figure that
    nobody gave disagrees with nothing.
    """
    for solution in facts.plan.solutions:
        needs = {cost.year: cost.needed_vnd_m for cost in solution.costs}
        lines = _lines(facts, solution)
        reported = _reported(facts, solution)
        for year in sorted(needs.keys() | lines.keys() | reported.keys()):
            yield from _against_need(facts, solution, year, needs.get(year), lines.get(year, {}))
            yield from _out_of_order(facts, solution, year, reported.get(year, []))
            yield from _against_lines(facts, solution, year, reported.get(year, []), lines.get(year, {}))


def budget_not_disbursed(facts: PlanFacts) -> Iterator[Found]:
    """Find targets of whose money less than `DISBURSED_SHARE` was paid out when the year was over."""
    groups: dict[tuple[str, int], list[ReportedBudget]] = defaultdict(list)
    for row in facts.budgets:
        if row.period_end_on < facts.on:
            groups[row.target_code, row.year].append(row)
    for (code, year), rows in groups.items():
        planned = sum((row.planned_vnd_m for row in rows), Decimal(0))
        disbursed = sum((row.disbursed_vnd_m for row in rows), Decimal(0))
        indicator = facts.indicators.get(code)
        if planned > 0 and disbursed < DISBURSED_SHARE * planned:
            yield Found(
                subject=f"{code} {year}",
                details={
                    "target": Words(indicator.name_vi, indicator.name_en) if indicator else code,
                    "year": str(year),
                    "planned": planned,
                    "disbursed": disbursed,
                    "share": 100 * disbursed / planned,
                    "limit": 100 * DISBURSED_SHARE,
                },
                evidence={
                    "year": year,
                    "planned_vnd_m": planned,
                    "disbursed_vnd_m": disbursed,
                    "disbursed_pct": 100 * disbursed / planned,
                    "rows": _rows(rows),
                },
                targets=facts.targets_of(code),
            )


def funding_gap(facts: PlanFacts) -> Iterator[Found]:
    """Find documents whose solutions need more in some year than the sources named for it give.

    The evidence lists need, sources and deficit of every year with a need, and what part each fund would pay
    if the sources kept their shares, or if one of them paid what is missing.
    """
    for document in facts.plan.documents:
        years = _years(facts, document)
        lacking = {year: figures for year, figures in years.items() if figures["deficit_vnd_m"] > 0}
        if not lacking:
            continue
        need, deficit = (_total(lacking.values(), name) for name in ("needed_vnd_m", "deficit_vnd_m"))
        yield Found(
            subject=document.document_code,
            details={
                "document": document_label(document),
                "need": need,
                "named": need - deficit,
                "deficit": deficit,
                "years": listed(
                    [_gap_words(year, figures["deficit_vnd_m"]) for year, figures in lacking.items()], ", "
                ),
            },
            evidence={
                "years": {str(year): figures for year, figures in years.items()},
                "options": _options(years.values()),
            },
            documents=[document.document_code],
        )


def _against_need(
    facts: PlanFacts, solution: Solution, year: int, need: Decimal | None, funds: Funds
) -> Iterator[Found]:
    if need is None or not funds or sum(funds.values()) == need:
        return
    yield _disagreement(
        facts,
        solution,
        year,
        "need",
        {"need": need, "named": sum(funds.values(), Decimal(0))},
        {"needed_vnd_m": need, "sources_vnd_m": funds},
    )


def _out_of_order(
    facts: PlanFacts, solution: Solution, year: int, rows: list[ReportedBudget]
) -> Iterator[Found]:
    wrong = [
        row
        for row in rows
        if row.allocated_vnd_m > row.planned_vnd_m or row.disbursed_vnd_m > row.allocated_vnd_m
    ]
    if wrong:
        figures = {
            name: sum((getattr(row, f"{name}_vnd_m") for row in wrong), Decimal(0))
            for name in ("planned", "allocated", "disbursed")
        }
        funds = listed((_fund(row.fund) for row in wrong), ", ")
        yield _disagreement(
            facts, solution, year, "order", {**figures, "funds": funds}, {"rows": _rows(wrong)}
        )


def _against_lines(
    facts: PlanFacts, solution: Solution, year: int, rows: list[ReportedBudget], funds: Funds
) -> Iterator[Found]:
    reported = _sums((row.fund, row.planned_vnd_m) for row in rows)
    other = [fund for fund in funds if fund in reported and reported[fund] != funds[fund]]
    if other:
        yield _disagreement(
            facts,
            solution,
            year,
            "report",
            {
                "funds": listed(map(_fund, other), ", "),
                "reported": sum((reported[fund] for fund in other), Decimal(0)),
                "named": sum((funds[fund] for fund in other), Decimal(0)),
            },
            {
                "reported_vnd_m": {fund: reported[fund] for fund in other},
                "sources_vnd_m": {fund: funds[fund] for fund in other},
                "rows": _rows(row for row in rows if row.fund in other),
            },
        )


def _disagreement(
    facts: PlanFacts,
    solution: Solution,
    year: int,
    kind: str,
    details: Mapping[str, Decimal | Words],
    evidence: Mapping[str, Any],
) -> Found:
    return Found(
        subject=f"{solution.solution_code} {year} {kind}",
        details={
            "solution": solution.solution_code,
            "name": Words(solution.name_vi, solution.name_en),
            "year": str(year),
            **details,
        },
        evidence={"solution_code": solution.solution_code, "year": year, **evidence},
        targets=facts.targets_served_by(solution),
        documents=[solution.document_code],
        sentence=f"budget-does-not-add-up-{kind}",
    )


def _lines(facts: PlanFacts, solution: Solution) -> dict[int, Funds]:
    """Return the plan's money for a solution by year and fund."""
    years: dict[int, Funds] = defaultdict(dict)
    for line in facts.plan.budget_lines:
        if line.solution_code == solution.solution_code:
            funds = years[line.year]
            funds[line.fund] = funds.get(line.fund, Decimal(0)) + line.amount_vnd_m
    return years


def _reported(facts: PlanFacts, solution: Solution) -> dict[int, list[ReportedBudget]]:
    years: dict[int, list[ReportedBudget]] = defaultdict(list)
    for row in facts.budgets:
        if row.solution_code == solution.solution_code:
            years[row.year].append(row)
    return years


def _years(facts: PlanFacts, document: Document) -> dict[int, dict[str, Any]]:
    """Return need, sources and deficit of a document's solutions, for every year with a need."""
    needs: dict[int, Decimal] = defaultdict(Decimal)
    sources: dict[int, Funds] = defaultdict(dict)
    for solution in facts.plan.solutions:
        if solution.document_code == document.document_code:
            for cost in solution.costs:
                needs[cost.year] += cost.needed_vnd_m
            for year, funds in _lines(facts, solution).items():
                sources[year] = _sums([*sources[year].items(), *funds.items()])
    return {
        year: {
            "needed_vnd_m": needs[year],
            "sources_vnd_m": sources[year],
            "deficit_vnd_m": max(needs[year] - sum(sources[year].values()), Decimal(0)),
        }
        for year in sorted(needs)
    }


def _options(years: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return who pays what part of all money (%), by each way to close the gap; none without any source."""
    figures = list(years)
    deficit = _total(figures, "deficit_vnd_m")
    named = _sums(pair for year in figures for pair in year["sources_vnd_m"].items())
    whole = sum(named.values(), Decimal(0))
    if not whole:
        return []
    ways: dict[str, Funds] = {
        "same-shares": {fund: value + deficit * value / whole for fund, value in named.items()},
        **{fund: {**named, fund: named[fund] + deficit} for fund in named},
    }
    return [
        {
            "closed_by": way,
            "shares_pct": {fund: 100 * value / (whole + deficit) for fund, value in funds.items()},
            "more_vnd_m": {fund: value - named[fund] for fund, value in funds.items() if value > named[fund]},
        }
        for way, funds in ways.items()
    ]


def _gap_words(year: int, deficit: Decimal) -> Words:
    return in_both(lambda language: f"{year}: {grouped(deficit, language)}")


def _fund(fund: str) -> Words:
    return in_both(lambda language: label("funds", fund, language))


def _sums(pairs: Iterable[tuple[str, Decimal]]) -> Funds:
    sums: Funds = {}
    for key, value in pairs:
        sums[key] = sums.get(key, Decimal(0)) + value
    return sums


def _total(figures: Iterable[Mapping[str, Any]], name: str) -> Decimal:
    return sum((Decimal(each[name]) for each in figures), Decimal(0))


def _rows(rows: Iterable[ReportedBudget]) -> list[dict[str, Any]]:
    """Return where figures are from: submission, row, fund and amounts."""
    return [
        {
            "submission_id": row.submission_id,
            "source_row": row.source_row,
            "fund": row.fund,
            "planned_vnd_m": row.planned_vnd_m,
            "allocated_vnd_m": row.allocated_vnd_m,
            "disbursed_vnd_m": row.disbursed_vnd_m,
        }
        for row in rows
    ]
