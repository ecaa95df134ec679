"""Reference data: the communes with their validity and succession, the departments, the population.

Read from the tables in include/reference/, which its README.md describes. A commune's code means nothing
without a date: all 166 codes of 2025-07-01 were the codes of other or larger units before.
"""

from __future__ import annotations

import csv
import hashlib
import io
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TypeVar

from dxpipeline.settings import INCLUDE

FOLDER = INCLUDE / "reference"
TABLES = (
    "commune.csv",
    "commune_succession.csv",
    "commune_split_weight.csv",
    "department.csv",
    "population.csv",
)
SURENESS = ("read", "derived", "inferred")
"""How a fact of a table is known, from sure to doubtful."""

_Row = TypeVar("_Row")

_RELATIONS = ("unchanged", "district_changed", "retyped", "whole", "partial")  # from slight to deep


class ReferenceDataError(Exception):
    """A reference table is missing or broken; the message says which, where and what to do."""


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune, ward or township (xã, phường, thị trấn) between two changes.

    Attributes:
        commune_code: Five digits as text.
        commune_name: Full name with its type, in NFC: `Phường Hàm Rồng`.
        other_names: Names that other lists of the same time give the same unit.
        commune_type: `phường`, `xã` or `thị trấn`.
        district_code: Three digits as text; None from 2025-07-01.
        district_name: Full name with its type; None from 2025-07-01.
        province_code: Two digits as text.
        valid_from: First day in force.
        valid_to: First day no longer in force; None while in force.
        source: The list that names the unit.
        sureness: How the name and the dates are known: `read`, `derived` or `inferred`.
    """

    commune_code: str
    commune_name: str
    other_names: tuple[str, ...]
    commune_type: str
    district_code: str | None
    district_name: str | None
    province_code: str
    valid_from: date
    valid_to: date | None
    source: str
    sureness: str

    @property
    def names(self) -> tuple[str, ...]:
        """Every full name the unit may go by, the one of the list first."""
        return (self.commune_name, *self.other_names)

    def in_force(self, on: date) -> bool:
        """Tell whether the unit was in force on a day."""
        return self.valid_from <= on and (self.valid_to is None or on < self.valid_to)


@dataclass(frozen=True, slots=True)
class Succession:
    """A unit that ended and a unit that took it over.

    Attributes:
        former: The unit that ended.
        successor: The unit that took it over, wholly or in part.
        effective_on: First day on which the successor had it.
        relation: `unchanged` (the same commune, only without its district), `district_changed`,
            `retyped` (another type, mostly another name), `whole` (merged into a larger unit) or
            `partial` (split among several).
        source: Where the pair comes from; several sources are joined by a semicolon.
        sureness: `read`, `derived` or `inferred`; over several steps the least sure one.
    """

    former: Commune
    successor: Commune
    effective_on: date
    relation: str
    source: str
    sureness: str


@dataclass(frozen=True, slots=True)
class Department:
    """A department that reports or owns a feed.

    Attributes:
        department_code: The name of its folder: `so-y-te`.
        name_vi: Vietnamese name.
        name_en: English name.
        valid_from: First day; None when it existed before the plan.
        valid_to: First day on which it no longer existed; None while it exists.
        successor_code: The department it was merged into.
        source: Where this is from.
    """

    department_code: str
    name_vi: str
    name_en: str
    valid_from: date | None
    valid_to: date | None
    successor_code: str | None
    source: str

    def exists(self, on: date) -> bool:
        """Tell whether the department existed on a day."""
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_to is None or on < self.valid_to
        )


@dataclass(frozen=True, slots=True)
class Population:
    """The province's population of one year.

    Attributes:
        year: Calendar year.
        province_code: Two digits as text.
        population: Persons.
        vintage: What kind of figure it is: `declared`.
        source: Where it was published.
        sureness: `read`, `derived` or `inferred`.
    """

    year: int
    province_code: str
    population: int
    vintage: str
    source: str
    sureness: str


@cache
def communes() -> tuple[Commune, ...]:
    """Return every commune in each of its validities, by code and first day.

    Raises:
        ReferenceDataError: The table is missing or broken.
    """
    return tuple(
        sorted(read_table("commune.csv", _commune), key=lambda row: (row.commune_code, row.valid_from))
    )


def communes_in_force(on: date) -> dict[str, Commune]:
    """Return the communes in force on a day, by code.

    The lists begin on 2019-12-01; for an earlier day the result is empty.

    Raises:
        ReferenceDataError: The table is missing or broken.
    """
    generation = bisect_right(_changes(), on)
    return dict(_generation(_changes()[generation - 1])) if generation else {}


@cache
def successions() -> tuple[Succession, ...]:
    """Return every single step from a unit that ended to one that took it over, by old code and day.

    Raises:
        ReferenceDataError: A table is missing or broken, or a step names a unit that does not exist.
    """
    units = {(unit.commune_code, unit.valid_from): unit for unit in communes()}

    def succession(row: dict[str, str]) -> Succession:
        return Succession(
            former=units[row["old_code"], date.fromisoformat(row["old_valid_from"])],
            successor=units[row["new_code"], date.fromisoformat(row["new_valid_from"])],
            effective_on=date.fromisoformat(row["effective_on"]),
            relation=_one_of(row["relation"], _RELATIONS),
            source=row["source"],
            sureness=_one_of(row["sureness"], SURENESS),
        )

    return tuple(read_table("commune_succession.csv", succession))


def successors(code: str, on: date) -> list[Succession]:
    """Return what the unit that last bore a code, and had ended by a day, is on that day.

    Each entry leads from that unit to one in force on the day, over as many steps as lie between;
    `effective_on` is the day of the last step. The code itself may be in force again, for another unit:
    14758 was Đông Thọ, which on 2025-07-01 was split between Hạc Thành and Hàm Rồng, and the latter
    bears 14758 since.

    Args:
        code: Five digits as text.
        on: The day for which successors are wanted.

    Returns:
        The entries by successor's code; empty when no unit of this code had ended.

    Raises:
        ReferenceDataError: A table is missing or broken.
    """
    ended = [unit for unit in _by_code().get(code, ()) if unit.valid_to is not None and unit.valid_to <= on]
    return sorted(_follow(ended[-1], on), key=lambda entry: entry.successor.commune_code) if ended else []


@cache
def departments() -> tuple[Department, ...]:
    """Return the departments, by code.

    Raises:
        ReferenceDataError: The table is missing or broken.
    """
    return tuple(sorted(read_table("department.csv", _department), key=lambda row: row.department_code))


def populations() -> tuple[Population, ...]:
    """Return the province's population of every year with a published figure, by year.

    Raises:
        ReferenceDataError: The table is missing or broken.
    """
    return tuple(figure for _, figure in sorted(_populations().items()))


def population(year: int) -> Population | None:
    """Return the province's population of a year; None when no figure with a source is known.

    Raises:
        ReferenceDataError: The table is missing or broken.
    """
    return _populations().get(year)


@cache
def version() -> str:
    """Return the version of the reference data: 12 hexadecimal digits over the bytes of all its tables.

    Raises:
        ReferenceDataError: A table is missing.
    """
    digest = hashlib.sha256()
    for table in TABLES:
        # Length and name keep bytes from moving between tables unnoticed.
        content = _read(FOLDER / table)
        digest.update(f"{table} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:12]


def read_table(
    table: str, make: Callable[[dict[str, str]], _Row], header: tuple[str, ...] | None = None
) -> Iterator[_Row]:
    """Read a table and make each line an object.

    Args:
        table: Its file name.
        make: Makes the object from a line's cells by column.
        header: The columns of a table that may be without rows; one whose header is not given may not.

    Raises:
        ReferenceDataError: The table is missing or without rows, or a line is broken, which is named.
    """
    path = FOLDER / table
    line = 1
    try:
        reader = csv.DictReader(io.StringIO(_read(path).decode("utf-8"), newline=""), strict=True)
        if header is not None and tuple(reader.fieldnames or ()) != header:
            raise ValueError(f"the columns are not {', '.join(header)}")
        for row in reader:
            line = reader.line_num
            yield make(row)
    except (KeyError, ValueError, ArithmeticError, TypeError, AttributeError, csv.Error) as error:
        raise ReferenceDataError(
            f"{path}, line {line}: {type(error).__name__} {error}; "
            "restore the table from the repository or mend it as include/reference/README.md says."
        ) from error
    if line == 1 and header is None:
        # An empty list of communes would make every code unknown.
        raise ReferenceDataError(f"The reference table {path} has no rows: restore it from the repository.")


@cache
def _changes() -> tuple[date, ...]:
    """The days on which the communes in force changed."""
    return tuple(sorted({day for unit in communes() for day in (unit.valid_from, unit.valid_to) if day}))


@cache
def _generation(since: date) -> dict[str, Commune]:
    """The communes in force from one of the days of change."""
    return {unit.commune_code: unit for unit in communes() if unit.in_force(since)}


@cache
def _by_code() -> dict[str, list[Commune]]:
    units: dict[str, list[Commune]] = defaultdict(list)
    for unit in communes():
        units[unit.commune_code].append(unit)
    return dict(units)


@cache
def _steps() -> dict[Commune, list[Succession]]:
    steps: dict[Commune, list[Succession]] = defaultdict(list)
    for step in successions():
        steps[step.former].append(step)
    return dict(steps)


@cache
def _populations() -> dict[int, Population]:
    return {row.year: row for row in read_table("population.csv", _population)}


def _follow(former: Commune, on: date) -> Iterator[Succession]:
    """Walk from a unit that ended to the units in force on a later day."""
    for step in _steps().get(former, ()):
        if step.successor.in_force(on):
            yield step
            continue
        for later in _follow(step.successor, on):
            yield Succession(
                former=former,
                successor=later.successor,
                effective_on=later.effective_on,
                relation=max(step.relation, later.relation, key=_RELATIONS.index),
                source="; ".join(dict.fromkeys((step.source, later.source))),
                sureness=max(step.sureness, later.sureness, key=SURENESS.index),
            )


def _commune(row: dict[str, str]) -> Commune:
    return Commune(
        commune_code=row["commune_code"],
        commune_name=row["commune_name"],
        other_names=tuple(name for name in row["other_names"].split("|") if name),
        commune_type=row["commune_type"],
        district_code=row["district_code"] or None,
        district_name=row["district_name"] or None,
        province_code=row["province_code"],
        valid_from=date.fromisoformat(row["valid_from"]),
        valid_to=_day(row["valid_to"]),
        source=row["source"],
        sureness=_one_of(row["sureness"], SURENESS),
    )


def _department(row: dict[str, str]) -> Department:
    return Department(
        department_code=row["department_code"],
        name_vi=row["name_vi"],
        name_en=row["name_en"],
        valid_from=_day(row["valid_from"]),
        valid_to=_day(row["valid_to"]),
        successor_code=row["successor_code"] or None,
        source=row["source"],
    )


def _population(row: dict[str, str]) -> Population:
    return Population(
        year=int(row["year"]),
        province_code=row["province_code"],
        population=int(row["population"]),
        vintage=row["vintage"],
        source=row["source"],
        sureness=_one_of(row["sureness"], SURENESS),
    )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _one_of(value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ValueError(f"{value!r} is none of {', '.join(allowed)}")
    return value


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ReferenceDataError(
            f"The reference table {path} cannot be read ({error.strerror}): restore it from the repository."
        ) from error
