"""The tables of one submission on its way: filled by COPY block by block, dropped before the commit."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl
import psycopg
from psycopg import sql
from sqlalchemy import Column, Executable, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.schema import CreateTable

from dxpipeline.contracts import Contract
from dxpipeline.loading.binary_copy import binary_rows
from dxpipeline.loading.stored_form import stored_form
from dxpipeline.privacy.hashing import KeyedHasher
from dxpipeline.quality.model import CheckedBlock
from dxpipeline.warehouse.core_tables import core_table
from dxpipeline.warehouse.sql_files import read_sql

_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]


def execute(connection: psycopg.Connection, statement: Executable | CreateTable) -> psycopg.Cursor:
    """Run a statement built with SQLAlchemy Core on a psycopg connection."""
    compiled = statement.compile(dialect=_DIALECT)  # type: ignore[union-attr]
    query = str(compiled)
    parameters: Mapping[str, Any] = compiled.params or {}
    return connection.execute(query.encode(), parameters or None)


def count(connection: psycopg.Connection, statement: Executable) -> int:
    """Run a statement that returns one number."""
    row = execute(connection, statement).fetchone()
    return int(row[0]) if row else 0


@dataclass(frozen=True)
class StagedBlock:
    """The rows of a block as COPY takes them."""

    accepted: CopyRows
    refused: CopyRows


class Staging:
    """The staged rows of one submission: the accepted ones, and the keys of the refused ones.

    Args:
        connection: As the writer, in the transaction of the submission.
        contract: The feed.
        attempt_id: Names the tables, so that two attempts never meet.
        hasher: What makes the keyed hashes of the feed.

    Attributes:
        rows: The accepted rows, in the form that is stored.
        refused: `source_sheet`, `source_row` and key of the rows that are held back, in an upsert feed also
            the day of the version.
    """

    def __init__(
        self,
        connection: psycopg.Connection,
        contract: Contract,
        attempt_id: int,
        hasher: KeyedHasher | None = None,
    ) -> None:
        self._connection = connection
        self._hasher = hasher
        self.contract = contract
        self.attempt_id = attempt_id
        core = core_table(contract)
        self.rows = _table(
            f"attempt_{attempt_id}", *(Column(name, core.c[name].type) for name in contract.stored_columns)
        )
        self.refused = _table(
            f"attempt_{attempt_id}_refused",
            *(Column(name, core.c[name].type) for name in self._kept_columns()),
        )
        self.accepted = 0
        self.quarantined = 0

    def create(self, *, rows: bool = True) -> None:
        """Create the tables; that of the accepted rows only where nobody else made it."""
        if rows:
            execute(self._connection, CreateTable(self.rows))
        execute(self._connection, CreateTable(self.refused))

    def shape(self, block: CheckedBlock) -> StagedBlock:
        """Write checked rows as COPY takes them; touches no connection."""
        rows = block.rows
        accepted = rows["accepted"]
        refused = ~(accepted | rows["superseded"])
        good = rows if accepted.all() else rows.filter(accepted)
        bad = pl.concat([rows.filter(refused), block.ragged], how="diagonal").select(
            pl.col("sheet").fill_null("").alias("source_sheet"), "source_row", *self._kept_of_refused()
        )
        stored = stored_form(good, self.contract, self._hasher)
        return StagedBlock(
            CopyRows(stored.columns, binary_rows(stored, self.rows), stored.height, "binary"), copy_rows(bad)
        )

    def _kept_columns(self) -> list[str]:
        """Return the columns of which the cells of refused rows are kept."""
        newest = self.contract.newest_by
        return [*self.contract.key, *([newest] if newest is not None else [])]

    def _kept_of_refused(self) -> list[pl.Expr]:
        """Return what is kept of a refused row, null where its key may hold the number of a person.

        In such a row, as where its cells moved to the left, a key says nothing of what it should be, and a
        day may be a birthday. A spreadsheet may have dropped the zero with which the number begins.
        """
        form = self.contract.personal_form
        if form is None:
            return [pl.col(name) for name in self._kept_columns()]
        texts = [pl.col(name).cast(pl.String()) for name in self.contract.key]
        personal = [text.str.contains(form) | ("0" + text).str.contains(form) for text in texts]
        known = pl.all_horizontal(~found for found in personal)
        return [pl.when(known).then(pl.col(name)).alias(name) for name in self._kept_columns()]

    def add(self, block: StagedBlock) -> None:
        """Copy the rows of a block into the tables."""
        self.accepted += block.accepted.count
        self.quarantined += block.refused.count
        for table, rows in ((self.rows, block.accepted), (self.refused, block.refused)):
            copy(self._connection, ("staging", table.name), rows)

    def refuse(self, places: pl.DataFrame) -> None:
        """Hold back rows (`sheet`, `source_row`) that only the whole file showed to be bad."""
        moved = self._at(places, "loading/refuse_staged_rows")
        self.accepted -= moved
        self.quarantined += moved

    def drop_superseded(self, places: pl.DataFrame, submission_id: int) -> int:
        """Take out rows (`sheet`, `source_row`) of which the file has a newer version, with their warnings.

        Returns:
            How many rows were taken out.
        """
        gone = self._at(places, "loading/drop_staged_rows")
        self._at(places, "loading/drop_issues_at_rows", submission_id=submission_id)
        self.accepted -= gone
        return gone

    def drop(self) -> None:
        """Drop the tables, those that were handed on excepted."""
        for table in (self.rows, self.refused):
            self._connection.execute(
                sql.SQL("drop table if exists {}").format(sql.Identifier("staging", table.name))
            )

    def _at(self, places: pl.DataFrame, statement: str, **parameters: int) -> int:
        """Run a statement on the rows at some places; returns how many there were."""
        if places.is_empty():
            return 0
        table = _table(f"attempt_{self.attempt_id}_place")
        execute(self._connection, CreateTable(table))
        rows = places.select(pl.col("sheet").fill_null("").alias("source_sheet"), "source_row")
        copy(self._connection, ("staging", table.name), copy_rows(rows))
        names = {
            "staged": sql.Identifier("staging", self.rows.name),
            "refused": sql.Identifier("staging", self.refused.name),
            "refused_columns": sql.SQL(", ").join(
                sql.Identifier(column.name) for column in self.refused.columns
            ),
            "places": sql.Identifier("staging", table.name),
        }
        changed = self._connection.execute(sql.SQL(read_sql(statement)).format(**names), parameters).rowcount
        self._connection.execute(sql.SQL("drop table {places}").format(**names))
        return changed


def _table(name: str, *columns: Column[Any]) -> Table:
    return Table(
        name,
        MetaData(),
        Column("source_sheet", Text, nullable=False),
        Column("source_row", Integer, nullable=False),
        *columns,
        schema="staging",
        prefixes=["UNLOGGED"],
    )


@dataclass(frozen=True)
class CopyRows:
    """Rows in a form of COPY."""

    columns: list[str]
    content: bytes
    count: int
    form: Literal["csv", "binary"] = "csv"


def copy_rows(frame: pl.DataFrame) -> CopyRows:
    """Write a frame as CSV for COPY: an empty text is quoted, null is nothing at all."""
    buffer = io.BytesIO()
    frame.write_csv(buffer, include_header=False)
    return CopyRows(frame.columns, buffer.getvalue(), frame.height)


def copy(connection: psycopg.Connection, table: tuple[str, str], rows: CopyRows) -> None:
    """COPY rows into the columns of the same names of a table."""
    if not rows.count:
        return
    columns = sql.SQL(", ").join(map(sql.Identifier, rows.columns))
    statement = sql.SQL("copy {} ({}) from stdin (format {})").format(
        sql.Identifier(*table), columns, sql.Identifier(rows.form)
    )
    with connection.cursor() as cursor, cursor.copy(statement) as stream:
        stream.write(rows.content)


def to_json(value: object) -> str:
    """Return JSON with Vietnamese letters as they are."""
    return json.dumps(value, ensure_ascii=False)
