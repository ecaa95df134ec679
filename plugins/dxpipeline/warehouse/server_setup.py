"""How a PostgreSQL server is set up, the embedded one and that of docker-compose.yaml alike.

`python -m dxpipeline.warehouse.server_setup` prepares a server that was started elsewhere: databases, roles,
warehouse. It is the first step of the compose file and may be repeated.
"""

from __future__ import annotations

import logging
import os
import sys
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from dxpipeline.settings import ConfigurationError, get_settings

SUPERUSER = "postgres"
AIRFLOW_ROLE = "airflow"
AIRFLOW_DATABASE = "airflow"
WAREHOUSE_DATABASE = "warehouse"

INITDB_OPTIONS = (
    "--auth-host=scram-sha-256",
    "--auth-local=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=PG_UNICODE_FAST",
    "--text-search-config=simple",
    "--no-instructions",
)

SERVER_SETTINGS = {
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "cluster_name": "dxpipeline",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "jit": "off",
    # Personal data must not reach the log. Messages, details and contexts of errors quote values
    # ("Key (…)=(…) already exists", "COPY t, line 5: …"); statements carry literals. None of them is written.
    "log_min_messages": "log",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
}

_QUIET = {
    "log_min_messages": ("log", "fatal", "panic"),
    "log_error_verbosity": ("terse",),
    "log_min_error_statement": ("log", "fatal", "panic"),
    "log_statement": ("none", "ddl"),
    "log_min_duration_statement": ("-1",),
    "log_min_duration_sample": ("-1",),
    "log_parameter_max_length_on_error": ("0",),
}


log = logging.getLogger(__name__)


def provision(superuser_url: str, airflow_password: str, *, renew: bool) -> None:
    """Make the databases and Airflow's role where they are missing, closed to every other role.

    Args:
        superuser_url: URL of the superuser, to the database `postgres`.
        airflow_password: The password of Airflow's role.
        renew: Whether an existing role gets that password again.

    Raises:
        psycopg.Error: The server refuses.
    """
    with psycopg.connect(superuser_url, autocommit=True, connect_timeout=10) as connection:
        roles = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
        databases = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
        if renew or AIRFLOW_ROLE not in roles:
            # The server is sent a verifier, never the password itself.
            verifier = connection.pgconn.encrypt_password(
                airflow_password.encode(), AIRFLOW_ROLE.encode(), b"scram-sha-256"
            ).decode()
            command = (
                "ALTER ROLE {} LOGIN PASSWORD {}"
                if AIRFLOW_ROLE in roles
                else "CREATE ROLE {} LOGIN PASSWORD {}"
            )
            connection.execute(sql.SQL(command).format(sql.Identifier(AIRFLOW_ROLE), sql.Literal(verifier)))
        for database, owner in ((WAREHOUSE_DATABASE, SUPERUSER), (AIRFLOW_DATABASE, AIRFLOW_ROLE)):
            if database not in databases:
                statement = sql.SQL("CREATE DATABASE {} OWNER {}")
                connection.execute(statement.format(sql.Identifier(database), sql.Identifier(owner)))
        open_to_all = connection.execute(
            "SELECT datname FROM pg_database "
            "WHERE datname = ANY(%s) AND has_database_privilege('public', oid, 'CONNECT')",
            ([WAREHOUSE_DATABASE, AIRFLOW_DATABASE, "postgres", "template1"],),
        ).fetchall()
        for (database,) in open_to_all:
            connection.execute(
                sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database))
            )


def warn_of_talkative_log(connection: psycopg.Connection) -> None:
    """Warn where the server's log would quote rows: settings of a server of others are theirs to change."""
    rows = connection.execute(
        "SELECT name, setting FROM pg_settings WHERE name = ANY(%s) ORDER BY name", (list(_QUIET),)
    ).fetchall()
    talkative = [f"{name} = {setting}" for name, setting in rows if setting not in _QUIET[name]]
    if talkative:
        log.warning(
            "The log of the PostgreSQL server may quote personal data (%s): set these as section 7 of "
            "docs/how-to/server.md says.",
            ", ".join(talkative),
        )


def main() -> int:
    """Prepare the server of `WAREHOUSE_URL` (its superuser; libpq's PGPASSWORD may hold the password).

    Returns:
        0 when it is ready; 3 when a setting is missing or the server refuses, which a sentence says.
    """
    # Imported here: the migrations need this module's neighbours, which need this module.
    from dxpipeline.warehouse import migrate

    try:
        settings = get_settings()
        airflow_password = os.environ.get("AIRFLOW_DATABASE_PASSWORD")
        if settings.warehouse_url is None or not airflow_password:
            raise ConfigurationError(
                "set WAREHOUSE_URL to the URL of the server's superuser and AIRFLOW_DATABASE_PASSWORD "
                "to the password that Airflow's role is to get."
            )
        administration = urlsplit(settings.warehouse_url)._replace(scheme="postgresql", path=f"/{SUPERUSER}")
        provision(urlunsplit(administration), airflow_password, renew=True)
        migrate.upgrade(settings)
    except (ConfigurationError, psycopg.Error) as error:
        print(f"The PostgreSQL server cannot be prepared: {' '.join(str(error).split())}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
