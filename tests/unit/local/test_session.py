"""Starting a local run: one at a time, on a port that is free, with one sentence when it cannot be."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from dxpipeline.local import session
from dxpipeline.local.session import CANNOT_RUN, _choose_port, _only_run, run
from dxpipeline.settings import get_settings


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of the test's own; signals stay with pytest."""
    monkeypatch.setenv("DX_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(session.signal, "signal", lambda number, handler: None)
    return tmp_path / "state"


def start(drops: Path | None = None, port: int | None = None) -> int:
    """Start a run that is to fail before anything is started."""
    return run(once=True, drops=drops, json_file=None, port=port)


def test_a_second_run_in_the_same_folder_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with _only_run(get_settings()):
        assert start() == CANNOT_RUN
    error = capsys.readouterr().err
    assert error.startswith("./run: Another ./run (process ")
    assert str(home) in error
    with _only_run(get_settings()):
        pass  # the lock ends with its holder


def test_a_port_that_was_asked_for_and_is_taken_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert start(_tree(tmp_path), port) == CANNOT_RUN
    assert capsys.readouterr().err == (
        f"./run: Port {port} is in use on this machine: give another --port, or leave it out.\n"
    )


def test_without_a_wish_the_next_free_port_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(session, "DEFAULT_PORT", port)
        assert port < _choose_port(None) < port + 200


def test_a_missing_folder_of_drops_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert start(tmp_path / "nowhere") == CANNOT_RUN
    assert capsys.readouterr().err.startswith(f"./run: There is no folder {tmp_path}/nowhere:")


def test_a_state_folder_that_cannot_be_made_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DX_HOME", str(tmp_path / "file" / "state"))
    assert start() == CANNOT_RUN
    error = capsys.readouterr().err
    assert error == (
        f"./run: The state folder {tmp_path}/file/state cannot be written (Not a directory): "
        "set DX_HOME to a folder of yours.\n"
    )


def test_a_warehouse_that_does_not_answer_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WAREHOUSE_URL", "postgresql://owner:secret@127.0.0.1:9/warehouse")
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql://owner:secret@127.0.0.1:9/airflow")
    assert start(_tree(tmp_path)) == CANNOT_RUN
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("./run: The warehouse at 127.0.0.1:9 does not answer (")
    assert "secret" not in error


def _tree(folder: Path) -> Path:
    """A tree with one file to drop."""
    path = folder / "drops/so-y-te/health_stations/a.csv"
    path.parent.mkdir(parents=True)
    path.write_text("a\n")
    return folder / "drops"
