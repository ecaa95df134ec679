"""No count of fewer than five persons is in schema mart, or can be worked out from it. All are invented."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

import psycopg
import pytest
from psycopg import sql

from dxpipeline.indicators.refresh import refresh

Submit = Callable[..., int]
Version = tuple[str, str, dict[str, Any]]

PROVINCE = "fct_health_record_province"
UNITS = {
    "fct_health_record_commune": "commune_code",
    "fct_health_record_commune_today": "commune_key",
    "fct_health_record_station": "station_code",
}


def records(station: str, size: int, **changes: Any) -> list[Version]:
    """Return a record each of so many persons of a station."""
    return [
        (f"HS-{station}-{number:04d}", f"{station} {number}", {"station_code": station, **changes})
        for number in range(size)
    ]


def copies(versions: list[Version], **changes: Any) -> list[Version]:
    """Return second records of the same persons."""
    return [(f"{record}-2", person, {**place, **changes}) for record, person, place in versions]


def shown(connection: psycopg.Connection, fact: str, period: str = "2021-Q2") -> dict[str, int]:
    """Return the counts of persons of a fact, by unit."""
    query = sql.SQL("select {}::text, person_count from {} where period = %s").format(
        sql.Identifier(UNITS[fact]), sql.Identifier("mart", fact)
    )
    return dict(connection.execute(query, [period]))


def province(connection: psycopg.Connection, columns: str) -> tuple[Any, ...]:
    """Return columns of the province's one row."""
    (row,) = connection.execute(f"select {columns} from mart.{PROVINCE}".encode()).fetchall()
    return tuple(row)


def everything_shown(connection: psycopg.Connection) -> dict[str, list[Any]]:
    """Return all that schema mart says of health records: facts, views over them, and indicators."""
    names = connection.execute(
        "select table_name from information_schema.tables "
        "where table_schema = 'mart' and table_name like '%health\\_record\\_%'"
    ).fetchall()
    assert len(names) == 8
    said = {
        name: connection.execute(
            sql.SQL("select shown::text from {} as shown order by 1").format(sql.Identifier("mart", name))
        ).fetchall()
        for (name,) in names
    }
    said["indicators"] = connection.execute(
        "select indicator_code, numerator, denominator, value from mart.fct_indicator_value order by 1"
    ).fetchall()
    return said


@pytest.mark.parametrize(
    ("sizes", "counts"),
    [
        ([5, 6, 9], [5, 5, 5]),
        ([10, 14, 15], [10, 10, 15]),
        ([4, 9, 9, 30], [None, 5, 5, 30]),
        ([1, 1, 7], [None, None, 5]),
        ([4, 4, 4], [None, None, None]),
    ],
)
def test_counts_below_the_province_are_rounded_down_to_a_multiple_of_five_and_left_out_below_it(
    warehouse: psycopg.Connection, submit_records: Submit, sizes: list[int], counts: list[int | None]
) -> None:
    versions = [record for number, size in enumerate(sizes) for record in records(f"3800{number}", size)]
    submit_records("2021-Q2", versions)
    refresh(warehouse)
    persons = shown(warehouse, "fct_health_record_station")
    assert [persons.get(f"3800{number}") for number in range(len(sizes))] == counts
    assert province(warehouse, "person_count, record_count") == (sum(sizes), sum(sizes))


def test_a_unit_of_few_persons_looks_like_one_of_none(
    warehouse: psycopg.Connection, submit: Submit, submit_records: Submit
) -> None:
    stations = [(code, {"population_managed": 50}) for code in ("38001", "38002", "38003")]
    submit("health_stations", "2021-Q2", stations)
    submit_records("2021-Q2", [*records("38001", 3), *records("38003", 7)])
    refresh(warehouse)
    rows = warehouse.execute(
        "select station_code, person_count, population_managed, coverage_pct from mart.health_record_station"
    ).fetchall()
    assert rows == [("38003", 5, 50, 10)]


