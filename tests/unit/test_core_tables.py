"""The tables of schema core follow their contracts: additions by themselves, anything else by a migration."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, inspect, text

from dxpipeline.contracts import Column, Contract, ContractError, contracts
from dxpipeline.settings import Settings
from dxpipeline.warehouse.connection import role_url
from dxpipeline.warehouse.core_tables import SYSTEM_COLUMNS, apply_contracts, core_table, tables_of

CONTRACT = dataclasses.replace(contracts()["broadband_coverage"], feed="probe_feed", title="Nguồn thử")
NOTE = Column(
    "note", "text", "Ghi chú", (), "Ghi chú. / Note.", required=False, key=False, classification="public"
)
ADVICE = "write a migration and raise the contract's major version."


@pytest.fixture
def database(settings: Settings) -> Iterator[Connection]:
    """Return a connection as the owner of the schemas whose work is rolled back."""
    engine = create_engine(role_url(settings, "owner").replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.connect() as connection:
        connection.exec_driver_sql("set role dx_owner")
        yield connection
        connection.rollback()
    engine.dispose()


def with_columns(*columns: Column, **changes: Any) -> Contract:
    return dataclasses.replace(CONTRACT, columns=columns, **changes)


def changed(column: str, **changes: Any) -> Contract:
    return with_columns(
        *(dataclasses.replace(one, **changes) if one.name == column else one for one in CONTRACT.columns)
    )


def stored(connection: Connection) -> dict[str, tuple[str, bool]]:
    columns = inspect(connection).get_columns("probe_feed", schema="core")
    return {column["name"]: (str(column["type"]), column["nullable"]) for column in columns}


def test_a_table_is_made_from_its_contract(database: Connection) -> None:
    apply_contracts(database, [CONTRACT])
    assert stored(database) == {
        "submission_id": ("BIGINT", False),
        "source_sheet": ("TEXT", False),
        "source_row": ("INTEGER", False),
        "reporting_unit": ("TEXT", False),
        "period": ("TEXT", False),
        "is_current": ("BOOLEAN", False),
        "superseded_by": ("BIGINT", True),
        "commune_code": ("TEXT", False),
        "district_name": ("TEXT", True),
        "commune_name": ("TEXT", False),
        "villages_total": ("BIGINT", False),
        "villages_fixed_broadband": ("BIGINT", False),
        "villages_4g": ("BIGINT", False),
        "villages_5g": ("BIGINT", True),
        "households_total": ("BIGINT", False),
        "households_fixed_broadband": ("BIGINT", False),
        "carriers": ("ARRAY", False),
    }
    (index,) = inspect(database).get_indexes("probe_feed", schema="core")
    assert (index["name"], index["unique"]) == ("probe_feed_current_key", True)
    assert index["column_names"] == ["period", "reporting_unit", "commune_code"]
    assert index["dialect_options"]["postgresql_where"] == "is_current"


def test_every_kind_has_its_type() -> None:
    kinds = ("text", "integer", "number", "date", "boolean", "list")
    columns = (dataclasses.replace(NOTE, name=f"a_{kind}", kind=kind) for kind in kinds)
    table = core_table(with_columns(*CONTRACT.columns[:1], *columns))
    assert [str(table.c[f"a_{kind}"].type) for kind in kinds] == [
        "TEXT", "BIGINT", "NUMERIC", "DATE", "BOOLEAN", "ARRAY",
    ]  # fmt: skip


def test_table_and_columns_are_explained_in_two_languages(database: Connection) -> None:
    apply_contracts(database, [CONTRACT])
    inspector = inspect(database)
    comment = inspector.get_table_comment("probe_feed", schema="core")["text"]
    assert comment is not None
    assert comment.startswith("Nguồn thử. ")
    comments = {one["name"]: one["comment"] for one in inspector.get_columns("probe_feed", schema="core")}
    assert comments["villages_4g"] == (
        "Số thôn phủ sóng 4G. Số thôn, bản, tổ dân phố được phủ sóng 4G. / Villages covered by 4G."
    )
    assert comments["period"] == SYSTEM_COLUMNS["period"]
    assert all(" / " in str(one) for one in (comment, *comments.values()))


def test_the_real_tables_are_those_of_the_contracts(database: Connection) -> None:
    wanted = [table.name for contract in contracts().values() for table in tables_of(contract)]
    assert sorted(inspect(database).get_table_names(schema="core")) == sorted(wanted)
    apply_contracts(database, contracts().values())


def test_applying_again_changes_nothing(database: Connection) -> None:
    apply_contracts(database, [CONTRACT])
    before = stored(database)
    apply_contracts(database, [CONTRACT])
    assert stored(database) == before


def test_a_new_column_that_may_be_empty_is_added_by_itself(database: Connection) -> None:
    apply_contracts(database, [CONTRACT])
    database.execute(
        text(
            "insert into core.probe_feed (submission_id, source_row, reporting_unit, period, commune_code, "
            "commune_name, villages_total, villages_fixed_broadband, villages_4g, households_total, "
            "households_fixed_broadband, carriers) "
            "values (1, 2, 'u', '2021-Q1', '14755', 'x', 1, 1, 1, 1, 1, '{}')"
        )
    )
    apply_contracts(database, [with_columns(*CONTRACT.columns, NOTE)])
    assert stored(database)["note"] == ("TEXT", True)
    assert database.execute(text("select commune_code, note from core.probe_feed")).all() == [("14755", None)]
    columns = inspect(database).get_columns("probe_feed", schema="core")
    assert columns[-1]["comment"] == "Ghi chú. Ghi chú. / Note."


def test_a_changed_description_changes_the_comment(database: Connection) -> None:
    apply_contracts(database, [CONTRACT])
    apply_contracts(database, [changed("villages_4g", description="Khác, 100 % :x %(y)s 'z'. / Other.")])
    comments = {
        one["name"]: one["comment"] for one in inspect(database).get_columns("probe_feed", schema="core")
    }
    assert comments["villages_4g"] == "Số thôn phủ sóng 4G. Khác, 100 % :x %(y)s 'z'. / Other."


@pytest.mark.parametrize(
    ("contract", "sentence"),
    [
        (
            with_columns(*CONTRACT.columns, dataclasses.replace(NOTE, required=True)),
            "the new column note must not be required",
        ),
        (with_columns(*CONTRACT.columns[:-1]), "core.probe_feed has columns carriers no more"),
        (changed("villages_4g", kind="number"), "villages_4g is NUMERIC, stored as BIGINT"),
        (changed("carriers", kind="text"), "carriers is TEXT, stored as TEXT[]"),
        (changed("district_name", required=True), "district_name changed whether it may be empty"),
        (changed("villages_4g", required=False), "villages_4g changed whether it may be empty"),
        (
            changed("commune_name", key=True),
            "the key is commune_code, commune_name, stored as commune_code",
        ),
    ],
)
def test_any_other_change_asks_for_a_migration(
    database: Connection, contract: Contract, sentence: str
) -> None:
    apply_contracts(database, [CONTRACT])
    before = stored(database)
    with pytest.raises(ContractError) as refused:
        apply_contracts(database, [contract])
    assert str(refused.value) == f"broadband_coverage.odcs.yaml: {sentence}: {ADVICE}"
    assert stored(database) == before


def test_a_removed_column_is_named_even_when_the_contract_renames_it(database: Connection) -> None:
    apply_contracts(database, [CONTRACT])
    with pytest.raises(ContractError, match="has columns villages_4g no more"):
        apply_contracts(database, [changed("villages_4g", name="villages_lte", required=False)])
