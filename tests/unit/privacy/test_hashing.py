"""Keyed hashes of columns: those of the standard library, one series a key, a column and a version."""

from __future__ import annotations

import hashlib

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxpipeline.privacy.hashing import MANY_TEXTS, KeyedHasher

KEY = bytes(range(32))


def blake2b(text: str, person: bytes, key: bytes = KEY) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16, key=key, person=person).hexdigest()


def digits(hashes: pl.Series) -> list[str | None]:
    return [None if found is None else bytes(found).hex() for found in hashes.to_list()]


def hashed(name: str, *values: str | None, key: bytes = KEY) -> list[str | None]:
    return digits(KeyedHasher(key, 1).hash_column(pl.Series(name, values, dtype=pl.String)))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("citizen_id", "038090000001", "f76177842099e882fe0ae0d97162761c"),
        ("insurance_number", "GD4380000000001", "5a81e331f2ad5e3854ec3f17133011e0"),
        ("citizen_id", "", "85a0f78b2770a1963868617bb00a4774"),
    ],
)
def test_hashes_stay_what_they_are(name: str, value: str, expected: str) -> None:
    # What the warehouse holds was made so: another outcome would part persons from their records.
    assert hashed(name, value) == [expected]


@given(st.lists(st.none() | st.text(max_size=40), max_size=30))
def test_each_text_is_hashed_as_the_standard_library_does_and_null_stays_null(
    values: list[str | None],
) -> None:
    expected = [None if value is None else blake2b(value, b"citizen_id") for value in values]
    assert hashed("citizen_id", *values) == expected


@given(st.lists(st.none() | st.text(max_size=400), min_size=1, max_size=10), st.integers(0, 9))
def test_long_columns_are_hashed_as_the_standard_library_does_in_slices_and_chunks(
    values: list[str | None], begin: int
) -> None:
    texts = values * (MANY_TEXTS // len(values) + 20)
    series = pl.Series("citizen_id", texts, dtype=pl.String)
    of = {value: None if value is None else blake2b(value, b"citizen_id") for value in values}
    hasher = KeyedHasher(KEY, 1)
    assert digits(hasher.hash_column(series[begin:])) == [of[text] for text in texts[begin:]]
    chunked = pl.concat([series[begin:], series[:begin]], rechunk=False)
    assert digits(hasher.hash_column(chunked)) == [of[text] for text in texts[begin:] + texts[:begin]]


@pytest.mark.parametrize("odd", [None, "", "ă" * 64, "ă" * 64 + "a", "a" * 300])
def test_a_long_column_of_identifiers_may_hold_one_that_is_none(odd: str | None) -> None:
    texts = [*(f"{number:012d}" for number in range(MANY_TEXTS)), odd, "GD4380000000001"]
    expected = [None if text is None else blake2b(text, b"citizen_id") for text in texts]
    assert hashed("citizen_id", *texts) == expected


@pytest.mark.parametrize("count", [0, 3, MANY_TEXTS])
def test_the_outcome_is_16_bytes_a_text_under_the_name_of_the_column(count: int) -> None:
    texts = [None, *(str(number) for number in range(count))]
    series = KeyedHasher(KEY, 3).hash_column(pl.Series("citizen_id", texts, dtype=pl.String))
    assert (series.name, series.dtype) == ("citizen_id", pl.Array(pl.UInt8, 16))
    assert digits(series) == [None if text is None else blake2b(text, b"citizen_id") for text in texts]
    assert hashed("citizen_id") == []


def test_the_version_goes_with_the_hasher() -> None:
    assert KeyedHasher(KEY, 3).version == 3


def test_the_same_text_differs_by_column_and_by_key() -> None:
    names = ("citizen_id", "insurance_number", "insurance_number_of_mother", "insurance_number_of_child")
    assert len({hashed(name, "0123456789")[0] for name in names}) == len(names)
    assert hashed("citizen_id", "0123456789") != hashed("citizen_id", "0123456789", key=KEY[::-1])


def test_the_key_is_shown_by_nothing() -> None:
    assert "key" not in repr(KeyedHasher(b"a key of thirty-two bytes, indeed", 1)).lower().replace(
        "keyed", ""
    )
