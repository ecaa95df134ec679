"""What of a cell is shown beside persons: no text that may be of one of them. Every person is invented."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxpipeline.contracts import Column, contracts
from dxpipeline.quality.checker import Checker
from dxpipeline.quality.issues import MASK, shown
from dxpipeline.reading.model import Block

Record = dict[str, str | None]
MakeBlock = Callable[..., Block]
MakeChecker = Callable[..., Checker]

RECORDS, STATIONS = contracts()["health_records"], contracts()["health_stations"]
HARMLESS = ["ZZ9.9", "J45.5", "19999", "1475", "400", "85.7", "85,75", "-3", "0", "nm", "M", "nữ", "x"]


@pytest.mark.parametrize("text", HARMLESS)
@pytest.mark.parametrize("name", ["icd10_code", "weight_kg", "sex", "commune_code", "updated_on"])
def test_a_short_number_or_code_is_shown_beside_persons(name: str, text: str) -> None:
    assert shown(text, RECORDS.by_name[name]) == text


@pytest.mark.parametrize(
    "text",
    ["038190000001", "3811427763", "HN2380000000001", "Nguyễn Thị Mẫu", "Mẫu", "MAI", "210677", "HN238000",
     "08/03/1990", "1990-03-08", "08.03.90", "8-3-1990", "nặng", "65 kg", "85.7\n", "#NAME?", "12a", "..."],
)  # fmt: skip
@pytest.mark.parametrize("name", ["icd10_code", "weight_kg", "sex", "station_code", "record_id"])
def test_what_may_be_of_a_person_is_masked_in_every_column_beside_persons(name: str, text: str) -> None:
    assert shown(text, RECORDS.by_name[name]) == MASK


@pytest.mark.parametrize("text", ["15/06/2047", "31/02/2021", "2021-13-01", "5.8.21", "1-1-2021"])
def test_a_day_is_shown_in_a_column_of_days_only(text: str) -> None:
    assert shown(text, RECORDS.by_name["updated_on"]) == text
    assert shown(text, RECORDS.by_name["birth_date"]) == MASK
    assert shown(text, RECORDS.by_name["icd10_code"]) == MASK


def test_feeds_without_persons_show_every_cell() -> None:
    assert shown("Trạm Y tế phường Hàm Rồng", STATIONS.by_name["station_name"]) == "Trạm Y tế phường Hàm Rồng"
    assert not any(column.beside_personal for column in STATIONS.columns)
    assert {column.name for column in RECORDS.columns if not column.beside_personal} == {
        column.name for column in RECORDS.columns if column.personal
    }


@given(
    st.from_regex(RECORDS.personal_form or "", fullmatch=True),
    st.sampled_from([column for column in RECORDS.columns if column.kind != "date"]),
)
def test_whatever_has_the_form_of_a_personal_column_is_masked_outside_columns_of_days(
    text: str, column: Column
) -> None:
    assert shown(text, column) == MASK


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)))
def test_days_have_the_form_of_a_date_of_birth(day: date) -> None:
    assert RECORDS.personal_form is not None
    for written in (f"{day:%d/%m/%Y}", f"{day:%Y-%m-%d}", f"{day.day}-{day.month}-{day:%y}"):
        assert re.fullmatch(RECORDS.personal_form, written)


def test_a_feed_without_personal_columns_knows_no_form_of_them() -> None:
    assert STATIONS.personal_form is None


@pytest.mark.parametrize("step", [-2, -1, 1, 2])
def test_a_row_whose_cells_are_in_the_wrong_columns_shows_nothing_of_the_person(
    good: dict[str, Record], make_block: MakeBlock, make_checker: MakeChecker, step: int
) -> None:
    person = good["health_records"]
    cells = list(person.values())
    moved = dict(zip(person, [*cells[step:], *cells[:step]], strict=True))
    issues = make_checker("health_records").check(make_block([moved])).issues
    assert issues.height >= 9
    written = issues.write_json()
    for name in (column.name for column in RECORDS.columns if column.personal):
        assert str(person[name]) not in written, name


def test_a_comparison_with_a_cell_that_may_be_of_a_person_does_not_show_it(
    good: dict[str, Record], make_block: MakeBlock, make_checker: MakeChecker
) -> None:
    record = {**good["health_records"], "systolic_mmhg": "100", "diastolic_mmhg": "038190000001"}
    issues = make_checker("health_records").check(make_block([record])).issues
    assert set(issues["column_name"]) == {"diastolic_mmhg"}
    assert set(issues["value"]) == {MASK}
    swapped = {**record, "systolic_mmhg": "38190000001", "diastolic_mmhg": "38190000002"}
    issues = make_checker("health_records").check(make_block([swapped])).issues
    compared = issues.filter(pl.col("code") == "inconsistent-values")
    assert compared["details"].to_list() == ['{"other_column": "systolic_mmhg"}']
    assert "3819" not in issues.write_json()
