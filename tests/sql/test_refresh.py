"""Marks are drained without losing one, whatever loads and other refreshes do meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from dxpipeline.indicators import refresh as refresh_module
from dxpipeline.indicators.models import LEDGER, Model, models
from dxpipeline.indicators.refresh import RefreshError, refresh, wait_until_idle
from dxpipeline.settings import Settings
from dxpipeline.warehouse.connection import connect
from dxpipeline.warehouse.sql_files import read_sql

Submit = Callable[..., int]

SMART = {"it_level": 6}


@pytest.fixture
def other(settings: Settings, warehouse: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """Return a second writer, inside a transaction."""
    with connect(settings, "writer") as connection:
        connection.execute("select 1")
        yield connection


def marks(connection: psycopg.Connection) -> list[tuple[str, str]]:
    return connection.execute("select feed, period from ledger.mart_refresh order by 1, 2").fetchall()


def smart_hospitals(connection: psycopg.Connection, period: str = "2021-Q1") -> int | None:
    row = connection.execute(
        "select value from mart.fct_indicator_value where indicator_code = 'SMART_HOSP_P' and period = %s",
        [period],
    ).fetchone()
    return None if row is None else int(row[0])


def wait_until_blocked(connection: psycopg.Connection, number: int) -> None:
    """Wait until this many sessions wait for a lock of the database."""
    deadline = time.monotonic() + 20
    waiting = (
        "select count(*) from pg_stat_activity "
        "where wait_event_type = 'Lock' and datname = current_database()"
    )
    while connection.execute(waiting).fetchone() != (number,):
        assert time.monotonic() < deadline, "nobody waits"
        time.sleep(0.02)


def test_only_marked_feeds_and_periods_are_computed(warehouse: psycopg.Connection, submit: Submit) -> None:
    submit("smart_hospitals", "2021-Q1", [("38001", SMART)])
    submit("smart_hospitals", "2021-Q2", [("38001", SMART)])
    submit("broadband_coverage", "2021-Q1", [("14758", {})])
    assert refresh(warehouse) == [
        ("smart_hospitals", "2021-Q1"),
        ("smart_hospitals", "2021-Q2"),
        ("broadband_coverage", "2021-Q1"),
    ]
    assert marks(warehouse) == []
    # The rates of the reports themselves follow the clock and are computed in every round.
    when = (
        "select indicator_code || period, computed_at from mart.fct_indicator_value "
        "where indicator_code not like 'REPORT%%'"
    )
    computed: dict[str, object] = dict(warehouse.execute(when))
    submit("smart_hospitals", "2021-Q2", [("38002", SMART)], mends=2)
    assert refresh(warehouse) == [("smart_hospitals", "2021-Q2")]
    again: dict[str, object] = dict(warehouse.execute(when))
    assert [key for key in again if again[key] != computed[key]] == ["SMART_HOSP_P2021-Q2"]
    assert refresh(warehouse) == []


def test_computing_again_changes_nothing(warehouse: psycopg.Connection, submit: Submit) -> None:
    submit("smart_hospitals", "2021-Q1", [("38001", SMART), ("38101", {"hospital_tier": "district"})])
    submit("health_stations", "2021-Q1", [("38001", {})], quarantined=[None])
    submit("broadband_coverage", "2021-Q1", [("14758", {})])
    refresh(warehouse)

    def content() -> list[list[tuple[object, ...]]]:
        tables = (
            "dim_hospital",
            "dim_station",
            "fct_smart_hospital",
            "fct_health_station",
            "fct_broadband_commune",
        )
        evidence = ("fct_indicator_row", "fct_indicator_source")
        rows = [
            sorted(warehouse.execute(f"select * from mart.{table}").fetchall(), key=str)
            for table in tables + evidence
        ]
        values = (
            "select indicator_code, period, numerator, denominator, value "
            "from mart.fct_indicator_value order by 1, 2"
        )
        return [*rows, warehouse.execute(values).fetchall()]

    before = content()
    assert all(before)
    assert len(refresh(warehouse, everything=True)) == 3
    assert content() == before


@pytest.mark.parametrize(
    ("feed", "dimension", "unit"),
    [
        ("smart_hospitals", "dim_hospital", "hospital_code"),
        ("health_stations", "dim_station", "station_code"),
    ],
)
def test_corrections_of_two_periods_that_wait_together_each_take_a_unit_away(
    warehouse: psycopg.Connection, submit: Submit, feed: str, dimension: str, unit: str
) -> None:
    first = submit(feed, "2021-Q1", [("38001", {}), ("38002", {})])
    second = submit(feed, "2021-Q2", [("38001", {}), ("38003", {})])
    refresh(warehouse)
    submit(feed, "2021-Q1", [("38001", {})], replaces=first)
    submit(feed, "2021-Q2", [("38001", {})], replaces=second)
    assert refresh(warehouse) == [(feed, "2021-Q1"), (feed, "2021-Q2")]
    shown = f"select {unit}, first_period, last_period from mart.{dimension}"
    assert warehouse.execute(shown.encode()).fetchall() == [("38001", "2021-Q1", "2021-Q2")]


def test_a_unit_is_dated_by_the_reports_that_count(warehouse: psycopg.Connection, submit: Submit) -> None:
    first = submit("smart_hospitals", "2021-Q1", [("38001", {"hospital_name": "Tên cũ"}), ("38002", {})])
    for period in ("2021-Q2", "2021-Q3"):
        submit("smart_hospitals", period, [("38001", {"hospital_name": "Tên mới"}), ("38002", {})])
    submit("smart_hospitals", "2021-Q1", [("38002", {})], replaces=first)
    refresh(warehouse)
    shown = (
        "select hospital_name, first_period, last_period from mart.dim_hospital where hospital_code = '38001'"
    )
    assert warehouse.execute(shown).fetchall() == [("Tên mới", "2021-Q2", "2021-Q3")]


def test_everything_marks_also_periods_whose_rows_are_gone(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submit("smart_hospitals", "2021-Q1", [("38001", SMART)])
    refresh(warehouse)
    warehouse.execute("delete from core.smart_hospitals")
    submit("smart_hospitals", "2021-Q2", [("38001", SMART)])
    warehouse.execute("delete from ledger.mart_refresh")
    assert sorted(refresh(warehouse, everything=True)) == [
        ("smart_hospitals", "2021-Q1"),
        ("smart_hospitals", "2021-Q2"),
    ]
    assert (smart_hospitals(warehouse, "2021-Q1"), smart_hospitals(warehouse, "2021-Q2")) == (None, 1)


def test_a_load_that_has_not_committed_is_left_to_the_next_round(
    warehouse: psycopg.Connection, other: psycopg.Connection, submit: Submit
) -> None:
    submit("smart_hospitals", "2021-Q1", [("38001", SMART)], on=other)
    assert refresh(warehouse) == []
    other.commit()
    assert refresh(warehouse) == [("smart_hospitals", "2021-Q1")]
    assert smart_hospitals(warehouse) == 1


def test_a_mark_that_a_load_is_renewing_stays_and_is_not_waited_for(
    warehouse: psycopg.Connection, other: psycopg.Connection, submit: Submit
) -> None:
    submit("smart_hospitals", "2021-Q1", [("38001", SMART)])
    submit("smart_hospitals", "2021-Q1", [("38002", SMART)], mends=1, on=other)
    warehouse.execute("set lock_timeout = '3s'")
    assert refresh(warehouse) == [("smart_hospitals", "2021-Q1")]
    assert smart_hospitals(warehouse) == 1
    other.commit()
    assert marks(warehouse) == [("smart_hospitals", "2021-Q1")]
    assert refresh(warehouse) == [("smart_hospitals", "2021-Q1")]
    assert smart_hospitals(warehouse) == 2


def test_a_load_that_commits_during_the_computation_leaves_its_mark_and_does_not_wait(
    settings: Settings, warehouse: psycopg.Connection, other: psycopg.Connection, submit: Submit
) -> None:
    submit("smart_hospitals", "2021-Q1", [("38001", SMART)])
    # Somebody's lock holds the computation up after it has read the mark.
    other.execute("lock table mart.fct_smart_hospital in share row exclusive mode")
    with connect(settings, "writer") as computing, ThreadPoolExecutor() as threads:
        computed = threads.submit(refresh, computing)
        wait_until_blocked(warehouse, 1)
        warehouse.execute("set lock_timeout = '3s'")
        submit("smart_hospitals", "2021-Q1", [("38002", SMART)], mends=1)
        other.commit()
        assert computed.result(timeout=20) == [("smart_hospitals", "2021-Q1")]
    assert marks(warehouse) == [("smart_hospitals", "2021-Q1")]
    assert refresh(warehouse) == [("smart_hospitals", "2021-Q1")]
    assert smart_hospitals(warehouse) == 2


def test_two_refreshes_at_once_take_turns(
    settings: Settings, warehouse: psycopg.Connection, submit: Submit
) -> None:
    periods = [f"{year}-Q{quarter}" for year in (2021, 2022, 2023) for quarter in (1, 2, 3, 4)]
    for period in periods:
        submit("smart_hospitals", period, [(f"38{number:03d}", SMART) for number in range(38)])
    with (
        connect(settings, "writer") as first,
        connect(settings, "writer") as second,
        ThreadPoolExecutor() as threads,
    ):
        results = [threads.submit(refresh, connection) for connection in (first, second)]
        computed = [period for result in results for _, period in result.result(timeout=60)]
    assert sorted(computed) == periods
    assert [smart_hospitals(warehouse, period) for period in periods] == [38] * 12


def test_who_waits_for_a_refresh_at_work_is_let_go_at_its_end(
    settings: Settings, warehouse: psycopg.Connection
) -> None:
    with connect(settings, "writer") as waiting, ThreadPoolExecutor() as threads:
        warehouse.execute(read_sql("indicators/lock_marts"))
        waited = threads.submit(wait_until_idle, waiting)
        try:
            with pytest.raises(TimeoutError):
                waited.result(timeout=0.5)
        finally:
            warehouse.execute(read_sql("indicators/unlock_marts"))
        waited.result(timeout=60)


def test_a_failing_model_leaves_its_mark_and_the_values_before_and_lets_others_go_on(
    warehouse: psycopg.Connection, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit("smart_hospitals", "2021-Q1", [("38001", SMART)])
    refresh(warehouse)
    submit("smart_hospitals", "2021-Q1", [("38002", SMART)], mends=1)
    submit("broadband_coverage", "2021-Q1", [("14758", {})])
    broken = Model(
        "broken", "none", "indicator", frozenset({"smart_hospitals"}), frozenset(), None, "select 1 / 0"
    )
    monkeypatch.setattr(refresh_module, "models", lambda: (*models(), broken))
    with pytest.raises(RefreshError, match=r"smart_hospitals 2021-Q1 \(division by zero\).*marks stay"):
        refresh(warehouse)
    assert marks(warehouse) == [("smart_hospitals", "2021-Q1")]
    assert smart_hospitals(warehouse) == 1
    assert warehouse.execute("select count(*) from mart.fct_broadband_commune").fetchone() == (1,)
    monkeypatch.undo()
    assert refresh(warehouse) == [("smart_hospitals", "2021-Q1")]
    assert smart_hospitals(warehouse) == 2


def test_a_mark_of_a_feed_without_contract_just_goes(warehouse: psycopg.Connection) -> None:
    warehouse.execute(
        "insert into ledger.mart_refresh (feed, period) values ('no_longer_collected', '2021-Q1')"
    )
    refresh(warehouse)
    assert marks(warehouse) == []


def test_inside_a_transaction_nothing_could_be_committed(other: psycopg.Connection) -> None:
    with pytest.raises(ValueError, match="commit or roll back first"):
        refresh(other)


def test_a_failing_model_of_the_ledger_is_told_and_the_feeds_are_computed(
    warehouse: psycopg.Connection, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit("smart_hospitals", "2021-Q1", [("38001", SMART)])
    broken = Model("broken", "none", "fact", frozenset({LEDGER}), frozenset(), None, "select 1 / 0")
    monkeypatch.setattr(refresh_module, "models", lambda: (*models(), broken))
    with pytest.raises(RefreshError, match=r"The marts of ledger \(division by zero\) could not be computed"):
        refresh(warehouse)
    assert smart_hospitals(warehouse) == 1
    assert marks(warehouse) == []
