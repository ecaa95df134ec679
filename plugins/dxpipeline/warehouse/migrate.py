"""Brings the warehouse to the state this version of the project needs; may be repeated."""

from __future__ import annotations

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from dxpipeline.contracts import contracts
from dxpipeline.settings import INCLUDE, Settings
from dxpipeline.warehouse.connection import connect, role_url
from dxpipeline.warehouse.core_tables import apply_contracts
from dxpipeline.warehouse.roles import ensure_roles
from dxpipeline.warehouse.seed import is_seeded, seed
from dxpipeline.warehouse.server_setup import warn_of_talkative_log

MIGRATIONS = INCLUDE / "sql" / "migrations"


def upgrade(settings: Settings) -> None:
    """Create or update roles, schemas, tables made from contracts, and reference data.

    Two processes that migrate at once take turns.

    Raises:
        WarehouseUnavailable: The warehouse does not answer.
        ContractError: A contract asks for a change that needs a migration.
    """
    with connect(settings, "owner") as guard:
        guard.execute("select pg_advisory_lock(hashtext('dxpipeline.migrate'))")
        guard.commit()
        with connect(settings, "owner") as connection:
            warn_of_talkative_log(connection)
            ensure_roles(connection, settings)
            connection.execute("create schema if not exists ledger authorization dx_owner")
        engine = create_engine(
            role_url(settings, "owner").replace("postgresql://", "postgresql+psycopg://", 1)
        )
        try:
            with engine.begin() as migration:
                migration.exec_driver_sql("set role dx_owner")
                configuration = Config()
                configuration.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
                configuration.attributes["connection"] = migration
                command.upgrade(configuration, "head")
            with engine.begin() as tables:
                tables.exec_driver_sql("set role dx_owner")
                apply_contracts(tables, contracts().values())
        finally:
            engine.dispose()
        with connect(settings, "owner") as connection:
            connection.execute("set role dx_owner")
            seed(connection)


def needs_upgrade(connection: psycopg.Connection) -> bool:
    """Say whether a migration is missing, or contracts, code lists, plan or models changed since the last."""
    row = connection.execute("select to_regclass('ledger.schema_version') is not null").fetchone()
    if row is None or not row[0]:
        return True
    stored = connection.execute("select version_num from ledger.schema_version").fetchone()
    newest = max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    return stored is None or stored[0] != newest or not is_seeded(connection)
