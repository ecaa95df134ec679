from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from bench.generate_health_records import MISTAKES, Generated, Quoting, generate
from bench.synthetic_person import records

from dxpipeline import reference
from dxpipeline.contracts import contracts
from dxpipeline.preparation import check_file
from dxpipeline.quality.suite import load_suite

CONTRACT = contracts()["health_records"]
RECEIVED_AT = datetime(2022, 1, 5, 8, tzinfo=UTC)


def checked(made: Generated) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows and the issues that the pipeline's check finds."""
    file = check_file(made.path, made.path.name, CONTRACT, load_suite(CONTRACT), RECEIVED_AT)
    blocks = list(file.blocks)
    assert list(file.document.skipped) == []
    return pl.concat([block.rows for block in blocks]), pl.concat([block.issues for block in blocks])


@pytest.mark.parametrize("quoting", ["necessary", "always"])
def test_the_check_finds_every_mistake_and_no_other(tmp_path: Path, quoting: Quoting) -> None:
    made = generate(tmp_path / "ho_so_2021-Q2.csv", 3000, bad_share=0.3, quoting=quoting)
    rows, issues = checked(made)

    assert rows.height == made.rows == 3000
    assert rows["accepted"].sum() == made.accepted
    found = {(row["source_row"], row["column_name"], row["code"]) for row in issues.iter_rows(named=True)}
    expected = {
        (line, MISTAKES[name].blamed or MISTAKES[name].column, MISTAKES[name].code)
        for name, lines in made.bad_rows.items()
        for line in lines
    }
    assert found == expected
    assert len(found) == made.bad
    assert set(issues["severity"]) == {"critical"}


def test_every_kind_of_mistake_comes_about_as_often(tmp_path: Path) -> None:
    made = generate(tmp_path / "ho_so_2021-Q2.csv", 30_000, bad_share=0.5)

    assert len(made.bad_rows) == 15
    assert all(800 < len(lines) < 1200 for lines in made.bad_rows.values())
    assert 0.48 < made.bad / made.rows < 0.52


def test_about_one_row_in_ninety_is_bad_unless_told(tmp_path: Path) -> None:
    assert 0.009 < generate(tmp_path / "ho_so_2021-Q2.csv", 30_000).bad / 30_000 < 0.013


def test_a_file_without_mistakes_is_accepted_whole(tmp_path: Path) -> None:
    made = generate(tmp_path / "ho_so_2021-Q2.csv", 500, bad_share=0)
    rows, issues = checked(made)

    assert rows["accepted"].all()
    assert issues.is_empty()


def test_the_same_arguments_give_the_same_bytes_and_another_seed_other_ones(tmp_path: Path) -> None:
    one, same, other = (
        generate(tmp_path / f"{name}.csv", 300, seed=seed, bad_share=0.2)
        for name, seed in (("one", 1), ("same", 1), ("other", 2))
    )

    assert one.path.read_bytes() == same.path.read_bytes() != other.path.read_bytes()
    assert one.bad_rows == same.bad_rows != other.bad_rows


def test_a_file_made_in_two_parts_holds_the_records_of_the_whole(tmp_path: Path) -> None:
    whole = lines(generate(tmp_path / "whole.csv", 200, bad_share=0.2).path)
    first = lines(generate(tmp_path / "first.csv", 130, bad_share=0.2).path)
    second = lines(generate(tmp_path / "second.csv", 70, start=131, bad_share=0.2).path)

    assert whole == first + second[1:]


def test_how_many_rows_are_made_at_once_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = generate(tmp_path / "at_once.csv", 200, bad_share=0.2)
    monkeypatch.setattr("bench.generate_health_records.CHUNK", 70)
    in_parts = generate(tmp_path / "in_parts.csv", 200, bad_share=0.2)

    assert in_parts.path.read_bytes() == at_once.path.read_bytes()
    assert in_parts.bad_rows == at_once.bad_rows


def test_a_newer_version_differs_in_the_day_of_its_update_alone(tmp_path: Path) -> None:
    old, new = records(1, 500), records(1, 500, updated_shift=92)
    bad_in_both = [
        generate(tmp_path / f"{shift}.csv", 500, bad_share=0.2, updated_shift=shift).bad_rows
        for shift in (0, 92)
    ]

    assert ((new["updated_on"] - old["updated_on"]).dt.total_days() == 92).all()
    assert new.drop("updated_on").equals(old.drop("updated_on"))
    assert bad_in_both[0] == bad_in_both[1]


def test_records_and_persons_are_told_apart_by_their_numbers() -> None:
    made = records(1, 400_000)

    assert made["record_id"].n_unique() == made["citizen_id"].n_unique() == 400_000


def test_a_citizen_id_agrees_with_its_bearer() -> None:
    made = records(1, 20_000).filter(pl.col("sex") != "không xác định")
    digits = made["citizen_id"].cast(pl.Int64)
    is_woman = digits // 10**8 % 2 == 1
    year = 1900 + digits // 10**8 % 10 // 2 * 100 + digits // 10**6 % 100

    assert (is_woman == (made["sex"] == "nữ")).all()
    assert (year == made["birth_date"].dt.year()).all()
    assert Counter(made["citizen_id"].str.head(3)).most_common(1)[0][0] == "038"


def test_records_look_like_those_of_the_province_in_2021() -> None:
    made = records(1, 20_000)
    communes = reference.communes_in_force(date(2021, 6, 30))

    assert set(made["commune_code"]) == set(communes)
    assert made.select("commune_code", "station_code").n_unique() == len(communes) == 559
    assert made["full_name"].str.contains("Mẫu").all()
    assert 0.31 < made["insurance_number"].null_count() / made.height < 0.36
    assert (made["last_visit_on"].drop_nulls() <= date(2021, 6, 30)).all()
    assert (made["updated_on"] >= made["created_on"]).all()
    assert made["updated_on"].dt.quarter().unique().to_list() == [2]


def test_a_station_sends_its_own_records() -> None:
    made = records(1, 50, station=1)

    assert made.select("commune_code", "station_code").unique().rows() == [("14758", "38102")]


def lines(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))
