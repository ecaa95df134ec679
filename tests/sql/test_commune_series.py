"""Series of communes in the units of today and in the districts of then: nothing is lost, nothing made up."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dxpipeline import reference
from dxpipeline.commune_weights import TABLE
from dxpipeline.indicators.refresh import refresh
from dxpipeline.warehouse.seed import seed

Submit = Callable[..., int]

UNTIL_TWO_TIERS = date(2025, 6, 14)  # the last day of the administrative quarter 2025-Q2
GENERATIONS = (date(2021, 7, 1), date(2024, 6, 1), date(2025, 3, 1), date(2025, 8, 1))
DONG_THO, HAM_RONG = (
    "14758",
    "14755",
)  # of 2021; Đông Thọ was split, Hàm Rồng went wholly into the one of today
PARTS = (
    "old_code,old_valid_from,new_code,population,area_km2,source",
    "14758,2019-12-01,14758,300,,x",
    "14758,2019-12-01,14797,900,,x",
    "15016,2019-12-01,15016,,6.5,x",
    "15016,2019-12-01,15019,,3.5,x",
    "15772,2019-12-01,15772,1,,x",
    "15772,2019-12-01,15796,1,,x",
    "15772,2019-12-01,15835,1,,x",
)
"""Invented parts of three of the ten communes that were split."""

WALK = """
with recursive path as (
    select commune_key, commune_key as today_commune_key,
        array_position(array['read', 'derived', 'inferred'], sureness) as doubt
    from mart.dim_commune
    union
    select path.commune_key, bridge.successor_commune_key,
        greatest(path.doubt, array_position(array['read', 'derived', 'inferred'], bridge.sureness))
    from path
    inner join mart.bridge_commune_succession as bridge on path.today_commune_key = bridge.former_commune_key
)
select path.commune_key, path.today_commune_key,
    count(*) over (partition by path.commune_key) > 1,
    (array['read', 'derived', 'inferred'])[max(path.doubt)]
