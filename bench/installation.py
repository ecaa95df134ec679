"""An installation for the length of a measurement, and what a measurement must know of the machine."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import psycopg

from bench.clock import tree_cpu_seconds
from dxpipeline.settings import Settings, get_settings
from dxpipeline.warehouse.connection import connect
from dxpipeline.warehouse.embedded import EmbeddedServer
from dxpipeline.warehouse.embedded_host import read_pid_file
from dxpipeline.warehouse.migrate import upgrade

FEED = "health_records"
SCHEMA = "bench"
"""Where floors and peers have their tables."""

_EMPTIED = """
select format('%I.%I', schemaname, tablename)
from pg_tables
where schemaname in ('core', 'quarantine') or (schemaname = 'ledger' and tablename <> 'schema_version')
"""
_OF_AN_INSTALLATION = ("DX_", "WAREHOUSE_", "AIRFLOW_", "PG")


def settings_of(home: Path) -> Settings:
    """Return the settings of an installation of which nothing but its state folder is set."""
    return get_settings({"DX_HOME": str(home), "DX_SETTLE_SECONDS": "0"})


def without_installation() -> dict[str, str]:
    """Return the environment without the variables of any installation."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OF_AN_INSTALLATION)}


@contextmanager
def temporary_installation() -> Iterator[Settings]:
    """Start an embedded server of one's own, migrate its warehouse, and remove all of it afterwards.

    The variables of any other installation are taken out of the environment first.
    """
    for name in os.environ.keys() - without_installation().keys():
        del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="dxpipeline-bench-") as folder:
        home = Path(folder) / "state"
        server = EmbeddedServer(home)
        server.start()
        try:
            settings = settings_of(home)
            upgrade(settings)
            with connect(settings, "owner") as owner:
                owner.execute(f"create schema {SCHEMA}".encode())
            yield settings
        finally:
            server.destroy()


def empty_warehouse(settings: Settings) -> None:
    """Remove every delivery and every row that came with one."""
    with connect(settings, "owner", autocommit=True) as owner:
        tables = ", ".join(name for (name,) in owner.execute(_EMPTIED))
        owner.execute(f"truncate {tables} restart identity cascade".encode())


def settle_down(settings: Settings) -> None:
    """Do now what the server would do meanwhile for what came before: vacuum, analyse, write to disk."""
    with connect(settings, "owner", autocommit=True) as owner:
        owner.execute("vacuum (analyze)")
        owner.execute("checkpoint")


def server_cpu_seconds(home: Path) -> float:
    """Return the CPU seconds of the embedded server since its start, its backends included."""
    postmaster = read_pid_file(EmbeddedServer(home).data)
    if postmaster is None:
        raise RuntimeError(f"The embedded server of {home} does not run; start it before measuring.")
    return tree_cpu_seconds(psutil.Process(postmaster.pid))


def machine(connection: psycopg.Connection) -> dict[str, Any]:
    """Say what the figures were measured on."""
    row = connection.execute("select current_setting('server_version')").fetchone()
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "postgres": row[0] if row else None,
        "load_average": [round(value, 2) for value in psutil.getloadavg()],
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
