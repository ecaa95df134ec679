"""Making a table equal to some rows, and writing nothing where nothing differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb


def merge_copied(
    connection: psycopg.Connection,
    table: str,
    key: Sequence[str],
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
) -> None:
    """Make a table equal to rows that are copied to the server first; for many, as who may make tables.

    Args:
        connection: In a transaction.
        table: Its schema and name.
        key: The columns by which a row is known.
        columns: The columns of the rows, those of the key among them.
        rows: The rows.

    Raises:
        psycopg.Error: The database refuses.
    """
    names = _listed("{}", columns)
    copied = sql.Identifier("pg_temp", "copied_rows")
    connection.execute(
        sql.SQL("create temporary table copied_rows on commit drop as select {} from {} limit 0").format(
            names, _table(table)
        )
    )
    with (
        connection.cursor() as cursor,
        cursor.copy(sql.SQL("copy {} ({}) from stdin").format(copied, names)) as copy,
    ):
        for row in rows:
            copy.write_row(row)
    connection.execute(_statement(table, key, columns, copied, None))
    connection.execute(sql.SQL("drop table {}").format(copied))


def merge_listed(
    connection: psycopg.Connection,
    table: str,
    key: Sequence[str],
    columns: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    *,
    stamp: str | None = None,
) -> None:
    """Make a table equal to rows that are sent as JSON; as who may write it.

    Args:
        connection: In a transaction.
        table: Its schema and name.
        key: The columns by which a row is known.
        columns: The columns of the rows, those of the key among them.
        rows: The rows as JSON takes them: an exact number and a day as texts.
        stamp: The column that says when a row was last written; its default is that moment.

    Raises:
        psycopg.Error: The database refuses.
    """
    sent = sql.SQL("jsonb_populate_recordset(null::{}, %s)").format(_table(table))
    connection.execute(_statement(table, key, columns, sent, stamp), [Jsonb(list(rows))])


def _statement(
    table: str, key: Sequence[str], columns: Sequence[str], source: sql.Composable, stamp: str | None
) -> sql.Composed:
    """Return the merge: insert what is new, update what differs, delete what is gone."""
    others = [name for name in columns if name not in key]
    update = (
        sql.SQL("when matched and ({}) is distinct from ({}) then update set {} ").format(
            _listed("stored.{}", others),
            _listed("wanted.{}", others),
            sql.SQL(", ").join([_listed("{0} = wanted.{0}", others), *_stamped(stamp)]),
        )
        # A table of nothing but its key has no value that could differ.
        if others
        else sql.SQL("")
    )
    return sql.SQL(
        "merge into {table} as stored using {source} as wanted on {same} {update}"
        "when not matched then insert ({names}) values ({values}) "
        "when not matched by source then delete"
    ).format(
        table=_table(table),
        source=source,
        same=sql.SQL(" and ").join(
            sql.SQL("stored.{0} = wanted.{0}").format(sql.Identifier(name)) for name in key
        ),
        update=update,
        names=_listed("{}", columns),
        values=_listed("wanted.{}", columns),
    )


def _stamped(stamp: str | None) -> list[sql.Composed]:
    return [] if stamp is None else [sql.SQL("{} = now()").format(sql.Identifier(stamp))]


def _table(name: str) -> sql.Identifier:
    return sql.Identifier(*name.split("."))


def _listed(pattern: str, names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL(pattern).format(sql.Identifier(name)) for name in names)
