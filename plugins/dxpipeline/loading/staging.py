"""The table of one submission on its way: filled by COPY block by block, dropped before the commit."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import polars as pl
import psycopg
from psycopg import sql
from sqlalchemy import BigInteger, Boolean, Column, Executable, MetaData, Table, Text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.schema import CreateTable, DropTable

from dxpipeline.contracts import Contract
from dxpipeline.warehouse.core_tables import core_table

_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]


def execute(
    connection: psycopg.Connection, statement: Executable | CreateTable | DropTable
) -> psycopg.Cursor:
    """Run a statement built with SQLAlchemy Core on a psycopg connection."""
    compiled = statement.compile(dialect=_DIALECT)  # type: ignore[union-attr]
    query = str(compiled)
    parameters: Mapping[str, Any] = compiled.params or {}
    return connection.execute(query.encode(), parameters or None)


def count(connection: psycopg.Connection, statement: Executable) -> int:
    """Run a statement that returns one number."""
    row = execute(connection, statement).fetchone()
    return int(row[0]) if row else 0


class Staging:
    """The staged rows of one submission.

    Args:
        connection: As the writer, in the transaction of the submission.
        contract: The feed.
        attempt_id: Names the table, so that two attempts never meet.
    """

    def __init__(self, connection: psycopg.Connection, contract: Contract, attempt_id: int) -> None:
        self._connection = connection
        self.contract = contract
        core = core_table(contract)
        self.table = Table(
            f"attempt_{attempt_id}",
            MetaData(),
            Column("source_sheet", Text, nullable=False),
            Column("source_row", BigInteger, nullable=False),
            Column("accepted", Boolean, nullable=False),
            *(Column(column.name, core.c[column.name].type) for column in contract.columns),
            schema="staging",
            prefixes=["UNLOGGED"],
        )
        execute(connection, CreateTable(self.table))

    def add(self, rows: pl.DataFrame) -> None:
        """Copy checked rows (`CheckedBlock.rows`) into the table."""
        shaped = rows.select(
            pl.col("sheet").fill_null("").alias("source_sheet"),
            "source_row",
            "accepted",
            *(
                _array_literal(column.name) if column.kind == "list" else pl.col(column.name)
                for column in self.contract.columns
            ),
        )
        copy_frame(self._connection, ("staging", self.table.name), shaped)

    def refuse(self, rows: pl.DataFrame) -> None:
        """Mark rows (`sheet`, `source_row`) as not accepted that only the whole file showed to be bad."""
        if rows.is_empty():
            return
        self._connection.execute(
            sql.SQL(
                "update {} as staged set accepted = false "
                "from unnest(%(sheets)s::text[], %(rows)s::bigint[]) as late (source_sheet, source_row) "
                "where staged.source_sheet = late.source_sheet and staged.source_row = late.source_row"
            ).format(sql.Identifier("staging", self.table.name)),
            {"sheets": rows["sheet"].fill_null("").to_list(), "rows": rows["source_row"].to_list()},
        )

    def drop(self) -> None:
        """Drop the table."""
        execute(self._connection, DropTable(self.table))


def copy_frame(connection: psycopg.Connection, table: tuple[str, str], frame: pl.DataFrame) -> None:
    """COPY a frame into the columns of the same names of a table; an empty text is a text, null is null."""
    statement = sql.SQL("copy {} ({}) from stdin (format csv, null '\\N')").format(
        sql.Identifier(*table), sql.SQL(", ").join(map(sql.Identifier, frame.columns))
    )
    buffer = io.BytesIO()
    frame.write_csv(buffer, include_header=False, null_value="\\N", quote_style="non_numeric")
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(buffer.getbuffer())


def to_json(value: object) -> str:
    """Return JSON with Vietnamese letters as they are."""
    return json.dumps(value, ensure_ascii=False)


def _array_literal(name: str) -> pl.Expr:
    """Write a list of texts as PostgreSQL writes an array."""
    quoted = (
        pl.element().str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)
    )
    items = pl.col(name).list.eval('"' + quoted + '"').list.join(",")
    return pl.when(pl.col(name).is_null()).then(None).otherwise("{" + items + "}").alias(name)
