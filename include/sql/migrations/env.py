"""Run by Alembic: migrates over the connection that dxpipeline.warehouse.migrate hands in."""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table="schema_version",
    version_table_schema="ledger",
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
