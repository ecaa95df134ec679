"""Rules on money: is it named, does it add up, was it spent, is it enough."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from dxpipeline.messages import label
from dxpipeline.plan.audit.facts import PlanFacts, ReportedBudget
from dxpipeline.plan.audit.model import (
    Detail,
    Found,
    Words,
    about,
    document_label,
    in_both,
    in_words,
    listed,
    number,
    subject_of,
)
from dxpipeline.plan.entries import Document, Solution

DISBURSED_SHARE = Decimal("0.8")
"""A year's money counts as not disbursed when less than this part of the plan was paid out by its end. No
regulation names the line: it is drawn here, well under what a year that runs as planned pays out."""

Funds = dict[str, Decimal]
"""Amounts in million VND by fund."""


def no_budget(facts: PlanFacts) -> Iterator[Found]:
    """Find the province's targets whose solutions have no money named, neither planned nor reported."""
    funded = {line.solution_code for line in facts.budget_lines if line.amount_vnd_m > 0}
    funded |= {row.solution_code for row in facts.reported_money if row.planned_vnd_m > 0}
    for target in facts.provincial_targets:
        solutions = facts.solutions_for(target.indicator_code)
        codes = [solution.solution_code for solution in solutions]
        if codes and not funded.intersection(codes):
            yield Found(
                subject=subject_of(target),
                details={**about(facts, target), "solutions": ", ".join(codes)},
                evidence={"solutions": codes},
                targets=[target],
                synthetic=facts.is_synthetic(solutions),
            )


def budget_does_not_add_up(facts: PlanFacts) -> Iterator[Found]:
    """Find solutions whose figures of a year disagree.

    The lines of all funds against the need; reported plan, allocation and disbursement, each of which may not
    exceed the one before; the reported plan against the plan's own line of the same fund. A figure that
    nobody gave disagrees with nothing.
    """
    for solution in facts.solutions:
        years = _years_of(facts, solution)
        for kind, compare in _COMPARISONS.items():
            wrong = {year: found for year, figures in years.items() if (found := compare(figures))}
            if wrong:
                yield Found(
                    subject=f"{solution.solution_code} {kind}",
                    details={
                        "solution": solution.solution_code,
                        "name": Words(solution.name_vi, solution.name_en),
                        "years": listed(_of_year(year, words) for year, (words, _) in wrong.items()),
                    },
                    evidence={
                        "solution_code": solution.solution_code,
                        "years": {str(year): evidence for year, (_, evidence) in wrong.items()},
                    },
                    targets=facts.targets_served_by(solution),
                    documents=[solution.document_code],
                    sentence=f"budget-does-not-add-up-{kind}",
                    synthetic=facts.is_synthetic([solution]),
                )


def budget_not_disbursed(facts: PlanFacts) -> Iterator[Found]:
    """Find targets of whose money less than `DISBURSED_SHARE` was paid out when the reported period was over.

    The money is that of the document whose solutions it pays for: another document that sets a target for
    the same indicator has nothing to do with it. Money of a solution that the plan does not know belongs to
    no document.
    """
    documents = {solution.solution_code: solution.document_code for solution in facts.solutions}
    groups: dict[tuple[str | None, str], dict[int, list[ReportedBudget]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for row in facts.reported_money:
        if row.period_end_on < facts.on:
            groups[documents.get(row.solution_code), row.target_code][row.year].append(row)
    for (document_code, code), years in groups.items():
        sums = {year: _reported_sums(rows) for year, rows in years.items()}
        slow = {
            year: figures
            for year, figures in sums.items()
            if figures["disbursed_vnd_m"] < DISBURSED_SHARE * figures["planned_vnd_m"]
        }
        if slow:
            ends = {year: max(row.period_end_on for row in years[year]) for year in slow}
            indicator = facts.indicators.get(code)
            details: dict[str, Detail] = {
                "target": Words(indicator.name_vi, indicator.name_en) if indicator else code,
                "years": listed(
                    _of_year(year, _paid_out(figures, ends[year])) for year, figures in slow.items()
                ),
                "limit": 100 * DISBURSED_SHARE,
            }
            if document_code is not None:
                details["document"] = document_label(facts.documents[document_code])
            yield Found(
                subject=f"{document_code} {code}" if document_code else code,
                details=details,
                evidence={
                    "years": {
                        str(year): {
                            "period_end_on": ends[year],
                            **figures,
                            "disbursed_pct": _share(figures),
                            "rows": _rows(years[year]),
                        }
                        for year, figures in slow.items()
                    }
                },
                targets=[
                    target for target in facts.targets_of(code) if target.document_code == document_code
                ],
                documents=[document_code] if document_code else [],
            )


def funding_gap(facts: PlanFacts) -> Iterator[Found]:
    """Find documents of whose solutions some need more in a year than the sources named for them give.

    Deficits are those of a solution in a year: a need that nobody has said is no need of zero, and money
    beyond the need of one solution pays for no other. The evidence lists need, sources and deficit of every
    year with a need, and what part each fund would pay if the sources kept their shares, or if one of them
    paid what is missing.
    """
    for document in facts.counting_documents.values():
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
                "covered": need - deficit,
                "deficit": deficit,
                "years": listed(
                    _of_year(year, number(figures["deficit_vnd_m"])) for year, figures in lacking.items()
                ),
            },
            evidence={
                "years": {str(year): figures for year, figures in years.items()},
                "options": _options(years.values()),
            },
            documents=[document.document_code],
            synthetic=facts.is_synthetic(facts.solutions_of(document.document_code)),
        )