from path
inner join mart.dim_commune as today on path.today_commune_key = today.commune_key
where today.valid_to is null
group by path.commune_key, path.today_commune_key
order by 1, 2
"""


def rows(connection: psycopg.Connection, query: str, *values: object) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode(), values).fetchall()


@pytest.fixture
def with_parts(copied_tables: Path, owner: psycopg.Connection) -> psycopg.Connection:
    """Return a connection to the warehouse as it is where the parts of three communes are known."""
    (copied_tables / TABLE).write_text("\n".join((*PARTS, "")), "utf-8")
    seed(owner)
    return owner


@pytest.fixture(params=["without parts", "with parts"])
def seeded(request: pytest.FixtureRequest) -> psycopg.Connection:
    """Return a connection to the warehouse as it is, and to one where some parts are known."""
    connection: psycopg.Connection = request.getfixturevalue(
        "owner" if request.param == "without parts" else "with_parts"
    )
    return connection


def test_the_communes_of_today_are_those_that_the_steps_of_succession_lead_to(
    warehouse: psycopg.Connection,
) -> None:
    walked = rows(warehouse, WALK)
    assert len(walked) == 765
    assert rows(warehouse, "select * from mart.commune_today order by 1, 2") == walked


def test_the_weights_of_a_commune_sum_to_exactly_one_or_are_all_unknown(seeded: psycopg.Connection) -> None:
    sums = rows(
        seeded,
        "select sum(weight), count(weight), count(*) from mart.bridge_commune_today group by commune_key",
    )
    assert len(sums) == 752
    assert all((total == 1 and known == parts) or total is None for total, known, parts in sums)
    unknown = sum(total is None for total, _, _ in sums)
    # Thiệu Phú had gone into Thiệu Hóa, which was split: eleven units for ten splits.
    known_bases = Counter(
        dict(rows(seeded, "select weight_basis, count(*) from mart.bridge_commune_today group by 1"))
    )
    assert (unknown, known_bases) in [
        (11, {"whole": 741, "unknown": 24}),
        (7, {"whole": 741, "unknown": 14, "population": 8, "area": 2}),
    ]


def test_the_pairs_of_2025_carry_the_whole_or_an_unknown_part(warehouse: psycopg.Connection) -> None:
    pairs = rows(
        warehouse,
        "select step.relation, today.weight, count(*) from mart.bridge_commune_succession as step "
        "inner join mart.bridge_commune_today as today on step.former_commune_key = today.commune_key "
        "and step.successor_commune_key = today.today_commune_key "
        "where step.effective_on = '2025-07-01' group by 1, 2 order by 1",
    )
    assert pairs == [("partial", None, 21), ("retyped", 1, 1), ("unchanged", 1, 21), ("whole", 1, 515)]


def test_the_547_communes_of_2025_are_carried_to_166_and_keep_their_totals(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    units = reference.communes_in_force(UNTIL_TWO_TIERS)
    households = {code: 1000 + 7 * position for position, code in enumerate(sorted(units))}
    submit(
        "broadband_coverage",
        "2025-Q2",
        [
            (code, {"households_total": count, "households_fixed_broadband": count // 3})
            for code, count in households.items()
        ],
    )
    refresh(warehouse)
    expected: dict[str | None, list[int]] = defaultdict(lambda: [0, 0, 0])
    for code, count in households.items():
        found = reference.successors(code, date(2025, 7, 1))
        of_today = expected[found[0].successor.commune_code if len(found) == 1 else None]
        for place, value in enumerate((count, count // 3, 1)):
            of_today[place] += value
    series = rows(
        warehouse,
        "select commune_code, unallocated, households_total, households_fixed_broadband, communes_count "
        "from mart.broadband_commune_today where period = '2025-Q2'",
    )
    assert {code: list(values) for code, _, *values in series} == expected
    assert len(series) == 167
    assert [code for code, unallocated, *_ in series if unallocated] == [None]
    assert sum(total for _, _, total, _, _ in series) == sum(households.values())
    # The ten communes that were split stay together; each of their 21 parts is said to be missing.
    assert expected[None][2] == 10
    assert sum(count for *_, count in series) == 547
    assert rows(warehouse, "select sum(missing_part_count) from mart.broadband_commune_today") == [(21,)]


MEASURES = st.lists(
    st.tuples(st.integers(0, 752), st.decimals(-(10**9), 10**9, places=3)), min_size=1, max_size=60
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)
@given(on=st.sampled_from(GENERATIONS), measures=MEASURES)
def test_an_additive_figure_of_any_generation_sums_to_what_was_reported(
    seeded: psycopg.Connection, on: date, measures: list[tuple[int, Decimal]]
) -> None:
    known = [
        key
        for (key,) in rows(
            seeded,
            "select commune_key from mart.dim_commune where valid_from <= %s "
            "and coalesce(%s < valid_to, true) order by commune_code",
            on,
            on,
        )
    ]
    # The number after the last commune is a code that nobody knows.
    places = [known[place] if place < len(known) else None for place, _ in measures]
    reported = [value for _, value in measures]
    placed = rows(
        seeded,
        "select placement.today_commune_key, sum(measure.value * placement.weight) "
        "from unnest(%s::integer[], %s::numeric[]) as measure (commune_key, value) "
        "inner join mart.commune_placement as placement "
        "on coalesce(measure.commune_key, 0) = placement.commune_key group by 1",
        places,
        reported,
    )
    assert sum((value for _, value in placed if value is not None), Decimal()) == sum(reported)
    today = {
        key for (key,) in rows(seeded, "select commune_key from mart.dim_commune where valid_to is null")
    }
    assert {key for key, _ in placed} <= today | {None}


def test_figures_of_a_split_commune_stay_in_the_row_without_commune_and_are_said_to_be_missing(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submit(
        "broadband_coverage",
        "2021-Q1",
        [(DONG_THO, {"villages_total": 12, "villages_4g": 11}), (HAM_RONG, {"villages_total": 10})],
    )
    refresh(warehouse)
    series = rows(
        warehouse,
        "select commune_code, commune_name, unallocated, villages_total, communes_count, "
        "communes_covered_count, is_estimated, missing_part_count "
        "from mart.broadband_commune_today order by commune_code",
    )
    assert series == [
        ("14758", "Phường Hàm Rồng", False, 10, 1, 1, False, 1),
        # Only a part of unknown size is known to lie here: no figure, which is not zero.
        ("14797", "Phường Hạc Thành", False, None, None, None, False, 1),
        (None, None, True, 12, 1, 0, False, 0),
    ]


@pytest.mark.parametrize(
    ("code", "basis", "expected"),
    [
        (DONG_THO, "population", {"14758": (3, 250), "14797": (9, 750)}),
        ("15016", "area", {"15016": (Decimal("7.8"), 650), "15019": (Decimal("4.2"), 350)}),
    ],
)
def test_figures_of_a_split_commune_follow_the_population_or_the_area_of_its_parts(
    warehouse: psycopg.Connection,
    with_parts: psycopg.Connection,
    submit: Submit,
    code: str,
    basis: str,
    expected: dict[str, tuple[Decimal, Decimal]],
) -> None:
    submit("broadband_coverage", "2021-Q1", [(code, {"villages_total": 12, "villages_4g": 12})])
    refresh(warehouse)
    series = rows(
        with_parts,
        "select commune_code, villages_total, households_total, communes_count, communes_covered_count, "
        "unallocated, is_estimated, missing_part_count from mart.broadband_commune_today",
    )
    assert {part: values for part, *values in series} == {
        part: [villages, households, households / Decimal(1000), households / Decimal(1000), False, True, 0]
        for part, (villages, households) in expected.items()
    }
    bases = rows(
        with_parts,
        "select distinct weight_basis, weight_source from mart.bridge_commune_today as bridge "
        "inner join mart.dim_commune as former on bridge.commune_key = former.commune_key "
        "where former.commune_code = %s and former.valid_to is not null",
        code,
    )
    assert bases == [(basis, "x")]


def test_three_equal_parts_lose_nothing_to_rounding(
    warehouse: psycopg.Connection, with_parts: psycopg.Connection, submit: Submit
) -> None:
    submit("broadband_coverage", "2021-Q1", [("15772", {"households_total": 1000})])
    refresh(warehouse)
    households = rows(with_parts, "select households_total from mart.broadband_commune_today order by 1")
    assert [round(count, 6) for (count,) in households] == [Decimal("333.333333")] * 3
    assert sum(count for (count,) in households) == 1000


def test_figures_of_an_unknown_code_are_kept_in_the_row_without_commune(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submit("broadband_coverage", "2021-Q1", [("00000", {"households_total": 70}), (HAM_RONG, {})])
    submit("health_stations", "2021-Q1", [("00001", {"commune_code": "00000", "population_managed": 70})])
    refresh(warehouse)
    assert rows(
        warehouse,
        "select commune_code, unallocated, households_total from mart.broadband_commune_today order by 1",
    ) == [("14758", False, 1000), (None, True, 70)]
    assert rows(
        warehouse,
        "select commune_code, unallocated, population_managed from mart.health_station_commune_today",
    ) == [(None, True, 70)]
    for series, figure in (
        ("broadband_district", "households_total"),
        ("health_station_district", "population_managed"),
    ):
        kept = f"select district_code, {figure} from mart.{series} where unallocated"
        assert rows(warehouse, kept) == [(None, 70)]


def test_shares_come_from_the_sums(warehouse: psycopg.Connection, submit: Submit) -> None:
    # 14761 (Nam Ngạn) went into Hàm Rồng as well; the average of 80 % and 10 % would be 45 %.
    small = {"households_total": 100, "households_fixed_broadband": 10}
    submit("broadband_coverage", "2021-Q1", [(HAM_RONG, {}), ("14761", small)])
    refresh(warehouse)
    for series in ("broadband_commune_today", "broadband_district"):
        shares = f"select communes_count, round(households_fixed_broadband_pct, 4) from mart.{series}"
        assert rows(warehouse, shares) == [(2, Decimal("73.6364"))]


def test_what_was_not_reported_is_not_zero(warehouse: psycopg.Connection, submit: Submit) -> None:
    submit("broadband_coverage", "2021-Q1", [(HAM_RONG, {}), ("14761", {"villages_5g": 4})])
    submit("broadband_coverage", "2021-Q2", [(HAM_RONG, {}), ("14761", {})])
    refresh(warehouse)
    for series in ("broadband_commune_today", "broadband_district"):
        reported = f"select villages_5g, villages_5g_communes_count from mart.{series} order by period"
        assert rows(warehouse, reported) == [(4, 1), (None, 0)]


def test_stations_are_counted_in_the_commune_of_today_and_in_the_district_of_then(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    submit(
        "health_stations",
        "2025-Q2",
        [
            ("00001", {"commune_code": HAM_RONG}),
            ("00002", {"commune_code": "14761", "has_ehr_system": False, "records_created": 3}),
            ("00003", {"commune_code": DONG_THO, "population_managed": 500}),
        ],
    )
    refresh(warehouse)
    columns = (
        "stations_count, stations_with_ehr_count, population_managed, records_created, "
        "records_created_population, round(records_created_pct, 2)"
    )
    assert rows(
        warehouse,
        f"select commune_code, {columns}, missing_part_count from mart.health_station_commune_today "
        "order by 1",
    ) == [
        # Of the second station too few records are shown, so that its population is in no share.
        ("14758", 2, 1, 2000, 900, 1000, Decimal(90), 1),
        ("14797", None, None, None, None, None, None, 1),
        (None, 1, 1, 500, 900, 500, Decimal(180), 0),
    ]
    assert rows(warehouse, f"select district_name, {columns} from mart.health_station_district") == [
        ("Thành phố Thanh Hóa", 3, 2, 2500, 1800, 1500, Decimal(120))
    ]


def test_districts_are_those_of_the_period_and_end_with_june_2025(
    warehouse: psycopg.Connection, submit: Submit
) -> None:
    # Xã Đông Hoàng lay in Đông Sơn until 2024; 14758 is a code of then and of today.
    for period in ("2024-Q4", "2025-Q2", "2025-Q3"):
        submit("broadband_coverage", period, [("16381", {}), ("14758", {})])
        submit(
            "health_stations",
            period,
            [("00001", {"commune_code": "16381"}), ("00002", {"commune_code": "14758"})],
        )
    refresh(warehouse)
    for series in ("broadband_district", "health_station_district"):
        districts = f"select period, district_code, unallocated from mart.{series} order by 1, 2"
        assert rows(warehouse, districts) == [
            ("2024-Q4", "380", False),
            ("2024-Q4", "405", False),
            ("2025-Q2", "380", False),
        ]
    assert {period for (period,) in rows(warehouse, "select period from mart.broadband_commune_today")} == {
        "2024-Q4",
        "2025-Q2",
        "2025-Q3",
    }


def test_district_rows_hold_all_that_was_reported(warehouse: psycopg.Connection, submit: Submit) -> None:
    units = sorted(reference.communes_in_force(date(2021, 3, 14)))
    submit(
        "broadband_coverage", "2021-Q1", [(code, {"villages_total": 10 + int(code) % 7}) for code in units]
    )
    refresh(warehouse)
    district = "select count(*), sum(villages_total), sum(communes_count) from mart.broadband_district"
    assert rows(warehouse, district) == [(27, sum(10 + int(code) % 7 for code in units), 559)]


def test_a_department_leads_to_the_one_that_answers_today_over_every_merger(
    owner: psycopg.Connection,
) -> None:
    query = (
        "select department_code, today_department_code from mart.department_today "
        "where department_code like 'so-k%%' or department_code like 'so-t%%' order by 1"
    )
    assert rows(owner, query) == [
        ("so-kh-cn", "so-kh-cn"),
        ("so-kh-dt", "so-tai-chinh"),
        ("so-tai-chinh", "so-tai-chinh"),
        ("so-tt-tt", "so-kh-cn"),
    ]
    owner.execute(
        "update mart.dim_department set valid_to = '2027-01-01', successor_code = 'vp-ubnd' "
        "where department_code = 'so-kh-cn'"
    )
    assert dict(rows(owner, query)) == {
        "so-kh-cn": "vp-ubnd",
        "so-kh-dt": "so-tai-chinh",
        "so-tai-chinh": "so-tai-chinh",
        "so-tt-tt": "vp-ubnd",
    }
