"""A server that was started elsewhere is prepared by one command, as in docker-compose.yaml."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from dxpipeline.settings import get_settings
from dxpipeline.warehouse import server_setup
from dxpipeline.warehouse.connection import connect
from dxpipeline.warehouse.embedded import EmbeddedServer, running


def test_databases_roles_and_warehouse_are_made_and_may_be_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = EmbeddedServer(tmp_path / "elsewhere")
    try:
        server.start()
        with psycopg.connect(server.url("postgres"), autocommit=True) as fresh:
            fresh.execute("DROP DATABASE warehouse")
            fresh.execute("DROP DATABASE airflow")
            fresh.execute("DROP ROLE airflow")
        monkeypatch.setenv("DX_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("DX_WRITER_PASSWORD", "writer")
        monkeypatch.setenv("AIRFLOW_DATABASE_PASSWORD", "metadata")
        # As in the compose file: the address without a password, which only the preparing service is given.
        url = server.url()
        password = url.split(":")[2].split("@")[0]
        monkeypatch.setenv("WAREHOUSE_URL", url.replace(f":{password}@", "@"))
        monkeypatch.setenv("PGPASSWORD", password)
        assert server_setup.main() == 0
        assert server_setup.main() == 0
        monkeypatch.delenv("PGPASSWORD")
        with psycopg.connect(server.url("airflow", "airflow", "metadata")) as metadata:
            metadata.execute("CREATE TABLE proof (id int)")
        with connect(get_settings(), "writer") as writer:
            row = writer.execute("SELECT count(*) FROM ledger.delivery").fetchone()
        assert row == (0,)
    finally:
        server.stop()
        server.destroy()


def test_a_missing_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("WAREHOUSE_URL", raising=False)
    assert server_setup.main() == 3
    error = capsys.readouterr().err
    assert error.startswith("The PostgreSQL server cannot be prepared: set WAREHOUSE_URL")
    assert error.count("\n") == 1


def test_a_log_that_may_quote_rows_is_named_and_ours_is_silent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with running(tmp_path / "home") as server, psycopg.connect(server.url(), autocommit=True) as connection:
        server_setup.warn_of_talkative_log(connection)
        assert caplog.text == ""
        for change in ("log_error_verbosity = 'default'", "log_min_error_statement = error"):
            connection.execute(f"SET {change}".encode())
        server_setup.warn_of_talkative_log(connection)
    server.destroy()
    assert (
        "may quote personal data (log_error_verbosity = default, log_min_error_statement = error)"
        in caplog.text
    )