@dataclass(frozen=True)
class _Figures:
    """What is known of the money of a solution in a year: its need, the plan's sources, what was reported."""

    need: Decimal | None
    sources: Funds
    reported: list[ReportedBudget]


_Disagreement = tuple[Words, dict[str, Any]]
"""What disagrees in a year, in words and as evidence."""


def _against_need(figures: _Figures) -> _Disagreement | None:
    named = sum(figures.sources.values(), Decimal(0))
    if figures.need is None or not figures.sources or named == figures.need:
        return None
    words = _told("need", need=figures.need, named=named)
    return words, {"needed_vnd_m": figures.need, "sources_vnd_m": figures.sources}


def _out_of_order(figures: _Figures) -> _Disagreement | None:
    wrong = [
        row
        for row in figures.reported
        if row.allocated_vnd_m > row.planned_vnd_m or row.disbursed_vnd_m > row.allocated_vnd_m
    ]
    if not wrong:
        return None
    sums = _reported_sums(wrong)
    words = _told(
        "order",
        funds=_funds(row.fund for row in wrong),
        planned=sums["planned_vnd_m"],
        allocated=sums["allocated_vnd_m"],
        disbursed=sums["disbursed_vnd_m"],
    )
    return words, {"rows": _rows(wrong)}


def _against_sources(figures: _Figures) -> _Disagreement | None:
    reported = _sums((row.fund, row.planned_vnd_m) for row in figures.reported)
    other = {
        fund: named for fund, named in figures.sources.items() if fund in reported and reported[fund] != named
    }
    if not other:
        return None
    planned = {fund: reported[fund] for fund in other}
    words = _told(
        "report",
        funds=_funds(other),
        reported=sum(planned.values(), Decimal(0)),
        named=sum(other.values(), Decimal(0)),
    )
    rows = [row for row in figures.reported if row.fund in other]
    return words, {"reported_vnd_m": planned, "sources_vnd_m": other, "rows": _rows(rows)}


_COMPARISONS: Mapping[str, Callable[[_Figures], _Disagreement | None]] = {
    "need": _against_need,
    "order": _out_of_order,
    "report": _against_sources,
}


def _years_of(facts: PlanFacts, solution: Solution) -> dict[int, _Figures]:
    needs = {cost.year: cost.needed_vnd_m for cost in solution.costs}
    sources = _lines(facts, solution)
    reported: dict[int, list[ReportedBudget]] = defaultdict(list)
    for row in facts.reported_money:
        if row.solution_code == solution.solution_code:
            reported[row.year].append(row)
    return {
        year: _Figures(needs.get(year), sources.get(year, {}), reported.get(year, []))
        for year in sorted(needs.keys() | sources.keys() | reported.keys())
    }


def _lines(facts: PlanFacts, solution: Solution) -> dict[int, Funds]:
    """Return the plan's money for a solution by year and fund."""
    years: dict[int, Funds] = defaultdict(dict)
    for line in facts.budget_lines:
        if line.solution_code == solution.solution_code:
            funds = years[line.year]
            funds[line.fund] = funds.get(line.fund, Decimal(0)) + line.amount_vnd_m
    return years


def _years(facts: PlanFacts, document: Document) -> dict[int, dict[str, Any]]:
    """Return need, sources and deficits of a document's solutions, for every year with a need.

    Money named for a solution whose need of the year nobody has said covers no need of another, and neither
    does what a solution has beyond its own.
    """
    needs: dict[int, Decimal] = defaultdict(Decimal)
    sources: dict[int, Funds] = defaultdict(dict)
    deficits: dict[int, dict[str, Decimal]] = defaultdict(dict)
    for solution in facts.solutions_of(document.document_code):
        lines = _lines(facts, solution)
        for cost in solution.costs:
            funds = lines.get(cost.year, {})
            deficit = cost.needed_vnd_m - sum(funds.values(), Decimal(0))
            needs[cost.year] += cost.needed_vnd_m
            sources[cost.year] = _sums([*sources[cost.year].items(), *funds.items()])
            if deficit > 0:
                deficits[cost.year][solution.solution_code] = deficit
    return {
        year: {
            "needed_vnd_m": needs[year],
            "sources_vnd_m": sources[year],
            "deficit_vnd_m": sum(deficits[year].values(), Decimal(0)),
            "deficit_of_solutions_vnd_m": deficits[year],
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


def _told(kind: str, **details: Detail) -> Words:
    return in_both(lambda language: label("audit_amounts", kind, language, **in_words(details, language)))


def _of_year(year: int, words: Words) -> Words:
    return Words(f"{year}: {words.vi}", f"{year}: {words.en}")


def _paid_out(figures: Mapping[str, Decimal], ended_on: date) -> Words:
    return _told(
        "paid-out",
        ended_on=ended_on,
        planned=figures["planned_vnd_m"],
        disbursed=figures["disbursed_vnd_m"],
        share=_share(figures),
    )


def _share(figures: Mapping[str, Decimal]) -> Decimal:
    """Return the part of the plan that was paid out (%)."""
    return 100 * figures["disbursed_vnd_m"] / figures["planned_vnd_m"]


def _reported_sums(rows: Iterable[ReportedBudget]) -> dict[str, Decimal]:
    names = ("planned_vnd_m", "allocated_vnd_m", "disbursed_vnd_m")
    all_rows = list(rows)
    return {name: sum((getattr(row, name) for row in all_rows), Decimal(0)) for name in names}


def _funds(funds: Iterable[str]) -> Words:
    """Return the names of funds, each once."""
    return listed(map(_fund, dict.fromkeys(funds)), ", ")


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
