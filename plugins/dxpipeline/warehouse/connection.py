"""Connections to the warehouse, one login per duty.

| role | login | may |
|---|---|---|
| owner | of `WAREHOUSE_URL`, or the embedded server's superuser | migrate |
| writer | `dx_writer` | load, answer, compute indicators |
| bi | `dx_bi_reader` | read schema mart |
"""

from __future__ import annotations

import logging
import os
from typing import Literal
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg

from dxpipeline.failures import describe
from dxpipeline.settings import Settings
from dxpipeline.warehouse.embedded import EmbeddedServer
from dxpipeline.warehouse.embedded_host import secret_file

Role = Literal["owner", "writer", "bi"]

LOGINS: dict[str, str] = {"writer": "dx_writer", "bi": "dx_bi_reader"}


# Its warnings tell of errors that are raised as well, and may quote rows of a COPY.
logging.getLogger("psycopg").setLevel(logging.ERROR)


class WarehouseUnavailable(Exception):
    """The warehouse does not answer or broke off; the message says where and what to do."""


def broken_off(error: Exception) -> WarehouseUnavailable:
    """Return what is told of an error of psycopg; to be raised `from None`.

    Its own text is left to the server's log: where a COPY was under way, it quotes a row.
    """
    return WarehouseUnavailable(
        f"The warehouse broke off the work, {describe(error)}: nothing half done is kept; "
        "see the reason in the server's log, mend it and try again."
    )


def role_url(settings: Settings, role: Role) -> str:
    """Return the PostgreSQL URL of a role, password included.

    Raises:
        ConfigurationError: The embedded server was never set up and `WAREHOUSE_URL` is unset.
    """
    given = os.environ.get(f"WAREHOUSE_{role.upper()}_URL")
    if given and role != "owner":
        return given
    owner = settings.warehouse_url or EmbeddedServer(settings.home).url("warehouse")
    owner = owner.replace("postgresql+psycopg://", "postgresql://", 1)
    if role == "owner":
        return owner
    parts = urlsplit(owner)
    place = parts.netloc.rpartition("@")[2]
    login = f"{LOGINS[role]}:{quote(role_password(settings, role), safe='')}"
    return urlunsplit(parts._replace(netloc=f"{login}@{place}"))


def has_own_login(role: Role) -> bool:
    """Say whether the environment gives a role its URL or password, as it does for workers of a server."""
    name = role.upper()
    return any(os.environ.get(variable) for variable in (f"WAREHOUSE_{name}_URL", f"DX_{name}_PASSWORD"))


def role_password(settings: Settings, role: Role) -> str:
    """Return the password of a role: from the environment, or generated once into a file of mode 600."""
    given = os.environ.get(f"DX_{role.upper()}_PASSWORD")
    if given:
        return given
    return secret_file(settings.secrets / f"{LOGINS[role]}_password")


def connect(settings: Settings, role: Role = "writer", *, autocommit: bool = False) -> psycopg.Connection:
    """Open a connection for a role.

    Raises:
        WarehouseUnavailable: Nothing answers at the address.
    """
    url = role_url(settings, role)
    parts = urlsplit(url)
    try:
        return psycopg.connect(
            url,
            autocommit=autocommit,
            connect_timeout=10,
            application_name="dxpipeline",
            # A worker host that is gone must not hold its locks for the two hours of the default.
            options="-c tcp_keepalives_idle=60 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3",
        )
    except psycopg.OperationalError as error:
        first = str(error).strip().splitlines()[0]
        raise WarehouseUnavailable(
            f"The warehouse at {parts.hostname}:{parts.port or 5432} does not answer ({first}): "
            "start it, or set WAREHOUSE_URL."
        ) from error
