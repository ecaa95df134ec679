"""The embedded PostgreSQL: started, shared, stopped, killed and started again, for real."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from dxpipeline.warehouse.embedded import EmbeddedServer, EmbeddedServerError, running
from dxpipeline.warehouse.embedded_host import read_pid_file, secret_file

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"

USE_BRIEFLY = """
import sys
from pathlib import Path
import psycopg
from dxpipeline.warehouse.embedded import running
with running(Path(sys.argv[1])) as server, psycopg.connect(server.url()) as connection:
    print(connection.execute("SELECT count(*) FROM pg_database").fetchone()[0], server.started_here)
"""


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state folder with a space in its name; its data is deleted afterwards, wherever it lies."""
    folder = tmp_path_factory.mktemp("installation") / "thư mục trạng thái"
    yield folder
    EmbeddedServer(folder).destroy()


@pytest.fixture
def server(state: Path) -> Iterator[EmbeddedServer]:
    """The server of that folder, running."""
    with running(state) as started:
        yield started


def in_another_process(folder: Path) -> subprocess.Popen[str]:
    """Use the server of a folder from a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(PLUGINS)}
    arguments = [sys.executable, "-c", USE_BRIEFLY, str(folder)]
    return subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, text=True)


def value(server: EmbeddedServer, query: str) -> object:
    """The single value a query returns to the superuser."""
    with psycopg.connect(server.url()) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def test_it_is_postgresql_18_with_the_builtin_locale_and_checksums(server: EmbeddedServer) -> None:
    assert str(value(server, "SHOW server_version")).startswith("18.")
    locale = "SELECT datlocprovider::text || ' ' || datlocale FROM pg_database WHERE datname = 'warehouse'"
    assert value(server, locale) == "b PG_UNICODE_FAST"
    assert value(server, "SHOW server_encoding") == "UTF8"
    assert value(server, "SHOW data_checksums") == "on"
    assert value(server, "SELECT upper('đường Hòa')") == "ĐƯỜNG HÒA"


def test_it_listens_on_the_loopback_address_only(server: EmbeddedServer) -> None:
    assert value(server, "SHOW listen_addresses") == "127.0.0.1"
    assert value(server, "SHOW unix_socket_directories") == ""


def test_the_server_does_not_run_as_root(server: EmbeddedServer) -> None:
    postmaster = read_pid_file(server.data)
    assert postmaster is not None
    assert server.data.stat().st_uid != 0
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700


def test_a_wrong_password_is_refused(server: EmbeddedServer) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.url(password="guess"))


def test_airflows_role_owns_its_database_and_cannot_enter_the_warehouse(server: EmbeddedServer) -> None:
    with psycopg.connect(server.url("airflow", "airflow")) as connection:
        connection.execute("CREATE TABLE proof (id int)")
        connection.rollback()
    for closed in ("warehouse", "postgres", "template1"):
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(server.url(closed, "airflow"))


def test_secrets_and_log_are_readable_by_their_owner_only(server: EmbeddedServer) -> None:
    files = [*(server.state_dir / "secrets").iterdir(), server.log_file]
    assert len(files) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert not list(server.data.parent.glob("password*"))


def test_values_of_failing_statements_do_not_reach_the_log(server: EmbeddedServer) -> None:
    secret = "038123456789"
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE person (citizen_id text PRIMARY KEY, born int)")
        connection.execute("INSERT INTO person VALUES (%s, 1990)", [secret])
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO person VALUES (%s, 1990)", [secret])
        with pytest.raises(psycopg.DataError):
            connection.execute(f"INSERT INTO person VALUES ('x', '{secret}x')".encode())
        with (
            pytest.raises(psycopg.DataError),
            connection.cursor() as cursor,
            cursor.copy("COPY person FROM STDIN") as copy,
        ):
            copy.write(f"{secret}1\t{secret}x\n")
        connection.execute("DROP TABLE person")
    assert secret not in server.log_file.read_text(encoding="utf-8")


def test_a_second_start_keeps_the_data_and_the_port(state: Path) -> None:
    with running(state) as server:
        url = server.url()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 38 AS province")
    assert not server.is_running()
    with running(state) as again:
        assert again.url() == url
        assert again.started_here
        assert value(again, "SELECT province FROM kept") == 38


def test_a_taken_port_is_avoided(state: Path) -> None:
    with running(state) as server:
        port = read_pid_file(server.data).port  # type: ignore[union-attr]
    with socket.create_server(("127.0.0.1", port)), running(state) as moved:
        new_port = read_pid_file(moved.data).port  # type: ignore[union-attr]
        assert new_port != port
        assert f":{new_port}/" in moved.url()
        assert value(moved, "SELECT 1") == 1


def test_a_user_who_comes_later_leaves_the_server_running(server: EmbeddedServer) -> None:
    output, _ = in_another_process(server.state_dir).communicate(timeout=60)
    assert output.split()[1] == "False"
    assert server.is_running()


def test_the_last_user_stops_it_even_when_another_process_started_it(state: Path) -> None:
    first, second = EmbeddedServer(state), EmbeddedServer(state)
    first.start()
    second.start()
    first.stop()
    assert second.is_running()
    assert value(second, "SELECT 1") == 1
    second.stop()
    assert not second.is_running()


def test_processes_that_start_it_at_the_same_time_share_one_server(tmp_path: Path) -> None:
    folder = tmp_path / "fresh"
    try:
        users = [in_another_process(folder) for _ in range(4)]
        answers = [user.communicate(timeout=120)[0].split() for user in users]
        assert [user.returncode for user in users] == [0, 0, 0, 0]
        assert {answer[0] for answer in answers} == {"5"}
        assert not EmbeddedServer(folder).is_running()
    finally:
        EmbeddedServer(folder).destroy()


def test_it_recovers_after_its_processes_were_killed(state: Path) -> None:
    with running(state) as server:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute("CREATE TABLE survivor AS SELECT 1 AS id")
        postmaster = read_pid_file(server.data)
        assert postmaster is not None
        os.kill(postmaster.pid, signal.SIGKILL)
        while server.is_running():
            time.sleep(0.01)
        server.start()
        assert value(server, "SELECT id FROM survivor") == 1


def test_a_process_id_reused_by_another_program_does_not_block_the_start(state: Path) -> None:
    with running(state) as server:
        pid_file = server.data / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
    assert not pid_file.exists()
    # Of the same user, else PostgreSQL knows by itself that the process cannot be its own.
    with subprocess.Popen(["/bin/sleep", "60"], user=server.data.stat().st_uid) as stranger:
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        try:
            assert not server.is_running()
            with running(state) as restarted:
                assert value(restarted, "SELECT 1") == 1
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_an_interrupted_first_start_begins_again(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path / "half")
    try:
        draft = server.data.parent / "data.new"
        draft.mkdir(parents=True)
        (draft / "PG_VERSION").write_text("18\n")
        server.start()
        assert value(server, "SELECT 1") == 1
    finally:
        server.stop()
        server.destroy()


def test_a_lost_password_file_is_named_and_nothing_is_reset(state: Path) -> None:
    with running(state):
        pass
    file = state / "secrets" / "embedded_superuser_password"
    kept = file.rename(file.with_suffix(".kept"))
    try:
        with pytest.raises(EmbeddedServerError, match=r"embedded_superuser_password is missing"):
            EmbeddedServer(state).url()
    finally:
        kept.rename(file)


def test_data_made_elsewhere_is_not_silently_replaced(tmp_path: Path) -> None:
    elsewhere = tmp_path / "older data"
    elsewhere.mkdir()
    (tmp_path / "state/postgres").mkdir(parents=True)
    (tmp_path / "state/postgres/location").write_text(f"{elsewhere}\n")
    with pytest.raises(EmbeddedServerError, match=r"was made at .*older data"):
        EmbeddedServer(tmp_path / "state").start()


def test_a_url_before_the_first_start_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedServerError, match=r"start it with \./run"):
        EmbeddedServer(tmp_path).url()


def test_a_folder_that_cannot_be_made_gives_one_sentence(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(EmbeddedServerError, match=r"cannot be started: .*Not a directory") as caught:
        EmbeddedServer(blocker / "state").start()
    assert "\n" not in str(caught.value)


def test_a_secret_is_generated_once(tmp_path: Path) -> None:
    file = tmp_path / "secrets" / "key"
    first = secret_file(file)
    assert secret_file(file) == first
    assert len(first) >= 43
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_starting_again_takes_less_than_two_seconds(state: Path) -> None:
    begun = time.monotonic()
    with running(state):
        assert time.monotonic() - begun < 2
