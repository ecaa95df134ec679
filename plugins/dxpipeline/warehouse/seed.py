"""Fills the tables that come with the project: dimensions from include/reference, the plan from include/plan.

The files are the truth. A table is made equal to its file by one MERGE on the natural key, so that surrogate
keys never change, nothing is written when nothing has changed, and what left the file leaves the table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import psycopg
from psycopg import sql

from dxpipeline import reference
from dxpipeline.commune_weights import placements
from dxpipeline.contracts import contracts
from dxpipeline.indicators.models import MARTS
from dxpipeline.indicators.refresh import mark_everything
from dxpipeline.periods import Calendar, Frequency, Period
from dxpipeline.plan.entries import Plan
from dxpipeline.plan.reader import PLAN, load_plan
from dxpipeline.reporting.calendar import extend_calendar
from dxpipeline.reporting.expected import today

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
        _merge(connection, "mart.dim_date", ("date_on",), _DATE_COLUMNS, list(_dates()))
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
    _merge(connection, "mart.dim_commune", ("commune_code", "valid_from"), columns, rows)
    keys = {
        (code, valid_from): key
        for key, code, valid_from in connection.execute(
            "select commune_key, commune_code, valid_from from mart.dim_commune"
        )
    }
    _merge(
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
    _merge(
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
    _merge(connection, "mart.dim_department", ("department_code",), columns, rows)


def _seed_population(connection: psycopg.Connection) -> None:
    columns = ("year", "province_code", "population", "vintage", "source", "sureness")
    rows = [[getattr(figure, name) for name in columns] for figure in reference.populations()]
    _merge(connection, "mart.dim_population", ("year", "province_code"), columns, rows)


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
    documents = [entry.model_dump() for entry in plan.documents]
    indicators = [entry.model_dump() for entry in plan.indicators]
    targets = []
    for target in plan.targets:
        baseline = target.baseline
        targets.append(
            {
                **target.model_dump(exclude={"baseline"}),
                "baseline_value": baseline.value if baseline else None,
                "baseline_year": baseline.year if baseline else None,
                "baseline_sureness": baseline.sureness if baseline else None,
            }
        )
    by_code = {entry["document_code"]: entry for entry in documents}
    targets_with_document = [
        {
            **target,
            **{
                f"document_{name}": by_code[target["document_code"]][name]
                for name in ("title_vi", "title_en", "status")
            },
        }
        for target in targets
    ]
    observations = [entry.model_dump() for entry in plan.observations]
    target_key = ("document_code", "indicator_code", "geography_code", "target_year")
    for table, key, entries in (
        ("plan.document", ("document_code",), documents),
        ("plan.indicator", ("indicator_code",), indicators),
        ("plan.target", target_key, targets),
        ("plan.observation", ("indicator_code", "year"), observations),
        ("mart.dim_document", ("document_code",), documents),
        ("mart.dim_indicator", ("indicator_code",), indicators),
        ("mart.dim_target", target_key, targets_with_document),
        ("mart.dim_observation", ("indicator_code", "year"), observations),
    ):
        columns = tuple(entries[0])
        _merge(connection, table, key, columns, [tuple(entry[name] for name in columns) for entry in entries])


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


def _merge(
    connection: psycopg.Connection, table: str, key: Sequence[str], columns: Sequence[str], rows: _Rows
) -> None:
    """Make a table equal to some rows: insert what is new, update what differs, delete what is gone."""
    target = sql.Identifier(*table.split("."))
    names = [sql.Identifier(name) for name in columns]
    others = [sql.Identifier(name) for name in columns if name not in key]
    pairs = [sql.SQL("target.{0} = source.{0}").format(sql.Identifier(name)) for name in key]
    statement = sql.SQL(
        "merge into {target} as target using seed_rows as source on {same} "
        "when matched and ({target_values}) is distinct from ({source_values}) then update set {update} "
        "when not matched then insert ({names}) values ({values}) "
        "when not matched by source then delete"
    ).format(
        target=target,
        same=sql.SQL(" and ").join(pairs),
        target_values=_listed("target.{}", others),
        source_values=_listed("source.{}", others),
        update=_listed("{0} = source.{0}", others),
        names=_listed("{}", names),
        values=_listed("source.{}", names),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("create temporary table seed_rows on commit drop as select {} from {} limit 0").format(
                _listed("{}", names), target
            )
        )
        with cursor.copy(sql.SQL("copy seed_rows ({}) from stdin").format(_listed("{}", names))) as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(statement)
        cursor.execute("drop table seed_rows")


def _listed(pattern: str, names: Sequence[sql.Identifier]) -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL(pattern).format(name) for name in names)
