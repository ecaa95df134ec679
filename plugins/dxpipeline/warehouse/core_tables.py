"""The typed tables of schema core, made from the contracts.

A snapshot feed has one table: every row with its provenance, the current ones marked. An upsert feed has
three: the current version of each record, the versions it replaced (`_history`), and a note of the versions
that came again while that may still matter (`_repeated`).

Additions (a new feed, a new column that may be empty, a changed comment) are applied by themselves;
anything else needs a migration and a new major version of the contract.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    inspect,
    text,
)
from sqlalchemy.engine.reflection import Inspector
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable, Index, SetColumnComment, SetTableComment
from sqlalchemy.types import TypeEngine

from dxpipeline.contracts import Contract, ContractError, Kind, StoredAs

SYSTEM_COLUMNS: dict[str, str] = {
    "submission_id": "Lần nộp mà dòng đến từ đó. / Submission the row came from.",
    "source_sheet": "Trang tính; rỗng với tệp văn bản. / Sheet; empty for a text file.",
    "source_row": "Dòng trong tệp, từ 1. / Row of the file, from 1.",
    "reporting_unit": "Đơn vị báo cáo. / Reporting unit.",
    "period": "Kỳ báo cáo. / Reporting period.",
    "is_current": "Dòng thuộc trạng thái hiện hành. / Whether the row is of the current state.",
    "superseded_by": "Lần nộp đã thay thế dòng. / Submission that replaced the row.",
    "received_seq": "Thứ tự đến của tệp. / Order of arrival of the file.",
    "hash_key_version": "Phiên bản khóa của các mã băm. / Version of the key of the hashes.",
}
_VERSION_COLUMNS = SYSTEM_COLUMNS | {
    "period": "Kỳ báo cáo đầu tiên có bản này. / Earliest reporting period that brought this version.",
}

PROVENANCE = ("submission_id", "source_sheet", "source_row", "received_seq", "period")
"""Where a version of a record came from, in the tables of an upsert feed."""

_SCOPE = ("period", "reporting_unit")
"""Inside these, a key of a snapshot feed is current once."""

_TYPES: dict[Kind, TypeEngine[Any]] = {
    "text": Text(),
    "integer": BigInteger(),
    "number": Numeric(),
    "date": Date(),
    "boolean": Boolean(),
    "list": ARRAY(Text()),
}
_STORED_TYPES: dict[StoredAs, TypeEngine[Any]] = {"keyed-hash": LargeBinary(), "year": Integer()}
_STORED_AS: dict[StoredAs, str] = {
    "keyed-hash": " Lưu dạng băm có khóa. / Stored as a keyed hash.",
    "year": " Chỉ lưu năm. / Only the year is stored.",
}


@cache
def core_table(contract: Contract) -> Table:
    """Return the table of a feed's current rows: provenance, then what is stored of the columns sent."""
    if contract.load_mode == "upsert":
        return _versions(contract, contract.feed, contract.key, _description(contract))
    table = Table(
        contract.feed,
        MetaData(),
        Column("submission_id", BigInteger, primary_key=True, autoincrement=False),
        Column("source_sheet", Text, primary_key=True, server_default=text("''")),
        Column("source_row", Integer, primary_key=True, autoincrement=False),
        Column("reporting_unit", Text, nullable=False),
        Column("period", Text, nullable=False),
        Column("is_current", Boolean, nullable=False, server_default=text("true")),
        Column("superseded_by", BigInteger),
        *_stored(contract),
        schema="core",
        comment=_description(contract),
    )
    _explain(table, contract, SYSTEM_COLUMNS)
    Index(
        _key_name(contract),
        *(table.c[name] for name in (*_SCOPE, *contract.key)),
        unique=True,
        postgresql_where=table.c.is_current,
    )
    return table


@cache
def history_table(contract: Contract) -> Table:
    """Return the table of an upsert feed's replaced versions; the same columns as `core_table`."""
    return _versions(
        contract,
        f"{contract.feed}_history",
        (*contract.key, newest_by(contract), "received_seq"),
        f"{contract.title}: các bản đã được thay thế. / Versions that were replaced by a newer one.",
    )


@cache
def repeated_table(contract: Contract) -> Table:
    """Return the table of an upsert feed's versions that came again.

    They are noted while an earlier delivery waits, which may come between, or where a later period is loaded,
    since the version then counts from the earlier one on. They hold no values, since these are those of the
    version with the same key and `newest_by` before them.
    """
    versions = core_table(contract)
    key = (*contract.key, newest_by(contract), "received_seq")
    table = Table(
        f"{contract.feed}_repeated",
        MetaData(),
        *(Column(name, versions.c[name].type, nullable=False) for name in dict.fromkeys((*PROVENANCE, *key))),
        PrimaryKeyConstraint(*key, name=f"{contract.feed}_repeated_pkey"),
        schema="core",
        comment=(
            f"{contract.title}: bản đến lần nữa khi tệp trước đó còn chờ, hoặc của kỳ sớm hơn; xóa khi không "
            "tệp nào trước đó còn chờ. / Versions that came again while an earlier delivery was waiting, or "
            "for an earlier period; dropped once nothing earlier waits."
        ),
    )
    _explain(table, contract, _VERSION_COLUMNS)
    return table


