"""How the figures of a commune of any time are shared among those of today."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dxpipeline.commune_weights import TABLE, Placement, placements
from dxpipeline.reference import ReferenceDataError, communes

HEADER = "old_code,old_valid_from,new_code,population,area_km2,source\n"
DONG_THO = ("14758", "2019-12-01")
THIEU_HOA = ("15772", "2019-12-01")
SPLIT = {
    DONG_THO: ("14758", "14797"),
    ("15016", "2019-12-01"): ("15016", "15019"),
    THIEU_HOA: ("15772", "15796", "15835"),
}


def write(tables: Path, *lines: str) -> None:
    """Write the table of parts."""
    (tables / TABLE).write_text(HEADER + "".join(f"{line}\n" for line in lines), "utf-8")


def of(code: str, valid_from: str) -> list[Placement]:
    """Return the placements of one unit, by code of today."""
    return [
        placement
        for placement in placements()
        if (placement.commune.commune_code, placement.commune.valid_from.isoformat()) == (code, valid_from)
    ]


def weights(code: str, valid_from: str) -> dict[str, Decimal | None]:
    return {placement.today.commune_code: placement.weight for placement in of(code, valid_from)}


def test_every_commune_of_any_time_is_placed_wholly_or_in_unknown_parts() -> None:
    assert {placement.commune for placement in placements()} == set(communes())
    assert Counter(placement.weight_basis for placement in placements()) == {"whole": 741, "unknown": 24}
    assert all(placement.today.valid_to is None for placement in placements())
    for placement in placements():
        assert placement.weight == (1 if placement.weight_basis == "whole" else None)
        assert placement.weight_source is None


def test_a_commune_that_was_merged_twice_is_placed_by_the_least_sure_of_its_steps() -> None:
    (thach_dong,) = of("15217", "2019-12-01")
    assert (thach_dong.weight, thach_dong.sureness) == (1, "inferred")


def test_populations_of_the_parts_give_the_weights(copied_tables: Path) -> None:
    write(copied_tables, "14758,2019-12-01,14758,300,9.5,x", "14758,2019-12-01,14797,900,0.5,y")
    assert weights(*DONG_THO) == {"14758": Decimal("0.25"), "14797": Decimal("0.75")}
    assert {(part.weight_basis, part.weight_source) for part in of(*DONG_THO)} == {
        ("population", "x"),
        ("population", "y"),
    }


def test_without_populations_the_areas_give_the_weights(copied_tables: Path) -> None:
    write(copied_tables, "14758,2019-12-01,14758,,1.5,x", "14758,2019-12-01,14797,,0.5,x")
    assert weights(*DONG_THO) == {"14758": Decimal("0.75"), "14797": Decimal("0.25")}
    assert {part.weight_basis for part in of(*DONG_THO)} == {"area"}


def test_the_largest_part_takes_what_rounding_leaves(copied_tables: Path) -> None:
    persons = zip(SPLIT[THIEU_HOA], (2, 2, 3), strict=True)
    write(copied_tables, *(f"15772,2019-12-01,{code},{count},,x" for code, count in persons))
    assert weights(*THIEU_HOA) == {
        "15772": Decimal("0.285714285714"),
        "15796": Decimal("0.285714285714"),
        "15835": Decimal("0.428571428572"),
    }


def test_weights_reach_the_units_that_had_gone_into_the_one_that_was_split(copied_tables: Path) -> None:
    write(copied_tables, *(f"15772,2019-12-01,{code},10,,x" for code in SPLIT[THIEU_HOA]))
    thieu_phu = ("15790", "2019-12-01")
    assert weights(*thieu_phu) == weights(*THIEU_HOA)
    assert sum(weight or 0 for weight in weights(*thieu_phu).values()) == 1
    assert {part.weight_basis for part in of(*thieu_phu)} == {"population"}


def write_units(tables: Path, steps: dict[str, tuple[str, ...]]) -> None:
    """Write communes in three generations, 1…, 2… and 3…, and what became of them."""
    days = {"1": ("2019-12-01", "2024-02-01"), "2": ("2024-02-01", "2025-07-01"), "3": ("2025-07-01", "")}
    units = sorted({*steps, *(code for codes in steps.values() for code in codes)})
    with (tables / "commune.csv").open("w", encoding="utf-8") as file:
        print(
            "commune_code,valid_from,valid_to,commune_name,other_names,commune_type,district_code,"
            "district_name,province_code,source,sureness",
            *(f"{code},{','.join(days[code[0]])},Xã {code},,xã,,,38,x,read" for code in units),
            sep="\n",
            file=file,
        )
    with (tables / "commune_succession.csv").open("w", encoding="utf-8") as file:
        print(
            "old_code,old_valid_from,new_code,new_valid_from,effective_on,relation,source,sureness",
            *(
                f"{old},{days[old[0]][0]},{new},{days[new[0]][0]},{days[new[0]][0]},"
                f"{'partial' if len(news) > 1 else 'whole'},x,read"
                for old, news in steps.items()
                for new in news
            ),
            sep="\n",
            file=file,
        )


def test_the_weights_of_several_steps_are_multiplied_and_those_of_several_ways_added(
    copied_tables: Path,
) -> None:
    write_units(
        copied_tables, {"10000": ("20001", "20002"), "20001": ("30001", "30002"), "20002": ("30001",)}
    )
    first = ("10000,2019-12-01,20001,30,,x", "10000,2019-12-01,20002,70,,x")
    write(copied_tables, *first, "20001,2024-02-01,30001,,1.5,y", "20001,2024-02-01,30002,,4.5,y")
    assert weights("10000", "2019-12-01") == {"30001": Decimal("0.775"), "30002": Decimal("0.225")}
    assert {(part.weight_basis, part.weight_source) for part in of("10000", "2019-12-01")} == {
        ("area", "x; y")
    }
    # Of a unit one of whose parts was split in unknown shares, no share is known.
    write(copied_tables, *first)
    assert weights("10000", "2019-12-01") == {"30001": None, "30002": None}
    assert {part.weight_basis for part in of("10000", "2019-12-01")} == {"unknown"}


def test_a_commune_whose_parts_came_together_again_is_whole(copied_tables: Path) -> None:
    write_units(copied_tables, {"10000": ("20001", "20002"), "20001": ("30001",), "20002": ("30001",)})
    write(copied_tables)
    (placement,) = of("10000", "2019-12-01")
    assert (placement.weight, placement.weight_basis) == (1, "whole")


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_weights_of_a_commune_sum_to_exactly_one_whatever_its_parts(
    copied_tables: Path, data: st.DataObject
) -> None:
    persons, hectares = st.integers(1, 10**7), st.integers(1, 10**6)
    lines = []
    for (code, valid_from), parts in SPLIT.items():
        by_population = data.draw(st.booleans())
        for part in parts:
            measure = (
                f"{data.draw(persons)}," if by_population else f",{Decimal(data.draw(hectares)).scaleb(-2)}"
            )
            lines.append(f"{code},{valid_from},{part},{measure},x")
    write(copied_tables, *lines)
    sums: dict[object, Decimal] = defaultdict(Decimal)
    for placement in placements():
        if placement.weight is not None:
            assert 0 < placement.weight <= 1
            sums[placement.commune] += placement.weight
    assert set(sums.values()) == {Decimal(1)}
    assert len(sums) == 741 + 4


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["14758,2019-12-01,14758,300,,x"], "parts 14758 of commune 14758 .* successors are 14758, 14797"),
        (
            ["14758,2019-12-01,14758,300,,x", "14758,2019-12-01,14797,,2.5,x"],
            "for some parts only of commune 14758",
        ),
        (["14758,2019-12-01,14758,,,x", "14758,2019-12-01,14797,,,x"], "for some parts only"),
        (
            ["14758,2019-12-01,14758,3,1.5,x", "14758,2019-12-01,14797,4,,x"],
            "for some parts only of commune 14758",
        ),
        (["14758,2019-12-01,14758,3,,x", "14758,2019-12-01,14758,4,,x"], "14758 in 14758 twice"),
        (["14755,2019-12-01,14758,300,,x"], "parts 14758 of commune 14755 .* that was split"),
        (["14758,2025-07-01,14758,300,,x"], "14758 from 2025-07-01, which is none that ended"),
        (["14758,2019-12-01,14758,0,,x"], "line 2: ValueError 0 is no population"),
        (["14758,2019-12-01,14758,,-1,x"], "line 2: ValueError -1 is no population"),
        (["14758,2019-12-01,14758,,NaN,x"], "line 2: "),
        (["14758,2019-12-01,14758,many,,x"], "line 2: ValueError"),
        (["14758,2019-12-01,14758,,wide,x"], "line 2: InvalidOperation"),
        (["14758,2019-12-01,14758,300,,"], "line 2: ValueError the source is missing"),
    ],
)
def test_parts_that_are_incomplete_or_unknown_are_refused(
    copied_tables: Path, lines: list[str], said: str
) -> None:
    write(copied_tables, *lines)
    with pytest.raises(ReferenceDataError, match=said):
        placements()


def test_a_table_of_parts_with_other_columns_is_refused_although_it_may_be_empty(copied_tables: Path) -> None:
    write(copied_tables)
    assert Counter(placement.weight_basis for placement in placements())["unknown"] == 24
    (copied_tables / TABLE).write_text("", "utf-8")
    with pytest.raises(ReferenceDataError, match="line 1: ValueError the columns are not old_code"):
        placements()
