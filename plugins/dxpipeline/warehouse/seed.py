"""Fills the tables that come with the project: dimensions from include/reference, the plan from include/plan.

The files are the truth. A table is made equal to its file by one MERGE on the natural key, so that surrogate
keys never change, nothing is written when nothing has changed, and what left the file leaves the table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import psycopg

from dxpipeline import reference
from dxpipeline.commune_weights import placements
from dxpipeline.contracts import contracts
from dxpipeline.indicators.models import MARTS
from dxpipeline.indicators.refresh import mark_everything
from dxpipeline.periods import Calendar, Frequency, Period
from dxpipeline.plan.entries import Document, Entry, Indicator, Plan, Solution, Target
from dxpipeline.plan.reader import PLAN, load_plan
from dxpipeline.reporting.calendar import extend_calendar
from dxpipeline.reporting.expected import today
from dxpipeline.warehouse.merge import merge_copied

FIRST_DATE = date(2019, 12, 15)
LAST_DATE = date(2030, 12, 31)
"""The days of mart.dim_date: from the first day of the administrative year 2020."""

_PERIODS_OF_A_YEAR: dict[Frequency, int] = {"monthly": 12, "quarterly": 4, "half-yearly": 2, "yearly": 1}
_CALENDARS: tuple[Calendar, ...] = ("calendar", "administrative")

_Rows = Sequence[Sequence[Any]]


def seed(connection: psycopg.Connection) -> None:
    """Make reference data and plan in the warehouse equal to their files; may be repeated.

    When they, a model or a contract differ from what the marts were computed with, every period is marked to
    be computed again.

    Args:
        connection: As the owner of the schemas; the caller commits.

    Raises:
        ReferenceDataError: A reference table is missing or broken.
        PlanError: The plan cannot be used.
        ContractError: A contract cannot be used.
    """
    plan = load_plan()
    with connection.transaction():
        _seed_communes(connection)
        _seed_departments(connection)
        _seed_population(connection)
        merge_copied(connection, "mart.dim_date", ("date_on",), _DATE_COLUMNS, list(_dates()))
        _seed_plan(connection, plan)
        extend_calendar(connection, today())
        _mark_when_definitions_changed(connection)


def _seed_communes(connection: psycopg.Connection) -> None:
    columns = (
        "commune_code",
        "valid_from",
        "valid_to",
        "commune_name",
        "commune_type",
        "district_code",
        "district_name",
        "province_code",
        "source",
        "sureness",
    )
    rows = [[getattr(unit, name) for name in columns] for unit in reference.communes()]
    merge_copied(connection, "mart.dim_commune", ("commune_code", "valid_from"), columns, rows)
    keys = {
        (code, valid_from): key
        for key, code, valid_from in connection.execute(
            "select commune_key, commune_code, valid_from from mart.dim_commune"
        )
    }
    merge_copied(
        connection,
        "mart.bridge_commune_succession",
        ("former_commune_key", "successor_commune_key"),
        (
            "former_commune_key",
            "successor_commune_key",
            "effective_on",
            "relation",
            "source",
            "sureness",
        ),
        [
            (
                keys[step.former.commune_code, step.former.valid_from],
                keys[step.successor.commune_code, step.successor.valid_from],
                step.effective_on,
                step.relation,
                step.source,
                step.sureness,
            )
            for step in reference.successions()
        ],
    )
    merge_copied(
        connection,
        "mart.bridge_commune_today",
        ("commune_key", "today_commune_key"),
        ("commune_key", "today_commune_key", "weight", "weight_basis", "weight_source", "sureness"),
        [
            (
                keys[placement.commune.commune_code, placement.commune.valid_from],
                keys[placement.today.commune_code, placement.today.valid_from],
                placement.weight,
                placement.weight_basis,
                placement.weight_source,
                placement.sureness,
            )
            for placement in placements()
        ],
    )


def _seed_departments(connection: psycopg.Connection) -> None:
    columns = ("department_code", "name_vi", "name_en", "valid_from", "valid_to", "successor_code", "source")
    rows = [[getattr(department, name) for name in columns] for department in reference.departments()]
    merge_copied(connection, "mart.dim_department", ("department_code",), columns, rows)


def _seed_population(connection: psycopg.Connection) -> None:
    columns = ("year", "province_code", "population", "vintage", "source", "sureness")
    rows = [[getattr(figure, name) for name in columns] for figure in reference.populations()]
    merge_copied(connection, "mart.dim_population", ("year", "province_code"), columns, rows)


_DATE_COLUMNS = (
    "date_on",
    "year",
    "quarter",
    "month",
    *(
        f"{calendar}_{length}"
        for calendar in _CALENDARS
        for length in ("month", "quarter", "half_year", "year")
    ),
)


def _dates() -> Iterator[tuple[Any, ...]]:
    """The days with the periods that hold them, in the order of `_DATE_COLUMNS`."""
    holding = [
        _periods_by_day(frequency, calendar) for calendar in _CALENDARS for frequency in _PERIODS_OF_A_YEAR
    ]
    for offset in range((LAST_DATE - FIRST_DATE).days + 1):
        day = FIRST_DATE + timedelta(days=offset)
        quarter = (day.month + 2) // 3
        yield (day, day.year, quarter, day.month, *(periods[day] for periods in holding))


def _periods_by_day(frequency: Frequency, calendar: Calendar) -> dict[date, str]:
    periods = {}
    for year in range(FIRST_DATE.year, LAST_DATE.year + 2):
        for number in range(1, _PERIODS_OF_A_YEAR[frequency] + 1):
            period = Period(year, number, frequency)
            day, last = period.first_day(calendar), period.last_day(calendar)
            while day <= last:
                periods[day] = str(period)
                day += timedelta(days=1)
    return periods


def _seed_plan(connection: psycopg.Connection, plan: Plan) -> None:
    documents = {document.document_code: document for document in plan.documents}
    for tables, key, entries in (
        (("plan.document", "mart.dim_document"), ("document_code",), _dumped(plan.documents)),
        (
            ("plan.indicator", "mart.dim_indicator"),
            ("indicator_code",),
            [_indicator(each, documents) for each in plan.indicators],
        ),
        (("plan.target",), Target.key, [_target(each, documents) for each in plan.targets]),
        (("mart.dim_target",), Target.key, [_target_and_document(each, documents) for each in plan.targets]),
        (("plan.target_owner",), (*Target.key, "valid_from"), _owners(plan.targets, documents)),
        (("plan.target_legal_basis",), (*Target.key, "position"), _legal_bases(plan.targets)),
        (
            ("plan.observation", "mart.dim_observation"),
            ("indicator_code", "year"),
            _dumped(plan.observations),
        ),
        (
            ("plan.solution", "mart.dim_solution"),
            ("solution_code",),
            [_solution(each, documents) for each in plan.solutions],
        ),
        (
            ("plan.solution_target", "mart.bridge_solution_target"),
            ("solution_code", *Target.key),
            [
                {"solution_code": solution.solution_code, **target.model_dump(include=set(Target.key))}
                for solution in plan.solutions
                for target in plan.targets
                if target.document_code == solution.document_code
                and target.indicator_code in solution.indicator_codes
            ],
        ),
        (
            ("plan.solution_cost", "mart.fct_budget_need"),
            ("solution_code", "year"),
            [
                {"solution_code": solution.solution_code, **cost.model_dump()}
                for solution in plan.solutions
                for cost in solution.costs
            ],
        ),
        (
            ("plan.budget_line", "mart.fct_budget_line"),
            ("solution_code", "year", "fund"),
            _dumped(plan.budget_lines),
        ),
    ):
        for table in tables:
            columns = tuple(entries[0]) if entries else tuple(key)
            rows = [tuple(_cell(entry[name]) for name in columns) for entry in entries]
            merge_copied(connection, table, key, columns, rows)


def _cell(value: Any) -> Any:
    """Return a value as the database takes it: several values are one array."""
    return list(value) if isinstance(value, tuple) else value


def _dumped(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    return [entry.model_dump() for entry in entries]


def _cited(codes: Sequence[str], documents: Mapping[str, Document]) -> str | None:
    """Return documents as people cite them."""
    return "; ".join(documents[code].name for code in codes) or None


def _indicator(indicator: Indicator, documents: Mapping[str, Document]) -> dict[str, Any]:
    return {**indicator.model_dump(), "legal_basis": _cited(indicator.legal_basis, documents)}


def _validity(document: Document) -> dict[str, Any]:
    """Return from when until when what a document says is in force."""
    return {"valid_from": document.dated_on, "valid_to": document.replaced_on}


def _target(target: Target, documents: Mapping[str, Document]) -> dict[str, Any]:
    baseline = target.baseline
    return {
        **target.model_dump(exclude={"baseline", "owners", "legal_basis"}),
        "owner_code": target.owner_code,
        "legal_basis": _cited(target.legal_basis, documents),
        "baseline_value": baseline.value if baseline else None,
        "baseline_year": baseline.year if baseline else None,
        "baseline_sureness": baseline.sureness if baseline else None,
        **_validity(documents[target.document_code]),
    }


def _target_and_document(target: Target, documents: Mapping[str, Document]) -> dict[str, Any]:
    document = documents[target.document_code]
    return {
        **_target(target, documents),
        **{f"document_{name}": getattr(document, name) for name in ("title_vi", "title_en", "status")},
    }


def _owners(targets: Sequence[Target], documents: Mapping[str, Document]) -> list[dict[str, Any]]:
    """Return who answers for each target, from the day of its document until that document is replaced."""
    return [
        {
            **target.model_dump(include=set(Target.key)),
            "department_code": owner.department_code,
            "valid_from": owner.valid_from or documents[target.document_code].dated_on,
            "valid_to": owner.valid_to or documents[target.document_code].replaced_on,
        }
        for target in targets
        for owner in target.owners
    ]


def _legal_bases(targets: Sequence[Target]) -> list[dict[str, Any]]:
    return [
        {**target.model_dump(include=set(Target.key)), "position": position, "basis_code": code}
        for target in targets
        for position, code in enumerate(target.legal_basis, start=1)
    ]


def _solution(solution: Solution, documents: Mapping[str, Document]) -> dict[str, Any]:
    return {
        **solution.model_dump(exclude={"costs", "indicator_codes"}),
        **_validity(documents[solution.document_code]),
    }


def definition_digest() -> str:
    """Return the version of what marts are made from: contracts, code lists, plan, models (12 hex digits)."""
    digest = hashlib.sha256(reference.version().encode())
    for feed, contract in contracts().items():
        digest.update(f"{feed} {contract.digest}\n".encode())
    for path in sorted([*MARTS.rglob("*.sql"), *PLAN.glob("*.yaml")]):
        digest.update(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:12]


def is_seeded(connection: psycopg.Connection) -> bool:
    """Say whether the warehouse was last seeded from the definitions of today."""
    recorded = connection.execute(
        "select digest from ledger.mart_definition order by recorded_at desc limit 1"
    ).fetchone()
    return recorded is not None and recorded[0] == definition_digest()


def _mark_when_definitions_changed(connection: psycopg.Connection) -> None:
    if not is_seeded(connection):
        connection.execute("insert into ledger.mart_definition (digest) values (%s)", [definition_digest()])
        mark_everything(connection)