def tables_of(contract: Contract) -> list[Table]:
    """Return every table of a feed, the one of its current rows first."""
    if contract.load_mode == "snapshot":
        return [core_table(contract)]
    return [core_table(contract), history_table(contract), repeated_table(contract)]


def newest_by(contract: Contract) -> str:
    """Return the column by which an upsert feed orders the versions of a record."""
    if contract.newest_by is None:
        raise ValueError(f"{contract.feed} is no upsert feed: its rows have no versions.")
    return contract.newest_by


def _versions(contract: Contract, name: str, key: tuple[str, ...], comment: str) -> Table:
    hashes = any(column.stored_as == "keyed-hash" for column in contract.columns)
    table = Table(
        name,
        MetaData(),
        Column("submission_id", BigInteger, nullable=False),
        Column("received_seq", BigInteger, nullable=False),
        Column("source_row", Integer, nullable=False),
        *([Column("hash_key_version", SmallInteger, nullable=False)] if hashes else []),
        Column("source_sheet", Text, nullable=False, server_default=text("''")),
        Column("period", Text, nullable=False),
        *_stored(contract),
        PrimaryKeyConstraint(*key, name=f"{name}_pkey"),
        schema="core",
        comment=comment,
    )
    _explain(table, contract, _VERSION_COLUMNS)
    # The rows of a submission lie together: a small index leads to them.
    Index(f"{name}_submission", table.c.submission_id, postgresql_using="brin")
    return table


def _stored(contract: Contract) -> list[Column[Any]]:
    return [
        Column(name, _STORED_TYPES.get(column.stored_as, _TYPES[column.kind]), nullable=not column.required)
        for name, column in contract.stored_columns.items()
    ]


def _explain(table: Table, contract: Contract, system: dict[str, str]) -> None:
    for column in table.columns:
        declared = contract.stored_columns.get(column.name)
        column.comment = (
            system[column.name]
            if declared is None
            else f"{declared.label}. {declared.description}{_STORED_AS.get(declared.stored_as, '')}"
        )


def _description(contract: Contract) -> str:
    return f"{contract.title}. {contract.description}"


def _key_name(contract: Contract) -> str:
    return f"{contract.feed}_current_key"


def apply_contracts(connection: Connection, feeds: Iterable[Contract]) -> None:
    """Create the tables that are missing and add what contracts added.

    Raises:
        ContractError: A contract changed in a way that existing rows cannot follow by themselves.
    """
    inspector = inspect(connection)
    for contract, table in ((feed, table) for feed in feeds for table in tables_of(feed)):
        if not inspector.has_table(table.name, schema=table.schema):
            connection.execute(CreateTable(table))
            for index in table.indexes:
                connection.execute(CreateIndex(index))
        else:
            _add_columns(connection, contract, table)
        connection.execute(SetTableComment(table))
        for column in table.columns:
            connection.execute(SetColumnComment(column))


def _add_columns(connection: Connection, contract: Contract, table: Table) -> None:
    inspector = inspect(connection)
    existing = {column["name"]: column for column in inspector.get_columns(table.name, schema=table.schema)}
    wanted = {column.name: column for column in table.columns}
    advice = "write a migration and raise the contract's major version."
    gone = sorted(existing.keys() - wanted.keys())
    if gone:
        raise ContractError(
            f"{contract.path.name}: core.{table.name} has columns {', '.join(gone)} no more: {advice}"
        )
    wanted_key, stored_key = _keys(inspector, contract, table)
    if stored_key != wanted_key:
        raise ContractError(
            f"{contract.path.name}: the key is {', '.join(wanted_key)}, "
            f"stored as {', '.join(stored_key) or 'none'}: {advice}"
        )
    dialect = connection.dialect
    for name, column in wanted.items():
        if name not in existing:
            if not column.nullable:
                raise ContractError(
                    f"{contract.path.name}: the new column {name} must not be required: {advice}"
                )
            definition = CreateColumn(column).compile(dialect=dialect)
            connection.exec_driver_sql(f"alter table core.{table.name} add column {definition}")
            continue
        stored = existing[name]["type"].compile(dialect=dialect)
        if stored != column.type.compile(dialect=dialect):
            raise ContractError(
                f"{contract.path.name}: {name} is {column.type.compile(dialect=dialect)}, "
                f"stored as {stored}: {advice}"
            )
        if existing[name]["nullable"] != column.nullable:
            raise ContractError(f"{contract.path.name}: {name} changed whether it may be empty: {advice}")


def _keys(inspector: Inspector, contract: Contract, table: Table) -> tuple[list[str], list[str]]:
    """Return the key that a table should have and the one that it has."""
    if contract.load_mode == "upsert":
        stored = inspector.get_pk_constraint(table.name, schema=table.schema)["constrained_columns"]
        return [column.name for column in table.primary_key.columns], list(stored)
    keys = {
        index["name"]: index["column_names"][len(_SCOPE) :]
        for index in inspector.get_indexes(table.name, schema=table.schema)
    }
    return list(contract.key), [str(name) for name in keys.get(_key_name(contract), [])]
