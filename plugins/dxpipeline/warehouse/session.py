"""The warehouse for the length of a command: started when it is not running, left as it was found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import psycopg

from dxpipeline.settings import Settings
from dxpipeline.warehouse.connection import Role, connect, has_own_login
from dxpipeline.warehouse.embedded import running
from dxpipeline.warehouse.migrate import needs_upgrade, upgrade


def server(settings: Settings) -> AbstractContextManager[object]:
    """Keep the embedded server running for the length of a `with`, unless `WAREHOUSE_URL` names another.

    Raises:
        EmbeddedServerError: The embedded server does not start.
    """
    return running(settings.home) if settings.warehouse_url is None else nullcontext()


@contextmanager
def open_warehouse(settings: Settings, role: Role = "writer") -> Iterator[psycopg.Connection]:
    """Yield a connection in autocommit mode to a warehouse that is up to date.

    Raises:
        WarehouseUnavailable: The warehouse of `WAREHOUSE_URL` does not answer.
        EmbeddedServerError: The embedded server does not start.
    """
    with server(settings):
        # A worker of a server has its own login only, not the owner's: migrating is a step by itself there.
        if not has_own_login(role):
            with connect(settings, "owner") as owner:
                outdated = needs_upgrade(owner)
            if outdated:
                upgrade(settings)
        with connect(settings, role, autocommit=True) as connection:
            yield connection
