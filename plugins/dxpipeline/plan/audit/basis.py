"""Rules on what a target rests on: law, a number, data, a solution."""

from __future__ import annotations

from collections.abc import Iterator

from dxpipeline.contracts import contracts
from dxpipeline.plan.audit.facts import PlanFacts
from dxpipeline.plan.audit.model import Found, Words, about, document_label, in_both, listed, subject_of
from dxpipeline.plan.entries import Document, Target


def no_legal_basis(facts: PlanFacts) -> Iterator[Found]:
    """Find the province's targets that name no document which they rest on; their own does not count."""
    for target in facts.provincial_targets:
        if not _bases(facts, target):
            yield Found(
                subject=subject_of(target),
                details=about(facts, target),
                evidence={
                    "legal_basis": list(target.legal_basis),
                    "legal_basis_of_indicator": list(facts.indicators[target.indicator_code].legal_basis),
                },
                targets=[target],
            )


def later_legal_basis(facts: PlanFacts) -> Iterator[Found]:
    """Find the province's targets that rest only on what is younger than the document that sets them.

    Where a target names no basis, what defines its indicator is looked at: without it nobody could say, when
    the target was set, what it means.
    """
    for target in facts.provincial_targets:
        document = facts.documents[target.document_code]
        named = _bases(facts, target)
        indicator = facts.indicators[target.indicator_code]
        bases = named or [facts.documents[code] for code in indicator.legal_basis]
        if bases and all(basis.dated_on > document.dated_on for basis in bases):
            yield Found(
                subject=subject_of(target),
                details={
                    **about(facts, target),
                    "dated_on": document.dated_on,
                    "bases": listed(_dated(basis) for basis in bases),
                },
                evidence={
                    "document_dated_on": document.dated_on,
                    "named_by_target": bool(named),
                    "legal_basis": {basis.document_code: basis.dated_on for basis in bases},
                },
                targets=[target],
                documents=[basis.document_code for basis in bases],
                sentence="later-legal-basis" if named else "later-legal-basis-of-indicator",
            )


def no_measurable_number(facts: PlanFacts) -> Iterator[Found]:
    """Find targets for which the document names no number."""
    for target in facts.targets:
        if target.target_value is None:
            statement = Words(target.statement_vi or "", target.statement_en or "")
            yield Found(
                subject=subject_of(target),
                details={**about(facts, target), "statement": statement},
                evidence={"statement_vi": statement.vi, "statement_en": statement.en},
                targets=[target],
            )


def no_data(facts: PlanFacts) -> Iterator[Found]:
    """Find targets of whose indicator neither a report nor a published value is known."""
    for target in facts.targets:
        progress = facts.progress_of(target)
        indicator = facts.indicators[target.indicator_code]
        published = any(item.indicator_code == target.indicator_code for item in facts.plan.observations)
        if (progress is None or progress.value is None) and not published:
            details = about(facts, target)
            if indicator.feed is not None:
                details["feed"] = _feed_name(indicator.feed)
            yield Found(
                subject=subject_of(target),
                details=details,
                evidence={"feed": indicator.feed, "owner_code": indicator.owner_code},
                targets=[target],
            )


def no_solution(facts: PlanFacts) -> Iterator[Found]:
    """Find the province's targets that no solution serves, in documents of which solutions are known.

    A document without any solution entered says nothing of them: nobody has given them, which is not that
    there are none.
    """
    for target in facts.provincial_targets:
        of_document = facts.solutions_of(target.document_code)
        if of_document and not facts.solutions_for(target.indicator_code):
            yield Found(
                subject=subject_of(target),
                details=about(facts, target),
                evidence={"solutions_of_document": [solution.solution_code for solution in of_document]},
                targets=[target],
                synthetic=facts.is_synthetic(of_document),
            )


def solution_without_target(facts: PlanFacts) -> Iterator[Found]:
    """Find solutions that serve no target of their document."""
    for solution in facts.solutions:
        if not facts.targets_served_by(solution):
            document = facts.documents[solution.document_code]
            yield Found(
                subject=solution.solution_code,
                details={
                    "solution": solution.solution_code,
                    "name": Words(solution.name_vi, solution.name_en),
                    "document": document_label(document),
                },
                evidence={
                    "solution_code": solution.solution_code,
                    "indicator_codes": list(solution.indicator_codes),
                    "needed_vnd_m": {str(cost.year): cost.needed_vnd_m for cost in solution.costs},
                },
                documents=[document.document_code],
                synthetic=facts.is_synthetic([solution]),
            )


def _feed_name(feed: str) -> Words:
    """Return what people call a feed: its contract's name, which is Vietnamese, and in English its code."""
    contract = contracts().get(feed)
    return Words(contract.title if contract else feed, feed)


def _bases(facts: PlanFacts, target: Target) -> list[Document]:
    return [facts.documents[code] for code in target.legal_basis if code != target.document_code]


def _dated(document: Document) -> Words:
    name = document_label(document)
    return in_both(lambda language: f"{name.in_language(language)} ({document.dated_on:%d/%m/%Y})")