def test_a_province_with_few_persons_shows_nothing_but_that(
    warehouse: psycopg.Connection, submit_records: Submit
) -> None:
    persons = records("38001", 4, updated_on=date(2025, 5, 1))
    submit_records("2025-Q2", [*persons, *copies(persons * 2, station_code="38002")])
    refresh(warehouse)
    assert province(warehouse, "person_count, record_count, duplicate_person_count") == (None, None, None)
    assert [shown(warehouse, fact, "2025-Q2") for fact in UNITS] == [{}, {}, {}]
    values = warehouse.execute(
        "select indicator_code, numerator, value from mart.fct_indicator_value "
        "where indicator_code like 'EHR%%' order by 1"
    ).fetchall()
    assert values == [("EHR_POP", None, None), ("EHR_RECORDS_PER_PERSON", None, None)]


def test_communes_stations_and_the_unit_of_today_leave_out_the_same_persons(
    warehouse: psycopg.Connection, submit_records: Submit
) -> None:
    # Three communes with a station each are one unit today, of 19 persons.
    submit_records(
        "2021-Q2",
        [
            *records("38233", 8, commune_code="15106"),
            *records("38224", 7, commune_code="15115"),
            *records("38236", 4, commune_code="15076"),
        ],
    )
    refresh(warehouse)
    assert shown(warehouse, "fct_health_record_commune") == {"15106": 5, "15115": 5}
    assert shown(warehouse, "fct_health_record_station") == {"38233": 5, "38224": 5}
    assert list(shown(warehouse, "fct_health_record_commune_today").values()) == [15]
    assert province(warehouse, "person_count") == (19,)


def test_a_unit_of_today_does_not_tell_of_the_few_that_rounding_would_leave_in_it(
    warehouse: psycopg.Connection, submit_records: Submit
) -> None:
    # Nine in each of four parts of a unit and four in the fifth are forty, and no other numbers are.
    (codes,) = warehouse.execute(
        "select array_agg(former.commune_code order by former.commune_code) from mart.dim_commune as former "
        "inner join mart.commune_today as today on former.commune_key = today.commune_key "
        "where former.valid_from = '2019-12-01' and not today.is_split "
        "group by today.today_commune_key having count(*) >= 5 order by 1 limit 1"
    ).fetchall()[0]
    *parts, last = codes[:5]
    submit_records(
        "2021-Q2",
        [
            *(record for part in parts for record in records(f"38{part[2:]}", 9, commune_code=part)),
            *records("38999", 4, commune_code=last),
        ],
    )
    refresh(warehouse)
    assert list(shown(warehouse, "fct_health_record_commune_today").values()) == [35]
    assert shown(warehouse, "fct_health_record_commune") == dict.fromkeys(parts, 5)


def test_few_residents_of_a_commune_at_a_station_are_counted_in_the_province_alone(
    warehouse: psycopg.Connection, submit_records: Submit
) -> None:
    guests = [
        (record, person, {**place, "station_code": "38001"})
        for record, person, place in records("guest", 4, commune_code="14872")
    ]
    submit_records(
        "2021-Q2",
        [
            *records("38001", 8, commune_code="14755"),
            *records("38002", 8, commune_code="14872"),
            *guests,
        ],
    )
    refresh(warehouse)
    assert shown(warehouse, "fct_health_record_station") == {"38001": 5, "38002": 5}
    assert shown(warehouse, "fct_health_record_commune") == {"14755": 5, "14872": 5}
    assert province(warehouse, "person_count") == (20,)


def test_a_unit_that_nothing_changed_shows_in_a_later_period_what_it_showed(
    warehouse: psycopg.Connection, submit_records: Submit
) -> None:
    submit_records("2021-Q2", [*records("38001", 4), *records("38002", 9), *records("38003", 30)])
    submit_records("2021-Q3", records("38004", 4))
    refresh(warehouse)
    earlier, later = (shown(warehouse, "fct_health_record_station", f"2021-Q{q}") for q in (2, 3))
    assert earlier == later == {"38002": 5, "38003": 30}


@pytest.mark.parametrize(
    ("here", "elsewhere", "records_shown", "duplicates_shown"),
    [
        (0, 0, 50, 0),
        (3, 0, None, 0),
        (4, 0, None, 0),
        (5, 0, 55, 0),
        (0, 4, None, None),
        (2, 4, 56, None),
        (0, 5, 55, 5),
        (1, 13, 64, 10),
    ],
)
def test_records_and_persons_of_several_stations_are_counted_in_the_province_unless_they_are_few(
    warehouse: psycopg.Connection,
    submit_records: Submit,
    here: int,
    elsewhere: int,
    records_shown: int | None,
    duplicates_shown: int | None,
) -> None:
    persons = records("38001", 50)
    submit_records(
        "2021-Q2",
        [
            *persons,
            *copies(persons[:here]),
            *copies(persons[here : here + elsewhere], station_code="38002", commune_code="14872"),
        ],
    )
    refresh(warehouse)
    counts = province(warehouse, "person_count, record_count, duplicate_person_count")
    assert counts == (50, records_shown, duplicates_shown)
    value = warehouse.execute(
        "select numerator, denominator, value * 50 from mart.fct_indicator_value "
        "where indicator_code = 'EHR_RECORDS_PER_PERSON'"
    ).fetchall()
    assert value == [(records_shown, 50, records_shown)]


