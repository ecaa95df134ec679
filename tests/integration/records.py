"""Health records as a department writes them and as the warehouse stores them. Every person is invented."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from dxpipeline.contracts import contracts
from dxpipeline.privacy.keys import PrivacyKeys
from dxpipeline.settings import PROJECT_ROOT

FEED = "health_records"
FOLDER = "so-y-te/health_records"
DROPS = PROJECT_ROOT / "tests" / "data" / "drops" / "so-y-te" / "health_records"
SECOND_QUARTER = DROPS / "ho_so_suc_khoe_2021-Q2.csv"
THIRD_QUARTER = DROPS / "ho_so_suc_khoe_2021-Q3.csv"

CONTRACT = contracts()[FEED]
COLUMNS = [column.name for column in CONTRACT.columns]
LABELS = [column.label for column in CONTRACT.columns]
DAYS = [column.name for column in CONTRACT.columns if column.kind == "date"]
NUMBERS = [column.name for column in CONTRACT.columns if column.kind in ("number", "integer")]
PERSONAL = [column.name for column in CONTRACT.columns if column.personal]
HASHED = [column.name for column in CONTRACT.columns if column.stored_as == "keyed-hash"]

Row = dict[str, str]


def read_rows(content: bytes) -> dict[int, Row]:
    """Return the rows of a text file without line breaks in its cells, by their line number."""
    _, *lines = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    return {number: dict(zip(COLUMNS, line, strict=True)) for number, line in enumerate(lines, start=2)}


def written(rows: Iterable[Mapping[str, Any]], *, quoted: bool = False) -> bytes:
    """Write rows as UTF-8 with commas, with every cell in quotation marks on demand."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL, lineterminator="\n")
    writer.writerow(LABELS)
    writer.writerows([row[name] for name in COLUMNS] for row in rows)
    return buffer.getvalue().encode()


def stored_row(row: Mapping[str, str], keys: PrivacyKeys) -> dict[str, Any]:
    """Return what the warehouse must hold of a row: no name, hashes, the year of birth."""
    stored: dict[str, Any] = {name: row[name] or None for name in COLUMNS if name not in PERSONAL}
    for name in (*DAYS, *NUMBERS):
        if name in PERSONAL or stored[name] is None:
            continue
        stored[name] = _day(stored[name]) if name in DAYS else Decimal(stored[name])
    for name in HASHED:
        stored[f"{name}_hash"] = keyed_hash(name, row[name], keys.hash_key) if row[name] else None
    return {**stored, "birth_year": _day(row["birth_date"]).year, "hash_key_version": keys.version}


def keyed_hash(column: str, text: str, key: bytes) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16, key=key, person=column.encode()).digest()


def core_rows(pipeline: Any, table: str = FEED) -> list[dict[str, Any]]:
    """Return the rows of a table of records by the row of the file that brought them."""
    return list(pipeline.rows(f"select * from core.{table} order by received_seq, source_row"))


def without_provenance(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in row.items()
        if name not in ("submission_id", "source_sheet", "source_row", "received_seq", "period")
    }


def _day(text: str) -> date:
    return datetime.strptime(text, "%d/%m/%Y").date()
