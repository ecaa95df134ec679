"""Blocks made by hand, one good record a feed, and the contracts they belong to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import polars as pl
import pytest

from dxpipeline.contracts import Contract, contracts
from dxpipeline.periods import Period
from dxpipeline.quality.checker import Checker
from dxpipeline.quality.suite import Suite, load_suite
from dxpipeline.reading.model import Block

Record = dict[str, str | None]
MakeBlock = Callable[..., Block]

GOOD: dict[str, Record] = {
    "smart_hospitals": {
        "hospital_code": "38001",
        "hospital_name": "Bệnh viện Đa khoa tỉnh",
        "hospital_tier": "tỉnh",
        "infrastructure_level": "5",
        "his_level": "4",
        "lis_level": "cơ bản",
        "ris_pacs_level": "chưa",
        "emr_level": "nâng cao",
        "security_met": "x",
        "it_level": "4",
        "paperless_on": None,
        "assessed_on": "19/04/2021",
    },
    "health_stations": {
        "station_code": "38101",
        "station_name": "Trạm Y tế phường Hàm Rồng",
        "commune_code": "14755",
        "has_ehr_system": "có",
        "software_name": "HIS",
        "population_managed": "3000",
        "records_created": "2000",
        "records_updated": "300",
    },
    "st_enterprises": {
        "tax_code": "2898437597",
        "enterprise_name": "Công ty Cổ phần Mẫu",
        "commune_code": "14755",
        "certificate_no": "01/DNKHCN",
        "certified_on": "12/06/2018",
        "revoked_on": None,
        "field": "Y dược",
        "revenue_vnd_m": "1000",
        "st_revenue_vnd_m": "500",
        "employees": "20",
        "rd_spending_vnd_m": "50,5",
    },
    "smart_city": {
        "urban_area_code": "DT01",
        "urban_area_name": "Thành phố Thanh Hóa",
        "ioc_operating": "có",
        "service": "y tế",
        "stage": "vận hành",
        "sensors": "5",
        "users": "70",
        "cost_vnd_m": "1,5",
    },
    # An invented person.
    "health_records": {
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
    },
}
RECEIVED_AT = datetime.fromisoformat("2021-07-10T09:00:00+07:00")


@pytest.fixture
def good() -> dict[str, Record]:
    """A record without fault for 2021-Q2, by feed."""
    return {feed: dict(record) for feed, record in GOOD.items()}


@pytest.fixture
def make_block() -> MakeBlock:
    """Make a block from records; rows are numbered from `first_row`."""

    def make(
        records: Sequence[Record],
        *,
        first_row: int = 10,
        sheet: str | None = "Biểu",
        ragged: Sequence[tuple[int, int]] = (),
    ) -> Block:
        columns = list(records[0]) if records else []
        texts = pl.DataFrame(
            {
                "source_row": pl.Series(range(first_row, first_row + len(records)), dtype=pl.Int64),
                **{
                    name: pl.Series([record[name] for record in records], dtype=pl.String) for name in columns
                },
            }
        )
        lines = pl.DataFrame(ragged, schema={"source_row": pl.Int64, "cells": pl.Int64}, orient="row")
        return Block(sheet, texts, None, lines)

    return make


@pytest.fixture
def make_checker() -> Callable[..., Checker]:
    """Make a checker for a feed, in the second quarter of 2021 unless told otherwise."""

    def make(
        feed: str,
        *,
        contract: Contract | None = None,
        suite: Suite | None = None,
        period: str = "2021-Q2",
        received_at: datetime = RECEIVED_AT,
    ) -> Checker:
        chosen = contract or contracts()[feed]
        return Checker(chosen, suite or load_suite(contracts()[feed]), Period.parse(period), received_at)

    return make


@pytest.fixture
def issues_of() -> Callable[[pl.DataFrame], list[tuple[Any, ...]]]:
    """Return issues as (row, column, code, severity)."""

    def listed(issues: pl.DataFrame) -> list[tuple[Any, ...]]:
        return list(issues.select("source_row", "column_name", "code", "severity").iter_rows())

    return listed
