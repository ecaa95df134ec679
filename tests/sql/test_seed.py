"""The warehouse holds what include/reference and include/plan say, no more and no less."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import psycopg
import pytest

from dxpipeline import reference
from dxpipeline.indicators.refresh import refresh
from dxpipeline.warehouse.seed import seed

Submit = Callable[..., int]


def one(connection: psycopg.Connection, query: str) -> object:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(
    ("on", "communes", "districts"),
    [
        (date(2021, 3, 31), 559, 27),
        (date(2024, 1, 31), 559, 27),
        (date(2024, 6, 1), 558, 27),
        (date(2025, 1, 1), 547, 26),
        (date(2025, 6, 30), 547, 26),
        (date(2025, 7, 1), 166, 0),
    ],
)
def test_dim_commune_holds_the_communes_of_a_day(
    warehouse: psycopg.Connection, on: date, communes: int, districts: int
) -> None:
    counted = warehouse.execute(
        "select count(*), count(distinct commune_code), count(distinct district_code) from mart.dim_commune "
        "where valid_from <= %(on)s and (valid_to is null or %(on)s < valid_to)",
        {"on": on},
    ).fetchone()
    assert counted == (communes, communes, districts)


def test_the_succession_leads_from_547_communes_to_166(warehouse: psycopg.Connection) -> None:
    pairs = warehouse.execute(
        "select count(*), count(distinct former_commune_key), count(distinct successor_commune_key) "
        "from mart.bridge_commune_succession where effective_on = '2025-07-01'"
    ).fetchone()
    assert pairs == (558, 547, 166)


def test_a_split_commune_has_both_its_successors(warehouse: psycopg.Connection) -> None:
    successors = warehouse.execute(
        "select successor.commune_name, bridge.relation from mart.bridge_commune_succession as bridge "
        "inner join mart.dim_commune as former on bridge.former_commune_key = former.commune_key "
        "inner join mart.dim_commune as successor on bridge.successor_commune_key = successor.commune_key "
        "where former.commune_name = 'Phường Đông Thọ' order by 1"
    ).fetchall()
    assert successors == [("Phường Hàm Rồng", "partial"), ("Phường Hạc Thành", "partial")]


@pytest.mark.parametrize(
    ("on", "calendar_quarter", "administrative_quarter", "administrative_year"),
    [
        (date(2019, 12, 15), "2019-Q4", "2020-Q1", "2020"),
        (date(2021, 3, 14), "2021-Q1", "2021-Q1", "2021"),
        (date(2021, 3, 15), "2021-Q1", "2021-Q2", "2021"),
        (date(2021, 12, 14), "2021-Q4", "2021-Q4", "2021"),
        (date(2021, 12, 15), "2021-Q4", "2022-Q1", "2022"),
        (date(2030, 12, 31), "2030-Q4", "2031-Q1", "2031"),
    ],
)
def test_a_day_lies_in_one_period_of_each_calendar(
    warehouse: psycopg.Connection,
    on: date,
    calendar_quarter: str,
    administrative_quarter: str,
    administrative_year: str,
) -> None:
    row = warehouse.execute(
        "select calendar_quarter, administrative_quarter, administrative_year from mart.dim_date "
        "where date_on = %s",
        [on],
    ).fetchone()
    assert row == (calendar_quarter, administrative_quarter, administrative_year)


def test_dim_date_has_every_day_and_the_months_and_halves_of_both_calendars(
    warehouse: psycopg.Connection,
) -> None:
    bounds = warehouse.execute("select count(*), min(date_on), max(date_on) from mart.dim_date").fetchone()
    assert bounds == (4035, date(2019, 12, 15), date(2030, 12, 31))
    row = warehouse.execute(
        "select year, quarter, month, calendar_month, calendar_half_year, calendar_year, "
        "administrative_month, administrative_half_year from mart.dim_date where date_on = '2021-06-20'"
    ).fetchone()
    assert row == (2021, 2, 6, "2021-06", "2021-H1", "2021", "2021-07", "2021-H2")


def test_departments_end_where_they_were_merged(warehouse: psycopg.Connection) -> None:
    merged = warehouse.execute(
        "select department_code, valid_to, successor_code from mart.dim_department "
        "where valid_to is not null order by 1"
    ).fetchall()
    assert merged == [
        ("so-kh-dt", date(2025, 3, 1), "so-tai-chinh"),
        ("so-tt-tt", date(2025, 3, 1), "so-kh-cn"),
    ]
    assert one(warehouse, "select count(*) from mart.dim_department") == 8


def test_seeding_again_writes_nothing(owner: psycopg.Connection) -> None:
    seed(owner)
    tables = [
        f"mart.{name}"
        for name in (
            "dim_commune",
            "bridge_commune_succession",
            "bridge_commune_today",
            "dim_date",
            "dim_target",
        )
    ]
    versions = " union all ".join(
        f"select ctid::text, xmin::text, '{table}' from {table}" for table in tables
    )
    before = owner.execute(f"select * from ({versions}) as rows order by 3, 1").fetchall()
    seed(owner)
    assert owner.execute(f"select * from ({versions}) as rows order by 3, 1").fetchall() == before


def test_a_changed_table_is_made_equal_to_its_file_and_keys_stay(owner: psycopg.Connection) -> None:
    key = one(
        owner, "select commune_key from mart.dim_commune where commune_code = '14758' and valid_to is null"
    )
    owner.execute("update mart.dim_commune set commune_name = 'X' where commune_code = '14758'")
    owner.execute("delete from mart.dim_commune where commune_code = '14761'")
    owner.execute(
        "insert into mart.dim_commune (commune_code, valid_from, commune_name, commune_type, province_code, "
        "source, sureness) values ('99999', '2021-01-01', 'X', 'xã', '38', 'x', 'read')"
    )
    seed(owner)
    rows = owner.execute(
        "select commune_code, valid_from, commune_name from mart.dim_commune order by 1, 2"
    ).fetchall()
    assert rows == [(unit.commune_code, unit.valid_from, unit.commune_name) for unit in reference.communes()]
    assert key == one(
        owner, "select commune_key from mart.dim_commune where commune_code = '14758' and valid_to is null"
    )


def test_the_population_stands_with_its_source_and_only_for_the_years_that_have_one(
    warehouse: psycopg.Connection,
) -> None:
    columns = "year, province_code, population, vintage, source"
    (figure,) = warehouse.execute(f"select {columns} from mart.dim_population").fetchall()
    assert figure[:4] == (2025, "38", 3_760_650, "declared")
    assert "2025" in figure[4]


def test_other_definitions_mark_every_period_once(
    owner: psycopg.Connection, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit("broadband_coverage", "2021-Q1", [("14758", {})])
    submit("smart_hospitals", "2021-Q2", [("38001", {})])
    seed(owner)
    owner.execute("delete from ledger.mart_refresh")
    seed(owner)
    assert one(owner, "select count(*) from ledger.mart_refresh") == 0
    monkeypatch.setattr(reference, "version", lambda: "another")
    seed(owner)
    marked = owner.execute("select feed, period from ledger.mart_refresh order by 1").fetchall()
    assert marked == [("broadband_coverage", "2021-Q1"), ("smart_hospitals", "2021-Q2")]


def test_facts_of_a_commune_that_reference_data_no_longer_knows_are_computed_again(
    owner: psycopg.Connection, warehouse: psycopg.Connection, submit: Submit
) -> None:
    submit("broadband_coverage", "2021-Q1", [("14758", {}), ("00000", {})])
    refresh(warehouse)
    keys: dict[str, int | None] = dict(
        warehouse.execute("select commune_code, commune_key from mart.fct_broadband_commune")
    )
    assert keys["00000"] is None
    assert keys["14758"] is not None
    assert one(warehouse, "select numerator from mart.fct_indicator_value") == 1
    owner.execute("delete from mart.dim_commune where commune_code = '14758'")
    assert one(owner, "select count(*) from mart.fct_broadband_commune where commune_key is null") == 2
