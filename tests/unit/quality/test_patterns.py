"""Patterns that are taken mean the same to polars, to pandas on Arrow text and to Python."""

from __future__ import annotations

import re
import warnings

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dxpipeline.quality.patterns import UnportablePattern, for_polars

PIECES = [*"abĐ01[](){}^$.*+?|\\-,", "(?:", "&&", "\\.", "[^a]", "[0-9]", "{2}", "{1,2}", "$|"]
TEXTS = ["", "a", "b", "ab", "aab", "Đ", "0", "01", "a\n", "\n", "a\nb", "^", "$", "{2}", "a.b", "[", "]"]


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(pieces=st.lists(st.sampled_from(PIECES), min_size=1, max_size=6))
def test_an_accepted_pattern_finds_the_same_in_every_engine(pieces: list[str]) -> None:
    pattern = "".join(pieces)
    try:
        written = for_polars(pattern)
    except UnportablePattern:
        return
    by_polars = pl.Series(TEXTS).str.contains(written).to_list()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # pandas remarks on groups
        assert by_polars == pd.Series(TEXTS, dtype="str").str.contains(pattern).to_list()
    assert by_polars == [re.search(pattern, text) is not None for text in TEXTS]


@pytest.mark.parametrize(
    "pattern",
    ["^38[0-9]{3}$", "^[0-9A-Z]{5}$", r"^[A-Z]{2}[1-5][0-9]{12}$|^[0-9]{10}$", "^(?:a|b)+$", r"[\[\]]"],
)
def test_ordinary_patterns_are_accepted(pattern: str) -> None:
    assert for_polars(pattern).replace(r"(?:\n?\z)", "$") == pattern


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (r"^\d{5}$", "differs between engines"),
        (r"\bxã\b", "differs between engines"),
        ("(?i)xã", r"only \(\?:…\) is common"),
        ("a(?=b)", r"only \(\?:…\) is common"),
        ("[a[b]", r"\[ inside a set"),
        ("[a&&b]", "&& inside a set"),
        ("[]a]", r"\] at the beginning of a set"),
        ("a{,3}", r"\{ must be a count"),
        ("a{2000}", "counts above 1000"),
        ("a++", "possessive"),
        ("(a$)b", r"\$ must stand at the end"),
        ("(", "no regular expression"),
        ("", "not a text"),
        (5, "not a text"),
    ],
)
def test_patterns_outside_the_common_core_are_refused(pattern: object, reason: str) -> None:
    with pytest.raises(UnportablePattern, match=reason):
        for_polars(pattern)
