"""What the entries of the plan must agree on, file with file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from dxpipeline import reference
from dxpipeline.contracts import contracts
from dxpipeline.plan.entries import PROVINCE_CODE, Document, Entry, Indicator, Plan, PlanError, Target

WHOLE_PCT = 100


def check_plan(plan: Plan) -> None:
    """Compare the entries with each other, with the departments and with the feeds.

    Raises:
        PlanError: An entry comes twice, names what does not exist, or contradicts another; the message names
            the file and the line.
    """
    # The numbers of a year begin anew.
    check_unique(plan.documents, "number", "year")
    for entries in (plan.indicators, plan.targets, plan.observations, plan.solutions, plan.budget_lines):
        check_unique(entries)
    _check_documents(plan)
    _check_indicators(plan)
    _check_targets(plan)
    for observation in plan.observations:
        _check_known(
            observation,
            "indicator_code",
            [observation.indicator_code],
            _codes(plan.indicators, "indicator_code"),
        )
    _check_solutions(plan)
    _check_budget(plan)


def check_unique(entries: Sequence[Entry], *names: str) -> None:
    """Refuse a second entry with the same key; one that has none of it is no second one.

    Args:
        entries: The entries of a file.
        names: The fields that tell them apart; those of their `key` when none is given.

    Raises:
        PlanError: Two are the same.
    """
    seen: dict[tuple[object, ...], Entry] = {}
    for entry in entries:
        key = tuple(getattr(entry, name) for name in names or type(entry).key)
        if None in key:
            continue
        if key in seen:
            _refuse(
                entry, f"{' '.join(map(str, key))} comes a second time, after {seen[key].place}; keep one"
            )
        seen[key] = entry


def _check_documents(plan: Plan) -> None:
    for document in plan.documents:
        if document.replaced_by == document.document_code:
            _refuse(document, "it is replaced by itself; name the other document")
        if document.replaced_by is not None:
            _check_known(
                document, "replaced_by", [document.replaced_by], _codes(plan.documents, "document_code")
            )
        _check_consultation(document)


def _check_consultation(document: Document) -> None:
    departments = {department.department_code: department for department in reference.departments()}
    if document.drafted_by is not None:
        _check_known(document, "drafted_by", [document.drafted_by], departments)
    _check_known(document, "consulted", document.consulted or (), departments)
    for code in document.consulted or ():
        begun, ended = departments[code].valid_from, departments[code].valid_to
        last_day = document.comments_due_on
        if (ended and ended <= document.dated_on) or (begun and last_day and begun > last_day):
            _refuse(
                document,
                f"consulted names {code}, which did not exist between dated_on and comments_due_on; "
                "take it out",
            )


def _check_indicators(plan: Plan) -> None:
    indicators = {indicator.indicator_code: indicator for indicator in plan.indicators}
    for indicator in plan.indicators:
        _check_known(indicator, "legal_basis", indicator.legal_basis, _codes(plan.documents, "document_code"))
        _check_known(indicator, "owner_code", [indicator.owner_code], _departments())
        if indicator.feed is not None:
            _check_known(indicator, "feed", [indicator.feed], contracts())
        if indicator.companion_of is not None:
            _check_known(indicator, "companion_of", [indicator.companion_of], indicators)
            if indicator.companion_of == indicator.indicator_code:
                _refuse(indicator, "it is its own companion; name another indicator or none")
            if indicators[indicator.companion_of].unit != indicator.unit:
                _refuse(
                    indicator,
                    f"its unit differs from that of {indicator.companion_of}, whose companion it is",
                )


def _check_targets(plan: Plan) -> None:
    documents = {document.document_code: document for document in plan.documents}
    indicators = {indicator.indicator_code: indicator for indicator in plan.indicators}
    for target in plan.targets:
        _check_known(target, "document_code", [target.document_code], documents)
        _check_known(target, "indicator_code", [target.indicator_code], indicators)
        _check_known(target, "legal_basis", target.legal_basis, documents)
        _check_owners(target)
        document = documents[target.document_code]
        if target.geography_code != PROVINCE_CODE:
            _refuse(
                target, f"geography_code is {target.geography_code!r}, no area that values are computed for"
            )
        if target.baseline is not None and target.baseline.year > document.dated_on.year:
            _refuse(target, f"its baseline of {target.baseline.year} is younger than its document")
        _check_size(target, indicators[target.indicator_code])
        if document.kind != "plan":
            _refuse(target, f"{target.document_code} is a regulation, which sets no targets")
        if target.document_code in target.legal_basis:
            _refuse(target, "its legal basis is its own document; name another one or none")
        if target.target_year < document.dated_on.year:
            _refuse(
                target, f"{target.target_year} lies before its document, of {document.dated_on.isoformat()}"
            )
        unit = indicators[target.indicator_code].unit
        if target.unit != unit:
            _refuse(target, f"its unit is {target.unit}, that of the indicator {unit}; make them agree")
    _check_steps(plan.targets)


def _check_size(target: Target, indicator: Indicator) -> None:
    """Refuse what no value can be: less than nothing, or more than the whole of a share."""
    if target.target_value is None or indicator.measure == "growth":
        return
    share = indicator.unit == "pct" and indicator.aggregation == "ratio_of_sums"
    if target.target_value < 0 or (share and target.target_value > WHOLE_PCT):
        _refuse(target, f"target_value is {target.target_value}, which {indicator.indicator_code} cannot be")


def _check_owners(target: Target) -> None:
    known = {department.department_code: department for department in reference.departments()}
    _check_known(target, "owners", [owner.department_code for owner in target.owners], known)
    for owner in target.owners:
        department = known[owner.department_code]
        ends_later = department.valid_to is not None and (
            owner.valid_to is None or owner.valid_to > department.valid_to
        )
        begins_earlier = department.valid_from is not None and (
            owner.valid_from is not None and owner.valid_from < department.valid_from
        )
        if ends_later or begins_earlier:
            _refuse(target, f"{owner.department_code} owns it outside its own time in department.csv")


def _check_steps(targets: Iterable[Target]) -> None:
    """Refuse that a document asks for less in a later year than in an earlier one."""
    ordered = sorted(targets, key=lambda item: (item.document_code, item.indicator_code, item.geography_code,
                                                item.target_year))  # fmt: skip
    for former, later in pairwise(ordered):
        same = (former.name, former.geography_code) == (later.name, later.geography_code)
        if not same or former.target_value is None or later.target_value is None:
            continue
        if former.direction != later.direction:
            _refuse(later, f"its direction contradicts that of {former.target_year}, {former.place}")
        sign = 1 if later.direction == "at_least" else -1
        if sign * (later.target_value - former.target_value) < 0:
            _refuse(
                later,
                f"it asks for less than {former.target_value} of {former.target_year}, {former.place}",
            )


def _check_solutions(plan: Plan) -> None:
    wanted = {(target.document_code, target.indicator_code) for target in plan.targets}
    for solution in plan.solutions:
        _check_known(
            solution, "document_code", [solution.document_code], _codes(plan.documents, "document_code")
        )
        _check_known(solution, "owner_code", [solution.owner_code], _departments())
        own = [indicator for document, indicator in wanted if document == solution.document_code]
        _check_known(solution, "indicator_codes", solution.indicator_codes, own)
        years = [cost.year for cost in solution.costs]
        if len(set(years)) < len(years):
            _refuse(solution, "costs name a year twice; keep one of them")
        for year in years:
            _check_year(plan, solution, solution.document_code, year)


def _check_budget(plan: Plan) -> None:
    solutions = {solution.solution_code: solution for solution in plan.solutions}
    for line in plan.budget_lines:
        _check_known(line, "solution_code", [line.solution_code], solutions)
        _check_year(plan, line, solutions[line.solution_code].document_code, line.year)


def _check_year(plan: Plan, entry: Entry, document_code: str, year: int) -> None:
    """Refuse money outside the time of a document: from its year to that of its last target."""
    (document,) = (item for item in plan.documents if item.document_code == document_code)
    last = max(
        (item.target_year for item in plan.targets if item.document_code == document_code), default=year
    )
    if not document.dated_on.year <= year <= last:
        _refuse(entry, f"{year} lies outside the time of {document_code}, {document.dated_on.year} to {last}")


def _check_known(entry: Entry, name: str, values: Sequence[str], known: Iterable[str]) -> None:
    if len(set(values)) < len(values) and name != "owners":
        _refuse(entry, f"{name} names one twice; keep one of them")
    for value in values:
        if value not in known:
            _refuse(
                entry, f"{name} is {value!r}, which does not exist; write one of {', '.join(sorted(known))}"
            )


def _refuse(entry: Entry, why: str) -> None:
    codes = " ".join(str(getattr(entry, name)) for name in type(entry).key)
    raise PlanError(f"{entry.place} ({codes}): {why}.")


def _codes(entries: Iterable[Entry], name: str) -> set[str]:
    return {getattr(entry, name) for entry in entries}


def _departments() -> set[str]:
    return {department.department_code for department in reference.departments()}
