"""Fixture rows as a load leaves them: ledger, core, quarantine and the mark, in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from dxpipeline.contracts import contracts
from dxpipeline.settings import Settings
from dxpipeline.warehouse.connection import connect

ORDINARY_ROW: dict[str, dict[str, Any]] = {
    "smart_hospitals": {
        "hospital_name": "Bệnh viện Đa khoa",
        "hospital_tier": "provincial",
        "infrastructure_level": 5,
        "his_level": 5,
        "lis_level": "basic",
        "ris_pacs_level": "none",
        "emr_level": "advanced",
        "security_met": True,
        "it_level": 5,
        "paperless_on": None,
        "assessed_on": date(2021, 3, 1),
    },
    "health_stations": {
        "station_name": "Trạm Y tế",
        "commune_code": "14758",
        "has_ehr_system": True,
        "software_name": "HSSK",
        "population_managed": 1000,
        "records_created": 900,
        "records_updated": 10,
    },
    "broadband_coverage": {
        "district_name": "Thành phố Thanh Hóa",
        "commune_name": "Phường Đông Thọ",
        "villages_total": 10,
        "villages_fixed_broadband": 10,
        "villages_4g": 10,
        "villages_5g": None,
        "households_total": 1000,
        "households_fixed_broadband": 800,
        "carriers": ["VNPT", "Viettel"],
    },
    "st_enterprises": {
        "enterprise_name": "Công ty Cổ phần Mẫu",
        "commune_code": "14758",
        "certificate_no": "01/DNKHCN",
        "certified_on": date(2018, 6, 12),
        "revoked_on": None,
        "field": "Y dược",
        "revenue_vnd_m": 1000,
        "st_revenue_vnd_m": 600,
        "employees": 20,
        "rd_spending_vnd_m": 50,
    },
    "software_enterprises": {
        "enterprise_name": "Công ty TNHH Mẫu",
        "kind": "phần mềm",
        "incubator": "Trường Đại học Hồng Đức",
        "incubated_on": date(2019, 10, 15),
        "graduated_on": None,
        "operating": True,
        "revenue_vnd_m": 2000,
        "employees": 12,
    },
    "rd_personnel": {
        "organisation_name": "Trường Đại học Hồng Đức",
        "organisation_kind": "trường",
        "headcount": 100,
        "fte": 40,
        "researchers": 80,
        "technicians": 15,
        "support": 5,
        "doctors": 10,
        "masters": 20,
    },
    "research_transfer": {
        "title": "Nghiên cứu mẫu",
        "field": "Y dược",
        "level": "tỉnh",
        "lead_organisation": "Viện Nông nghiệp Thanh Hóa",
        "lead_is_enterprise": False,
        "started_on": date(2018, 9, 22),
        "accepted_on": None,
        "applied_on": None,
        "transfer_contract_no": None,
        "transfer_value_vnd_m": None,
        "budget_state_vnd_m": 3000,
        "budget_enterprise_vnd_m": 1000,
    },
    "smart_city": {
        "urban_area_name": "Thành phố Thanh Hóa",
        "ioc_operating": True,
        "stage": "vận hành",
        "sensors": 20,
        "users": 1500,
        "cost_vnd_m": Decimal("250.5"),
    },
    "plan_budget": {"planned_vnd_m": 200, "allocated_vnd_m": 160, "disbursed_vnd_m": 40},
    "plan_comments": {"comment": "Góp ý", "received_on": date(2021, 3, 1)},
    "economic_accounts": {
        "grdp_current_vnd_bn": 200000,
        "grdp_constant2010_vnd_bn": 130000,
        "capital_stock_constant2010_vnd_bn": 280000,
        "employed_average_thousand": 2100,
        "population_average_thousand": 3700,
        "capital_share": Decimal("0.42"),
    },
    "digital_economy": {
        "ict_vnd_bn": 7000,
        "platform_vnd_bn": 3000,
        "sector_digitalisation_vnd_bn": 6000,
        "total_vnd_bn": 16000,
        "grdp_current_vnd_bn": 200000,
    },
    "digital_government": {
        "agency_name": "Sở Nội vụ",
        "agency_level": "tỉnh",
        "procedures_total": 100,
        "procedures_full_online": 40,
        "dossiers_received": 1000,
        "dossiers_online": 450,
        "dossiers_on_time": 720,
        "dossiers_late": 80,
        "dossiers_pending": 200,
        "documents_sent": 500,
        "documents_sent_electronically_signed": 400,
        "connected_to_lgsp": True,
        "security_level_approved": False,
    },
    "health_records": {
        "birth_year": 1980,
        "sex": "nữ",
        "commune_code": "14755",
        "station_code": "38001",
        "created_on": date(2020, 1, 1),
        "updated_on": date(2021, 5, 1),
        "systolic_mmhg": 120,
        "diastolic_mmhg": 80,
    },
}

Key = str | tuple[Any, ...]
"""The key of a row: the value of its one column, or those of its columns in the contract's order."""

