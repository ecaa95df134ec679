"""Rows of upsert feeds that are held back: open until their record comes again, in whatever order."""

from __future__ import annotations

import unicodedata

import pytest

from .versions import Feed, bad, undated, version


def open_rows(feed: Feed) -> list[tuple[int, int]]:
    found = feed.rows(
        "select submission_id, source_row from quarantine.quarantined_row where closed_by is null "
        "order by 1, 2"
    )
    return [(row["submission_id"], row["source_row"]) for row in found]


def test_rows_held_back_are_closed_when_their_record_comes_again(feed: Feed) -> None:
    feed.load([version(1), version(2), bad(3), bad(4), bad(None)])
    assert open_rows(feed) == [(1, 4), (1, 5), (1, 6)]
    feed.load([*(version(number) for number in range(10, 20)), version(3), bad(4)])
    # The fourth record is bad again: what is open is its last row, and the one without a key.
    assert open_rows(feed) == [(1, 6), (2, 13)]
    held = feed.rows("select row_key, codes, cells from quarantine.quarantined_row where source_row = 13")
    assert held == [{"row_key": ["HS38-000000004"], "codes": ["out-of-range"], "cells": {"height_cm": "400"}}]
    feed.load([version(4), version(99)])
    assert open_rows(feed) == [(1, 6)]


def test_rows_without_a_key_are_closed_by_no_file_of_other_records(feed: Feed) -> None:
    feed.load([version(1), bad(None), bad(None), bad(None)])
    feed.load([version(50), version(51)])
    feed.load([version(52), version(53)], file_name="tram khac - cần sửa - 000002.csv")
    feed.load([version(54)], file_name="tram khac - cần sửa - 999999999999999999999.csv")
    assert open_rows(feed) == [(1, 3), (1, 4), (1, 5)]


def test_a_name_with_the_number_of_a_file_that_came_later_says_nothing(feed: Feed) -> None:
    earlier, later = feed.receive("x - cần sửa - 000002.csv"), feed.receive()
    feed.load([version(1), bad(None)], seq=later)
    feed.load([version(2)], seq=earlier)
    assert open_rows(feed) == [(1, 3)]


@pytest.mark.parametrize(
    "name",
    [
        "ho so - cần sửa - 000001.csv",
        "ho so - cần sửa - 000001 (1) đã sửa.csv",
        unicodedata.normalize("NFD", "ho so - cần sửa - 000007 - cần sửa - 000001.csv"),
    ],
    ids=["as it was answered", "with more behind", "decomposed, marked twice"],
)
def test_the_mended_copy_of_a_file_closes_as_many_of_its_rows_without_a_key_as_it_brings(
    feed: Feed, name: str
) -> None:
    badly_written = {**bad(7), "record_id": "7", "fault": "record_id"}
    feed.load([version(1), bad(2), bad(3), bad(None), bad(None), badly_written])
    # Of these the first was so already, the second was held back under its own key; two say something new.
    feed.load([version(1), version(3), version(61), version(62)], file_name=name)
    assert open_rows(feed) == [(1, 3), (1, 7)]
    feed.load([version(61), version(1)], file_name=name)
    assert open_rows(feed) == [(1, 3), (1, 7)]
    feed.load([version(63), version(64)], file_name=name)
    assert open_rows(feed) == [(1, 3)]


def test_a_row_without_a_key_that_comes_again_without_one_is_open_once(feed: Feed) -> None:
    feed.load([version(1), bad(None), bad(None)])
    feed.load([version(1), bad(None)], file_name="x - cần sửa - 000001.csv")
    assert open_rows(feed) == [(1, 4), (2, 3)]


def test_a_row_held_back_after_its_record_was_mended_is_not_left_open(feed: Feed) -> None:
    first, second = feed.receive(), feed.receive()
    feed.load([version(3)], seq=second)
    feed.load([version(1), version(2), bad(3), bad(4)], seq=first)
    assert open_rows(feed) == [(2, 5)]


def test_a_mend_closes_the_rows_of_its_records_whatever_period_held_them_back(feed: Feed) -> None:
    feed.load([version(1), bad(3), bad(4)], period="2021-Q2")
    feed.load([version(2), bad(5), bad(6)], period="2021-Q3")
    assert open_rows(feed) == [(1, 3), (1, 4), (2, 3), (2, 4)]
    feed.load([version(4, 9)], period="2021-Q3")
    assert open_rows(feed) == [(1, 3), (2, 3), (2, 4)]


def test_a_mend_that_was_received_before_a_row_was_held_back_does_not_close_it(feed: Feed) -> None:
    mend, later = feed.receive(), feed.receive()
    feed.load([version(1), bad(3), bad(4)], seq=later)
    feed.load([version(3)], seq=mend)
    assert open_rows(feed) == [(1, 3), (1, 4)]


def test_an_older_version_does_not_close_the_row_of_a_newer_one(feed: Feed) -> None:
    feed.load([version(1, 5), version(2)])
    feed.load([version(9), bad(1, day=10), bad(2, day=10)])
    # The first says what is so already, the second is another word on an older day.
    feed.load([version(1, 5), version(2, 3, 60.0)])
    feed.load([version(8), bad(1, day=9)])
    assert open_rows(feed) == [(2, 3), (2, 4), (4, 3)]
    feed.load([version(1, 10), version(2, 11)])
    assert open_rows(feed) == []


def test_a_row_whose_own_day_is_at_fault_is_closed_by_any_later_version(feed: Feed) -> None:
    in_the_future = {**bad(2, day=20_000), "fault": "updated_on"}
    feed.load([version(9), undated(1), in_the_future])
    held = feed.rows("select version_on from quarantine.quarantined_row")
    assert held == [{"version_on": None}] * 2
    feed.load([version(1), version(2)])
    assert open_rows(feed) == []


def test_a_row_without_its_day_does_not_stand_for_one_that_has_it(feed: Feed) -> None:
    feed.load([version(9), bad(1, day=10)])
    feed.load([version(8), undated(1)])
    feed.load([version(1, 5)])
    assert open_rows(feed) == [(1, 3)]


def test_a_record_held_back_twice_is_open_once_also_when_the_later_file_was_faster(feed: Feed) -> None:
    first, second = feed.receive(), feed.receive()
    feed.load([version(2), bad(1)], seq=second)
    feed.load([version(3), bad(1)], seq=first)
    assert open_rows(feed) == [(1, 3)]


def test_an_older_version_that_was_faster_does_not_close_the_row_of_a_newer_one_either(feed: Feed) -> None:
    first, second = feed.receive(), feed.receive()
    feed.load([version(1, 5), bad(2, day=5), version(3, 10)], seq=second)
    feed.load([version(4), bad(1, day=10), bad(2, day=10), bad(3, day=10)], seq=first)
    assert open_rows(feed) == [(1, 3), (2, 3), (2, 4)]


def test_a_row_whose_later_one_is_mended_already_is_not_left_open(feed: Feed) -> None:
    first, second = feed.receive(), feed.receive()
    feed.load([version(2), bad(1)], seq=second)
    feed.load([version(1)])
    feed.load([version(3), bad(1)], seq=first)
    assert open_rows(feed) == []
