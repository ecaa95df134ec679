"""The suites in expectations/: each can be used, and each of its rules refuses what it should and no more."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import polars as pl
import pytest

from dxpipeline.contracts import contracts
from dxpipeline.messages import codes
from dxpipeline.periods import Period
from dxpipeline.quality.checker import Checker
from dxpipeline.quality.suite import FILE_CODES, ROW_CODES, load_suite
from dxpipeline.reading.model import Block
from dxpipeline.settings import EXPECTATIONS

from . import economy_cases, enterprise_cases

FEEDS = sorted(contracts())

Record = dict[str, str | None]

HOSPITAL: Record = {
    "hospital_code": "38001",
    "hospital_name": "Bệnh viện Đa khoa tỉnh",
    "hospital_tier": "tỉnh",
    "infrastructure_level": "5",
    "his_level": "4",
    "lis_level": "cơ bản",
    "ris_pacs_level": "chưa",
    "emr_level": "nâng cao",
    "security_met": None,
    "it_level": "4",
    "paperless_on": None,
    "assessed_on": "19/04/2021",
}
STATION: Record = {
    "station_code": "38101",
    "station_name": "Trạm Y tế phường Hàm Rồng",
    "commune_code": "14755",
    "has_ehr_system": "có",
    "software_name": "HIS",
    "population_managed": "3000",
    "records_created": "2000",
    "records_updated": "300",
}
COMMUNE: Record = {
    "commune_code": "14755",
    "district_name": "Thành phố Thanh Hóa",
    "commune_name": "Phường Hàm Rồng",
    "villages_total": "6",
    "villages_fixed_broadband": "5",
    "villages_4g": "6",
    "villages_5g": None,
    "households_total": "2000",
    "households_fixed_broadband": "1500",
    "carriers": "VNPT, Viettel",
}
# An invented person.
PERSON: Record = {
    "record_id": "HS38-000000001",
    "citizen_id": "038190000001",
    "full_name": "Nguyễn Thị Mẫu",
    "birth_date": "08/03/1990",
    "sex": "nữ",
    "commune_code": "14755",
    "station_code": "38101",
    "insurance_number": "HN2380000000001",
    "created_on": "04/05/2019",
    "updated_on": "10/05/2021",
    "last_visit_on": "09/05/2021",
    "icd10_code": "J45.0",
    "height_cm": "158",
    "weight_kg": "52,5",
    "systolic_mmhg": "118",
    "diastolic_mmhg": "76",
}
SERVICE: Record = {
    "urban_area_code": "DT01",
    "urban_area_name": "Thành phố Thanh Hóa",
    "ioc_operating": "có",
    "service": "giao thông",
    "stage": "vận hành",
    "sensors": "99",
    "users": "2259",
    "cost_vnd_m": "11585,9",
}
MONEY: Record = {
    "target_code": "EHR_FAC",
    "solution_code": "GP07",
    "source": "tỉnh",
    "planned_vnd_m": "100,5",
    "allocated_vnd_m": "80,5",
    "disbursed_vnd_m": "80,5",
}
COMMENT: Record = {
    "document_code": "DT-2021-02-25",
    "target_code": "EHR_FAC",
    "department_code": "so-kh-dt",
    "comment": "Cần nêu rõ căn cứ pháp lý",
    "proposed_value": None,
    "legal_basis": None,
    "received_on": "05/03/2021",
}
MERGED: Record = {"commune_code": "14758", "district_name": None}
RECORDS: dict[str, Record] = {
    "smart_hospitals": HOSPITAL,
    "health_stations": STATION,
    "broadband_coverage": COMMUNE,
    "health_records": PERSON,
    **enterprise_cases.RECORDS,
    "smart_city": SERVICE,
    "plan_budget": MONEY,
    "plan_comments": COMMENT,
    **economy_cases.RECORDS,
}
Fault = tuple[str, str, str]
OUT, MISSING, CRITICAL, WARNING = "out-of-range", "missing-value", "critical", "warning"

NEVER_BROKEN = {"expect_column_values_to_be_between(birth_date)"}
"""Rules that no text can break: reading takes no date before 1900."""

INCONSISTENT, FUTURE, NOT_LISTED = "inconsistent-values", "future-date", "not-in-list"
PERSONAL_NUMBERS = (
    *("038190000002", "38190000002", "095190000001"),  # a citizen id, without its zero, of another province
    *("HN2380000000002", "08-03-1990", "1990-03-08"),
)
PERSONAL = ("record_id", "personal-number", CRITICAL)
PERSON_CASES: list[tuple[Record, list[Fault]]] = [
    ({}, []),
    (dict.fromkeys(("insurance_number", "last_visit_on", "icd10_code", "height_cm", "weight_kg")), []),
    ({"citizen_id": "038090000001"}, [("citizen_id", INCONSISTENT, CRITICAL)]),
    ({"sex": "nam"}, [("citizen_id", INCONSISTENT, CRITICAL)]),
    ({"sex": "không xác định"}, []),
    ({"citizen_id": "038191000001"}, [("citizen_id", INCONSISTENT, CRITICAL)]),
    # Both the sex and the year of birth.
    ({"citizen_id": "038091000001"}, [("citizen_id", INCONSISTENT, CRITICAL)] * 2),
    ({"citizen_id": "097190000001"}, [("citizen_id", "bad-format", CRITICAL)]),
    ({"citizen_id": "38190000001"}, [("citizen_id", "bad-format", CRITICAL)]),
    ({"citizen_id": None}, [("citizen_id", MISSING, CRITICAL)]),
    ({"birth_date": "01/01/1900", "citizen_id": "038100000001"}, []),
    # No date before 1900 is read.
    ({"birth_date": "31/12/1899"}, [("birth_date", "bad-date", CRITICAL)]),
    ({"birth_date": "10/07/2021", "citizen_id": "038321000001"}, []),
    (
        {"birth_date": "11/07/2021", "citizen_id": "038321000001"},
        [("birth_date", FUTURE, CRITICAL)],
    ),
    ({"birth_date": "30/02/1990"}, [("birth_date", "bad-date", CRITICAL)]),
    ({"commune_code": "19999"}, [("commune_code", "unknown-commune", CRITICAL)]),
    ({"station_code": "38102"}, []),
    ({"station_code": "38999"}, [("station_code", "unreported-code", WARNING)]),
    ({"created_on": "10/05/2021"}, []),
    ({"created_on": "11/05/2021"}, [("updated_on", INCONSISTENT, CRITICAL)]),
    ({"updated_on": "10/07/2021"}, []),
    ({"updated_on": "11/07/2021"}, [("updated_on", FUTURE, CRITICAL)]),
    ({"updated_on": "15/08/2047", "commune_code": "14755"}, [("updated_on", FUTURE, CRITICAL)]),
    ({"last_visit_on": "10/07/2021"}, []),
    ({"last_visit_on": "11/07/2021"}, [("last_visit_on", FUTURE, WARNING)]),
    ({"icd10_code": "J450"}, []),
    ({"icd10_code": "ZZ9.9"}, [("icd10_code", "not-in-list", CRITICAL)]),
    ({"height_cm": "30"}, []),
    ({"height_cm": "29,9"}, [("height_cm", OUT, CRITICAL)]),
    ({"height_cm": "250"}, []),
    ({"height_cm": "250,1"}, [("height_cm", OUT, CRITICAL)]),
    ({"weight_kg": "1"}, []),
    ({"weight_kg": "0,9"}, [("weight_kg", OUT, CRITICAL)]),
    ({"weight_kg": "300"}, []),
    ({"weight_kg": "300,5"}, [("weight_kg", OUT, CRITICAL)]),
    ({"systolic_mmhg": "300"}, []),
    ({"systolic_mmhg": "301"}, [("systolic_mmhg", OUT, CRITICAL)]),
    ({"systolic_mmhg": "50", "diastolic_mmhg": "49"}, []),
    ({"systolic_mmhg": "49", "diastolic_mmhg": "40"}, [("systolic_mmhg", OUT, CRITICAL)]),
    ({"diastolic_mmhg": "20"}, []),
    ({"diastolic_mmhg": "19"}, [("diastolic_mmhg", OUT, CRITICAL)]),
    ({"systolic_mmhg": "210", "diastolic_mmhg": "200"}, []),
    ({"systolic_mmhg": "210", "diastolic_mmhg": "201"}, [("diastolic_mmhg", OUT, CRITICAL)]),
    ({"systolic_mmhg": "76"}, [("diastolic_mmhg", INCONSISTENT, CRITICAL)]),
    ({"systolic_mmhg": None}, [("systolic_mmhg", MISSING, CRITICAL)]),
    ({"insurance_number": "0123456789"}, []),
    ({"insurance_number": "HN6380000000001"}, [("insurance_number", "bad-format", CRITICAL)]),
    ({"record_id": "hs38-000000001"}, [("record_id", "bad-format", CRITICAL)]),
    *(({"record_id": number}, [PERSONAL]) for number in PERSONAL_NUMBERS),
    ({"record_id": "0123456789"}, []),
    ({"record_id": "0123456789", "insurance_number": "0123456789"}, [PERSONAL]),
    ({"record_id": "HS-123456789", "insurance_number": "0123456789"}, [PERSONAL]),
    *(({"record_id": f"HS{number}"}, [PERSONAL]) for number in ("038190000001", "38190000001")),
    ({"record_id": "038190000001"}, [PERSONAL] * 2),
    *(
        ({"record_id": record}, [])
        for record in ("0381900000022", "3819-0000001", "HN6380000000001", "38-01-0001", "HS38000000")
    ),
    ({"full_name": None}, [("full_name", MISSING, CRITICAL)]),
    ({"sex": "nm"}, [("sex", "not-in-list", CRITICAL)]),
]

LATE = ("received_on", "after-deadline", WARNING)
COMMENT_CASES: list[tuple[Record, list[Fault]]] = [
    ({}, []),
    ({"proposed_value": "12", "legal_basis": "QĐ 5060/QĐ-UBND"}, []),
    ({"received_on": "06/03/2021"}, [LATE]),
    # Nobody has declared a deadline for it.
    ({"document_code": "QD-5060-2020", "received_on": "10/07/2021"}, []),
    ({"document_code": "QD-999-2021"}, [("document_code", NOT_LISTED, WARNING)]),
    # What targets rest on sets none to comment on.
    ({"document_code": "ND-13-2019"}, [("document_code", NOT_LISTED, WARNING)]),
    ({"received_on": "10/07/2021"}, [LATE]),
    ({"received_on": "11/07/2021"}, [("received_on", FUTURE, CRITICAL), LATE]),
    ({"document_code": "Dự thảo"}, [("document_code", "bad-format", CRITICAL)]),
    ({"target_code": "EHR"}, [("target_code", NOT_LISTED, CRITICAL)]),
    ({"department_code": "so-cong-thuong"}, [("department_code", NOT_LISTED, CRITICAL)]),
    ({"department_code": "Sở Y tế"}, [("department_code", "bad-format", CRITICAL)]),
    ({"comment": None}, [("comment", MISSING, CRITICAL)]),
]
MONEY_CASES: list[tuple[Record, list[Fault]]] = [
    ({}, []),
    (dict.fromkeys(("planned_vnd_m", "allocated_vnd_m", "disbursed_vnd_m"), "0"), []),
    # More may be allocated than was planned.
    ({"planned_vnd_m": "0"}, []),
    ({"disbursed_vnd_m": "80,6"}, [("disbursed_vnd_m", INCONSISTENT, CRITICAL)]),
    ({"planned_vnd_m": "-0,1"}, [("planned_vnd_m", OUT, CRITICAL)]),
    ({"disbursed_vnd_m": "-0,1"}, [("disbursed_vnd_m", OUT, CRITICAL)]),
    ({"allocated_vnd_m": "-1", "disbursed_vnd_m": "-1"}, [
        ("allocated_vnd_m", OUT, CRITICAL), ("disbursed_vnd_m", OUT, CRITICAL)
    ]),
    ({"target_code": "EHR"}, [("target_code", NOT_LISTED, CRITICAL)]),
    ({"solution_code": "7"}, [("solution_code", "bad-format", CRITICAL)]),
    ({"solution_code": "GP99"}, [("solution_code", NOT_LISTED, WARNING)]),
    ({"source": "vay thương mại"}, [("source", NOT_LISTED, CRITICAL)]),
    ({"planned_vnd_m": None}, [("planned_vnd_m", MISSING, CRITICAL)]),
]  # fmt: skip
SERVICE_CASES: list[tuple[Record, list[Fault]]] = [
    ({}, []),
    (dict.fromkeys(("sensors", "users", "cost_vnd_m"), "0"), []),
    *(({name: "-1"}, [(name, OUT, CRITICAL)]) for name in ("sensors", "users", "cost_vnd_m")),
    ({"cost_vnd_m": "1,5 tỷ"}, [("cost_vnd_m", "bad-number", CRITICAL)]),
    ({"stage": "đang nghiên cứu"}, [("stage", NOT_LISTED, CRITICAL)]),
    ({"service": "cấp nước"}, [("service", NOT_LISTED, CRITICAL)]),
    ({"urban_area_code": None}, [("urban_area_code", MISSING, CRITICAL)]),
]

# feed, period, what is changed in the good record, the issues (column, code, severity) that must come.
CASES: list[tuple[str, str, Record, list[Fault]]] = [
    ("smart_hospitals", "2021-Q2", {}, []),
    ("smart_hospitals", "2021-Q2", {"infrastructure_level": "1", "his_level": "7", "it_level": "1"}, []),
    (
        "smart_hospitals",
        "2021-Q2",
        {"infrastructure_level": "8"},
        [("infrastructure_level", OUT, CRITICAL)],
    ),
    ("smart_hospitals", "2021-Q2", {"his_level": "8"}, [("his_level", OUT, CRITICAL)]),
    ("smart_hospitals", "2021-Q2", {"it_level": "0"}, [("it_level", OUT, CRITICAL)]),
    ("smart_hospitals", "2021-Q2", {"it_level": "5"}, [("it_level", "inconsistent-values", WARNING)]),
    ("smart_hospitals", "2021-Q2", {"assessed_on": "10/07/2021"}, []),
    ("smart_hospitals", "2021-Q2", {"assessed_on": "11/07/2021"}, [("assessed_on", "future-date", CRITICAL)]),
    ("smart_hospitals", "2021-Q1", {"assessed_on": "15/04/2021"}, []),
    ("smart_hospitals", "2021-Q1", {"assessed_on": "16/04/2021"}, [("assessed_on", OUT, CRITICAL)]),
    ("health_stations", "2021-Q2", {}, []),
    ("health_stations", "2021-Q2", {"has_ehr_system": "không", "software_name": None}, []),
    ("health_stations", "2021-Q2", {"software_name": None}, [("software_name", MISSING, CRITICAL)]),
    (
        "health_stations",
        "2021-Q2",
        {"commune_code": "19999"},
        [("commune_code", "unknown-commune", CRITICAL)],
    ),
    ("health_stations", "2025-Q3", {}, [("commune_code", "unknown-commune", CRITICAL)]),
    ("health_stations", "2021-Q2", {"population_managed": "-1"}, [("population_managed", OUT, CRITICAL)]),
    (
        "health_stations",
        "2021-Q2",
        {"population_managed": "0", "records_created": "0", "records_updated": "0"},
        [],
    ),
    ("health_stations", "2021-Q2", {"records_created": "-1"}, [("records_created", OUT, CRITICAL)]),
    ("health_stations", "2021-Q2", {"records_updated": "-1"}, [("records_updated", OUT, CRITICAL)]),
    ("health_stations", "2021-Q2", {"records_created": "3000"}, []),
    (
        "health_stations",
        "2021-Q2",
        {"records_created": "3001"},
        [("records_created", "inconsistent-values", WARNING)],
    ),
    (
        "health_stations",
        "2021-Q2",
        {"records_updated": "2001"},
        [("records_updated", "inconsistent-values", CRITICAL)],
    ),
    ("broadband_coverage", "2021-Q2", {}, []),
    ("broadband_coverage", "2021-Q2", {"commune_name": "hàm rồng"}, []),
    (
        "broadband_coverage",
        "2021-Q2",
        {"commune_name": "Phường Hàm Rông"},
        [("commune_name", "name-mismatch", CRITICAL)],
    ),
    (
        "broadband_coverage",
        "2021-Q2",
        {"commune_name": "Xã Hàm Rồng"},
        [("commune_name", "name-mismatch", CRITICAL)],
    ),
    (
        "broadband_coverage",
        "2021-Q2",
        {"commune_code": "14758"},
        [("commune_name", "name-mismatch", CRITICAL)],
    ),
    ("broadband_coverage", "2025-Q3", MERGED, []),
    (
        "broadband_coverage",
        "2025-Q3",
        {**MERGED, "commune_code": "14755"},
        [("commune_code", "unknown-commune", CRITICAL)],
    ),
    ("broadband_coverage", "2021-Q2", {"district_name": None}, [("district_name", MISSING, CRITICAL)]),
    ("broadband_coverage", "2025-Q2", {"district_name": None}, [("district_name", MISSING, CRITICAL)]),
    ("broadband_coverage", "2021-Q2", {"villages_total": "0"}, [("villages_total", OUT, CRITICAL)]),
    ("broadband_coverage", "2021-Q2", {"households_total": "0"}, [("households_total", OUT, CRITICAL)]),
    *(
        ("broadband_coverage", "2025-Q3", {**MERGED, column: value}, expected)
        for column, total in (
            ("villages_fixed_broadband", 6),
            ("villages_4g", 6),
            ("villages_5g", 6),
            ("households_fixed_broadband", 2000),
        )
        for value, expected in (
            ("0", []),
            (str(total), []),
            (str(total + 1), [(column, "inconsistent-values", CRITICAL)]),
            ("-1", [(column, OUT, CRITICAL)]),
        )
    ),
    ("broadband_coverage", "2021-Q2", {"villages_5g": "0"}, []),
    ("broadband_coverage", "2023-Q4", {"villages_5g": "1"}, [("villages_5g", OUT, WARNING)]),
    ("broadband_coverage", "2024-Q1", {"villages_5g": "1"}, []),
    *(("health_records", "2021-Q2", change, expected) for change, expected in PERSON_CASES),
    *(("plan_comments", "2021", change, expected) for change, expected in COMMENT_CASES),
    # It was merged into another one in March.
    (
        "plan_comments",
        "2025",
        {"document_code": "QD-5060-2020", "received_on": "01/03/2025"},
        [("department_code", NOT_LISTED, CRITICAL)],
    ),
    ("plan_comments", "2025", {"document_code": "QD-5060-2020", "received_on": "28/02/2025"}, []),
    *(("plan_budget", "2021", change, expected) for change, expected in MONEY_CASES),
    *(("smart_city", "2021-H1", change, expected) for change, expected in SERVICE_CASES),
    (
        "health_records",
        "2025-Q3",
        {"updated_on": "01/07/2025"},
        [("commune_code", "unknown-commune", CRITICAL)],
    ),
    ("health_records", "2025-Q3", {"updated_on": "30/06/2025"}, []),
    *enterprise_cases.CASES,
    *economy_cases.CASES,
]


def checked(feed: str, period: str, record: Record | None) -> tuple[pl.DataFrame, Checker]:
    checker = Checker(
        contracts()[feed],
        load_suite(contracts()[feed]),
        Period.parse(period),
        # The good hospital was assessed in 2021; later periods are received when they are due.
        datetime.fromisoformat(
            "2021-07-10T09:00:00+07:00" if period < "2022" else "2025-10-01T09:00:00+07:00"
        ),
        reported={"health_stations": pl.Series(["38101", "38102"])},
    )
    records = [] if record is None else [record]
    texts = pl.DataFrame(
        {
            "source_row": pl.Series(range(2, 2 + len(records)), dtype=pl.Int64),
            **{name: pl.Series([one[name] for one in records], dtype=pl.String) for name in RECORDS[feed]},
        }
    )
    ragged = pl.DataFrame(schema={"source_row": pl.Int64, "cells": pl.Int64})
    return checker.check(Block(None, texts, None, ragged)).issues, checker


@pytest.mark.parametrize(("feed", "period", "change", "expected"), CASES)
def test_each_rule_refuses_what_it_should_and_no_more(
    feed: str, period: str, change: Record, expected: list[Fault]
) -> None:
    issues, _ = checked(feed, period, {**RECORDS[feed], **change})
    assert list(issues.select("column_name", "code", "severity").iter_rows()) == expected


@pytest.mark.parametrize("feed", FEEDS)
def test_every_row_rule_is_broken_by_one_of_the_cases(feed: str) -> None:
    broken: set[str] = set()
    for case_feed, period, change, _ in CASES:
        if case_feed == feed:
            broken.update(checked(feed, period, {**RECORDS[feed], **change})[0]["rule"])
    rules = {rule.id for rule in load_suite(contracts()[feed]).rules if rule.scope != "file"}
    assert broken - {"contract"} == rules - NEVER_BROKEN


@pytest.mark.parametrize("feed", FEEDS)
def test_a_report_without_any_row_is_refused(feed: str) -> None:
    _, checker = checked(feed, "2021-Q2", None)
    assert checker.finish().rejected_by == ("no-rows", {"observed": "0", "limit": "≥ 1"})


@pytest.mark.parametrize("feed", FEEDS)
def test_great_expectations_reads_the_suite_with_all_its_rules(feed: str) -> None:
    from great_expectations.core.expectation_suite import ExpectationSuite

    document: dict[str, Any] = json.loads((EXPECTATIONS / f"{feed}.json").read_text(encoding="utf-8"))
    suite = ExpectationSuite(**document)
    read = {
        (one.expectation_type, one.severity.value, (one.meta or {})["code"]) for one in suite.expectations
    }
    assert len(suite.expectations) == len(document["expectations"])
    assert read == {(one["type"], one["severity"], one["meta"]["code"]) for one in document["expectations"]}


def test_every_suite_belongs_to_a_contract_and_every_contract_has_one() -> None:
    assert sorted(path.stem for path in EXPECTATIONS.glob("*.json")) == FEEDS


def test_every_code_has_a_sentence_and_every_rule_a_reason_that_fits_into_it() -> None:
    assert codes() >= ROW_CODES | FILE_CODES
    for feed in FEEDS:
        for rule in load_suite(contracts()[feed]).rules:
            # The sentence that takes it in brings the full stop.
            assert not rule.why.endswith("."), rule.id
