"""Every table explains itself, and BI reads schema mart and nothing else."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege, OperationalError, ReadOnlySqlTransaction

from dxpipeline.settings import Settings
from dxpipeline.warehouse.connection import role_url

RELATIONS = """
select class.relnamespace::regnamespace::text as schema_name, class.oid::regclass::text
from pg_class as class
where class.relkind in ('r', 'v', 'm', 'p') and class.relnamespace::regnamespace::text = any(%s)
order by 1, 2
"""


def relations(connection: psycopg.Connection, *schemas: str) -> list[str]:
    return [name for _, name in connection.execute(RELATIONS, [list(schemas)])]


def test_every_table_and_column_is_described_in_vietnamese_and_english(warehouse: psycopg.Connection) -> None:
    described = ["core", "ledger", "quarantine", "plan", "mart"]
    undescribed = warehouse.execute(
        """
        select class.oid::regclass::text, attribute.attname
        from pg_class as class
        left join pg_attribute as attribute
            on class.oid = attribute.attrelid and attribute.attnum > 0 and not attribute.attisdropped
        where
            class.relkind in ('r', 'v', 'm', 'p')
            and class.relnamespace::regnamespace::text = any(%s)
            and (
                coalesce(obj_description(class.oid, 'pg_class'), '') not like '%% / %%'
                or coalesce(col_description(class.oid, attribute.attnum), '') not like '%% / %%'
            )
        """,
        [described],
    ).fetchall()
    assert undescribed == []
    assert len(relations(warehouse, *described)) > 25


def test_bi_reads_every_relation_of_mart(bi: psycopg.Connection, warehouse: psycopg.Connection) -> None:
    marts = relations(warehouse, "mart")
    assert "mart.indicator_status" in marts
    for name in marts:
        assert bi.execute(f"select count(*) from {name}").fetchone() is not None


def test_bi_reads_nothing_else(bi: psycopg.Connection, warehouse: psycopg.Connection) -> None:
    others = relations(warehouse, "core", "ledger", "quarantine", "plan")
    assert {"core.smart_hospitals", "quarantine.quarantined_row", "ledger.delivery", "plan.target"} <= set(
        others
    )
    for name in others:
        with pytest.raises(InsufficientPrivilege, match="permission denied"):
            bi.execute(f"select count(*) from {name}")


@pytest.mark.parametrize(
    "statement",
    [
        "insert into mart.dim_hospital values ('38001', 'x', 'provincial', '2021-Q1', '2021-Q1')",
        "update mart.dim_target set target_value = 0",
        "delete from mart.fct_indicator_value",
        "truncate mart.dim_date",
        "drop view mart.indicator_status",
        "create table mart.own (a integer)",
        "create view mart.own as select 1",
        "create table public.own (a integer)",
        "create schema own",
        "create temporary table own (a integer)",
        "create function mart.own() returns integer language sql as 'select 1'",
        "set role dx_owner",
        "set role dx_writer",
        "set session authorization dx_writer",
        "select lo_create(0)",
        "select pg_advisory_lock(hashtext('dxpipeline.intake'))",
        "select pg_try_advisory_xact_lock_shared(1, 2)",
        "select lo_from_bytea(0, 'x')",
        "select pg_read_file('postgresql.conf')",
        "copy (select 1) to program 'true'",
        "copy mart.dim_date to '/tmp/own'",
        "alter role dx_bi_reader superuser",
    ],
)
def test_bi_writes_nothing_even_when_it_switches_read_only_off(
    bi: psycopg.Connection, statement: str
) -> None:
    bi.execute("set default_transaction_read_only = off")
    with pytest.raises(psycopg.Error) as refused:
        bi.execute(statement.encode())
    assert refused.value.sqlstate == "42501", refused.value


def test_bi_starts_read_only_and_with_a_time_limit(bi: psycopg.Connection) -> None:
    with pytest.raises(ReadOnlySqlTransaction):
        bi.execute("create temporary table own (a integer)")
    assert bi.execute("show statement_timeout").fetchone() == ("1min",)


def test_bi_cannot_enter_the_database_of_airflow(settings: Settings, bi: psycopg.Connection) -> None:
    url = role_url(settings, "bi").rpartition("/")[0]
    with pytest.raises(OperationalError, match="permission denied for database"):
        psycopg.connect(f"{url}/airflow", connect_timeout=10)


def test_views_lend_no_rights(warehouse: psycopg.Connection) -> None:
    lending = warehouse.execute(
        "select oid::regclass::text from pg_class "
        "where relnamespace = 'mart'::regnamespace and relkind = 'v' "
        "and not coalesce(reloptions @> '{security_invoker=true}', false)"
    ).fetchall()
    assert lending == []
