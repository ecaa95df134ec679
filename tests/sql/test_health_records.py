"""What is counted of the health records, by period, station and commune. Every person here is invented."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from dxpipeline.indicators import refresh as refresh_module
from dxpipeline.indicators.models import Model, models
from dxpipeline.indicators.refresh import RefreshError, refresh
from dxpipeline.indicators.report import current_values, evidence

Submit = Callable[..., int]
Version = tuple[str, str, dict[str, Any]]

# Hàm Rồng and Nam Ngạn of 2021 are parts of today's Hàm Rồng (14758); Đông Thọ was split.
HAM_RONG, NAM_NGAN, DONG_THO = "14755", "14761", "14758"


def group(name: str, size: int, **changes: Any) -> list[Version]:
    """Return a record each of so many persons."""
    return [(f"HS-{name}-{number:04d}", f"{name} {number}", changes) for number in range(size)]


def again(versions: list[Version], **changes: Any) -> list[Version]:
    """Return later versions of the same records."""
    return [(record, person, {**former, **changes}) for record, person, former in versions]


def copies(versions: list[Version], **changes: Any) -> list[Version]:
    """Return second records of the same persons."""
    return [(f"{record}-2", person, {**former, **changes}) for record, person, former in versions]


def values(connection: psycopg.Connection, indicator: str) -> dict[str, tuple[Any, ...]]:
    rows = connection.execute(
        "select period, numerator, denominator, value from mart.fct_indicator_value "
        "where indicator_code = %s order by period",
        [indicator],
    )
    return {period: tuple(rest) for period, *rest in rows}


def stations(connection: psycopg.Connection, period: str = "2021-Q2") -> dict[str, int]:
    return dict(
        connection.execute(
            "select station_code, person_count from mart.health_record_station where period = %s", [period]
        )
    )


def rows(connection: psycopg.Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


def test_a_person_with_several_records_counts_once_in_the_province_and_in_each_station(
    warehouse: psycopg.Connection, submit_records: Submit
) -> None:
    persons = group("A", 10)
    submit_records(
        "2021-Q2",
        [*persons, *copies(persons[:5]), *copies(persons[5:], station_code="38002"), *group("B", 10)],
    )
    refresh(warehouse)
    assert values(warehouse, "EHR_POP")["2021-Q2"][0] == 20
    assert values(warehouse, "EHR_RECORDS_PER_PERSON") == {"2021-Q2": (30, 20, Decimal("1.5"))}
    assert stations(warehouse) == {"38001": 20, "38002": 5}


def test_the_share_of_the_population_is_that_of_the_year_of_the_period(
    warehouse: psycopg.Connection, submit_records: Submit
) -> None:
    submit_records("2021-Q2", group("A", 10))
    submit_records("2025-Q2", group("B", 10, updated_on=date(2025, 5, 1)))
    refresh(warehouse)
    share = values(warehouse, "EHR_POP")
    assert share["2021-Q2"] == (10, None, None)
    assert share["2025-Q2"][:2] == (20, 3_760_650)
    assert share["2025-Q2"][2] == pytest.approx(Decimal(100 * 20) / 3_760_650)


def test_the_national_target_is_judged_by_the_latest_period(
    warehouse: psycopg.Connection, submit_records: Submit
) -> None:
    submit_records("2025-Q2", group("A", 10))
    refresh(warehouse)
    (shown,) = (row for row in current_values(warehouse) if row["indicator_code"] == "EHR_POP")
    assert (shown["document"], shown["target_value"], shown["status"]) == ("QD-5349-2019", 95, "not_reached")


def test_a_later_period_without_a_share_does_not_replace_the_last_one_that_has_one(
    warehouse: psycopg.Connection, submit_records: Submit
) -> None:
    # No population of 2026 is published yet, which is what the share of a period of that year lacks.
    submit_records("2025-Q4", group("A", 10))
    submit_records("2026-Q1", group("B", 10, updated_on=date(2026, 2, 1)))
    refresh(warehouse)
    assert values(warehouse, "EHR_POP")["2026-Q1"] == (20, None, None)
    (shown,) = (row for row in current_values(warehouse) if row["indicator_code"] == "EHR_POP")
    assert (shown["period"], shown["numerator"], shown["status"]) == ("2025-Q4", 10, "not_reached")


def test_before_any_record_nothing_is_said(warehouse: psycopg.Connection) -> None:
    warehouse.execute("insert into ledger.mart_refresh (feed, period) values ('health_records', '2021-Q2')")
    refresh(warehouse)
    assert values(warehouse, "EHR_POP") == {}
    assert rows(warehouse, "select * from mart.fct_health_record_province") == []


def test_a_period_shows_each_record_as_it_was_then(
    warehouse: psycopg.Connection, submit_records: Submit
) -> None:
    first = group("A", 15)
    submit_records("2021-Q2", first)
    moved = again(first[:10], station_code="38002", updated_on=date(2021, 8, 1))
    submit_records("2021-Q3", moved)
    back = again(first[:5], station_code="38003", updated_on=date(2021, 11, 1))
    submit_records("2021-Q4", [*back, *group("B", 10, station_code="38002")])
    refresh(warehouse)
    assert stations(warehouse, "2021-Q2") == {"38001": 15}
    assert stations(warehouse, "2021-Q3") == {"38001": 5, "38002": 10}
    assert stations(warehouse, "2021-Q4") == {"38001": 5, "38002": 15, "38003": 5}
    assert {period: value[0] for period, value in values(warehouse, "EHR_POP").items()} == {
        "2021-Q2": 15,
        "2021-Q3": 15,
        "2021-Q4": 25,
    }


def test_of_two_versions_of_one_day_the_one_that_came_later_counts(
    warehouse: psycopg.Connection, submit_records: Submit
) -> None:
    first = group("A", 5)
    submit_records("2021-Q2", first)
    submit_records("2021-Q2", again(first, station_code="38002"))
    submit_records("2021-Q3", again(first, station_code="38003", updated_on=date(2021, 9, 1)))
    refresh(warehouse)
    assert stations(warehouse, "2021-Q2") == {"38002": 5}
    assert stations(warehouse, "2021-Q3") == {"38003": 5}


def test_a_late_report_of_an_earlier_period_changes_every_later_one(
    warehouse: psycopg.Connection, submit_records: Submit
) -> None:
    submit_records("2021-Q2", group("A", 6))
    submit_records("2021-Q3", [])
    submit_records("2021-Q4", group("B", 6, updated_on=date(2021, 11, 1)))
    refresh(warehouse)
    submit_records("2021-Q3", group("C", 6, updated_on=date(2021, 8, 1)))
    assert refresh(warehouse) == [("health_records", "2021-Q3"), ("health_records", "2021-Q4")]
    persons = {period: value[0] for period, value in values(warehouse, "EHR_POP").items()}
    assert persons == {"2021-Q2": 6, "2021-Q3": 12, "2021-Q4": 18}
    assert rows(warehouse, "select * from ledger.mart_refresh") == []


def test_marks_of_several_periods_are_computed_once_each(
    warehouse: psycopg.Connection, submit_records: Submit
) -> None:
    for period in ("2021-Q4", "2021-Q2", "2021-Q3"):
        submit_records(period, group(period, 6))
    computed = [("health_records", period) for period in ("2021-Q2", "2021-Q3", "2021-Q4")]
    assert refresh(warehouse) == computed
    assert refresh(warehouse) == []
    assert refresh(warehouse, everything=True) == computed


def test_a_failing_later_period_leaves_every_mark_and_value(
    warehouse: psycopg.Connection, submit_records: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit_records("2021-Q2", group("A", 6))
    submit_records("2021-Q3", group("B", 6))
    refresh(warehouse)
    submit_records("2021-Q2", group("C", 6))
    broken = Model(
        "broken",
        "none",
        "evidence",
        frozenset({"health_records"}),
        frozenset({"period"}),
        None,
        "select 1 / (%(period)s <> '2021-Q3')::int",
    )
    monkeypatch.setattr(refresh_module, "models", lambda: (*models(), broken))
    with pytest.raises(RefreshError, match=r"health_records 2021-Q2 \(division by zero\)"):
        refresh(warehouse)
    assert rows(warehouse, "select feed, period from ledger.mart_refresh") == [("health_records", "2021-Q2")]
    assert {period: value[0] for period, value in values(warehouse, "EHR_POP").items()} == {
        "2021-Q2": 6,
        "2021-Q3": 12,
    }
    monkeypatch.undo()
    refresh(warehouse)
    assert values(warehouse, "EHR_POP")["2021-Q3"][0] == 18


def test_what_is_staged_for_the_count_is_gone_afterwards(
    warehouse: psycopg.Connection, submit_records: Submit
) -> None:
    submit_records("2021-Q2", group("A", 6))
    refresh(warehouse)
    assert rows(warehouse, "select 1 from pg_class where relnamespace = 'staging'::regnamespace") == []


def test_a_commune_of_the_time_is_shown_under_the_name_it_bore_when_the_record_was_updated(
    warehouse: psycopg.Connection, submit_records: Submit
) -> None:
    submit_records(
        "2025-Q4",
        [
            *group("A", 5, commune_code=DONG_THO),
            *group("B", 10, commune_code=DONG_THO, updated_on=date(2025, 9, 1)),
        ],
    )
    refresh(warehouse)
    shown = "select commune_name, person_count from mart.health_record_commune order by person_count"
    assert rows(warehouse, shown) == [("Phường Đông Thọ", 5), ("Phường Hàm Rồng", 10)]


def test_former_communes_are_added_up_in_the_commune_that_holds_them_today_and_a_person_counts_once(
    warehouse: psycopg.Connection, submit_records: Submit
) -> None:
    persons = group("A", 10, commune_code=HAM_RONG)
    submit_records(
        "2025-Q4",
        [
            *persons,
            *copies(persons[:5], commune_code=NAM_NGAN),
            *group("B", 5, commune_code="14758", updated_on=date(2025, 9, 1)),
        ],
    )
    refresh(warehouse)
    assert rows(
        warehouse,
        "select commune_code, commune_name, person_count, split_commune_count "
        "from mart.health_record_commune_today",
    ) == [("14758", "Phường Hàm Rồng", 15, 1)]


def test_residents_of_a_commune_that_was_split_are_in_no_commune_of_today(
    warehouse: psycopg.Connection, submit_records: Submit
) -> None:
    submit_records("2021-Q2", [*group("A", 5, commune_code=DONG_THO), *group("B", 10, commune_code=HAM_RONG)])
    refresh(warehouse)
    shown = "select commune_code, person_count from mart.health_record_commune_today order by person_count"
    assert rows(warehouse, shown) == [(None, 5), ("14758", 10)]


def test_every_commune_is_one_of_today_or_split(warehouse: psycopg.Connection) -> None:
    counted = "select count(distinct commune_key), count(distinct today_commune_key) from mart.commune_today"
    assert rows(warehouse, f"{counted} where not is_split") == [(741, 166)]
    assert rows(warehouse, f"{counted} where is_split")[0][0] == 11
    assert rows(warehouse, "select count(*) from mart.dim_commune") == [(752,)]


def test_a_record_of_an_unknown_commune_counts_without_one(
    warehouse: psycopg.Connection, submit_records: Submit
) -> None:
    submit_records("2021-Q2", [*group("A", 5, commune_code="99999"), *group("B", 10)])
    refresh(warehouse)
    shown = "select commune_code, commune_name, person_count from mart.health_record_commune order by 1"
    assert rows(warehouse, shown) == [(HAM_RONG, "Phường Hàm Rồng", 10), ("99999", None, 5)]
    assert values(warehouse, "EHR_POP")["2021-Q2"][0] == 15


def test_the_latest_station_report_up_to_the_period_is_the_denominator(
    warehouse: psycopg.Connection, submit: Submit, submit_records: Submit
) -> None:
    ham_rong, nam_ngan = {"commune_code": HAM_RONG}, {"commune_code": NAM_NGAN}
    submit("health_stations", "2021-Q1", [("38001", {**ham_rong, "population_managed": 20})])
    submit(
        "health_stations",
        "2021-Q3",
        [
            ("38001", {**ham_rong, "population_managed": 40}),
            ("38002", {**ham_rong, "population_managed": 10}),
            ("38003", {**nam_ngan, "population_managed": 50}),
        ],
    )
    submit_records("2021-Q2", group("A", 10))
    submit_records("2021-Q4", group("B", 10, station_code="38009"))
    refresh(warehouse)
    columns = "person_count, population_managed, round(coverage_pct, 1)"
    assert rows(
        warehouse, f"select period, station_code, {columns} from mart.health_record_station order by 1, 2"
    ) == [
        ("2021-Q2", "38001", 10, 20, 50),
        ("2021-Q4", "38001", 10, 40, 25),
        ("2021-Q4", "38009", 10, None, None),
    ]
    assert rows(
        warehouse, f"select period, station_count, {columns} from mart.health_record_commune order by 1"
    ) == [("2021-Q2", 1, 10, 20, 50), ("2021-Q4", 2, 20, 50, 40)]
    assert rows(
        warehouse, f"select period, station_count, {columns} from mart.health_record_commune_today order by 1"
    ) == [("2021-Q2", 1, 10, 20, 50), ("2021-Q4", 3, 20, 100, 20)]


def test_a_new_station_report_changes_the_shares_without_counting_the_records_again(
    warehouse: psycopg.Connection, submit: Submit, submit_records: Submit
) -> None:
    submit_records("2021-Q2", group("A", 10))
    refresh(warehouse)
    share = "select coverage_pct from mart.health_record_station"
    assert rows(warehouse, share) == [(None,)]
    submit("health_stations", "2021-Q2", [("38001", {"population_managed": 0})])
    assert refresh(warehouse) == [("health_stations", "2021-Q2")]
    assert rows(warehouse, share) == [(None,)]
    submit("health_stations", "2021-Q2", [("38001", {"population_managed": 40})], replaces=2)
    assert refresh(warehouse) == [("health_stations", "2021-Q2")]
    assert rows(warehouse, share) == [(25,)]


def test_hashes_of_two_versions_of_the_key_are_two_persons_and_the_period_says_so(
    warehouse: psycopg.Connection, submit_records: Submit
) -> None:
    persons = group("A", 6)
    submit_records("2021-Q2", persons)
    submit_records("2021-Q3", copies(persons), key_version=2)
    refresh(warehouse)
    columns = "period, person_count, hash_key_version_count"
    counted = rows(warehouse, f"select {columns} from mart.fct_health_record_province order by 1")
    assert counted == [("2021-Q2", 6, 1), ("2021-Q3", 12, 2)]


def test_a_value_leads_to_the_files_it_rests_on_and_to_no_person(
    warehouse: psycopg.Connection, bi: psycopg.Connection, submit_records: Submit
) -> None:
    persons = group("A", 10)
    first = submit_records("2021-Q2", persons)
    second = submit_records("2021-Q3", again(persons[:4], updated_on=date(2021, 8, 1)))
    submit_records("2021-Q4", group("B", 5))
    refresh(warehouse)
    for indicator in ("EHR_POP", "EHR_RECORDS_PER_PERSON"):
        files = evidence(bi, indicator, "2021-Q3")
        assert [(file.submission_id, file.file_name) for file in files] == [
            (first, "báo cáo 1.xlsx"),
            (second, "báo cáo 2.xlsx"),
        ]
        assert {(file.rows_used, file.quarantined_rows_used, file.rows) for file in files} == {(None, 0, ())}
