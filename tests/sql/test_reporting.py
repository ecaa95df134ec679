"""How reports stand: by the day, by what arrived of them, and by the units that they should name."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from dxpipeline.contracts import Owner, contracts
from dxpipeline.indicators.refresh import refresh
from dxpipeline.reference import communes_in_force
from dxpipeline.reporting import expected
from dxpipeline.reporting.calendar import extend_calendar, reports_on
from dxpipeline.reporting.expected import today
from dxpipeline.settings import Settings
from dxpipeline.warehouse.connection import connect

Submit = Callable[..., int]
HOSPITALS = "smart_hospitals"
DUE = date(2021, 4, 15)
"""The first quarter's report of the hospitals is due 15 days after 31 March."""


@pytest.fixture(autouse=True)
def _calendar_of_today(warehouse: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave the reports that are owed as the contracts say, whatever a test made of them."""
    extend_calendar(warehouse, today())
    yield
    monkeypatch.undo()
    extend_calendar(warehouse, today())


def received(connection: psycopg.Connection, submission: int, moment: str, **values: Any) -> None:
    """Say when the file of a submission came, and what else its delivery tells."""
    connection.execute(
        "update ledger.delivery set received_at = %s where submission_id = %s", [moment, submission]
    )
    for name, value in values.items():
        connection.execute(
            f"update ledger.delivery set {name} = %s where submission_id = %s".encode(), [value, submission]
        )


def report(
    connection: psycopg.Connection, on: date, feed: str = HOSPITALS, period: str = "2021-Q1"
) -> dict[str, Any]:
    with connection.cursor(row_factory=dict_row) as cursor:
        (row,) = cursor.execute(
            "select * from mart.report_calendar_on(%s) where feed = %s and period = %s", [on, feed, period]
        ).fetchall()
    return row


def state(connection: psycopg.Connection, on: date, feed: str = HOSPITALS, period: str = "2021-Q1") -> str:
    return str(report(connection, on, feed, period)["state"])


def units(
    connection: psycopg.Connection, feed: str, period: str
) -> tuple[int | None, int | None, float | None]:
    """Return how many units are expected and reported, and the completeness."""
    row = report(connection, today(), feed, period)
    percent = row["completeness_pct"]
    return row["expected_units"], row["reported_units"], None if percent is None else round(float(percent), 2)


def test_a_report_becomes_missing_when_the_day_passes_and_nothing_is_loaded(
    warehouse: psycopg.Connection,
) -> None:
    days = [DUE - timedelta(days=1), DUE, DUE + timedelta(days=1), DUE + timedelta(days=30)]
    found = [report(warehouse, day) for day in days]
    assert [(row["state"], row["days_late"], row["is_past_due"]) for row in found] == [
        ("not_due", None, False),
        ("not_due", None, False),
        ("missing", 1, True),
        ("missing", 30, True),
    ]
    assert (found[2]["rows_accepted"], found[2]["delivery_count"]) == (None, 0)


@pytest.mark.parametrize(
    ("moment", "expected_state", "days_late"),
    [
        ("2021-04-15 23:59+07", "on_time", 0),
        # Half past midnight in the province is still the day before in Greenwich.
        ("2021-04-15 17:30+00", "late", 1),
        ("2021-05-15 08:00+07", "late", 30),
        ("2021-03-20 08:00+07", "on_time", 0),
    ],
)
def test_a_report_is_on_time_by_the_day_on_which_its_file_came_to_the_province(
    warehouse: psycopg.Connection, submit: Submit, moment: str, expected_state: str, days_late: int
) -> None:
    received(warehouse, submit(HOSPITALS, "2021-Q1", [("38001", {})]), moment)
    refresh(warehouse)
    row = report(warehouse, date(2021, 12, 31))
    assert (row["state"], row["days_late"]) == (expected_state, days_late)


def test_the_calendar_of_an_earlier_day_does_not_know_what_came_later(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    received(warehouse, submit(HOSPITALS, "2021-Q1", [("38001", {})]), "2021-04-20 08:00+07")
    refresh(warehouse)
    assert state(warehouse, date(2021, 4, 15)) == "not_due"
    assert state(warehouse, date(2021, 4, 19)) == "missing"
    assert report(warehouse, date(2021, 4, 19))["first_received_at"] is None
    assert state(warehouse, date(2021, 4, 20)) == "late"


def test_a_correction_makes_a_report_neither_late_nor_earlier_and_counts_only_itself(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    first = submit(HOSPITALS, "2021-Q1", [("38001", {})], quarantined=["38002", "38003"])
    received(warehouse, first, "2021-04-10 08:00+07", rows_accepted=1)
    second = submit(HOSPITALS, "2021-Q1", [("38001", {}), ("38002", {})], replaces=first)
    received(warehouse, second, "2021-06-01 08:00+07", rows_accepted=2)
    mend = submit(HOSPITALS, "2021-Q1", [("38003", {})], mends=second)
    received(warehouse, mend, "2021-06-02 08:00+07", rows_accepted=1)
    refresh(warehouse)
    row = report(warehouse, date(2021, 12, 31))
    assert (row["state"], row["accepted_on"]) == ("on_time", date(2021, 4, 10))
    assert (row["submission_id"], row["rows_accepted"], row["rows_quarantined"]) == (second, 3, 0)
    assert row["delivery_count"] == 3


def test_a_refused_file_is_known_at_the_next_round_and_the_report_stays_missing(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    refused = submit(HOSPITALS, "2021-Q1", [])
    warehouse.execute(
        "update ledger.submission set state = 'rejected', is_current = false where submission_id = %s",
        [refused],
    )
    received(warehouse, refused, "2021-04-10 08:00+07", rows_accepted=0)
    warehouse.execute("delete from ledger.mart_refresh")
    # A mark is a computation of every mart; this is none.
    assert refresh(warehouse) == []
    row = report(warehouse, date(2021, 5, 1))
    assert (row["state"], row["delivery_count"], row["accepted_at"]) == ("missing", 1, None)
    assert row["first_received_at"] is not None

    accepted = submit(HOSPITALS, "2021-Q1", [("38001", {})])
    received(warehouse, accepted, "2021-05-05 08:00+07")
    refresh(warehouse)
    row = report(warehouse, date(2021, 12, 31))
    assert (row["state"], row["days_late"], row["delivery_count"]) == ("late", 20, 2)
    assert row["first_received_at"] < row["accepted_at"]


def test_a_copy_of_the_same_bytes_is_no_other_delivery(warehouse: psycopg.Connection, submit: Submit) -> None:
    submission = submit(HOSPITALS, "2021-Q1", [("38001", {})])
    received(warehouse, submission, "2021-04-20 08:00+07", rows_accepted=1)
    warehouse.execute(
        "insert into ledger.delivery (received_seq, received_at, folder, feed, file_name, claim_token, "
        "sha256, size_bytes, submission_id, verdict, decided_at, rows_read, rows_accepted, rows_quarantined, "
        "rows_skipped) "
        "values (99, '2021-04-01', '', %s, 'x', 'x', 'x', 1, %s, 'duplicate', now(), 1, 1, 0, 0)",
        [HOSPITALS, submission],
    )
    refresh(warehouse)
    row = report(warehouse, today())
    assert (row["state"], row["delivery_count"], row["rows_accepted"]) == ("late", 1, 1)


@pytest.mark.parametrize(
    ("period", "end", "in_force"),
    [("2021-Q1", date(2021, 3, 14), 559), ("2025-Q2", date(2025, 6, 14), 547), ("2025-Q3", None, 166)],
)
def test_every_commune_in_force_at_the_periods_end_is_expected(
    warehouse: psycopg.Connection, submit: Submit, period: str, end: date | None, in_force: int
) -> None:
    codes = sorted(communes_in_force(end or date(2025, 9, 14)))
    assert len(codes) == in_force
    rows: list[tuple[str, dict[str, Any]]] = [(code, {}) for code in codes]
    # A code held back is expected anyway, and one that is not in force is not expected at all.
    first = submit("broadband_coverage", period, rows[1:], quarantined=[codes[0], "99999", None])
    refresh(warehouse)
    complete = round(100 * (in_force - 1) / in_force, 2)
    assert units(warehouse, "broadband_coverage", period) == (in_force, in_force - 1, complete)
    assert state(warehouse, today(), "broadband_coverage", period) == "partial"
    submit("broadband_coverage", period, rows[:1], mends=first)
    refresh(warehouse)
    assert units(warehouse, "broadband_coverage", period) == (in_force, in_force, 100)
    assert state(warehouse, today(), "broadband_coverage", period) == "late"


def test_what_the_report_before_named_is_expected_again_rows_held_back_included(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submit(HOSPITALS, "2021-Q1", [("38001", {}), ("38002", {})], quarantined=["38003"])
    second = submit(HOSPITALS, "2021-Q3", [("38001", {})], quarantined=["38002", None])
    refresh(warehouse)
    # The row without a key may be 38003: it is none besides those that are known.
    assert units(warehouse, HOSPITALS, "2021-Q3") == (3, 1, 33.33)
    # A hospital that is new is expected because it is reported.
    submit(HOSPITALS, "2021-Q3", [("38001", {}), ("38002", {}), ("38009", {})], replaces=second)
    refresh(warehouse)
    assert units(warehouse, HOSPITALS, "2021-Q3") == (4, 3, 75)


def test_the_first_report_is_measured_by_itself(warehouse: psycopg.Connection, submit: Submit) -> None:
    submit(HOSPITALS, "2021-Q1", [("38001", {})], quarantined=["38002", "38002", None, None])
    refresh(warehouse)
    # Copies of a key are one hospital, rows without a key are one each.
    assert units(warehouse, HOSPITALS, "2021-Q1") == (4, 1, 25)


def test_an_earlier_report_that_comes_or_changes_later_is_measured_by(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submit(HOSPITALS, "2021-Q2", [("38001", {})])
    refresh(warehouse)
    assert units(warehouse, HOSPITALS, "2021-Q2") == (1, 1, 100)
    first = submit(HOSPITALS, "2021-Q1", [("38001", {}), ("38002", {})])
    assert refresh(warehouse) == [(HOSPITALS, "2021-Q1")]
    assert units(warehouse, HOSPITALS, "2021-Q2") == (2, 1, 50)
    submit(HOSPITALS, "2021-Q1", [("38001", {})], replaces=first)
    refresh(warehouse)
    assert units(warehouse, HOSPITALS, "2021-Q2") == (1, 1, 100)


def test_of_versions_of_records_no_report_is_kept_so_that_completeness_is_unknown(
    warehouse: psycopg.Connection, submit: Submit, submit_records: Submit
) -> None:
    submit("health_stations", "2021-Q1", [("38001", {}), ("38003", {})])
    submit_records("2021-Q2", [("R1", "A", {}), ("R2", "B", {"station_code": "38002"})])
    refresh(warehouse)
    assert units(warehouse, "health_records", "2021-Q2") == (None, None, None)
    assert state(warehouse, today(), "health_records", "2021-Q2") == "late"


def test_completeness_is_unknown_where_the_contract_expects_nothing(
    warehouse: psycopg.Connection, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = {HOSPITALS: dataclasses.replace(contracts()[HOSPITALS], expected_units=None)}
    submit(HOSPITALS, "2021-Q1", [("38001", {})], quarantined=["38002"])
    for module in ("dxpipeline.indicators.refresh", "dxpipeline.reporting.facts"):
        monkeypatch.setattr(f"{module}.contracts", lambda: {**contracts(), **silent})
    refresh(warehouse)
    row = report(warehouse, today())
    assert (row["expected_units"], row["reported_units"], row["completeness_pct"]) == (None, None, None)
    assert (row["state"], row["rows_quarantined"]) == ("late", 1)


def test_a_report_is_owed_by_the_department_that_answered_at_the_periods_end(
    warehouse: psycopg.Connection,
) -> None:
    owed = {
        row["period"]: row["department_code"]
        for row in reports_on(warehouse, date(2025, 12, 31))
        if row["feed"] == "broadband_coverage"
    }
    assert (owed["2021-Q1"], owed["2024-Q4"], owed["2025-Q1"]) == ("so-tt-tt", "so-tt-tt", "so-kh-cn")


def test_departments_that_report_for_themselves_have_a_report_each(
    warehouse: psycopg.Connection, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    owners = (Owner("so-y-te", None, None), Owner("vp-ubnd", None, None))
    each = dataclasses.replace(contracts()[HOSPITALS], unit_is_department=True, owners=owners)
    monkeypatch.setattr(expected, "contracts", lambda: {**contracts(), HOSPITALS: each})
    extend_calendar(warehouse, today())
    submit(HOSPITALS, "2021-Q1", [("38001", {})], quarantined=["38002"])
    for table in ("ledger.submission", "core.smart_hospitals", "quarantine.quarantined_row"):
        warehouse.execute(f"update {table} set reporting_unit = 'vp-ubnd'".encode())
    refresh(warehouse)
    found = warehouse.execute(
        "select reporting_unit, department_code, state, reported_units, expected_units "
        "from mart.report_calendar where feed = %s and period = '2021-Q1' order by 1",
        [HOSPITALS],
    ).fetchall()
    assert found == [
        ("so-y-te", "so-y-te", "missing", None, None),
        ("vp-ubnd", "vp-ubnd", "partial", 1, 2),
    ]


def test_the_calendar_of_today_is_that_of_the_day_in_the_province(
    settings: Settings, warehouse: psycopg.Connection
) -> None:
    with connect(settings, "bi", autocommit=True) as bi:
        shown = bi.execute("select feed, period, state from mart.report_calendar order by 1, 2").fetchall()
        ahead = bi.execute("select max(period_start_on) from mart.dim_report").fetchone()
    known = [(row["feed"], row["period"], row["state"]) for row in reports_on(warehouse, today())]
    assert shown == sorted(known)
    # What is to come is written down already, so that a night without a run leaves no gap.
    assert ahead is not None
    assert ahead[0] > today() + timedelta(days=200)


def test_extending_writes_only_what_differs(
    warehouse: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert extend_calendar(warehouse, today()) == 0
    assert extend_calendar(warehouse, today() + timedelta(days=366)) > 0
    extend_calendar(warehouse, today())
    later = dataclasses.replace(contracts()[HOSPITALS], due_days=20, reports_from=date(2022, 1, 1))
    monkeypatch.setattr(expected, "contracts", lambda: {**contracts(), HOSPITALS: later})
    quarters = warehouse.execute(
        "select count(*) from mart.dim_report where feed = %s", [HOSPITALS]
    ).fetchone()
    assert quarters is not None
    # Four quarters are owed no more, the others are due on another day.
    assert extend_calendar(warehouse, today()) == quarters[0]
    assert report(warehouse, today(), period="2022-Q1")["due_on"] == date(2022, 4, 20)
    left = warehouse.execute(
        "select min(period) from mart.dim_report where feed = %s", [HOSPITALS]
    ).fetchone()
    assert left == ("2022-Q1",)


def test_rates_are_ratios_of_sums(warehouse: psycopg.Connection, submit: Submit) -> None:
    one = submit(HOSPITALS, "2021-Q1", [("38001", {})])
    received(warehouse, one, "2021-04-01 08:00+07")
    rows: list[tuple[str, dict[str, Any]]] = [
        (code, {}) for code in sorted(communes_in_force(date(2021, 3, 14)))
    ]
    two = submit("broadband_coverage", "2021-Q1", rows[:279])
    received(warehouse, two, "2021-04-20 08:00+07")
    refresh(warehouse)
    with warehouse.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute("select * from mart.reporting_rate where period = '2021-Q1'").fetchall()
    by = {(row["feed"], row["department_code"]): row for row in found}
    counts = ("due_count", "on_time_count", "late_count", "missing_count", "measured_count", "complete_count")
    everything = by[None, None]
    # Of seven quarterly reports one came in time and complete, one late and in part, and five are missing;
    # of four of these nobody knows what a complete one would be.
    assert [everything[name] for name in counts] == [7, 1, 1, 5, 3, 1]
    assert everything["on_time_pct"] == pytest.approx(Decimal(100) / 7)
    assert everything["complete_pct"] == pytest.approx(Decimal(100) / 3)
    measured = warehouse.execute(
        "select indicator_code, numerator, denominator from mart.fct_indicator_value "
        "where indicator_code like 'REPORT%%' and period = '2021-Q1' order by 1"
    ).fetchall()
    assert measured == [("REPORT_COMPLETE", 1, 3), ("REPORT_ON_TIME", 1, 7)]
    behind = (
        "select distinct submission_id from mart.fct_indicator_source where indicator_code = 'REPORT_ON_TIME'"
    )
    assert sorted(warehouse.execute(behind).fetchall()) == [(one,), (two,)]
    # A correction is no other first file, and what is not measured is no evidence of completeness.
    three = submit(HOSPITALS, "2021-Q1", [("38001", {})], replaces=one)
    other = submit("st_enterprises", "2021-Q1", [("2800000019", {})])
    received(warehouse, three, "2021-09-01 08:00+07")
    received(warehouse, other, "2021-03-20 08:00+07")
    refresh(warehouse)
    assert sorted(warehouse.execute(behind).fetchall()) == [(one,), (two,), (other,)]
    complete = behind.replace("ON_TIME", "COMPLETE")
    assert sorted(warehouse.execute(complete).fetchall()) == [(two,), (three,)]
    # 280 of 560 units, where the mean of 100 % and 49.9 % would be another number.
    assert (everything["reported_units"], everything["expected_units"]) == (280, 560)
    assert everything["completeness_pct"] == 50
    assert everything["due_on"] == DUE
    assert [by[None, "so-y-te"][name] for name in counts] == [3, 1, 0, 2, 2, 1]
    assert [by["broadband_coverage", None][name] for name in counts] == [1, 0, 1, 0, 1, 0]
    assert [by["broadband_coverage", "so-tt-tt"][name] for name in counts] == [1, 0, 1, 0, 1, 0]
    assert by["health_stations", None]["completeness_pct"] is None
    feeds = [feed for feed, one in contracts().items() if one.cadence == "quarterly"]
    owners = {feed: expected.answering_departments(contracts()[feed], date(2021, 3, 20))[0] for feed in feeds}
    assert by.keys() == {
        (None, None),
        *((feed, None) for feed in feeds),
        *((None, owner) for owner in owners.values()),
        *owners.items(),
    }


def test_a_report_that_is_not_due_yet_is_in_no_rate(warehouse: psycopg.Connection) -> None:
    due = warehouse.execute(
        "select sum(due_count) from mart.reporting_rate where feed is null and department_code is null"
    ).fetchone()
    shown = warehouse.execute(
        "select count(*) from mart.report_calendar where due_on < %s", [today()]
    ).fetchone()
    everything = warehouse.execute("select count(*) from mart.report_calendar").fetchone()
    assert due == shown
    assert everything is not None
    assert shown is not None
    assert everything[0] > shown[0] > 60


def test_a_rate_is_of_the_day_on_which_its_quarter_of_the_calendar_ends(
    warehouse: psycopg.Connection,
) -> None:
    refresh(warehouse)
    measured = warehouse.execute(
        "select distinct period, period_end_on from mart.fct_indicator_value "
        "where indicator_code = 'REPORT_ON_TIME' and period in ('2021-Q1', '2024-Q4') order by 1"
    ).fetchall()
    assert measured == [("2021-Q1", date(2021, 3, 31)), ("2024-Q4", date(2024, 12, 31))]
