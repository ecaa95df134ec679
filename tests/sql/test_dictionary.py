"""The dictionary says of every table and column of the marts what it means, in both languages."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import psycopg
import pytest

from dxpipeline.cli import main
from dxpipeline.publication.dictionary import Entry, page, read_dictionary
from dxpipeline.settings import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "tu-dien-du-lieu.md"
SUFFIXES = {
    "_pct": "%",
    "_seconds": "giây",
    "_vnd_m": "triệu đồng",
    "_vnd_bn": "tỷ đồng",
    "_thousand": "nghìn",
}
UNITS = re.compile(r"\((%|giây|ngày|triệu đồng|tỷ đồng|nghìn người|người|cm|kg)\)")


@pytest.fixture
def dictionary(bi: psycopg.Connection) -> list[Entry]:
    return read_dictionary(bi)


def test_it_has_every_column_of_every_table_and_view_that_bi_reads(
    dictionary: list[Entry], bi: psycopg.Connection
) -> None:
    columns = bi.execute(
        "select table_name, column_name from information_schema.columns where table_schema = 'mart'"
    ).fetchall()
    assert len(columns) > 250
    assert sorted((entry.relation_name, entry.column_name) for entry in dictionary) == sorted(columns)


def test_each_has_one_description_in_each_language(warehouse: psycopg.Connection) -> None:
    # A second separator would cut the English half short.
    descriptions = warehouse.execute(
        "select class.oid::regclass::text, meaning.objsubid, meaning.description "
        "from pg_description as meaning "
        "inner join pg_class as class on meaning.objoid = class.oid "
        "where class.relnamespace = 'mart'::regnamespace and class.relkind in ('r', 'v')"
    ).fetchall()
    assert len(descriptions) > 250
    assert [row for row in descriptions if len(row[2].split(" / ")) != 2] == []


def test_both_halves_are_told_apart(dictionary: list[Entry]) -> None:
    (hospital,) = [
        entry
        for entry in dictionary
        if (entry.relation_name, entry.column_name) == ("fct_smart_hospital", "hospital_code")
    ]
    assert hospital == Entry(
        relation_name="fct_smart_hospital",
        relation_kind="table",
        relation_vi="Mỗi dòng là một bệnh viện trong một kỳ.",
        relation_en="One row per hospital and period.",
        column_name="hospital_code",
        data_type="text",
        is_key=True,
        column_vi="Mã cơ sở khám chữa bệnh.",
        column_en="Health facility code.",
    )
    assert all(entry.relation_vi and entry.relation_en for entry in dictionary)
    assert [entry for entry in dictionary if not (entry.column_vi and entry.column_en)] == []


def test_the_description_of_each_table_and_view_says_its_grain(dictionary: list[Entry]) -> None:
    without = {
        entry.relation_name
        for entry in dictionary
        if not (entry.relation_vi.startswith("Mỗi dòng ") and entry.relation_en.startswith("One row per "))
    }
    assert without == set()


def test_the_key_columns_of_a_table_tell_its_rows_apart(dictionary: list[Entry]) -> None:
    keys: dict[str, list[str]] = defaultdict(list)
    for entry in dictionary:
        if entry.is_key:
            keys[entry.relation_name].append(entry.column_name)
    assert keys["fct_indicator_value"] == ["indicator_code", "period", "geography_code", "vintage"]
    assert keys["fct_issue"] == ["delivery_id", "column_name", "code", "severity"]
    assert keys["dim_date"] == ["date_on"]
    assert not keys.keys() & {entry.relation_name for entry in dictionary if entry.relation_kind == "view"}


def test_columns_of_one_name_have_one_unit(dictionary: list[Entry]) -> None:
    units: dict[str, set[str]] = defaultdict(set)
    for entry in dictionary:
        units[entry.column_name].update(UNITS.findall(entry.column_vi))
    assert {name: found for name, found in units.items() if len(found) > 1} == {}
    assert units["coverage_pct"] == {"%"}


def test_a_column_says_the_unit_that_its_name_promises(dictionary: list[Entry]) -> None:
    silent = [
        (entry.relation_name, entry.column_name)
        for entry in dictionary
        for suffix, unit in SUFFIXES.items()
        if entry.column_name.endswith(suffix) and unit not in entry.column_vi
    ]
    assert silent == []


def test_the_page_in_the_documentation_is_the_dictionary_of_the_warehouse(dictionary: list[Entry]) -> None:
    assert page(dictionary) == PAGE.read_text(encoding="utf-8"), (
        "dxpipeline dictionary --output docs/tu-dien-du-lieu.md"
    )


@pytest.mark.usefixtures("warehouse")
def test_the_command_prints_the_page_or_writes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "dictionary.md"
    assert main(["dictionary", "--output", str(output)]) == 0
    assert capsys.readouterr().out == ""
    assert output.read_text(encoding="utf-8") == PAGE.read_text(encoding="utf-8")
    assert main(["dictionary"]) == 0
    assert capsys.readouterr().out == PAGE.read_text(encoding="utf-8")


def test_a_bar_in_a_description_does_not_break_the_table() -> None:
    entry = Entry("a", "table", "b", "c", "d", "text", False, "x | y", "z")
    assert page([entry]).splitlines()[-1] == "| `d` | text |  | x \\| y | z |"
