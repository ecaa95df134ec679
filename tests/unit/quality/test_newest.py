"""Of the versions of a record in one file the newest stays, wherever the file is cut into blocks."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dxpipeline.quality.newest import NewestVersions

Version = tuple[str, int]
"""Key and day."""

START = date(2021, 4, 1)


def run(
    blocks: list[list[Version]], sheets: list[str | None] | None = None, start: date = START
) -> tuple[list[int], list[tuple[str | None, int]]]:
    """Return the rows superseded at once, and (sheet, row) of those superseded later; rows count on."""
    newest, at_once, first_row = NewestVersions(), [], 2
    for number, versions in enumerate(blocks):
        rows = pl.Series(range(first_row, first_row + len(versions)), dtype=pl.Int64)
        keys = pl.DataFrame({"key": [key for key, _ in versions]}, schema={"key": pl.String})
        days = pl.Series([start + timedelta(days=day) for _, day in versions], dtype=pl.Date)
        superseded = newest.add(keys, days, sheets[number] if sheets else None, rows)
        at_once += rows.filter(pl.Series(superseded, dtype=pl.Boolean)).to_list()
        first_row += len(versions)
    return at_once, list(newest.finish().iter_rows())


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.lists(st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 3)), max_size=6), max_size=8))
def test_all_but_the_newest_version_of_a_key_are_superseded_exactly_once(blocks: list[list[Version]]) -> None:
    versions = [version for block in blocks for version in block]
    newest = {key: (day, row) for day, row, key in sorted((d, r, k) for r, (k, d) in enumerate(versions, 2))}
    kept = {row for _, row in newest.values()}
    at_once, late = run(blocks)
    assert sorted([*at_once, *(row for _, row in late)]) == [
        row for row, _ in enumerate(versions, 2) if row not in kept
    ]


def test_a_row_is_superseded_at_once_by_its_block_or_an_earlier_one_and_late_by_a_later_one() -> None:
    assert run([[("a", 1), ("b", 5), ("a", 2)], [("b", 4)], [("a", 3)]]) == ([2, 5], [(None, 4)])


def test_of_one_day_the_later_row_and_the_later_sheet_are_newer() -> None:
    assert run([[("a", 1), ("a", 1)]]) == ([2], [])
    assert run([[("a", 1)], [("a", 1)]], ["Quý II", "Quý II (2)"]) == ([], [("Quý II", 2)])


@pytest.mark.parametrize("start", [date(1, 1, 1), date(1969, 12, 30), date(9999, 12, 20)])
def test_every_day_of_the_calendar_has_its_order(start: date) -> None:
    assert run([[("a", 3), ("a", 0)], [("a", 2), ("a", 7)]], start=start) == ([3, 4], [(None, 2)])


def test_rows_superseded_late_come_in_the_order_of_the_file() -> None:
    first = [("a", 0), ("b", 0), ("c", 0)]
    assert run([first, first, [("c", 1)], [("a", 1), ("b", 1)]], ["I", "II", "II", "II"])[1] == [
        ("I", 2),
        ("I", 3),
        ("I", 4),
        ("II", 5),
        ("II", 6),
        ("II", 7),
    ]


def test_a_row_number_that_would_run_into_the_sheet_is_refused() -> None:
    keys, days = pl.DataFrame({"key": ["a"]}), pl.Series([START])
    with pytest.raises(ValueError, match="row 2147483648 is beyond what can be told apart"):
        NewestVersions().add(keys, days, None, pl.Series([2**31]))
    newest = NewestVersions()
    for sheet in range(1024):
        newest.add(keys, days, str(sheet), pl.Series([2]))
    with pytest.raises(ValueError, match="Sheet 1025 "):
        newest.add(keys, days, "1024", pl.Series([2]))


def test_it_keeps_sixteen_bytes_a_row_even_where_every_key_comes_twice() -> None:
    newest, count = NewestVersions(), 50_000
    days = pl.repeat(START, 1000, dtype=pl.Date(), eager=True)
    for start in range(0, count, 1000):
        keys = pl.DataFrame(
            {"key": [f"HS38-{number % (count // 2):09}" for number in range(start, start + 1000)]}
        )
        newest.add(keys, days, None, pl.Series(range(start + 2, start + 1002)))
    runs = sum(hashes.nbytes + places.nbytes for part in newest._index._parts for hashes, places in part)
    assert runs + sum(late.nbytes for late in newest._superseded) <= 16 * count
    assert newest.finish()["source_row"].to_list() == list(range(2, count // 2 + 2))
