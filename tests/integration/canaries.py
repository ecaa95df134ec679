"""Persons who do not exist, with values that are found wherever they were left, and the search for them."""

from __future__ import annotations

import io
import itertools
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import psycopg
from psycopg import sql

from .records import COLUMNS, DAYS, LABELS, PERSONAL, Row

_NUMBERS = itertools.count(11)

_RELATIONS = """
select namespace.nspname, class.relname
from pg_class as class
inner join pg_namespace as namespace on class.relnamespace = namespace.oid
where
    class.relkind in ('r', 'p', 'm', 'v')
    and namespace.nspname not in ('pg_catalog', 'information_schema')
    and namespace.nspname not like 'pg_toast%'
union all
select 'pg_catalog', name
from unnest(array['pg_stats', 'pg_stat_activity', 'pg_prepared_statements']) as name
"""


@dataclass(frozen=True)
class Canary:
    """A family whose members have values that no other test and no other family has.

    Attributes:
        number: Two digits that tell families apart: what one test left in the files of the server is not
            taken for the leak of another.
    """

    number: int = field(default_factory=lambda: next(_NUMBERS))

    @property
    def born(self) -> date:
        """Return the birthday of all members; nobody else in the tests was born in 1904."""
        return date(1904, 1, 1) + timedelta(days=3 * self.number)

    @property
    def impossible(self) -> str:
        """Return a birthday that does not exist."""
        return f"31/02/1904 {self.number}"

    def member(self, place: int, **changes: str) -> Row:
        """Return the right row of a member, or one with changed cells."""
        serial = f"{self.number}77{place:02d}"
        row = {
            "record_id": f"HS{self.number}-{place:09d}",
            "citizen_id": f"038004{serial}",
            "full_name": f"Kanari{self.number} Mẫu Ẩn",
            "birth_date": f"{self.born:%d/%m/%Y}",
            "sex": "nam",
            "commune_code": "14755",
            "station_code": "38101",
            "insurance_number": f"HN2{self.number}55667788{place:02d}",
            "created_on": "22/08/2018",
            "updated_on": "10/08/2021",
            "last_visit_on": "",
            "icd10_code": "I10",
            "height_cm": "170",
            "weight_kg": "65.5",
            "systolic_mmhg": "129",
            "diastolic_mmhg": "86",
        }
        return {**row, **changes}

    @property
    def identifiers(self) -> list[str]:
        """Return what is found in any bytes, compiled or not; ASCII, so that no normal form hides it."""
        return [f"kanari{self.number}", f"38004{self.number}77", f"{self.number}55667788"]

    @property
    def texts(self) -> list[str]:
        """Return every way to write one of the values as text, in lower case."""
        day = self.born
        days = [
            f"{day:{pattern}}" for pattern in ("%d/%m/%Y", "%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d")
        ]
        days += [f"{day.day}/{day.month}/{day.year}", f"{day.year}, {day.month}, {day.day}", self.impossible]
        # A name is stored as it is written, with a capital.
        hexadecimal = [text.encode().hex() for one in self.identifiers for text in (one, one.capitalize())]
        return [*self.identifiers, *days, *hexadecimal]

    def is_in(self, content: bytes, *, compiled: bool = False) -> bool:
        """Say whether bytes hold a value: as they are, as UTF-16, or inside a member of an archive.

        Args:
            content: What was found.
            compiled: Whether they are no text, so that short values may be in them by chance.
        """
        wanted = self.identifiers if compiled else self.texts
        lower = content.lower()
        if any(text.encode() in lower or text.encode("utf-16-le") in lower for text in wanted):
            return True
        if not content.startswith(b"PK"):
            return False
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return any(self.is_in(archive.read(name)) for name in archive.namelist())

    def files(self, *folders: Path, compiled: bool = False) -> set[Path]:
        """Return the files below some folders that hold a value, also in their names."""
        return {
            path
            for path in _files(folders)
            if self.is_in(path.read_bytes(), compiled=compiled) or self.is_in(path.name.encode())
        }

    def tables(self, owner: psycopg.Connection) -> set[str]:
        """Return the tables and views, statistics and statements of the warehouse that hold a value."""
        patterns = [f"%{text}%" for text in self.texts]
        found = set()
        for schema, name in owner.execute(_RELATIONS).fetchall():
            query = sql.SQL("select exists (select from {} as r where lower(r::text) like any(%s))").format(
                sql.Identifier(schema, name)
            )
            row = owner.execute(query, [patterns]).fetchone()
            if row and row[0] and name != "pg_stat_activity":
                found.add(f"{schema}.{name}")
        return found


def moved(row: Row, step: int) -> Row:
    """Return a row whose cells stand `step` columns to the right, or to the left if that is negative."""
    cells = list(row.values())
    return {name: cells[(place - step) % len(cells)] for place, name in enumerate(row)}


def misplaced(canary: Canary) -> list[Row]:
    """Return rows of members of whom a value stands in a column of other things."""
    places = itertools.count(1)
    rows = [moved(canary.member(next(places)), step) for step in (-3, -2, -1, 1, 2, 3)]
    others = [name for name in COLUMNS if name not in PERSONAL]
    for source, name in itertools.product(PERSONAL, others):
        # Nothing tells a birthday from other days in a column of days.
        if source != "birth_date" or name not in DAYS:
            member = canary.member(next(places))
            rows.append({**member, name: member[source]})
    return rows


def workbook(rows: Iterable[Row], *, as_numbers: bool = False) -> bytes:
    """Write rows as a workbook, with days as days and on demand with identifiers as numbers."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["HỒ SƠ SỨC KHỎE QUÝ III NĂM 2021"])
    sheet.append([])
    sheet.append(LABELS)
    for row in rows:
        sheet.append([_cell(row[name], as_numbers=as_numbers) for name in COLUMNS])
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _cell(text: str, *, as_numbers: bool) -> str | int | date | None:
    if text.count("/") == 2 and " " not in text:
        day, month, year = map(int, text.split("/"))
        return date(year, month, day)
    if as_numbers and len(text) == 12 and text.isdecimal():
        return int(text)
    return text or None


def _files(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        for path in [folder] if folder.is_file() else folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                yield path