Submit = Callable[..., int]
Key = str | tuple[str, ...]
"""The value of a row's key column, or the values of all of them."""


@pytest.fixture
def sequence() -> Iterator[int]:
    """Return the numbers in which the files of a test arrive."""
    return count(1)


@pytest.fixture
def submit(warehouse: psycopg.Connection, sequence: Iterator[int]) -> Submit:
    """Return a function that loads rows of a feed and period, and returns the submission's number.

    Each row is `(key, changes to the ordinary row)`; a key of several columns is a tuple. `quarantined` are
    the keys of rows held back, None for a row without one. `mends` names the submission that is added to;
    `replaces` the one that is superseded.
    `on` is the connection of a load that does not commit.
    """

    def load(
        feed: str,
        period: str,
        rows: Sequence[tuple[Key, dict[str, Any]]],
        *,
        quarantined: Sequence[Key | None] = (),
        mends: int | None = None,
        replaces: int | None = None,
        on: psycopg.Connection | None = None,
    ) -> int:
        connection = on or warehouse
        seq = next(sequence)
        with connection.transaction():
            if replaces is not None:
                connection.execute(
                    "update ledger.submission set is_current = false, state = 'superseded' "
                    "where submission_id = %s",
                    [replaces],
                )
            submission_id = _register(connection, feed, period, seq, mends is None, mends)
            if replaces is not None:
                connection.execute(
                    sql.SQL("update {} set is_current = false, superseded_by = %s where period = %s").format(
                        sql.Identifier("core", feed)
                    ),
                    [submission_id, period],
                )
            for position, (key, changes) in enumerate(rows, start=10):
                _insert_row(connection, feed, period, submission_id, position, key, changes)
            for position, held in enumerate(quarantined, start=500):
                connection.execute(
                    "insert into quarantine.quarantined_row (submission_id, sheet, source_row, feed, "
                    "reporting_unit, period, row_key, codes) "
                    "values (%s, 'Biểu', %s, %s, %s, %s, %s, '{bad-number}')",
                    [submission_id, position, feed, feed, period, None if held is None else _texts(held)],
                )
            if mends is not None or replaces is not None:
                connection.execute(
                    "update quarantine.quarantined_row set closed_by = %(by)s, closed_at = now() "
                    "where feed = %(feed)s and period = %(period)s and submission_id <> %(by)s "
                    "and closed_by is null and (%(all)s or to_jsonb(row_key) = any(%(keys)s))",
                    {
                        "by": submission_id,
                        "feed": feed,
                        "period": period,
                        "all": replaces is not None,
                        "keys": [Jsonb(_texts(key)) for key, _ in rows],
                    },
                )
            _mark(connection, feed, period)
        return submission_id

    return load


