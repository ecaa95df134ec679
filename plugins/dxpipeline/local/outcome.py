"""What became of the dropped files: waits for the ledger's answers and shows them."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from dxpipeline.console import table
from dxpipeline.indicators.refresh import wait_until_idle
from dxpipeline.local.drops import Drop
from dxpipeline.warehouse.sql_files import read_sql

STALL_SECONDS = 600.0
REFRESH_SECONDS = 180.0
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Answer:
    """One dropped file and the delivery that answers it; None while it is not answered."""

    drop: Drop
    delivery: Mapping[str, Any] | None

    @property
    def seconds(self) -> float | None:
        """Seconds from the drop to the answer."""
        if self.delivery is None:
            return None
        return float((self.delivery["answered_at"] - self.drop.dropped_at).total_seconds())


def last_received_seq(connection: psycopg.Connection[Any]) -> int:
    """Return the number of the latest delivery, 0 when there is none."""
    row = connection.execute("select coalesce(max(received_seq), 0) from ledger.delivery").fetchone()
    connection.rollback()
    return int(row[0]) if row else 0


def collect_answers(
    connection: psycopg.Connection[Any], drops: Sequence[Drop], after_seq: int
) -> list[Answer]:
    """Pair each dropped file with a delivery of its own that came after `after_seq` and is answered."""
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(read_sql("ledger/deliveries_since"), {"received_seq": after_seq}).fetchall()
    connection.rollback()
    deliveries = [row for row in found if row["receipt_path"] and row["answered_at"]]
    answers = []
    for drop in drops:
        match = next(
            (
                row
                for row in deliveries
                if row["sha256"] == drop.sha256
                and drop.file_name in (row["file_name"], drop.path.name)
                and str(row["folder"]).strip("/") in ("", drop.path.parent.as_posix())
            ),
            None,
        )
        if match is not None:
            deliveries.remove(match)
        answers.append(Answer(drop, match))
    return answers


def wait_for_answers(
    connection: psycopg.Connection[Any],
    drops: Sequence[Drop],
    after_seq: int,
    meanwhile: Callable[[int], None],
) -> list[Answer]:
    """Wait until every file is answered, or until ten minutes have passed without a new answer.

    Args:
        connection: To the warehouse, as a role that may read the ledger.
        drops: What was dropped.
        after_seq: The latest delivery before the drop.
        meanwhile: Called with the number of answers about twice a second.
    """
    answered, since = 0, time.monotonic()
    while True:
        answers = collect_answers(connection, drops, after_seq)
        count = sum(answer.delivery is not None for answer in answers)
        meanwhile(count)
        if count == len(drops) or time.monotonic() - since > STALL_SECONDS:
            return answers
        if count > answered:
            answered, since = count, time.monotonic()
        time.sleep(POLL_SECONDS)


def wait_for_refresh(connection: psycopg.Connection[Any], meanwhile: Callable[[], None]) -> bool:
    """Wait until no indicator is due to be computed again; False when three minutes were not enough."""
    deadline = time.monotonic() + REFRESH_SECONDS
    while time.monotonic() < deadline:
        row = connection.execute("select count(*) from ledger.mart_refresh").fetchone()
        connection.rollback()
        if row is not None and row[0] == 0:
            wait_until_idle(connection)
            return True
        meanwhile()
        time.sleep(POLL_SECONDS)
    return False


def answers_table(answers: Sequence[Answer]) -> str:
    """Lay the answers out as a table of text."""
    header = ("file", "feed", "verdict", "read", "accepted", "quarantined", "skipped", "seconds")
    rows = []
    for answer in answers:
        delivery: Mapping[str, Any] = answer.delivery or {"verdict": "not answered"}
        seconds = answer.seconds
        rows.append(
            (
                answer.drop.file_name,
                delivery.get("feed") or answer.drop.path.parent.name,
                delivery["verdict"],
                *(delivery.get(f"rows_{part}") for part in ("read", "accepted", "quarantined", "skipped")),
                None if seconds is None else f"{seconds:.1f}",
            )
        )
    return table(header, rows)


def document(
    answers: Sequence[Answer], indicators: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the outcome as one JSON document: `answered`, `deliveries`, `indicators` and the given facts."""
    deliveries = []
    for answer in answers:
        delivery = answer.delivery or {}
        deliveries.append(
            {
                "path": answer.drop.path.as_posix(),
                "answered": answer.delivery is not None,
                "seconds": answer.seconds,
                **{
                    key: delivery.get(key)
                    for key in (
                        "received_seq", "department", "feed", "period", "file_name", "sha256",
                        "verdict", "reason", "rows_read", "rows_accepted", "rows_unchanged",
                        "rows_quarantined", "rows_skipped", "receipt_path",
                    )
                },
            }
        )  # fmt: skip
    return {
        "answered": all(answer.delivery is not None for answer in answers),
        "deliveries": deliveries,
        "indicators": [dict(value) for value in indicators],
        **facts,
    }


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a document in one step; readable by its owner only, since it holds the logins.

    Raises:
        OSError: The folder does not exist or cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=2, default=str)
        file.write("\n")
    draft.replace(path)
