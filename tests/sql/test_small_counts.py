"""No count of fewer than five persons is in schema mart, or can be worked out from what is."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

import psycopg
import pytest
from psycopg import sql

from dxpipeline.indicators.refresh import refresh

Submit = Callable[..., int]
Version = tuple[str, str, dict[str, Any]]

SMALLEST = 5
FACTS = {
    "fct_health_record_province": "period",
    "fct_health_record_commune": "commune_code",
    "fct_health_record_commune_today": "commune_key",
    "fct_health_record_station": "station_code",
    "fct_health_record_duplicate": "station_code",
}


def records(station: str, size: int, **changes: Any) -> list[Version]:
    """Return a record each of so many persons of a station."""
    return [
        (f"HS-{station}-{number:04d}", f"{station} {number}", {"station_code": station, **changes})
        for number in range(size)
    ]


def shown(connection: psycopg.Connection, fact: str) -> dict[str, int | None]:
    """Return the counts of persons of a fact, by unit."""
    query = sql.SQL("select {}::text, person_count from {}").format(
        sql.Identifier(FACTS[fact]), sql.Identifier("mart", fact)
    )
    return dict(connection.execute(query))


def counts_of_persons(connection: psycopg.Connection) -> list[tuple[str, str, int]]:
    """Return every count of persons or records that any table or view of schema mart shows."""
    columns = connection.execute(
        "select table_name, column_name from information_schema.columns "
        "where table_schema = 'mart' and table_name like '%health_record%' "
        "and (column_name like '%person_count' or column_name like '%record_count')"
    ).fetchall()
    assert len(columns) == 16
    found = []
    for table, column in columns:
        query = sql.SQL("select {0} from {1} where {0} is not null").format(
            sql.Identifier(column), sql.Identifier("mart", table)
        )
        found += [(table, column, int(value)) for (value,) in connection.execute(query)]
    values = connection.execute(
        "select indicator_code, "
        "unnest(array[numerator, case unit when 'record_per_person' then denominator end]) "
        "from mart.fct_indicator_value where indicator_code in ('EHR_POP', 'EHR_RECORDS_PER_PERSON')"
    )
    found += [(code, "value", int(value)) for code, value in values if value is not None]
    return found


def assert_nothing_small_is_left(true: dict[str, int], visible: dict[str, int | None]) -> None:
    """Check that a group shows true counts and hides either none or several with five persons together."""
    assert visible.keys() == true.keys()
    assert {unit: count for unit, count in visible.items() if count is not None}.items() <= true.items()
    hidden = [true[unit] for unit, count in visible.items() if count is None]
    assert all(count >= SMALLEST for count in visible.values() if count is not None)
    if hidden and len(hidden) < len(true):
        assert len(hidden) > 1
        assert sum(hidden) >= SMALLEST


@pytest.mark.parametrize(
    ("sizes", "hidden"),
    [
        ([5, 6, 9], []),
        ([4, 9, 6, 8], [4, 6]),
        ([1, 1, 7, 5], [1, 1, 5]),
        ([2, 3, 7, 5], [2, 3]),
        ([4, 4, 4], [4, 4, 4]),
        ([3, 12], [3, 12]),
    ],
)
def test_a_small_unit_is_hidden_and_with_it_the_next_that_would_give_it_away(
    warehouse: psycopg.Connection, submit_records: Submit, sizes: list[int], hidden: list[int]
) -> None:
    versions = [record for number, size in enumerate(sizes) for record in records(f"3800{number}", size)]
    submit_records("2021-Q2", versions)
    refresh(warehouse)
    persons = shown(warehouse, "fct_health_record_station")
    assert [persons[f"3800{number}"] for number in range(len(sizes))] == [
        None if size in hidden else size for size in sizes
    ]


def test_a_unit_without_persons_has_no_row_and_a_hidden_one_no_zero(
    warehouse: psycopg.Connection, submit: Submit, submit_records: Submit
) -> None:
    stations = [(code, {"population_managed": 100}) for code in ("38001", "38002", "38003", "38004")]
    submit("health_stations", "2021-Q2", stations)
    submit_records("2021-Q2", [*records("38001", 3), *records("38002", 6), *records("38003", 7)])
    refresh(warehouse)
    rows = warehouse.execute(
        "select station_code, person_count, record_count, coverage_pct, suppressed, population_managed "
        "from mart.health_record_station order by 1"
    ).fetchall()
    assert rows == [
        ("38001", None, None, None, True, 100),
        ("38002", None, None, None, True, 100),
        ("38003", 7, 7, 7, False, 100),
    ]


def test_a_province_with_few_persons_shows_nothing_but_that(
    warehouse: psycopg.Connection, submit_records: Submit
) -> None:
    submit_records("2025-Q2", records("38001", 4, updated_on=date(2025, 5, 1)))
    refresh(warehouse)
    assert {fact: shown(warehouse, fact) for fact in FACTS if fact != "fct_health_record_duplicate"} == {
        "fct_health_record_province": {"2025-Q2": None},
        "fct_health_record_commune": {"14755": None},
        "fct_health_record_commune_today": {
            str(key): None
            for (key,) in warehouse.execute(
                "select commune_key from mart.dim_commune where commune_code = '14758' and valid_to is null"
            )
        },
        "fct_health_record_station": {"38001": None},
    }
    values = warehouse.execute(
        "select indicator_code, numerator, value from mart.fct_indicator_value order by 1"
    ).fetchall()
    assert values == [("EHR_POP", None, None), ("EHR_RECORDS_PER_PERSON", None, None)]


def test_a_former_commune_is_hidden_among_those_of_its_unit_of_today(
    warehouse: psycopg.Connection, submit_records: Submit
) -> None:
    # 14755, 14761 and 14764 are parts of today's 14758; the smallest commune of all lies elsewhere.
    submit_records(
        "2021-Q2",
        [
            *records("38001", 3, commune_code="14755"),
            *records("38002", 9, commune_code="14761"),
            *records("38003", 20, commune_code="14764"),
            *records("38004", 6, commune_code="14767"),
        ],
    )
    refresh(warehouse)
    assert shown(warehouse, "fct_health_record_commune") == {
        "14755": None,
        "14761": None,
        "14764": 20,
        "14767": 6,
    }


def test_where_a_unit_of_today_is_hidden_so_are_its_parts(
    warehouse: psycopg.Connection, submit_records: Submit
) -> None:
    # 14755 and 14761 are one unit today, of 13 persons; it is hidden because that of 14872 has only four.
    submit_records(
        "2021-Q2",
        [
            *records("38001", 7, commune_code="14755"),
            *records("38002", 6, commune_code="14761"),
            *records("38003", 4, commune_code="14872"),
            *records("38004", 60, commune_code="15001"),
        ],
    )
    refresh(warehouse)
    assert sorted(filter(None, shown(warehouse, "fct_health_record_commune_today").values())) == [60]
    assert shown(warehouse, "fct_health_record_commune") == {
        "14755": None,
        "14761": None,
        "14872": None,
        "15001": 60,
    }


def test_persons_with_a_record_elsewhere_are_hidden_where_they_or_the_others_are_few(
    warehouse: psycopg.Connection, submit_records: Submit
) -> None:
    def shared(station: str, other: str, size: int) -> list[Version]:
        return [
            (f"{record}-{other}", person, {"station_code": other})
            for record, person, _ in records(station, size)
        ]

    base = [record for station in ("38001", "38002", "38003", "38004") for record in records(station, 30)]
    # 38001 and 38002 share 28 of their persons, so that 2 of 38001 are left; 38003 and 38004 share 6.
    submit_records("2021-Q2", [*base, *shared("38001", "38002", 28), *shared("38003", "38004", 6)])
    refresh(warehouse)
    assert shown(warehouse, "fct_health_record_station") == {
        "38001": 30,
        "38002": 58,
        "38003": 30,
        "38004": 36,
    }
    assert shown(warehouse, "fct_health_record_duplicate") == {
        "38001": None,
        "38002": 28,
        "38003": None,
        "38004": 6,
    }


@pytest.mark.parametrize("seed", range(12))
def test_no_count_of_a_random_province_is_small_or_can_be_worked_out(
    warehouse: psycopg.Connection, submit_records: Submit, seed: int
) -> None:
    chance = random.Random(seed)
    today: dict[str, str] = dict(
        warehouse.execute(
            "select former.commune_code, today.today_commune_key::text from mart.dim_commune as former "
            "inner join mart.commune_today as today on former.commune_key = today.commune_key "
            "where former.valid_from = '2019-12-01' and not today.is_split"
        )
    )
    units = chance.sample(sorted(set(today.values())), 6)
    codes = [code for code, unit in sorted(today.items()) if unit in units]
    # 14758 was split: its residents belong to no unit of today.
    codes.append("14758")
    weights = [chance.choice([0, 1, 1, 3, 20]) for _ in codes]
    stations = [f"38{number:03d}" for number in range(chance.randint(2, 14))]
    if not any(weights):
        weights[0] = 1
    versions: list[Version] = []
    for number in range(chance.choice([3, 12, 60, 150])):
        for copy in range(chance.choice([1, 1, 1, 2])):
            place = {
                "commune_code": chance.choices(codes, weights)[0],
                "station_code": chance.choice(stations[: chance.randint(1, len(stations))]),
            }
            versions.append((f"HS-{number:05d}-{copy}", f"person {number}", place))
    submit_records("2021-Q2", versions)
    refresh(warehouse)

    def persons_by(unit: Callable[[dict[str, Any]], str | None]) -> dict[Any, int]:
        found: dict[Any, set[str]] = defaultdict(set)
        for _, person, place in versions:
            found[unit(place)].add(person)
        return {key: len(persons) for key, persons in found.items()}

    communes = persons_by(lambda place: place["commune_code"])
    units_of_today = persons_by(lambda place: today.get(place["commune_code"]))
    assert all(count >= SMALLEST for _, _, count in counts_of_persons(warehouse))
    assert_nothing_small_is_left(
        persons_by(lambda place: place["station_code"]), shown(warehouse, "fct_health_record_station")
    )
    visible_units = shown(warehouse, "fct_health_record_commune_today")
    assert_nothing_small_is_left(units_of_today, visible_units)
    visible = shown(warehouse, "fct_health_record_commune")
    for unit, count in visible_units.items():
        parts = [code for code in communes if today.get(code) == unit]
        if count is None:
            assert {visible[code] for code in parts} == {None}
        else:
            assert_nothing_small_is_left(
                {code: communes[code] for code in parts}, {code: visible[code] for code in parts}
            )


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
