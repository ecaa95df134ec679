"""Full data of every feed for a number of quarters, as loads leave it: ledger, core and the marks.

Rows are made by the database, a statement a feed and period, and not read from files: what is measured on
them is what comes after the load. Everything in them is invented but the codes of the communes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import psycopg
from psycopg import sql

from bench.synthetic_person import STATIONS
from dxpipeline.contracts import Column, Contract, Kind, contracts
from dxpipeline.periods import Frequency, Period

RECORDS_A_QUARTER = 225_000
"""New health records a quarter: with 16 quarters every one of 3.6 million inhabitants has one."""

ROWS: Mapping[str, int] = {
    "broadband_coverage": 559,
    "digital_economy": 18,
    "digital_government": 47,
    "economic_accounts": 6,
    "health_stations": STATIONS,
    "plan_budget": 60,
    "plan_comments": 12,
    "rd_personnel": 40,
    "research_transfer": 30,
    "smart_city": 28,
    "smart_hospitals": 38,
    "software_enterprises": 30,
    "st_enterprises": 60,
}
"""Rows a report of each snapshot feed; of communes no more than are in force."""

PLAN_BEGINS = 2021
_A_YEAR: Mapping[Frequency, int] = {"monthly": 12, "quarterly": 4, "half-yearly": 2, "yearly": 1}

_BY_KIND: Mapping[Kind, str] = {
    "text": "{name} || ' ' || lpad(n::text, 3, '0')",
    "integer": "100 + n %% 7",
    "number": "100 + n %% 7",
    "date": "%(period_end_on)s::date - n * 20",
    "boolean": "n %% 3 > 0",
    "list": "array['VNPT', 'Viettel']",
}
"""What a column holds in the row with the number n, from 1, where nothing is given for it by its name."""

_BY_NAME: Mapping[str, str] = {
    "commune_code": "commune_code",
    "station_code": "(38000 + n)::text",
    "hospital_code": "(38000 + n)::text",
    "year": "left(%(period)s, 4)::integer - (n - 1) %% 6",
    "urban_area_code": "'urban area ' || n %% 6",
    "it_level": "1 + n %% 7",
    "capital_share": "0.4",
}

_SUBMISSIONS = """
insert into ledger.submission (feed, department_code, reporting_unit, period, state, is_current)
select %(feed)s, %(department)s, %(reporting_unit)s, %(period)s, 'loaded', %(is_current)s
from generate_series(1, %(files)s)
"""
# Late enough to be after what it reports, and answered at once.
_DELIVERIES = """
insert into ledger.delivery (
    received_seq, received_at, folder, department_code, feed, reporting_unit, file_name, claim_token, sha256,
    size_bytes, submission_id, verdict, rows_read, rows_accepted, rows_unchanged, rows_quarantined,
    rows_skipped, decided_at, receipt_path, answered_at, archived_at
)
select
    submission_id, at, '', department_code, feed, reporting_unit, feed || submission_id || '.csv',
    'claim ' || submission_id, md5(submission_id::text), 1000, submission_id, 'accepted_with_warnings',
    %(rows)s, %(rows)s, 0, 0, 0, at, 'receipt.html', at, at
from ledger.submission
cross join (select %(period_end_on)s::date + interval '10 days' as at) as delivered
where feed = %(feed)s and period = %(period)s
"""
_ISSUES = """
insert into ledger.issue (submission_id, source_row, column_name, code, severity, rule)
select submission_id, number, 'column ' || number, 'out-of-range', 'warning', 'rule'
from ledger.submission
cross join generate_series(1, 5) as number
where feed = %(feed)s and period = %(period)s
"""
_SNAPSHOT = """
with commune as (
    select commune_code, row_number() over (order by commune_code)::integer as n
    from mart.dim_commune
    where
        province_code = '38'
        and valid_from <= %(period_end_on)s
        and coalesce(%(period_end_on)s < valid_to, true)
)