@pytest.fixture
def submit_records(warehouse: psycopg.Connection, sequence: Iterator[int]) -> Submit:
    """Return a function that loads versions of health records of a period, and returns the submission.

    Each version is `(record, person, changes to the ordinary row)`; persons are invented names, stored as
    hashes. The newest version of a record is in the feed's table, the others are in its history.
    """

    def load(period: str, versions: Sequence[tuple[str, str, dict[str, Any]]], key_version: int = 1) -> int:
        seq = next(sequence)
        with warehouse.transaction():
            submission_id = _register(warehouse, "health_records", period, seq, False, None)
            for position, (record, person, changes) in enumerate(versions, start=2):
                version = {
                    "submission_id": submission_id,
                    "received_seq": seq,
                    "source_row": position,
                    "period": period,
                    "hash_key_version": key_version,
                    "record_id": record,
                    "citizen_id_hash": hashlib.blake2b(
                        person.encode(), digest_size=16, key=bytes([key_version])
                    ).digest(),
                    **ORDINARY_ROW["health_records"],
                    **changes,
                }
                _place(warehouse, version)
            _mark(warehouse, "health_records", period)
        return submission_id

    return load


@pytest.fixture
def owner(settings: Settings, warehouse: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """Return a connection as dx_owner whose work is undone."""
    with connect(settings, "owner") as connection:
        connection.execute("set role dx_owner")
        yield connection
        connection.rollback()


@pytest.fixture
def bi(settings: Settings, warehouse: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """Return a connection as dx_bi_reader, in autocommit mode."""
    with connect(settings, "bi", autocommit=True) as connection:
        yield connection


def _register(
    connection: psycopg.Connection, feed: str, period: str, seq: int, is_current: bool, mends: int | None
) -> int:
    """Write a file and its submission into the ledger."""
    submission_id: int = connection.execute(
        "insert into ledger.submission (feed, department_code, reporting_unit, period, state, "
        "is_current, mends_submission_id) "
        "values (%s, %s, %s, %s, 'loaded', %s, %s) returning submission_id",
        [feed, "so-y-te", feed, period, is_current, mends],
    ).fetchone()[0]  # type: ignore[index]
    connection.execute(
        "insert into ledger.delivery (received_seq, folder, department_code, feed, reporting_unit, "
        "file_name, claim_token, sha256, size_bytes, submission_id) "
        "values (%s, '', 'so-y-te', %s, %s, %s, %s, %s, 1, %s)",
        [seq, feed, feed, f"báo cáo {seq}.xlsx", f"claim {seq}", f"{seq:064x}", submission_id],
    )
    return submission_id


def _mark(connection: psycopg.Connection, feed: str, period: str) -> None:
    connection.execute(
        "insert into ledger.mart_refresh (feed, period) values (%s, %s) "
        "on conflict (feed, period) do update set marked_at = now()",
        [feed, period],
    )


def _place(connection: psycopg.Connection, version: dict[str, Any]) -> None:
    """Put a version of a record where its day and order of arrival belong."""
    record = [version["record_id"]]
    stored = connection.execute(
        "select updated_on, received_seq from core.health_records where record_id = %s", record
    ).fetchone()
    newer = stored is None or (version["updated_on"], version["received_seq"]) > stored
    if stored is not None and newer:
        connection.execute(
            "with replaced as (delete from core.health_records where record_id = %s returning *) "
            "insert into core.health_records_history select * from replaced",
            record,
        )
    _insert(connection, "health_records" if newer else "health_records_history", version)


def _values(key: Key) -> tuple[Any, ...]:
    return key if isinstance(key, tuple) else (key,)


def _texts(key: Key) -> list[str]:
    return [str(value) for value in _values(key)]


def _insert_row(
    connection: psycopg.Connection,
    feed: str,
    period: str,
    submission_id: int,
    position: int,
    key: Key,
    changes: dict[str, Any],
) -> None:
    values = {
        "submission_id": submission_id,
        "source_sheet": "Biểu",
        "source_row": position,
        "reporting_unit": feed,
        "period": period,
        **dict(zip(contracts()[feed].key, _values(key), strict=True)),
        **ORDINARY_ROW[feed],
        **changes,
    }
    _insert(connection, feed, values)


def _insert(connection: psycopg.Connection, table: str, values: dict[str, Any]) -> None:
    connection.execute(
        sql.SQL("insert into {} ({}) values ({})").format(
            sql.Identifier("core", table),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join([sql.Placeholder()] * len(values)),
        ),
        list(values.values()),
    )
