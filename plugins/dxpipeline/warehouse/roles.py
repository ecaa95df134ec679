"""The warehouse's roles and what the database itself allows them."""

from __future__ import annotations

import psycopg
from psycopg import sql

from dxpipeline.settings import Settings
from dxpipeline.warehouse.connection import LOGINS, Role, role_password

GROUPS = ("dx_owner", "dx_privacy_officer")
"""Roles without a login; `dx_owner` owns every schema."""

BI_STATEMENT_TIMEOUT = "60s"

# Writing through large objects is open to everybody by default; BI reads only.
_ADVISORY_LOCKS = ("pg_advisory_", "pg_try_advisory_")

_LARGE_OBJECT_WRITERS = (
    "lo_creat(integer)",
    "lo_create(oid)",
    "lo_from_bytea(oid, bytea)",
    "lo_put(oid, bigint, bytea)",
    "lo_unlink(oid)",
    "lo_open(oid, integer)",
    "lowrite(integer, bytea)",
)


def ensure_roles(connection: psycopg.Connection, settings: Settings) -> None:
    """Create the roles, set their passwords and limit the database to them; may be repeated.

    Args:
        connection: As the database's owner, with the right to create roles.
        settings: Where the passwords are kept.
    """
    execute = connection.execute
    existing = {name for (name,) in execute("select rolname from pg_roles where rolname like 'dx\\_%'")}
    for group in GROUPS:
        if group not in existing:
            execute(sql.SQL("create role {} nologin").format(sql.Identifier(group)))
    role: Role
    for role in ("writer", "bi"):
        login = LOGINS[role]
        verb = "alter" if login in existing else "create"
        # Only the verifier travels, so that no password can reach the server's log.
        verifier = connection.pgconn.encrypt_password(
            role_password(settings, role).encode(), login.encode(), b"scram-sha-256"
        ).decode()
        execute(
            sql.SQL("{} role {} login password {}").format(
                sql.SQL(verb), sql.Identifier(login), sql.Literal(verifier)
            )
        )
    bi_reader = sql.Identifier(LOGINS["bi"])
    execute(sql.SQL("alter role {} set default_transaction_read_only = on").format(bi_reader))
    execute(
        sql.SQL("alter role {} set statement_timeout = {}").format(
            bi_reader, sql.Literal(BI_STATEMENT_TIMEOUT)
        )
    )
    execute(sql.SQL("alter role {} set search_path = mart").format(bi_reader))
    execute("grant dx_owner to current_user")
    row = execute("select current_database()").fetchone()
    database = sql.Identifier(row[0] if row else "")
    execute(sql.SQL("revoke all on database {} from public").format(database))
    execute(sql.SQL("grant connect, create, temporary on database {} to dx_owner").format(database))
    execute(
        sql.SQL("grant connect on database {} to dx_writer, dx_bi_reader, dx_privacy_officer").format(
            database
        )
    )
    execute("revoke all on schema public from public")
    execute(
        sql.SQL("alter role {} set idle_in_transaction_session_timeout = {}").format(
            bi_reader, sql.Literal(BI_STATEMENT_TIMEOUT)
        )
    )
    superuser = execute("select rolsuper from pg_roles where rolname = current_user").fetchone()
    if superuser and superuser[0]:
        for function in _LARGE_OBJECT_WRITERS:
            execute(f"revoke execute on function pg_catalog.{function} from public")
        # Whoever holds one of the pipeline's locks stops it; BI needs none.
        locks = execute(
            "select oid::regprocedure::text from pg_proc where pronamespace = 'pg_catalog'::regnamespace "
            "and (starts_with(proname, %s) or starts_with(proname, %s))",
            _ADVISORY_LOCKS,
        ).fetchall()
        for (function,) in locks:
            execute(f"revoke execute on function {function} from public".encode())
            execute(f"grant execute on function {function} to dx_owner, dx_writer".encode())
