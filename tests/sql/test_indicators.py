"""What the indicators say, computed by hand beside each test."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from dxpipeline.indicators.refresh import refresh
from dxpipeline.indicators.report import current_values

Submit = Callable[..., int]

ALL_VILLAGES = {"villages_total": 10, "villages_fixed_broadband": 10, "villages_4g": 10}
# Communes of 2021; 27 districts hold 559 of them.
COMMUNES = ("14755", "14758", "14761", "14764")


def values(connection: psycopg.Connection, indicator: str) -> dict[str, tuple[Any, ...]]:
    """Return numerator, denominator and value of an indicator by period."""
    rows = connection.execute(
        "select period, numerator, denominator, value from mart.fct_indicator_value "
        "where indicator_code = %s",
        [indicator],
    )
    return {period: tuple(rest) for period, *rest in rows}


def status(connection: psycopg.Connection, indicator: str) -> tuple[Any, ...]:
    row = next(row for row in current_values(connection) if row["indicator_code"] == indicator)
    return row["period"], row["value"], row["status"]


def station(has_system: bool) -> dict[str, Any]:
    return {"has_ehr_system": has_system, "software_name": "HSSK" if has_system else None}


def test_smart_hospitals_are_counted_by_tier_from_level_six(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submit(
        "smart_hospitals",
        "2021-Q1",
        [
            ("38001", {"it_level": 6}),
            ("38002", {"it_level": 7}),
            ("38003", {"it_level": 5}),
            ("38101", {"hospital_tier": "district", "it_level": 6}),
            ("38102", {"hospital_tier": "district", "it_level": 1}),
        ],
    )
    refresh(warehouse)
    assert values(warehouse, "SMART_HOSP_P") == {"2021-Q1": (2, 3, 2)}
    assert values(warehouse, "SMART_HOSP_D") == {"2021-Q1": (1, 2, 1)}
    assert status(warehouse, "SMART_HOSP_P") == ("2021-Q1", 2, "reached")
    assert status(warehouse, "SMART_HOSP_D") == ("2021-Q1", 1, "not_reached")


def test_a_deployed_electronic_medical_record_alone_makes_no_smart_hospital(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submit("smart_hospitals", "2021-Q1", [("38001", {"emr_level": "advanced", "it_level": 5})])
    refresh(warehouse)
    assert values(warehouse, "SMART_HOSP_P") == {"2021-Q1": (0, 1, 0)}


def test_a_tier_without_hospitals_has_no_value_rather_than_zero(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submit("smart_hospitals", "2021-Q1", [("38001", {"it_level": 6})])
    refresh(warehouse)
    assert values(warehouse, "SMART_HOSP_D") == {}
    assert status(warehouse, "SMART_HOSP_D") == (None, None, "no_data")


def test_before_any_file_only_what_others_published_is_known(warehouse: psycopg.Connection) -> None:
    assert refresh(warehouse) == []
    # That nothing came in time is a figure too.
    shown = [row for row in current_values(warehouse) if not row["indicator_code"].startswith("REPORT_")]
    published = {row["indicator_code"]: row["period"] for row in shown if row["vintage"] == "published"}
    assert published == {
        "DIG_ECON": "2023",
        "DTI": "2024",
        "LAB_PROD": "2025",
        "RD_FTE_10K": "2019",
        "RD_HEADCOUNT_10K": "2019",
        "ST_ENT_TOTAL": "2022",
        "TFP_SHARE": "2020",
    }
    others = [row for row in shown if row["indicator_code"] not in published]
    assert {row["value"] for row in others} == {None}
    assert {row["status"] for row in others} == {"no_data"}


def test_what_a_feed_brings_comes_before_what_others_published_later(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submit("st_enterprises", "2021-Q1", [("2800000000", {})])
    refresh(warehouse)
    assert status(warehouse, "ST_ENT_TOTAL") == ("2021-Q1", 1, "not_reached")


def test_what_no_feed_brings_is_shown_as_others_published_it(warehouse: psycopg.Connection) -> None:
    refresh(warehouse)
    (rank,) = (row for row in current_values(warehouse) if row["indicator_code"] == "DTI")
    assert (rank["period"], rank["vintage"], rank["value"], rank["numerator"]) == (
        "2024",
        "published",
        5,
        None,
    )
    # A rank is better the lower it is.
    assert (rank["target_value"], rank["direction"], rank["status"]) == (10, "at_most", "reached")
    years = warehouse.execute(
        "select year, value, method from mart.dim_observation where indicator_code = 'DTI'"
    )
    assert sorted((year, int(value)) for year, value, _ in years) == [
        (2020, 15), (2021, 12), (2022, 15), (2023, 11), (2024, 5),
    ]  # fmt: skip


def test_an_indicator_without_a_target_stands_last_with_its_value(
    warehouse: psycopg.Connection, submit_records: Submit
) -> None:
    submit_records("2021-Q2", [(f"record {n}", f"person {n}", {}) for n in range(5)])
    refresh(warehouse)
    shown = current_values(warehouse)
    (companion,) = (row for row in shown if row["indicator_code"] == "EHR_RECORDS_PER_PERSON")
    assert (companion["value"], companion["target_value"], companion["status"]) == (1, None, "no_target")
    targets = [row["document"] is None for row in shown]
    assert targets == sorted(targets)


def test_stations_with_a_system_are_shared_among_all_stations_in_force(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    rows = [("38001", station(True)), ("38002", station(True)), ("38003", station(False))]
    submit("health_stations", "2021-Q1", rows)
    refresh(warehouse)
    ((numerator, denominator, value),) = values(warehouse, "EHR_FAC").values()
    assert (numerator, denominator) == (2, 3)
    assert value == pytest.approx(Decimal(200) / 3)


def test_quarantined_stations_count_below_the_line_once_each(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    rows = [("38001", station(True)), ("38002", station(True)), ("38003", station(False))]
    # 38003 is current already; 38005 was copied; two rows have no code: 3 + 38004 + 38005 + 2 = 7.
    held = ["38003", "38004", "38005", "38005", None, None]
    submit("health_stations", "2021-Q1", rows, quarantined=held)
    refresh(warehouse)
    assert values(warehouse, "EHR_FAC")["2021-Q1"][:2] == (2, 7)


def test_quarantined_rows_of_other_periods_and_feeds_do_not_count(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submit("health_stations", "2021-Q1", [("38001", station(True))], quarantined=["38009"])
    submit("health_stations", "2021-Q2", [("38001", station(True))])
    submit("smart_hospitals", "2021-Q2", [("38001", {})], quarantined=["38777"])
    refresh(warehouse)
    assert values(warehouse, "EHR_FAC") == {"2021-Q1": (1, 2, 50), "2021-Q2": (1, 1, 100)}


def test_all_stations_with_a_system_reach_the_target_and_one_less_does_not(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    stations = [(f"38{number:03d}", station(True)) for number in range(559)]
    submit("health_stations", "2021-Q1", stations)
    refresh(warehouse)
    assert status(warehouse, "EHR_FAC") == ("2021-Q1", 100, "reached")
    submit("health_stations", "2021-Q2", [*stations[1:], ("38000", station(False))])
    refresh(warehouse)
    period, value, verdict = status(warehouse, "EHR_FAC")
    assert (period, verdict) == ("2021-Q2", "not_reached")
    assert value == pytest.approx(100 * 558 / 559)


def test_a_mend_adds_its_rows_and_closes_what_it_mends(warehouse: psycopg.Connection, submit: Submit) -> None:
    base = submit("health_stations", "2021-Q1", [("38001", station(True))], quarantined=["38002", None])
    refresh(warehouse)
    assert values(warehouse, "EHR_FAC")["2021-Q1"][:2] == (1, 3)
    submit("health_stations", "2021-Q1", [("38002", station(True))], mends=base)
    refresh(warehouse)
    assert values(warehouse, "EHR_FAC")["2021-Q1"][:2] == (2, 3)


def test_a_replacement_leaves_nothing_of_the_file_before(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    rows = [("38001", station(True)), ("38002", station(True))]
    first = submit("health_stations", "2021-Q1", rows, quarantined=["38003"])
    refresh(warehouse)
    assert values(warehouse, "EHR_FAC")["2021-Q1"][:2] == (2, 3)
    submit("health_stations", "2021-Q1", [("38001", station(False))], replaces=first)
    refresh(warehouse)
    assert values(warehouse, "EHR_FAC") == {"2021-Q1": (0, 1, 0)}
    assert warehouse.execute("select station_code from mart.dim_station").fetchall() == [("38001",)]


def test_a_period_whose_rows_are_gone_has_no_row(warehouse: psycopg.Connection, submit: Submit) -> None:
    submit("broadband_coverage", "2021-Q1", [("14758", ALL_VILLAGES)])
    refresh(warehouse)
    assert list(values(warehouse, "BB_COMMUNE")) == ["2021-Q1"]
    warehouse.execute("update core.broadband_coverage set is_current = false")
    warehouse.execute(
        "insert into ledger.mart_refresh (feed, period) values ('broadband_coverage', '2021-Q1')"
    )
    refresh(warehouse)
    assert values(warehouse, "BB_COMMUNE") == {}
    assert warehouse.execute("select count(*) from mart.fct_broadband_commune").fetchone() == (0,)
    behind = "select count(*) from mart.fct_indicator_source where indicator_code = 'BB_COMMUNE'"
    assert warehouse.execute(behind).fetchone() == (0,)


@pytest.mark.parametrize(
    ("fixed", "mobile", "covered", "strict", "loose"),
    [
        (10, 10, True, True, True),
        (9, 10, True, False, True),
        (1, 10, True, False, True),
        (0, 10, False, False, False),
        (10, 9, False, False, True),
        (1, 9, False, False, True),
        (0, 0, False, False, False),
    ],
)
def test_a_commune_is_covered_with_one_village_on_fibre_and_every_village_on_4g(
    warehouse: psycopg.Connection,
    submit: Submit,
    fixed: int,
    mobile: int,
    covered: bool,
    strict: bool,
    loose: bool,
) -> None:
    villages = {"villages_total": 10, "villages_fixed_broadband": fixed, "villages_4g": mobile}
    submit("broadband_coverage", "2021-Q1", [("14758", villages)])
    refresh(warehouse)
    flags = warehouse.execute(
        "select covered, covered_strict, covered_loose from mart.fct_broadband_commune"
    ).fetchone()
    assert flags == (covered, strict, loose)
    assert values(warehouse, "BB_COMMUNE")["2021-Q1"][0] == covered


@pytest.mark.parametrize(
    ("period", "in_force"),
    # The administrative quarter 2024-Q1 ends on 2024-03-14, 2025-Q2 on 2025-06-14, before the reform.
    [
        ("2021-Q1", 559),
        ("2023-Q4", 559),
        ("2024-Q1", 558),
        ("2025-Q1", 547),
        ("2025-Q2", 547),
        ("2025-Q3", 166),
    ],
)
def test_communes_in_force_on_the_last_day_of_the_period_are_the_denominator(
    warehouse: psycopg.Connection, submit: Submit, period: str, in_force: int
) -> None:
    submit("broadband_coverage", period, [("14758", ALL_VILLAGES)])
    refresh(warehouse)
    numerator, denominator, value = values(warehouse, "BB_COMMUNE")[period]
    assert (numerator, denominator) == (1, in_force)
    assert value == pytest.approx(Decimal(100) / in_force)


def test_a_commune_that_ends_on_the_last_day_of_the_period_is_no_longer_in_force(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submit("broadband_coverage", "2021-Q1", [(COMMUNES[0], ALL_VILLAGES), (COMMUNES[1], ALL_VILLAGES)])
    end = "update mart.dim_commune set valid_to = %s where commune_code = %s and valid_from = '2019-12-01'"
    warehouse.execute(end, ["2021-03-14", COMMUNES[0]])
    try:
        refresh(warehouse)
    finally:
        warehouse.execute(end, ["2025-07-01", COMMUNES[0]])
    assert values(warehouse, "BB_COMMUNE")["2021-Q1"][:2] == (1, 558)


def test_a_share_of_no_communes_is_null_and_no_data(warehouse: psycopg.Connection, submit: Submit) -> None:
    submit("broadband_coverage", "2019-Q1", [("14758", ALL_VILLAGES)])
    refresh(warehouse)
    assert values(warehouse, "BB_COMMUNE") == {"2019-Q1": (0, 0, None)}
    assert status(warehouse, "BB_COMMUNE") == ("2019-Q1", None, "no_data")


def test_every_commune_covered_reaches_the_target(warehouse: psycopg.Connection, submit: Submit) -> None:
    codes = warehouse.execute(
        "select commune_code from mart.dim_commune "
        "where valid_from <= '2021-03-14' and valid_to > '2021-03-14'"
    ).fetchall()
    submit("broadband_coverage", "2021-Q1", [(code, ALL_VILLAGES) for (code,) in codes])
    refresh(warehouse)
    assert values(warehouse, "BB_COMMUNE") == {"2021-Q1": (559, 559, 100)}
    assert status(warehouse, "BB_COMMUNE") == ("2021-Q1", 100, "reached")


def test_the_code_of_a_commune_means_the_unit_of_that_day(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    for period in ("2021-Q1", "2025-Q3"):
        submit("broadband_coverage", period, [("14758", ALL_VILLAGES)])
    refresh(warehouse)
    names = warehouse.execute(
        "select period, commune_name from mart.broadband_commune order by period"
    ).fetchall()
    assert names == [("2021-Q1", "Phường Đông Thọ"), ("2025-Q3", "Phường Hàm Rồng")]


def test_the_three_definitions_of_coverage_stand_beside_each_other(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submit(
        "broadband_coverage",
        "2021-Q1",
        [
            (COMMUNES[0], ALL_VILLAGES),
            (COMMUNES[1], {**ALL_VILLAGES, "villages_fixed_broadband": 1}),
            (COMMUNES[2], {**ALL_VILLAGES, "villages_4g": 9}),
            (COMMUNES[3], {**ALL_VILLAGES, "villages_fixed_broadband": 0}),
        ],
    )
    refresh(warehouse)
    counts = warehouse.execute(
        "select communes_in_force_count, covered_count, covered_strict_count, covered_loose_count, "
        "covered_pct from mart.broadband_definitions"
    ).fetchone()
    assert counts is not None
    assert counts[:4] == (559, 2, 1, 3)
    assert counts[4] == values(warehouse, "BB_COMMUNE")["2021-Q1"][2]


def test_the_status_shows_the_latest_period_whatever_the_order_of_loading(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submit("smart_hospitals", "2021-Q4", [("38001", {"it_level": 6}), ("38002", {"it_level": 6})])
    submit("smart_hospitals", "2021-Q2", [("38001", {"it_level": 1})])
    refresh(warehouse)
    assert status(warehouse, "SMART_HOSP_P") == ("2021-Q4", 2, "reached")


def test_a_ceiling_is_reached_from_below(warehouse: psycopg.Connection, submit: Submit) -> None:
    submit("smart_hospitals", "2021-Q1", [(f"3800{number}", {"it_level": 6}) for number in range(3)])
    refresh(warehouse)
    with warehouse.transaction(force_rollback=True):
        warehouse.execute("update mart.dim_target set direction = 'at_most'")
        assert status(warehouse, "SMART_HOSP_P") == ("2021-Q1", 3, "not_reached")
        warehouse.execute("update mart.dim_target set target_value = 3")
        assert status(warehouse, "SMART_HOSP_P") == ("2021-Q1", 3, "reached")


def test_a_target_is_shown_with_its_baseline_and_document(bi: psycopg.Connection) -> None:
    codes = ("BB_COMMUNE", "EHR_FAC", "EHR_POP", "SMART_HOSP_D", "SMART_HOSP_P")
    shown = {row["indicator_code"]: row for row in current_values(bi) if row["indicator_code"] in codes}
    assert {code: row["target_value"] for code, row in shown.items()} == {
        "SMART_HOSP_P": 2,
        "SMART_HOSP_D": 6,
        "EHR_FAC": 100,
        "BB_COMMUNE": 100,
        "EHR_POP": 95,
    }
    assert (shown["SMART_HOSP_D"]["baseline"], shown["BB_COMMUNE"]["baseline"]) == (0, None)
    documents = {code: row["document"] for code, row in shown.items()}
    assert documents == dict.fromkeys(shown, "DT-2021-02-25") | {"EHR_POP": "QD-5349-2019"}
    assert {row["target_year"] for row in shown.values()} == {2025}
    assert shown["EHR_FAC"]["unit_vi"] == "%"
