"""Fixtures shared by all tests: one real warehouse for the session, emptied for every test."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from dxpipeline import reference
from dxpipeline.indicators.models import models
from dxpipeline.pipeline import drain, finish_leftovers, sweep
from dxpipeline.settings import PROJECT_ROOT, Settings, get_settings
from dxpipeline.warehouse.connection import connect
from dxpipeline.warehouse.embedded import EmbeddedServer
from dxpipeline.warehouse.migrate import upgrade

DROPS = PROJECT_ROOT / "tests" / "data" / "drops"

if "PYTEST_XDIST_WORKER" in os.environ and "AIRFLOW_HOME" in os.environ:
    # Workers that run side by side must not write one another's Airflow configuration.
    os.environ["AIRFLOW_HOME"] += f"-{os.environ['PYTEST_XDIST_WORKER']}"

_EMPTIED = """
select format('%%I.%%I', schemaname, tablename)
from pg_tables
where
    schemaname in ('core', 'quarantine')
    or (schemaname = 'ledger' and tablename <> 'schema_version')
    -- The money of the plan is seeded.
    or (schemaname = 'mart' and tablename like 'fct%%' and tablename not like 'fct_budget_%%')
    or format('%%I.%%I', schemaname, tablename) = any(%(dimensions)s)
"""


def empty_warehouse(settings: Settings) -> None:
    """Empty every table that deliveries fill; what is seeded stays."""
    dimensions = [
        made
        for model in models()
        if model.stage == "dimension"
        for made in re.findall(r"^insert into (mart\.\w+)", model.statement, re.MULTILINE)
    ]
    with connect(settings, "owner", autocommit=True) as owner:
        tables = ", ".join(name for (name,) in owner.execute(_EMPTIED, {"dimensions": dimensions}))
        owner.execute(f"truncate {tables} restart identity cascade".encode())


@pytest.fixture(scope="session")
def _installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Start an embedded server of the tests' own and migrate its warehouse."""
    home = tmp_path_factory.mktemp("installation") / "state"
    outside = ("DX_", "WAREHOUSE_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(outside)}
    server = EmbeddedServer(home)
    server.start()
    try:
        settings = get_settings({**environment, "DX_HOME": str(home), "DX_SETTLE_SECONDS": "0"})
        upgrade(settings)
        yield settings
    finally:
        server.destroy()


@pytest.fixture
def settings(_installation: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return settings with an exchange folder and an archive of the test's own.

    The environment says the same, for processes that a test starts.
    """
    for name in ("WAREHOUSE_URL", "WAREHOUSE_WRITER_URL", "WAREHOUSE_BI_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DX_HOME", str(_installation.home))
    monkeypatch.setenv("DX_EXCHANGE", str(tmp_path / "exchange"))
    monkeypatch.setenv("DX_ARCHIVE", str(tmp_path / "archive"))
    monkeypatch.setenv("DX_SETTLE_SECONDS", "0")
    own = dataclasses.replace(_installation, exchange=tmp_path / "exchange", archive=tmp_path / "archive")
    own.import_folder.mkdir(parents=True)
    return own


@pytest.fixture
def warehouse(settings: Settings) -> Iterator[psycopg.Connection]:
    """Return a connection as the writer to a warehouse without deliveries, in autocommit mode."""
    empty_warehouse(settings)
    with connect(settings, "writer", autocommit=True) as connection:
        yield connection


@pytest.fixture
def copied_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a copy of the reference tables that is read instead of them, with nothing remembered."""
    folder = shutil.copytree(reference.FOLDER, tmp_path / "reference")
    caches = [value for value in vars(reference).values() if hasattr(value, "cache_clear")]
    for function in caches:
        function.cache_clear()
    monkeypatch.setattr(reference, "FOLDER", folder)
    yield folder
    for function in caches:
        function.cache_clear()


@dataclasses.dataclass
class Pipeline:
    """The pipeline of a test: drop files, let it run, look at the ledger."""

    settings: Settings
    connection: psycopg.Connection

    def drop(self, source: Path | bytes, folder: str, name: str | None = None) -> Path:
        """Put a file into a folder of the import folder, by rename, as a careful sender does."""
        target = (
            self.settings.import_folder / folder / (name or (source.name if isinstance(source, Path) else ""))
        )
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.part")
        draft.write_bytes(source) if isinstance(source, bytes) else shutil.copyfile(source, draft)
        draft.rename(target)
        return target

    def run(self) -> None:
        """Claim, process and answer everything that lies there."""
        for work in sweep(self.settings):
            drain(self.settings, work.feed, work.reporting_unit, large=work.large)
        finish_leftovers(self.settings)

    def deliveries(self) -> list[dict[str, Any]]:
        """Return the ledger's deliveries in the order of arrival."""
        return self.rows("select * from ledger.delivery order by received_seq")

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Return the rows of a query as dictionaries."""
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query.encode()).fetchall()


@pytest.fixture
def pipeline(settings: Settings, warehouse: psycopg.Connection) -> Pipeline:
    """Return a pipeline on an empty warehouse and empty folders."""
    return Pipeline(settings, warehouse)


@pytest.fixture(scope="session")
def expected() -> Callable[[Path], dict[str, Any]]:
    """Return a function that reads the outcome expected of a file under tests/data/drops."""

    def read(path: Path) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(
            path.with_name(f"{path.name}.expected.json").read_text(encoding="utf-8")
        )
        return document

    return read
