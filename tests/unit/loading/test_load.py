"""One transaction a submission: rows, quarantine, issues, counts and state, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from dxpipeline.loading.counts import Changes, Counts
from dxpipeline.loading.load import Outcome
from dxpipeline.quality.outcome import FileRejectedWithIssues
from dxpipeline.reading.model import FileRejected, SkippedRow

from .conftest import Hospital, bad, findings, good

LoadRows = Callable[..., Outcome]


def rows(connection: psycopg.Connection, query: str) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode()).fetchall()


def current(connection: psycopg.Connection) -> dict[str, int]:
    found = rows(connection, "select hospital_code, it_level from core.smart_hospitals where is_current")
    return {row["hospital_code"]: row["it_level"] for row in found}


def hospitals(count: int, **changes: Any) -> list[Hospital]:
    return [good(f"38{number:03d}", **changes) for number in range(1, count + 1)]


def closed(connection: psycopg.Connection) -> dict[int, int | None]:
    """Return by which submission each row of the first one was closed."""
    found = rows(
        connection,
        "select source_row, closed_by from quarantine.quarantined_row where submission_id = 1 order by 1",
    )
    return {row["source_row"]: row["closed_by"] for row in found}


def test_good_rows_are_loaded_bad_ones_held_back_and_the_counts_balance(
    load: LoadRows, warehouse: psycopg.Connection
) -> None:
    skipped = [SkippedRow(9, "group"), SkippedRow(14, "total"), SkippedRow(15, "total")]
    outcome = load(
        [good("38001"), bad("38002")], [bad(None, "hospital_code"), good("38004")], skipped=skipped
    )

    assert outcome == Outcome(1, "partially_accepted", Counts(2, 2, 3))
    assert outcome.counts.read == 7
    assert rows(
        warehouse, "select source_sheet, source_row, period, hospital_code from core.smart_hospitals"
    ) == [
        {"source_sheet": "Biểu", "source_row": 10, "period": "2021-Q2", "hospital_code": "38001"},
        {"source_sheet": "Biểu", "source_row": 13, "period": "2021-Q2", "hospital_code": "38004"},
    ]
    held = rows(
        warehouse,
        "select source_row, row_key, codes, cells, closed_by from quarantine.quarantined_row order by 1",
    )
    assert held == [
        {"source_row": 11, "row_key": ["38002"], "codes": ["bad-number"], "cells": {"his_level": "x"},
         "closed_by": None},
        {"source_row": 12, "row_key": None, "codes": ["bad-number"], "cells": {"hospital_code": "x"},
         "closed_by": None},
    ]  # fmt: skip
    (submission,) = rows(warehouse, "select * from ledger.submission")
    assert (submission["state"], submission["is_current"], submission["period"]) == (
        "loaded",
        True,
        "2021-Q2",
    )
    assert submission["skipped_rows"] == {"group": [9], "total": [14, 15]}
    assert submission["notes"] == ["a note"]
    assert rows(warehouse, "select feed, period from ledger.mart_refresh") == [
        {"feed": "smart_hospitals", "period": "2021-Q2"}
    ]
    assert rows(warehouse, "select 1 from pg_tables where schemaname = 'staging'") == []


def test_a_row_with_a_warning_is_loaded_and_flagged(load: LoadRows, warehouse: psycopg.Connection) -> None:
    flagged = {**good("38001"), "fault": "it_level", "severity": "warning"}
    assert load([flagged]).verdict == "accepted_with_warnings"
    assert load([flagged, bad("38002")]).verdict == "partially_accepted"
    assert rows(warehouse, "select count(*) as n from quarantine.quarantined_row") == [{"n": 1}]


def test_a_row_that_the_whole_file_refuses_is_held_back(
    load: LoadRows, warehouse: psycopg.Connection
) -> None:
    outcome = load([good("38001"), good("38002"), good("38001")], whole_file=findings(late=[10, 12]))
    assert outcome.counts == Counts(accepted=1, quarantined=2)
    assert list(current(warehouse)) == ["38002"]
    held = rows(warehouse, "select source_row, codes from quarantine.quarantined_row order by 1")
    assert held == [{"source_row": row, "codes": ["duplicate-key"]} for row in (10, 12)]


@pytest.mark.parametrize(
    ("blocks", "whole_file", "code", "details"),
    [
        ([], None, "no-rows", {}),
        ([[]], None, "no-rows", {}),
        ([[bad("38001"), bad(None)]], None, "no-row-accepted", {"rows": "2"}),
        ([[good("38001")]], findings(late=[10]), "no-row-accepted", {"rows": "1"}),
        (
            [[good("38001")]],
            findings(rejected_by=("too-few-rows", {"limit": "2"})),
            "too-few-rows",
            {"limit": "2"},
        ),
    ],
)
def test_a_file_that_is_refused_leaves_nothing(
    load: LoadRows, warehouse: psycopg.Connection, blocks: list[list[Hospital]], whole_file: Any, code: str,
    details: dict[str, str],
) -> None:  # fmt: skip
    with pytest.raises(FileRejected) as refused:
        load(*blocks, whole_file=whole_file)
    assert (refused.value.code, refused.value.details) == (code, details)
    assert isinstance(refused.value, FileRejectedWithIssues) == (code != "no-rows")
    for table in ("core.smart_hospitals", "quarantine.quarantined_row", "ledger.issue", "ledger.submission",
                  "ledger.mart_refresh"):  # fmt: skip
        assert rows(warehouse, f"select count(*) as n from {table}") == [{"n": 0}], table
    assert rows(warehouse, "select 1 from pg_tables where schemaname = 'staging'") == []


def test_rows_that_were_so_already_are_counted_with_nulls_equal(load: LoadRows) -> None:
    day = date(2021, 5, 1)
    first = [good("38001"), good("38002", paperless_on=day), good("38003"), good("38004"), good("38005")]
    assert load(first).counts.changes == Changes()
    assert load(first).counts == Counts(accepted=5, changes=Changes(5))
    changed = [
        good("38001", paperless_on=day), good("38002", paperless_on=None), good("38003", it_level=4),
        good("38004", hospital_name="Bệnh viện "), good("38005"),
    ]  # fmt: skip
    assert load(changed).counts == Counts(accepted=5, changes=Changes(1))


def test_a_replacement_leaves_the_earlier_rows_as_history_and_settles_what_was_open(
    load: LoadRows, warehouse: psycopg.Connection
) -> None:
    load([good("38001"), good("38002"), bad("38003")])
    assert load(hospitals(3, it_level=5)).submission_id == 2
    assert current(warehouse) == {"38001": 5, "38002": 5, "38003": 5}
    assert closed(warehouse) == {12: 2}
    history = rows(
        warehouse, "select submission_id, superseded_by from core.smart_hospitals where not is_current"
    )
    assert history == [{"submission_id": 1, "superseded_by": 2}] * 2
    states = rows(
        warehouse, "select state, is_current, superseded_by from ledger.submission order by submission_id"
    )
    assert states == [
        {"state": "superseded", "is_current": False, "superseded_by": 2},
        {"state": "loaded", "is_current": True, "superseded_by": None},
    ]


def test_periods_and_units_do_not_touch_one_another(load: LoadRows, warehouse: psycopg.Connection) -> None:
    load([*hospitals(10), bad("38011")])
    load(hospitals(1), period="2021-Q3")
    load(hospitals(1), unit="other")
    kept = rows(
        warehouse,
        "select period, reporting_unit, count(*) as n from core.smart_hospitals where is_current "
        "group by 1, 2 order by 1, 2",
    )
    assert [(row["period"], row["reporting_unit"], row["n"]) for row in kept] == [
        ("2021-Q2", "other", 1),
        ("2021-Q2", "smart_hospitals", 10),
        ("2021-Q3", "smart_hospitals", 1),
    ]
    assert closed(warehouse) == {20: None}


@pytest.mark.parametrize(
    ("replacement", "lost"),
    [
        (hospitals(7), "3"),
        ([*hospitals(7), bad("38008"), bad("38009"), bad("38010")], "3"),
        ([good("38901")], "10"),
    ],
)
def test_more_than_a_fifth_of_the_keys_is_not_lost_by_accident(
    load: LoadRows, warehouse: psycopg.Connection, replacement: list[Hospital], lost: str
) -> None:
    load(hospitals(10))
    with pytest.raises(FileRejected) as refused:
        load(replacement)
    assert refused.value.code == "would-lose-keys"
    assert refused.value.details == {
        "lost": lost,
        "current": "10",
        "percent": f"{lost}0",
    }
    assert len(current(warehouse)) == 10
    assert load(replacement, is_correction=True).submission_id
    assert len(current(warehouse)) == sum(row["accepted"] for row in replacement)


def test_a_fifth_of_the_keys_may_go_and_new_ones_do_not_count_against_it(
    load: LoadRows, warehouse: psycopg.Connection
) -> None:
    load(hospitals(10))
    load([*hospitals(8), good("38901"), good("38902")])
    assert sorted(current(warehouse)) == sorted(
        [*(f"38{number:03d}" for number in range(1, 9)), "38901", "38902"]
    )


def test_a_file_with_only_what_was_held_back_mends_and_the_base_stays_current(
    load: LoadRows, warehouse: psycopg.Connection
) -> None:
    load([*hospitals(3), bad("38004"), bad("38005")])
    outcome = load([good("38004", it_level=6)])
    assert outcome.counts == Counts(accepted=1)
    assert sorted(current(warehouse)) == ["38001", "38002", "38003", "38004"]
    assert closed(warehouse) == {13: 2, 14: None}
    states = rows(
        warehouse, "select is_current, mends_submission_id from ledger.submission order by submission_id"
    )
    assert states == [
        {"is_current": True, "mends_submission_id": None},
        {"is_current": False, "mends_submission_id": 1},
    ]
    # What is left open is mended by another file, and then a whole file replaces all three.
    load([good("38005")])
    assert closed(warehouse) == {13: 2, 14: 3}
    load(hospitals(5))
    states = rows(warehouse, "select state from ledger.submission order by submission_id")
    assert [row["state"] for row in states] == ["superseded"] * 3 + ["loaded"]
    assert len(current(warehouse)) == 5


def test_a_file_with_more_rows_than_are_open_or_with_a_current_key_is_no_mend(
    load: LoadRows, warehouse: psycopg.Connection
) -> None:
    load([*hospitals(3), bad("38004")])
    for replacement in ([good("38004"), good("38005")], [good("38003")]):
        with pytest.raises(FileRejected, match="would-lose-keys"):
            load(replacement)
    assert closed(warehouse) == {13: None}


def test_a_row_sent_again_and_still_bad_closes_the_old_one_and_is_open_itself(
    load: LoadRows, warehouse: psycopg.Connection
) -> None:
    load([*hospitals(3), bad("38004"), bad("38005")])
    load([bad("38004", "it_level"), good("38005")])
    assert closed(warehouse) == {13: 2, 14: 2}
    still_open = rows(
        warehouse,
        "select submission_id, row_key from quarantine.quarantined_row where closed_by is null",
    )
    assert still_open == [{"submission_id": 2, "row_key": ["38004"]}]


def test_a_mended_key_closes_as_many_rows_without_a_key_in_their_order(
    load: LoadRows, warehouse: psycopg.Connection
) -> None:
    # Rows 13 and 15 have no key, row 14 one that is at fault; row 16 is open for another cell.
    load(
        [
            *hospitals(3),
            bad(None, "hospital_code"),
            bad("3800X", "hospital_code"),
            bad(None, "hospital_code"),
            bad("38016"),
        ]
    )
    load([good("38013")])
    assert closed(warehouse) == {13: 2, 14: None, 15: None, 16: None}
    load([good("38014"), good("38016")])
    assert closed(warehouse) == {13: 2, 14: 3, 15: None, 16: 3}
    load([good("38015")])
    assert closed(warehouse) == {13: 2, 14: 3, 15: 4, 16: 3}


def test_both_copies_of_a_key_are_closed_by_its_mended_row(
    load: LoadRows, warehouse: psycopg.Connection
) -> None:
    load([*hospitals(3), bad("38004", "hospital_code"), bad("38004", "hospital_code"), bad("38006")])
    load([good("38004")])
    assert closed(warehouse) == {13: 2, 14: 2, 15: None}


def test_a_new_key_never_closes_a_row_whose_own_key_is_sound(
    load: LoadRows, warehouse: psycopg.Connection
) -> None:
    load([*hospitals(3), bad("38004"), bad("38005")])
    load([good("38099")])
    assert closed(warehouse) == {13: None, 14: None}
