"""The warehouse comes to the state that this version needs, once, and keeps each role in its place."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import yaml
from psycopg import sql

from dxpipeline.contracts import ContractError, contracts, load_contract
from dxpipeline.settings import CONTRACTS, Settings
from dxpipeline.warehouse import migrate, seed
from dxpipeline.warehouse.connection import connect, role_password, role_url
from dxpipeline.warehouse.embedded import EmbeddedServer
from dxpipeline.warehouse.migrate import needs_upgrade, upgrade
from dxpipeline.warehouse.session import open_warehouse

CATALOGUE = """
select 'table', class.oid::regclass::text, class.relkind::text, class.relacl::text
from pg_class as class
where class.relnamespace::regnamespace::text = any(%(schemas)s) and class.relkind in ('r', 'v', 'i')
union all
select 'column', attrelid::regclass::text, attname, format_type(atttypid, atttypmod) || attnotnull
    || coalesce(col_description(attrelid, attnum), '')
from pg_attribute
where attrelid in (select oid from pg_class where relnamespace::regnamespace::text = any(%(schemas)s))
    and attnum > 0
union all
select 'role', rolname, rolcanlogin::text || rolsuper || rolcreaterole, rolconfig::text
from pg_roles where rolname like 'dx\\_%%'
union all
select 'schema', nspname, nspowner::regrole::text, nspacl::text from pg_namespace
where nspname = any(%(schemas)s) or nspname = 'public'
order by 1, 2, 3
"""
SCHEMAS = ["staging", "core", "quarantine", "ledger", "plan", "mart"]


def catalogue(connection: psycopg.Connection) -> list[tuple[str, ...]]:
    """Return all that migrations make: relations, columns, comments, rights, roles."""
    return connection.execute(CATALOGUE, {"schemas": SCHEMAS}).fetchall()


def contents(connection: psycopg.Connection) -> dict[str, list[tuple[str, ...]]]:
    """Return the rows of everything that is seeded, with the transaction that wrote each."""
    tables = connection.execute(
        "select schemaname, tablename from pg_tables where schemaname in ('plan', 'mart') order by 1, 2"
    ).fetchall()
    query = sql.SQL("select xmin::text, kept::text from {} as kept order by 2")
    return {
        f"{schema}.{name}": connection.execute(query.format(sql.Identifier(schema, name))).fetchall()
        for schema, name in tables
    }


def test_an_empty_database_needs_everything_and_a_migrated_one_nothing(empty_database: Settings) -> None:
    with connect(empty_database, "owner") as owner:
        assert needs_upgrade(owner)
    with open_warehouse(empty_database) as writer:
        assert writer.execute("select count(*) from ledger.delivery").fetchone() == (0,)
        assert writer.execute("select count(*) > 0 from mart.dim_commune").fetchone() == (True,)
    with connect(empty_database, "owner", autocommit=True) as owner:
        assert not needs_upgrade(owner)
        assert owner.execute("select version_num from ledger.schema_version").fetchone() == (
            max(path.name for path in (migrate.MIGRATIONS / "versions").glob("*.py")).partition("_")[0],
        )
        owner.execute("update ledger.schema_version set version_num = '0001'")
        assert needs_upgrade(owner)


def test_migrating_again_changes_nothing(settings: Settings, warehouse: psycopg.Connection) -> None:
    with connect(settings, "owner", autocommit=True) as owner:
        before, seeded = catalogue(owner), contents(owner)
        assert len(before) > 300
        assert sum(map(len, seeded.values())) > 1000
        upgrade(settings)
        assert catalogue(owner) == before
        assert contents(owner) == seeded


def test_two_processes_that_migrate_at_once_take_turns(empty_database: Settings) -> None:
    environment = {**os.environ, "WAREHOUSE_URL": str(empty_database.warehouse_url)}
    command = [sys.executable, "-m", "dxpipeline.cli", "migrate"]
    both = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for one in both:
        output, errors = one.communicate(timeout=120)
        assert (one.returncode, output) == (0, ""), errors
    with connect(empty_database, "owner") as owner:
        assert not needs_upgrade(owner)
        assert owner.execute("select count(*) from ledger.schema_version").fetchone() == (1,)


def test_a_contract_with_a_new_column_or_a_new_feed_needs_an_upgrade_and_gets_it(
    settings: Settings, empty_database: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(empty_database)
    content = yaml.safe_load((CONTRACTS / "health_stations.odcs.yaml").read_text(encoding="utf-8"))
    note = {
        "name": "note",
        "businessName": "Ghi chú",
        "description": "Ghi chú. / Note.",
        "logicalType": "string",
        "required": False,
    }
    content["schema"][0]["properties"].append(note)
    path = tmp_path / "health_stations.odcs.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    changed = {**contracts(), "health_stations": load_contract(path)}
    for module in (migrate, seed):
        monkeypatch.setattr(module, "contracts", lambda: changed)
    with open_warehouse(empty_database) as writer:
        assert writer.execute("select note from core.health_stations").fetchall() == []

    changed["clinics"] = dataclasses.replace(changed["health_stations"], feed="clinics")
    with open_warehouse(empty_database) as writer:
        # Later tables get the rights of the others.
        writer.execute("update core.clinics set note = 'x'")
        assert writer.execute("select note from core.clinics").fetchall() == []

    changed["clinics"] = dataclasses.replace(
        changed["clinics"],
        columns=tuple(
            dataclasses.replace(one, required=True) if one.name == "note" else one
            for one in changed["clinics"].columns
        ),
    )
    with pytest.raises(ContractError, match="note changed whether it may be empty"):
        upgrade(empty_database)


def test_passwords_are_neither_in_the_servers_log_nor_in_its_tables(settings: Settings) -> None:
    upgrade(settings)
    log = EmbeddedServer(settings.home).log_file.read_text(encoding="utf-8", errors="replace")
    assert "database system is ready to accept connections" in log
    owner_password = psycopg.conninfo.conninfo_to_dict(role_url(settings, "owner"))["password"]
    for password in (role_password(settings, "writer"), role_password(settings, "bi"), str(owner_password)):
        assert len(password) >= 20
        assert password not in log
    assert "SCRAM-SHA-256$" not in log
    with connect(settings, "owner") as owner:
        stored = owner.execute(
            "select rolpassword from pg_authid where rolname like 'dx\\_%' and rolcanlogin"
        )
        assert all(kept.startswith("SCRAM-SHA-256$4096:") for (kept,) in stored.fetchall())


def test_secrets_lie_in_files_that_only_their_owner_reads(settings: Settings) -> None:
    upgrade(settings)
    files = sorted(settings.secrets.iterdir())
    assert {"dx_writer_password", "dx_bi_reader_password"} <= {path.name for path in files}
    assert settings.secrets.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)


@pytest.mark.parametrize(
    "statement",
    [
        "create table core.own (a integer)",
        "create table ledger.own (a integer)",
        "create table mart.own (a integer)",
        "create table public.own (a integer)",
        "create schema own",
        "drop table ledger.delivery",
        "drop table core.smart_hospitals",
        "truncate ledger.delivery cascade",
        "alter table core.smart_hospitals add column own text",
        "alter table ledger.issue disable trigger all",
        "select * from pg_authid",
        "select * from pg_shadow",
        "set role dx_owner",
        "set role dx_privacy_officer",
        "create role own",
        "alter role dx_writer superuser",
        "select pg_read_file('postgresql.conf')",
        "copy (select 1) to program 'true'",
        "copy ledger.delivery to '/tmp/own'",
        "alter database warehouse set log_statement = 'all'",
        "set log_statement = 'all'",
        "grant select on ledger.delivery to dx_bi_reader",
        "drop schema staging",
        "create extension vector schema staging",
    ],
)
def test_the_writer_writes_rows_and_nothing_more(warehouse: psycopg.Connection, statement: str) -> None:
    with warehouse.transaction(force_rollback=True):
        try:
            warehouse.execute(statement.encode())
        except psycopg.Error as refused:
            assert refused.sqlstate == "42501", refused  # noqa: PT017
        else:
            # PostgreSQL answers a grant without the right to give it by a warning.
            assert statement.startswith("grant")
            assert warehouse.execute(
                "select has_table_privilege('dx_bi_reader', 'ledger.delivery', 'select')"
            ).fetchone() == (False,)
