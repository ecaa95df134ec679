"""From any number one query leads to the files behind it and to their rows."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from dxpipeline.indicators.refresh import refresh
from dxpipeline.indicators.report import evidence

Submit = Callable[..., int]


def test_a_number_leads_to_its_files_and_rows(
    warehouse: psycopg.Connection, bi: psycopg.Connection, submit: Submit
) -> None:
    base = submit(
        "health_stations",
        "2021-Q1",
        [("38001", {}), ("38002", {"has_ehr_system": False, "software_name": None})],
        quarantined=["38003", "38004", None],
    )
    mend = submit("health_stations", "2021-Q1", [("38003", {})], mends=base)
    refresh(warehouse)

    first, second = evidence(bi, "EHR_FAC", "2021-Q1")
    assert (first.submission_id, first.file_name, first.department_code) == (
        base,
        "báo cáo 1.xlsx",
        "so-y-te",
    )
    assert (first.rows_used, first.quarantined_rows_used) == (2, 2)
    assert first.sha256 == f"{1:064x}"
    assert [(row.sheet, row.row, row.unit_code, row.in_numerator, row.quarantined) for row in first.rows] == [
        ("Biểu", 10, "38001", True, False),
        ("Biểu", 11, "38002", False, False),
        ("Biểu", 501, "38004", False, True),
        ("Biểu", 502, None, False, True),
    ]
    assert (second.submission_id, second.file_name, second.rows_used) == (mend, "báo cáo 2.xlsx", 1)
    assert [(row.row, row.unit_code, row.in_numerator) for row in second.rows] == [(10, "38003", True)]


def test_evidence_of_one_tier_names_only_its_hospitals(
    warehouse: psycopg.Connection, bi: psycopg.Connection, submit: Submit
) -> None:
    rows = [("38001", {"it_level": 6}), ("38101", {"hospital_tier": "district"})]
    submit("smart_hospitals", "2021-Q1", rows)
    refresh(warehouse)
    (file,) = evidence(bi, "SMART_HOSP_D", "2021-Q1")
    assert [(row.unit_code, row.in_numerator) for row in file.rows] == [("38101", False)]


def test_evidence_names_the_delivery_that_came_first(
    warehouse: psycopg.Connection, bi: psycopg.Connection, submit: Submit
) -> None:
    submission = submit("smart_hospitals", "2021-Q1", [("38001", {})])
    warehouse.execute(
        "insert into ledger.delivery (received_seq, folder, file_name, claim_token, sha256, size_bytes, "
        "submission_id) values (900, '', 'bản sao.xlsx', 'copy', %s, 1, %s)",
        [f"{1:064x}", submission],
    )
    refresh(warehouse)
    (file,) = evidence(bi, "SMART_HOSP_P", "2021-Q1")
    assert (file.file_name, file.rows_used) == ("báo cáo 1.xlsx", 1)


def test_what_has_no_value_has_no_evidence(bi: psycopg.Connection) -> None:
    assert evidence(bi, "EHR_FAC", "2021-Q1") == []


@pytest.mark.parametrize("indicator", ["SMART_HOSP_P", "SMART_HOSP_D", "EHR_FAC", "BB_COMMUNE"])
def test_rows_and_files_add_up_to_the_value(
    warehouse: psycopg.Connection, submit: Submit, indicator: str
) -> None:
    hospitals = [
        (f"38{n:03d}", {"it_level": n % 7 + 1, "hospital_tier": ("provincial", "district")[n % 2]})
        for n in range(38)
    ]
    submit("smart_hospitals", "2021-Q1", hospitals, quarantined=["38900"])
    stations = [(f"38{n:03d}", {"has_ehr_system": n % 3 > 0}) for n in range(60)]
    submit("health_stations", "2021-Q1", stations, quarantined=["38900", "38900", None])
    communes = [("14755", {}), ("14758", {"villages_4g": 9}), ("14761", {})]
    submit("broadband_coverage", "2021-Q1", communes, quarantined=["14764"])
    refresh(warehouse)

    numerator, denominator, rows_used, quarantined = warehouse.execute(  # type: ignore[misc]
        "select value.numerator, value.denominator, sum(source.rows_used), sum(source.quarantined_rows_used) "
        "from mart.fct_indicator_value as value inner join mart.fct_indicator_source as source "
        "using (indicator_code, period, geography_code, vintage) where indicator_code = %s group by 1, 2",
        [indicator],
    ).fetchone()
    counted = warehouse.execute(
        "select count(*) filter (where in_numerator), count(*) filter (where not quarantined), "
        "count(*) filter (where quarantined) from mart.fct_indicator_row where indicator_code = %s",
        [indicator],
    ).fetchone()
    assert counted == (numerator, rows_used, quarantined)
    # Communes in force are known without a file; everywhere else the rows are the denominator.
    assert denominator == (559 if indicator == "BB_COMMUNE" else rows_used + quarantined)


def test_every_fact_leads_to_the_row_of_its_file(warehouse: psycopg.Connection, submit: Submit) -> None:
    submissions = [
        submit("smart_hospitals", "2021-Q1", [("38001", {})]),
        submit("health_stations", "2021-Q1", [("38001", {})]),
        submit("broadband_coverage", "2021-Q1", [("14758", {})]),
    ]
    refresh(warehouse)
    traces = [
        warehouse.execute(f"select submission_id, source_sheet, source_row from mart.{fact}").fetchone()
        for fact in ("fct_smart_hospital", "fct_health_station", "fct_broadband_commune")
    ]
    assert traces == [(submission, "Biểu", 10) for submission in submissions]
