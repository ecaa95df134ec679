"""An installation of its own, run by a real Airflow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from dxpipeline.settings import Settings, get_settings
from dxpipeline.warehouse.connection import connect
from dxpipeline.warehouse.embedded import EmbeddedServer, running


class Installation:
    """A state folder, and `./run` in it (without the set-up of .venv, which the tests run in)."""

    def __init__(self, home: Path) -> None:
        outside = ("DX_", "WAREHOUSE_", "AIRFLOW_")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(outside)}
        self.environment["DX_HOME"] = str(home)
        self.settings: Settings = get_settings(self.environment)

    @property
    def command(self) -> list[str]:
        """What `./run` executes once .venv is set up."""
        return [sys.executable, "-m", "dxpipeline.local"]

    def run_once(self, drops: Path, timeout: float = 280) -> dict[str, Any]:
        """Run until every file of a tree is answered and return the outcome."""
        outcome = self.settings.home.parent / "outcome.json"
        result = subprocess.run(
            [*self.command, "--once", "--drops", str(drops), "--json", str(outcome)],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        document: dict[str, Any] = json.loads(outcome.read_text(encoding="utf-8"))
        return document

    def query(self, statement: str) -> list[dict[str, Any]]:
        """Ask the warehouse as its owner, starting the server for the time of the question."""
        with running(self.settings.home), connect(self.settings, "owner") as connection:
            return rows(connection, statement)


def rows(connection: psycopg.Connection, statement: str) -> list[dict[str, Any]]:
    """Return the rows of a statement as dictionaries."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement.encode()).fetchall()


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Return an installation whose server and data are removed afterwards."""
    own = Installation(tmp_path_factory.mktemp("installation") / "trạng thái")
    yield own
    EmbeddedServer(own.settings.home).destroy()
