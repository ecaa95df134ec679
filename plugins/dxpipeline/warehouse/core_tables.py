"""The typed tables of schema core, made from the contracts.

Additions (a new feed, a new column that may be empty, a changed comment) are applied by themselves;
anything else needs a migration and a new major version of the contract.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    inspect,
    text,
)
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable, Index, SetColumnComment, SetTableComment
from sqlalchemy.types import TypeEngine

from dxpipeline.contracts import Contract, ContractError, Kind

SYSTEM_COLUMNS: dict[str, str] = {
    "submission_id": "Lần nộp mà dòng đến từ đó. / Submission the row came from.",
    "source_sheet": "Trang tính; rỗng với tệp văn bản. / Sheet; empty for a text file.",
    "source_row": "Dòng trong tệp, từ 1. / Row of the file, from 1.",
    "reporting_unit": "Đơn vị báo cáo. / Reporting unit.",
    "period": "Kỳ báo cáo. / Reporting period.",
    "is_current": "Dòng thuộc trạng thái hiện hành. / Whether the row is of the current state.",
    "superseded_by": "Lần nộp đã thay thế dòng. / Submission that replaced the row.",
}

_SCOPE = ("period", "reporting_unit")
"""Inside these, a key is current once."""

_TYPES: dict[Kind, TypeEngine[Any]] = {
    "text": Text(),
    "integer": BigInteger(),
    "number": Numeric(),
    "date": Date(),
    "boolean": Boolean(),
    "list": ARRAY(Text()),
}


def core_table(contract: Contract, metadata: MetaData | None = None) -> Table:
    """Return the table of a feed: the columns of provenance, then those of the contract."""
    comments = SYSTEM_COLUMNS
    table = Table(
        contract.feed,
        metadata or MetaData(),
        Column("submission_id", BigInteger, primary_key=True, autoincrement=False),
        Column("source_sheet", Text, primary_key=True, server_default=text("''")),
        Column("source_row", Integer, primary_key=True, autoincrement=False),
        Column("reporting_unit", Text, nullable=False),
        Column("period", Text, nullable=False),
        Column("is_current", Boolean, nullable=False, server_default=text("true")),
        Column("superseded_by", BigInteger),
        *(
            Column(column.name, _TYPES[column.kind], nullable=not column.required)
            for column in contract.columns
        ),
        schema="core",
        comment=f"{contract.title}. {contract.description}",
    )
    for column in table.columns:
        declared = contract.by_name.get(column.name)
        column.comment = (
            comments[column.name] if declared is None else f"{declared.label}. {declared.description}"
        )
    Index(
        _key_name(contract),
        *(table.c[name] for name in (*_SCOPE, *contract.key)),
        unique=True,
        postgresql_where=table.c.is_current,
    )
    return table


def _key_name(contract: Contract) -> str:
    return f"{contract.feed}_current_key"


def apply_contracts(connection: Connection, contracts: Iterable[Contract]) -> None:
    """Create the tables that are missing and add what contracts added.

    Raises:
        ContractError: A contract changed in a way that existing rows cannot follow by themselves.
    """
    inspector = inspect(connection)
    for contract in contracts:
        table = core_table(contract)
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
    keys = {
        index["name"]: index["column_names"][len(_SCOPE) :]
        for index in inspector.get_indexes(table.name, schema=table.schema)
    }
    stored_key = keys.get(_key_name(contract), [])
    if stored_key != list(contract.key):
        raise ContractError(
            f"{contract.path.name}: the key is {', '.join(contract.key)}, "
            f"stored as {', '.join(map(str, stored_key)) or 'none'}: {advice}"
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