def test_each_station_learns_how_many_of_its_persons_another_station_keeps_too(
    warehouse: psycopg.Connection, submit_records: Submit
) -> None:
    persons = records("38001", 20)
    submit_records(
        "2021-Q2",
        [
            *persons,
            # Seven persons of 38001 at 38002 too, three at 38003; the latter has others as well.
            *copies(persons[:7], station_code="38002"),
            *copies(persons[7:10], station_code="38003"),
            *records("38003", 9),
            *records("38004", 6),
            # A second record at the same station is another matter.
            *[(f"{record}-3", person, same) for record, person, same in persons[15:20]],
        ],
    )
    refresh(warehouse)
    shown_of = (
        "select station_code, person_count, shared_person_count, shared_pct from mart.health_record_station"
    )
    assert warehouse.execute(f"{shown_of} order by 1").fetchall() == [
        ("38001", 20, 10, 50),
        ("38002", 5, 5, 100),
        ("38003", 10, None, None),
        ("38004", 5, 0, 0),
    ]


def test_the_records_that_a_station_reports_are_rounded_too_and_left_out_where_few(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    reported = {"38001": (0, 0), "38002": (1, 4), "38003": (3, 5), "38004": (1234, 99), "38005": (9, 0)}
    submit(
        "health_stations",
        "2021-Q2",
        [
            (code, {"population_managed": 2000, "records_created": created, "records_updated": updated})
            for code, (created, updated) in reported.items()
        ],
    )
    refresh(warehouse)
    columns = "station_code, records_created, records_updated"
    rows = warehouse.execute(
        f"select {columns}, records_created_pct * 20 from mart.health_station order by 1".encode()
    ).fetchall()
    assert rows == [
        ("38001", 0, 0, 0),
        ("38002", None, None, None),
        ("38003", None, 5, None),
        ("38004", 1230, 95, 1230),
        ("38005", 5, 0, 5),
    ]
    facts = warehouse.execute(f"select {columns} from mart.fct_health_station order by 1".encode()).fetchall()
    assert facts == [row[:3] for row in rows]


def random_province(chance: random.Random, units_of_today: dict[str, str]) -> list[Version]:
    """Return records of a few units of today; in half of them a commune has one station."""
    units = chance.sample(sorted(set(units_of_today.values())), 4)
    # 14758 was split: its residents belong to no unit of today.
    codes = [*(code for code, unit in sorted(units_of_today.items()) if unit in units), "14758"]
    own_station = {code: f"38{number // chance.choice([1, 2]):03d}" for number, code in enumerate(codes)}
    one_station_each = chance.random() < 0.5
    stations = chance.sample(sorted(set(own_station.values())), 4)
    versions: list[Version] = []

    def add(person: int, copy: int, code: str) -> None:
        station = own_station[code] if one_station_each else chance.choice(stations)
        place = {"commune_code": code, "station_code": station}
        versions.append((f"HS-{person:05d}-{copy}", f"person {person}", place))

    person = 0
    for code in codes:
        for _ in range(chance.choice([0, 1, 3, 4, 4, 5, 9, 9, 14, 30])):
            add(person, 0, code)
            if chance.random() < 0.1:
                add(person, 1, chance.choice(codes))
            person += 1
    return versions


@pytest.mark.parametrize("seed", range(12))
def test_all_that_is_shown_would_be_the_same_if_a_unit_that_is_not_had_nobody(
    warehouse: psycopg.Connection, submit_records: Submit, seed: int
) -> None:
    units_of_today: dict[str, str] = dict(
        warehouse.execute(
            "select former.commune_code, today.today_commune_key::text from mart.dim_commune as former "
            "inner join mart.commune_today as today on former.commune_key = today.commune_key "
            "where former.valid_from = '2019-12-01' and not today.is_split"
        )
    )
    versions = random_province(random.Random(seed), units_of_today)
    submit_records("2021-Q2", versions)
    refresh(warehouse)
    said = everything_shown(warehouse)
    everybody = len({person for _, person, _ in versions})
    assert province(warehouse, "person_count") == (everybody,)
    for fact in UNITS:
        assert {count % 5 for count in shown(warehouse, fact).values()} <= {0}
        assert all(count >= 5 for count in shown(warehouse, fact).values())
    # Whoever is at a station or in a commune that is not shown could be anywhere else that is not.
    moved = 0
    for column, fact, elsewhere in (
        ("station_code", "fct_health_record_station", "39"),
        ("commune_code", "fct_health_record_commune", "99"),
    ):
        visible = shown(warehouse, fact)
        hidden = {place[column] for _, _, place in versions} - visible.keys()
        for number, code in enumerate(sorted(hidden)):
            moved += warehouse.execute(
                sql.SQL("update core.health_records set {0} = %s where {0} = %s").format(
                    sql.Identifier(column)
                ),
                [f"{elsewhere}{number:03d}", code],
            ).rowcount
    refresh(warehouse, everything=True)
    assert moved > 0
    assert everything_shown(warehouse) == said
    # Nor does anything but the province's own numbers tell that they are there.
    warehouse.execute(
        "delete from core.health_records where (station_code, commune_code) in "
        "(select station_code, commune_code from core.health_records group by station_code, commune_code "
        "having count(distinct citizen_id_hash) < 5)"
    )
    refresh(warehouse, everything=True)
    rest = everything_shown(warehouse)
    assert [rest[name] for name in UNITS] == [said[name] for name in UNITS]


def test_mart_holds_no_record_no_hash_and_no_row_of_a_person(
    bi: psycopg.Connection, warehouse: psycopg.Connection, submit_records: Submit
) -> None:
    submit_records("2021-Q2", records("38001", 12))
    refresh(warehouse)
    secrets = {
        str(value)
        for row in warehouse.execute(
            "select record_id, encode(citizen_id_hash, 'hex'), encode(citizen_id_hash, 'base64') "
            "from core.health_records"
        )
        for value in row
    }
    assert len(secrets) == 36
    tables = [name for (name,) in bi.execute(MART_RELATIONS)]
    assert len(tables) > 25
    for name in tables:
        assert not leaking(bi, name, secrets), name
    personal = bi.execute(
        "select table_name, column_name from information_schema.columns where table_schema = 'mart' "
        "and (data_type = 'bytea' or column_name ~ '(record_id|citizen|insurance|birth|full_name|_hash$)')"
    ).fetchall()
    assert personal == []
    persons_rows = "select count(*) from mart.fct_indicator_row where indicator_code like 'EHR\\_%' "
    assert bi.execute(f"{persons_rows} and indicator_code <> 'EHR_FAC'".encode()).fetchone() == (0,)


MART_RELATIONS = """
select oid::regclass::text from pg_class
where relnamespace = 'mart'::regnamespace and relkind in ('r', 'v', 'm', 'p')
"""


def leaking(connection: psycopg.Connection, relation: str, secrets: Iterable[str]) -> list[str]:
    """Return the texts of a relation's rows that hold one of the secrets."""
    texts = connection.execute(f"select relation::text from {relation} as relation".encode())
    return [text for (text,) in texts if any(secret in text for secret in secrets)]


def test_the_rows_of_a_personal_report_are_shown_in_the_calendar_as_everywhere(
    warehouse: psycopg.Connection, submit_records: Submit
) -> None:
    def told() -> tuple[Any, ...] | None:
        warehouse.execute(
            "update ledger.delivery set rows_accepted = held.rows from ("
            "select submission_id, count(*) as rows from core.health_records group by 1) as held "
            "where held.submission_id = delivery.submission_id"
        )
        refresh(warehouse, everything=True)
        return warehouse.execute(
            "select rows_accepted, rows_quarantined from mart.report_calendar "
            "where feed = 'health_records' and period = '2021-Q2'"
        ).fetchone()

    submit_records("2021-Q2", records("38001", 3))
    assert told() == (None, 0)
    submit_records("2021-Q2", records("38002", 6))
    assert told() == (5, 0)
