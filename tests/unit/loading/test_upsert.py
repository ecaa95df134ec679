"""Upsert feeds: the newest version of a record is current, the replaced ones are history, in any order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dxpipeline.loading.counts import Changes
from dxpipeline.warehouse.core_tables import core_table

from .versions import CONTRACT, HASHER, PLACES, Feed, Version, bad, undated, version


def test_names_are_not_stored_identifiers_are_hashed_and_birth_dates_are_years(feed: Feed) -> None:
    feed.load([version(1, insurance_number="HN2388022897788"), version(2)])
    one, two = feed.rows("select * from core.health_records order by record_id")
    assert "full_name" not in one
    assert bytes(one["citizen_id_hash"]).hex() == _hash("citizen_id", "038077842932")
    assert bytes(one["insurance_number_hash"]).hex() == _hash("insurance_number", "HN2388022897788")
    assert two["insurance_number_hash"] is None
    assert (one["birth_year"], one["hash_key_version"], one["sex"]) == (1977, 3, "nam")
    provenance = ("received_seq", "source_sheet", "source_row", "period")
    assert [tuple(row[name] for name in provenance) for row in (one, two)] == [
        (1, "", 2, "2021-Q2"),
        (1, "", 3, "2021-Q2"),
    ]
    assert "038077842932" not in str(one)
    assert "Mẫu" not in str(one)


def _hash(column: str, text: str) -> str:
    (found,) = HASHER.hash_column(pl.Series(column, [text])).to_list()
    return bytes(found).hex()


def test_the_first_load_takes_the_place_of_the_empty_table_with_its_rights_and_indexes(
    feed: Feed,
) -> None:
    described = (
        "select column_name, data_type, is_nullable, column_default, "
        "col_description('core.health_records'::regclass, ordinal_position) as comment "
        "from information_schema.columns where table_schema = 'core' and table_name = 'health_records' "
        "order by ordinal_position"
    )
    indexes = "select indexname, indexdef from pg_indexes where tablename = 'health_records' order by 1"
    owner = "select tableowner, obj_description('core.health_records'::regclass) as comment from pg_tables "
    owner += "where schemaname = 'core' and tablename = 'health_records'"
    rights = (
        "select privilege_type from information_schema.table_privileges "
        "where table_name = 'health_records' and grantee = 'dx_writer' order by 1"
    )
    unlogged = "select relpersistence from pg_class where oid = 'core.health_records'::regclass"
    before = [feed.rows(query) for query in (described, indexes, owner, rights, unlogged)]
    assert feed.load([version(1), version(2)]).counts.changes == Changes(0, 2, 0, 0)
    assert [feed.rows(query) for query in (described, indexes, owner, rights, unlogged)] == before
    assert len(before[1]) == 2
    assert before[2] == [{"tableowner": "dx_owner", "comment": core_table(CONTRACT).comment}]
    assert feed.rows("select 1 from pg_tables where schemaname = 'staging'") == []
    assert feed.load([version(3)]).counts.changes == Changes(0, 1, 0, 0)
    assert [row[0] for row in feed.versions()] == [1, 2, 3]


def test_new_newer_older_and_unchanged_rows_are_told_apart(feed: Feed) -> None:
    feed.load([version(1, 5), version(2, 5), version(3, 5), version(4, 5)])
    outcome = feed.load([version(1, 6), version(2, 4, 49.0), version(3, 5), version(4, 5, 51.0), version(5)])
    assert outcome.counts.changes == Changes(unchanged=1, new=1, replaced=2, older=1)
    assert outcome.counts.accepted == 5
    assert feed.versions() == [
        (1, 6, 50.0, 2, "2021-Q2"),
        (2, 5, 50.0, 1, "2021-Q2"),
        (3, 5, 50.0, 1, "2021-Q2"),
        (4, 5, 51.0, 2, "2021-Q2"),
        (5, 0, 50.0, 2, "2021-Q2"),
    ]
    assert feed.versions("health_records_history") == [
        (1, 5, 50.0, 1, "2021-Q2"),
        (2, 4, 49.0, 2, "2021-Q2"),
        (4, 5, 50.0, 1, "2021-Q2"),
    ]


def test_rows_that_were_so_already_are_not_written(feed: Feed) -> None:
    rows = [version(number, insurance_number=None if number % 2 else "8117187369") for number in range(9)]
    feed.load(rows)
    marks = "select record_id, ctid, xmin from core.health_records order by 1"
    before = feed.rows(marks)
    assert feed.load(rows).counts.changes == Changes(9, 0, 0, 0)
    assert feed.rows(marks) == before
    assert feed.versions("health_records_history") == []


def test_an_older_version_that_comes_again_is_not_kept_twice(feed: Feed) -> None:
    feed.load([version(1, 9)])
    assert feed.load([version(1, 3)]).counts.changes == Changes(0, 0, 0, 1)
    assert feed.load([version(1, 3)]).counts.changes == Changes(1, 0, 0, 0)
    assert feed.load([version(1, 3, 48.0)]).counts.changes == Changes(0, 0, 0, 1)
    assert [row[:3] for row in feed.versions("health_records_history")] == [(1, 3, 50.0), (1, 3, 48.0)]


def test_a_report_of_an_earlier_period_moves_what_it_repeats(feed: Feed) -> None:
    feed.load([version(1, 5), version(2, 5)], period="2021-Q3")
    feed.load([version(2, 7)], period="2021-Q3")
    outcome = feed.load([version(1, 5), version(2, 5)], period="2021-Q2")
    assert outcome.counts.changes == Changes(2, 0, 0, 0)
    assert feed.versions() == [(1, 5, 50.0, 1, "2021-Q2"), (2, 7, 50.0, 2, "2021-Q3")]
    assert feed.versions("health_records_history") == [(2, 5, 50.0, 1, "2021-Q2")]


def test_rows_superseded_in_the_file_are_skipped_also_when_they_were_staged(feed: Feed) -> None:
    late = pl.DataFrame({"sheet": [None], "source_row": [2]}, schema=PLACES.schema)
    outcome = feed.load(
        [version(1, 1), version(2, 5)],
        [version(1, 4), version(2, 3, accepted=False, superseded=True)],
        superseded=late,
    )
    assert (outcome.counts.accepted, outcome.counts.skipped, outcome.counts.read) == (2, 2, 4)
    assert [row[:2] for row in feed.versions()] == [(1, 4), (2, 5)]
    assert feed.rows("select skipped_rows from ledger.submission") == [
        {"skipped_rows": {"superseded-in-file": [2, 5]}}
    ]


def test_what_a_later_file_says_already_is_unchanged(feed: Feed) -> None:
    first, second = feed.receive(), feed.receive()
    assert feed.load([version(1), version(2)], seq=second).counts.changes == Changes(0, 2, 0, 0)
    outcome = feed.load([version(1), version(2, weight=60.0)], seq=first)
    assert outcome.counts.changes == Changes(unchanged=1, new=0, replaced=0, older=1)
    assert [row[:4] for row in feed.versions()] == [(1, 0, 50.0, 1), (2, 0, 50.0, 2)]


KINDS: dict[str, Callable[[int, int, float], Version]] = {
    "good": version,
    "bad": bad,
    "undated": lambda number, *_: undated(number),
}
DELIVERIES = st.lists(
    st.tuples(
        st.dictionaries(
            st.integers(1, 3),
            st.tuples(st.integers(0, 2), st.sampled_from([50.0, 60.0]), st.sampled_from(sorted(KINDS))),
            max_size=3,
        ),
        st.sampled_from(["2021-Q2", "2021-Q3", "2021-Q4"]),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), deliveries=DELIVERIES)
def test_the_state_is_the_same_for_every_order(
    warehouse: psycopg.Connection, data: st.DataObject, deliveries: list[Any]
) -> None:
    order = data.draw(st.permutations(range(len(deliveries))))
    states = []
    for sequence in (range(len(deliveries)), order):
        feed = Feed(warehouse)
        feed.empty()
        received = [feed.receive() for _ in deliveries]
        for at in sequence:
            versions, period = deliveries[at]
            if versions:
                rows = [KINDS[kind](number, day, weight) for number, (day, weight, kind) in versions.items()]
                # Without any good row nothing of a file is loaded.
                feed.load([version(10 + at), *rows], seq=received[at], period=period)
            else:
                feed.refuse(received[at])
        # Whatever is still noted is dropped with the next delivery.
        feed.load([version(9, 0)], period="2022-Q1")
        assert feed.rows("select * from core.health_records_repeated") == []
        states.append(feed.state())
    assert states[0] == states[1]
