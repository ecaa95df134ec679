"""Which deliveries a worker takes, and in which order: the ledger is the worklist.

Deliveries of a snapshot feed are decided one after the other, in the order of arrival within their reporting
unit. Those of an upsert feed are decided side by side, since their versions find their order by themselves:
each worker takes what no other one holds, small files apart from large ones, so that none waits for a roster.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from dxpipeline.contracts import contracts
from dxpipeline.preparation import SMALL_BYTES, Delivery
from dxpipeline.warehouse.sql_files import read_sql

BATCH = 50
"""Small files that are read and checked together, with Great Expectations once over all of them."""

BATCH_BYTES = 2 * SMALL_BYTES
"""Size of the files of a batch, whose checked rows are in memory at once; a larger file goes alone."""

_LOOKED_AT = 500
"""Waiting deliveries of an upsert feed among which a worker looks for some that no other one holds."""


@dataclass(frozen=True)
class Work:
    """Deliveries that wait for their verdict.

    Attributes:
        feed: The feed.
        reporting_unit: The reporting unit.
        large: Whether they are the large files of an upsert feed, which have workers of their own.
        deliveries: How many they are.
        free: How many of them a worker could take now, since no other one holds them.
    """

    feed: str
    reporting_unit: str
    large: bool
    deliveries: int
    free: int


def pending_work(connection: psycopg.Connection) -> list[Work]:
    """Return what waits for a verdict: large files last, else the longest waiting first."""
    parameters = {"upsert_feeds": _upsert_feeds(), "small_bytes": SMALL_BYTES}
    return [Work(*row) for row in connection.execute(read_sql("ledger/pending_work"), parameters)]


def batches(
    connection: psycopg.Connection, feed: str, reporting_unit: str, *, large: bool
) -> Iterator[list[Delivery]]:
    """Yield waiting deliveries until none is left; they are this worker's until it asks for the next.

    Args:
        connection: In autocommit mode; it holds the locks, so that they end with the worker.
        feed: The feed.
        reporting_unit: The reporting unit.
        large: Of an upsert feed the large files instead of the small ones.
    """
    if feed in _upsert_feeds():
        yield from _side_by_side(connection, feed, reporting_unit, large=large)
    else:
        yield from _in_order(connection, feed, reporting_unit)


def _in_order(connection: psycopg.Connection, feed: str, reporting_unit: str) -> Iterator[list[Delivery]]:
    unit = {"feed": feed, "reporting_unit": reporting_unit}
    connection.execute(read_sql("ledger/lock_reporting_unit"), unit)
    while waiting := _deliveries(connection, "ledger/pending_deliveries", {**unit, "maximum": BATCH}):
        sizes = itertools.accumulate(delivery.size_bytes for delivery in waiting)
        fitting = sum(size <= BATCH_BYTES for size in sizes)
        yield waiting[: max(fitting, 1)]
    connection.execute(read_sql("ledger/unlock_reporting_unit"), unit)


def _side_by_side(
    connection: psycopg.Connection, feed: str, reporting_unit: str, *, large: bool
) -> Iterator[list[Delivery]]:
    waiting = {
        "feed": feed,
        "reporting_unit": reporting_unit,
        "large": large,
        "small_bytes": SMALL_BYTES,
        "maximum": _LOOKED_AT,
    }
    while True:
        free = connection.execute(read_sql("ledger/deliveries_side_by_side"), waiting).fetchall()
        held: list[int] = []
        size = 0
        for delivery_id, size_bytes in free:
            if held and (large or len(held) == BATCH or size + size_bytes > BATCH_BYTES):
                break
            row = connection.execute(read_sql("ledger/try_delivery"), {"delivery_id": delivery_id}).fetchone()
            if row and row[0]:
                held.append(delivery_id)
                size += size_bytes
        if not held:
            return
        # Another worker may have decided one of them between the look and the lock.
        batch = _deliveries(connection, "ledger/held_deliveries", {"delivery_ids": held})
        if batch:
            yield batch
        connection.execute(read_sql("ledger/release_deliveries"), {"delivery_ids": held})


def _deliveries(
    connection: psycopg.Connection, statement: str, parameters: dict[str, object]
) -> list[Delivery]:
    return [Delivery(*row) for row in connection.execute(read_sql(statement), parameters)]


def _upsert_feeds() -> list[str]:
    return [contract.feed for contract in contracts().values() if contract.load_mode == "upsert"]