insert into core.{feed} (submission_id, source_row, reporting_unit, period, {columns})
select submission_id, n, reporting_unit, period, {values}
from ledger.submission
inner join commune on n <= %(rows)s
where feed = %(feed)s and period = %(period)s
"""
# One in fifty records is a second one of a person. The files of the stations come one after another.
_RECORDS = """
insert into core.health_records (
    submission_id, received_seq, source_row, hash_key_version, period, record_id, citizen_id_hash, birth_year,
    sex, commune_code, station_code, created_on, updated_on, systolic_mmhg, diastolic_mmhg
)
select
    submission_id, submission_id, n, 1, %(period)s,
    'HS-' || %(period)s || '-' || station || '-' || n,
    decode(md5(%(period)s || '-' || station || '-' || n - (n %% 50 = 0)::integer), 'hex'),
    1950 + n %% 70, 'nữ', commune_code, (38000 + station)::text, %(period_end_on)s::date - 80,
    %(period_end_on)s::date - n %% 80, 120, 80
from (
    select submission_id, row_number() over (order by submission_id) as station
    from ledger.submission
    where feed = %(feed)s and period = %(period)s
) as file
inner join (
    select commune_code, row_number() over (order by commune_code) as number, count(*) over () as communes
    from mart.dim_commune
    where
        province_code = '38'
        and valid_from <= %(period_end_on)s
        and coalesce(%(period_end_on)s < valid_to, true)
) as commune on commune.number = 1 + (station - 1) %% communes
cross join generate_series(1, %(rows)s) as n
"""
_MARK = "insert into ledger.mart_refresh (feed, period) values (%(feed)s, %(period)s) on conflict do nothing"


def periods_of(contract: Contract, quarters: int) -> list[Period]:
    """Return the periods of a feed that begin within a number of quarters from the start of the plan.

    Args:
        contract: The feed; one that is reported once has one.
        quarters: At least one, so that every feed has a period.
    """
    a_year = _A_YEAR[contract.frequency]
    number = 1 if contract.cadence == "once" else math.ceil(quarters * a_year / 4)
    return [
        Period(PLAN_BEGINS + position // a_year, position % a_year + 1, contract.frequency)
        for position in range(number)
    ]


def fill(connection: psycopg.Connection, quarters: int, records_a_quarter: int = RECORDS_A_QUARTER) -> int:
    """Store the reports of every feed for a number of quarters, and mark them all.

    Args:
        connection: As the writer, in autocommit mode; the warehouse has no deliveries.
        quarters: How many, from the first quarter of the plan on.
        records_a_quarter: New health records a quarter, rounded down to as many in each station.

    Returns:
        The rows stored in schema core.
    """
    rows = 0
    for contract in contracts().values():
        records = contract.load_mode == "upsert"
        statement = sql.SQL(_RECORDS) if records else _snapshot_statement(contract)
        for period in periods_of(contract, quarters):
            department = "so-y-te" if contract.unit_is_department else contract.owners[0].department
            parameters = {
                "feed": contract.feed,
                "department": department,
                "reporting_unit": contract.reporting_unit(department),
                "period": str(period),
                "period_end_on": contract.last_day(period),
                "files": STATIONS if records else 1,
                "is_current": not records,
                "rows": records_a_quarter // STATIONS if records else ROWS[contract.feed],
            }
            with connection.transaction():
                for step in (_SUBMISSIONS, _DELIVERIES, _ISSUES):
                    connection.execute(step, parameters)
                rows += connection.execute(statement, parameters).rowcount
            mark(connection, contract.feed, str(period))
    return rows


def mark(connection: psycopg.Connection, feed: str, period: str) -> None:
    """Mark a feed and period as a load does, which changed a row of it."""
    connection.execute(_MARK, {"feed": feed, "period": period})


def _snapshot_statement(contract: Contract) -> sql.Composed:
    stored = contract.stored_columns
    return sql.SQL(_SNAPSHOT).format(
        feed=sql.Identifier(contract.feed),
        columns=sql.SQL(", ").join(map(sql.Identifier, stored)),
        values=sql.SQL(", ").join(map(_value, stored.values())),
    )


def _value(column: Column) -> sql.Composable:
    """Return what a column holds in the row with the number n."""
    if column.name in _BY_NAME:
        return sql.SQL(_BY_NAME[column.name])
    if column.choices:
        values = sql.SQL(", ").join(sql.Literal(choice.value) for choice in column.choices)
        # Six rows have each of them: keys with a year, a source or a service stay different.
        return sql.SQL("(array[{}])[1 + (n - 1) / 6 %% {}]").format(values, len(column.choices))
    return sql.SQL(_BY_KIND[column.kind]).format(name=sql.Literal(column.name))
