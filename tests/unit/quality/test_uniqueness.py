"""Keys that repeat are found over the whole file, block by block, with 16 bytes a row."""

from __future__ import annotations

import json

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from dxpipeline.contracts import Column
from dxpipeline.quality.uniqueness import UniqueCheck

CODE = Column("code", "text", "Mã", (), "", True, True, "public")


def run(
    blocks: list[list[str | None]], sheets: list[str] | None = None
) -> list[tuple[int, str | None, int, str]]:
    """Return (block or -1 for the end, sheet, row, value) of every issue; rows count on."""
    check = UniqueCheck(name="contract", severity="critical", code="duplicate-key", column=CODE)
    issues, first_row = [], 2
    for number, keys in enumerate(blocks):
        rows = pl.Series(range(first_row, first_row + len(keys)), dtype=pl.Int64)
        texts = pl.Series("code", keys, dtype=pl.String)
        found = check.add(texts.to_frame(), sheets[number] if sheets else None, rows, texts)
        issues += [(number, issue.sheet, issue.source_row, issue.value) for issue in found]
        first_row += len(keys)
    return issues + [(-1, issue.sheet, issue.source_row, issue.value) for issue in check.finish()]


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.lists(st.lists(st.sampled_from([*"abcdefgh", None]), max_size=6), max_size=6))
def test_every_copy_is_reported_exactly_once(blocks: list[list[str | None]]) -> None:
    keys = [key for block in blocks for key in block]
    expected = [(row, key) for row, key in enumerate(keys, start=2) if keys.count(key) > 1]
    assert sorted(((row, value) for _, _, row, value in run(blocks)), key=lambda one: one[0]) == expected


def test_the_first_copy_is_reported_at_the_end_when_only_a_later_block_repeats_it() -> None:
    assert run([["a", "b"], ["c", "a"], ["a", "d"]]) == [
        (1, None, 5, "a"),
        (2, None, 6, "a"),
        (-1, None, 2, "a"),
    ]


def test_a_copy_on_another_sheet_is_reported_with_its_sheet() -> None:
    assert run([["a"], ["a"]], ["Quý I", "Quý I (2)"]) == [(1, "Quý I (2)", 3, "a"), (-1, "Quý I", 2, "a")]


def test_an_issue_names_the_other_rows_with_the_key() -> None:
    check = UniqueCheck(name="contract", severity="critical", code="duplicate-key", column=CODE)
    first = pl.Series("code", ["a", "b", "a", "a"])
    found = check.add(first.to_frame(), "I", pl.Series([10, 11, 12, 13]), first)
    assert [json.loads(issue.details or "") for issue in found] == [
        {"rows": "12, 13"},
        {"rows": "10, 13"},
        {"rows": "10, 12"},
    ]
    again = pl.Series("code", ["b"])
    [copy] = check.add(again.to_frame(), "II", pl.Series([10]), again)
    assert json.loads(copy.details or "") == {"rows": "11", "sheets": "I"}
    [first_one] = check.finish()
    assert json.loads(first_one.details or "") == {"rows": "10", "sheets": "II"}
