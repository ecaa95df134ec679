"""One local run, from an empty machine to the outcome."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import psycopg

from dxpipeline.indicators.report import current_values
from dxpipeline.indicators.tables import indicators_table, progress_table
from dxpipeline.local.airflow_api import AirflowApi
from dxpipeline.local.airflow_environment import (
    UI_USER,
    airflow_environment,
    has_own_metadata,
    ui_password,
)
from dxpipeline.local.drops import drop_files, droppable_files
from dxpipeline.local.outcome import (
    Answer,
    answers_table,
    document,
    last_received_seq,
    wait_for_answers,
    wait_for_refresh,
    write_json,
)
from dxpipeline.local.processes import Component, LocalRunError, Supervisor
from dxpipeline.orchestration import LARGE_FILES_POOL, WAREHOUSE_POOL
from dxpipeline.plan.audit.store import count_findings, counts_table, read_findings
from dxpipeline.settings import INCLUDE, PROJECT_ROOT, ConfigurationError, Settings, get_settings
from dxpipeline.warehouse import migrate
from dxpipeline.warehouse.connection import WarehouseUnavailable, broken_off, connect, role_url
from dxpipeline.warehouse.embedded import EmbeddedServer, EmbeddedServerError
from dxpipeline.warehouse.embedded_host import first_free_port, port_is_free

DEFAULT_PORT = 8080
WAREHOUSE_SLOTS = 4
UNANSWERED, CANNOT_RUN, INTERRUPTED = 1, 2, 130


class Interrupt:
    """Turns the first Ctrl-C or SIGTERM into an orderly end and remembers a second one."""

    def __init__(self) -> None:
        """Count signals from now on."""
        self.count = 0
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN or number != signal.SIGHUP:  # nohup
                signal.signal(number, self._receive)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        if self.count <= 2:
            raise KeyboardInterrupt


def run(*, once: bool, drops: Path | None, json_file: Path | None, port: int | None) -> int:
    """Run the pipeline on this machine; see `./run --help`.

    Args:
        once: Stop after the outcome.
        drops: The tree of files to drop; include/sample by default.
        json_file: Where to write the outcome as JSON.
        port: Port of the UI; 8080 or the next free one by default.

    Returns:
        The exit code: 0, `UNANSWERED`, `CANNOT_RUN` or `INTERRUPTED`.
    """
    interrupt = Interrupt()
    try:
        settings = get_settings()
        with contextlib.ExitStack() as stack:
            stack.enter_context(_only_run(settings))
            return _run(stack, interrupt, settings, once=once, drops=drops, json_file=json_file, port=port)
    except KeyboardInterrupt:
        _say("Interrupted.")
        return INTERRUPTED
    except (LocalRunError, EmbeddedServerError, ConfigurationError, WarehouseUnavailable) as error:
        _say(f"./run: {error}")
    except psycopg.Error as error:
        _say(f"./run: {broken_off(error)}")
    except OSError as error:
        _say(f"./run: {' '.join(str(error).split())}.")
    return CANNOT_RUN


def _run(
    stack: contextlib.ExitStack,
    interrupt: Interrupt,
    settings: Settings,
    *,
    once: bool,
    drops: Path | None,
    json_file: Path | None,
    port: int | None,
) -> int:
    tree = (drops or INCLUDE / "sample").absolute()
    files = droppable_files(tree)
    port = _choose_port(port)
    server = _start_database(stack, settings)
    environment = airflow_environment(settings, port, server.url("airflow", "airflow") if server else None)
    supervisor = Supervisor(environment, settings.home)
    supervisor.end_leftovers()
    _migrate(settings, environment)

    begun = datetime.now(UTC)
    api = AirflowApi(f"http://127.0.0.1:{port}", UI_USER, ui_password(settings))
    # Also the start itself may be interrupted half-way.
    stack.callback(lambda: _stop(supervisor, interrupt))

    def watch() -> None:
        for sentence in supervisor.check():
            _say(f"\n  {sentence}")
        if server is not None and not server.is_running():
            _say("\n  PostgreSQL ended - started again.")
            server.start()

    with _step("starting Airflow (API server, scheduler, DAG processor, triggerer)"):
        supervisor.start()
        api.wait_until_healthy(begun, watch)
    with _step("reading the DAGs"):
        dag_ids = api.wait_until_parsed(PROJECT_ROOT / "dags", begun, watch)
        api.make_pool(WAREHOUSE_POOL, WAREHOUSE_SLOTS, "Tasks that write into the warehouse")
        api.make_pool(LARGE_FILES_POOL, 1, "Tasks that take large files")
        api.unpause(dag_ids)

    with connect(settings, "writer") as connection:
        after_seq = last_received_seq(connection)
        with _step(f"dropping {len(files)} files from {tree}"):
            dropped = drop_files(tree, files, settings.import_folder)
        with _step("waiting for Airflow to answer them") as progress:

            def show(count: int) -> None:
                progress(f"{count} of {len(dropped)}")
                watch()

            answers = wait_for_answers(connection, dropped, after_seq, show)
        with _step("computing the indicators"):
            refreshed = wait_for_refresh(connection, watch)
        indicators = [dict(row) for row in current_values(connection)]
        findings, rules = read_findings(connection), count_findings(connection)
    all_answered = all(answer.delivery is not None for answer in answers)
    facts = {
        "indicators_refreshed": refreshed,
        "findings": [asdict(finding) for finding in findings],
        "findings_by_rule": rules,
        "outbox": str(settings.outbox),
        "ui": {"url": api.address, "user": UI_USER, "password": ui_password(settings)},
        "bi_url": role_url(settings, "bi"),
    }
    _show(settings, answers, indicators, facts)
    if json_file is not None:
        write_json(json_file, document(answers, indicators, facts))
    if not once:
        print("Running until Ctrl-C.", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(1)
                watch()
    return 0 if all_answered and refreshed else UNANSWERED


def _choose_port(port: int | None) -> int:
    if port is None:
        return first_free_port(list(range(DEFAULT_PORT, DEFAULT_PORT + 200)))
    if not port_is_free(port):
        raise LocalRunError(f"Port {port} is in use on this machine: give another --port, or leave it out.")
    return port


def _start_database(stack: contextlib.ExitStack, settings: Settings) -> EmbeddedServer | None:
    """Start the embedded server unless warehouse and Airflow both have a database of their own."""
    if settings.warehouse_url is not None and has_own_metadata(os.environ):
        return None
    server = EmbeddedServer(settings.home)
    with _step("starting PostgreSQL"):
        stack.callback(server.stop)
        server.start()
    return None if has_own_metadata(os.environ) else server


def _migrate(settings: Settings, environment: Mapping[str, str]) -> None:
    """Bring Airflow's metadata and the warehouse up to date, both at once."""
    airflow = Component("db-migrate", ("db", "migrate"), environment, settings.home / "logs")
    with _step("migrating Airflow's metadata and the warehouse"):
        airflow.start()
        try:
            migrate.upgrade(settings)
            airflow.wait()
        finally:
            airflow.signal_group(signal.SIGKILL)


