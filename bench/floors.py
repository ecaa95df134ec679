"""The floors: how fast PostgreSQL takes the same rows when there is nothing left to do but to store them.

Clean rows, already in the form in which they are stored (identifiers hashed, dates of birth as years,
provenance beside them), are copied from a prepared file into a logged table with the columns of
core.health_records.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from bench.installation import FEED, SCHEMA
from dxpipeline.contracts import contracts

PIECE = 1 << 20
TABLE = sql.Identifier(SCHEMA, "floor")


def copy_then_key(connection: psycopg.Connection, prepared: Path) -> int:
    """COPY into an empty table, then make its primary key; return the rows."""
    with connection.transaction():
        _make_table(connection)
        copied = _copy(connection, prepared)
        _make_key(connection)
    return copied


def copy_into_key(connection: psycopg.Connection, prepared: Path) -> int:
    """COPY into an empty table that has its primary key; return the rows."""
    with connection.transaction():
        _make_table(connection)
        _make_key(connection)
        copied = _copy(connection, prepared)
    return copied


def drop_table(connection: psycopg.Connection) -> None:
    """Drop what the floors made."""
    connection.execute(sql.SQL("drop table if exists {}").format(TABLE))


def server_can_read(connection: psycopg.Connection, prepared: Path) -> bool:
    """Say whether the server's user may read a file itself; else the client streams it."""
    try:
        connection.execute("select pg_read_binary_file(%s, 0, 1)", (str(prepared),))
    except psycopg.Error:
        return False
    return True


def _make_table(connection: psycopg.Connection) -> None:
    connection.execute(
        sql.SQL("create table {} (like {} including defaults)").format(TABLE, sql.Identifier("core", FEED))
    )


def _make_key(connection: psycopg.Connection) -> None:
    key = sql.SQL(", ").join(map(sql.Identifier, contracts()[FEED].key))
    connection.execute(sql.SQL("alter table {} add primary key ({})").format(TABLE, key))


def _copy(connection: psycopg.Connection, prepared: Path) -> int:
    options = sql.SQL("(format csv, null '\\N')")
    with connection.cursor() as cursor:
        if server_can_read(connection, prepared):
            cursor.execute(sql.SQL("copy {} from {} {}").format(TABLE, sql.Literal(str(prepared)), options))
        else:
            with cursor.copy(sql.SQL("copy {} from stdin {}").format(TABLE, options)) as copy:
                for piece in _pieces(prepared):
                    copy.write(piece)
        return cursor.rowcount


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece
