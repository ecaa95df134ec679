"""Upsert feeds: a file brings versions of records; the newest of each is current, the others are history.

The order of a record's versions is that of their day (the contract's `newestBy`), and for the same day that
in which their files were received. A version that says the same as the one before it is *unchanged* and not
written. The state is the same for every order and overlap in which deliveries are processed:

- One submission at a time changes the versions of a feed (`lock_versions`), in the last step of its load.
- Where an earlier delivery still waits, an unchanged version is noted in the `_repeated` table: should that
  delivery say otherwise for the same day, the note proves which was the last word. What a note says of the
  period, that of the earliest report, passes to the version it repeats once nothing waits any more.
- Where a later delivery was faster, the versions of the same record and day are put into their order anew.

A row that is held back is open until a delivery that was received later brings its record in a version that
is as new, good or bad. One without a key is open until the mended copy of its file brings it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import psycopg
from psycopg import sql

from dxpipeline.contracts import Contract
from dxpipeline.loading.counts import Changes
from dxpipeline.loading.origin import Origin
from dxpipeline.loading.quarantine import hold_back
from dxpipeline.loading.staging import Staging, to_json
from dxpipeline.messages import label
from dxpipeline.warehouse.core_tables import core_table, history_table, newest_by, repeated_table
from dxpipeline.warehouse.sql_files import read_sql


def start(connection: psycopg.Connection, origin: Origin, submission_id: int) -> Staging:
    """Make the tables in which the rows of a submission are staged.

    Where the feed has no rows at all, they are staged in a table that can take the place of the empty one.
    """
    staging = Staging(connection, origin.scope.contract, origin.attempt_id, origin.hasher)
    first = _Statements(connection, origin, staging, submission_id).ask("begin_first_load")
    staging.create(rows=not first)
    return staging


def publish(connection: psycopg.Connection, origin: Origin, staging: Staging, submission_id: int) -> Changes:
    """Make the staged rows versions of their records and hold the refused ones back."""
    scope = origin.scope
    statements = _Statements(connection, origin, staging, submission_id)
    statements.run("lock_versions")
    waiting = statements.waiting()
    hold_back(connection, scope, staging, submission_id)
    statements.run("close_rows_that_came_again")
    if statements.ask("publish_first_load"):
        changes = Changes(unchanged=0, new=staging.accepted, replaced=0, older=0)
    else:
        changes = _merge(statements, staging.accepted, waiting)
        statements.run("end_first_load")
    if waiting.later_loaded:
        for versions in ("core", "history", "repeated"):
            statements.run("close_overtaken_rows", versions=statements.names[versions])
        statements.run("close_rows_held_later")
    mended = statements.mended_submission()
    if mended is not None:
        statements.run("close_rows_without_key", mended=mended)
    statements.run("forget_repeated")
    return changes


@dataclass(frozen=True)
class _Waiting:
    """What the ledger says of the deliveries around this one."""

    earlier_waits: bool
    later_loaded: bool
    later_period_loaded: bool


def _merge(statements: _Statements, accepted: int, waiting: _Waiting) -> Changes:
    """Merge the staged rows into versions that are there."""
    placed = statements.place_conflicts() if waiting.later_loaded else Changes(0, 0, 0, 0)
    left = accepted - sum((placed.unchanged, placed.new or 0, placed.replaced or 0, placed.older or 0))
    new = replaced = older = 0
    if left and statements.mostly_new():
        new = statements.run("insert_new")
    if left > new:
        # What was inserted just now is unchanged in this comparison.
        more, replaced, older = statements.counts("compare")
        new += more
        if more:
            statements.run("insert_new")
        if replaced:
            statements.run("replace")
        if older:
            older = statements.run("keep_older")
    unchanged = left - new - replaced - older
    if unchanged and (waiting.earlier_waits or waiting.later_period_loaded):
        statements.run("note_repeated")
    return Changes(
        unchanged=unchanged + placed.unchanged,
        new=new,
        replaced=replaced + (placed.replaced or 0),
        older=older + (placed.older or 0),
    )


class _Statements:
    """The statements of include/sql/loading/upsert with the names and columns of one feed in their places."""

    def __init__(
        self, connection: psycopg.Connection, origin: Origin, staging: Staging, submission_id: int
    ) -> None:
        contract = origin.scope.contract
        self._connection = connection
        constants = {
            "submission_id": submission_id,
            "received_seq": origin.received_seq,
            "period": origin.scope.period,
        }
        if origin.hasher is not None:
            constants["hash_key_version"] = origin.hasher.version
        self.parameters: dict[str, Any] = {
            **origin.scope.parameters,
            **constants,
            "attempt_id": origin.attempt_id,
            "delivery_id": origin.delivery_id,
            "constants": to_json(constants),
            "key_columns": list(contract.key),
            "mark": label("names", "marked"),
        }
        self.names: dict[str, sql.Composable] = {
            **_names(contract, frozenset(constants)),
            "staged": sql.Identifier("staging", staging.rows.name),
            "conflicting": sql.Identifier("staging", f"{staging.rows.name}_conflicting"),
        }

    def run(self, name: str, **names: sql.Composable) -> int:
        """Run a statement; returns how many rows it wrote."""
        return self._execute(name, **names).rowcount

    def ask(self, name: str) -> bool:
        """Run a statement that answers yes or no."""
        row = self._execute(f"{name}").fetchone()
        return bool(row and row[0])

    def counts(self, name: str) -> tuple[int, ...]:
        """Run a statement that returns one row of numbers."""
        row = self._execute(name).fetchone()
        return tuple(map(int, row or ()))

    def waiting(self) -> _Waiting:
        """Ask the ledger for the deliveries around this one."""
        row = self._execute("waiting_around").fetchone()
        return _Waiting(*(row or (True, True, True)))

    def mended_submission(self) -> sql.Literal | None:
        """Return the submission whose mended copy this delivery is, None where it is no such copy."""
        row = self._execute("mended_submission").fetchone()
        return sql.Literal(row[0]) if row else None

    def mostly_new(self) -> bool:
        """Guess by the first rows whether most records are not known; that decides on speed, not on truth."""
        known, probed = self.counts("probe")
        return 2 * known < probed

    def place_conflicts(self) -> Changes:
        """Put the staged rows that a later delivery overtook where they belong; the others stay staged."""
        self.run("create_conflicting")
        taken = self.run("take_conflicts")
        unchanged, replaced, older = self.counts("place_conflicts") if taken else (0, 0, 0)
        self.run("drop_conflicting")
        return Changes(unchanged, 0, replaced, older)

    def _execute(self, name: str, **names: sql.Composable) -> psycopg.Cursor:
        statement = sql.SQL(read_sql(f"loading/upsert/{name}")).format(**{**self.names, **names})
        return self._connection.execute(statement, self.parameters)


@cache
def _names(contract: Contract, constants: frozenset[str]) -> Mapping[str, sql.Composable]:
    """Return what stands in the braces of include/sql/loading/upsert for every load of a feed."""
    core, repeated = core_table(contract), repeated_table(contract)
    columns = [column.name for column in core.columns]
    repeated_columns = [column.name for column in repeated.columns]
    newest = newest_by(contract)
    stored = list(contract.stored_columns)

    def listed(names: list[str], alias: str | None = None) -> sql.Composed:
        return sql.SQL(", ").join(sql.Identifier(*([alias] if alias else []), name) for name in names)

    def staged(names: list[str]) -> sql.Composed:
        return sql.SQL(", ").join(
            sql.Placeholder(name) if name in constants else sql.Identifier("staged", name) for name in names
        )

    def pairs(names: list[str], operator: str, other: str = "version") -> sql.Composed:
        one = sql.SQL("{} " + operator + " {}")
        return sql.SQL(" and ").join(
            one.format(sql.Identifier("staged", name), sql.Identifier(other, name)) for name in names
        )

    key = list(contract.key)
    return {
        "core": sql.Identifier("core", core.name),
        "history": sql.Identifier("core", history_table(contract).name),
        "repeated": sql.Identifier("core", repeated.name),
        "newest": sql.Identifier(newest),
        "key": listed(key),
        "columns": listed(columns),
        "stored": listed(stored),
        "old_columns": listed(columns, "old"),
        "version_columns": listed(columns, "version"),
        "version_repeated": listed(repeated_columns, "version"),
        "repeated_columns": listed(repeated_columns),
        "repeats_key": listed([*key, newest], "staged"),
        "staged_version": staged(columns),
        "staged_repeated": staged(repeated_columns),
        "same_key": pairs(key, "="),
        "same_key_as_newer": pairs(key, "=", "newer"),
        "same_values": pairs(stored, "is not distinct from"),
        # Text by text, which takes half the time of an array for each of millions of staged rows.
        "same_row_key": sql.SQL(" and ").join(
            sql.SQL("held.row_key[{}] = {}::text").format(place, sql.Identifier("staged", name))
            for place, name in enumerate(key, start=1)
        ),
        "key_texts": sql.SQL("array[{}]").format(
            sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier("version", name)) for name in key)
        ),
        # A repeated version as a version: its own provenance, the values of the one it repeats.
        "repeated_version": sql.SQL(", ").join(
            sql.Identifier("staged" if name in repeated_columns else "version", name) for name in columns
        ),
    }