def _stop(supervisor: Supervisor, interrupt: Interrupt) -> None:
    """Stop Airflow; a further Ctrl-C kills it."""
    with _step("stopping Airflow"):
        try:
            supervisor.stop(force=interrupt.count > 1)
        except KeyboardInterrupt:
            supervisor.stop(force=True)


def _show(
    settings: Settings,
    answers: Sequence[Answer],
    indicators: Sequence[Mapping[str, Any]],
    facts: Mapping[str, Any],
) -> None:
    ui = facts["ui"]
    tables = (
        answers_table(answers),
        indicators_table(indicators),
        progress_table(indicators),
        counts_table(facts["findings_by_rule"]),
    )
    print("", *tables, "", sep="\n\n")
    print(f"Receipts    {settings.outbox}")
    print(f"Drop files  {settings.import_folder}/<department>/<feed>/")
    print(f"Airflow     {ui['url']}  user {ui['user']}  password {ui['password']}")
    print(f"BI          {facts['bi_url']}\n", flush=True)
    for answer in answers:
        if answer.delivery is None:
            _say(
                f"Not answered: {answer.drop.path} - see {settings.home / 'logs'} and the DAG runs in the UI."
            )


@contextlib.contextmanager
def _only_run(settings: Settings) -> Iterator[None]:
    """Let one run at a time use a state folder."""
    try:
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (settings.home / "run.lock").open("a+", encoding="ascii")
    except OSError as error:
        raise LocalRunError(
            f"The state folder {settings.home} cannot be written ({error.strerror}): "
            "set DX_HOME to a folder of yours."
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise LocalRunError(
                f"Another ./run (process {lock.read().strip()}) uses {settings.home}: "
                "stop it first, or set DX_HOME to another folder."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


@contextlib.contextmanager
def _step(label: str) -> Iterator[Any]:
    """Say what is done, while it lasts and how long it took."""
    begun = time.monotonic()
    shown = ""
    terminal = sys.stderr.isatty()
    start, end = ("\r", "") if terminal else ("", "\n")
    print(f"· {label} …", end=end, file=sys.stderr, flush=True)

    def progress(text: str) -> None:
        nonlocal shown
        if text != shown:
            shown = text
            line = f"{start}· {label} … {text}" if terminal else f"  {text}"
            print(line, end=end, file=sys.stderr, flush=True)

    yield progress
    print(f"{start}· {label}: {time.monotonic() - begun:.1f} s", file=sys.stderr, flush=True)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
