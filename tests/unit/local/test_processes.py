"""Components are watched, started again and stopped with all their descendants."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dxpipeline.local.processes import MAX_RESTARTS, Component, LocalRunError, Supervisor
from dxpipeline.warehouse.embedded_host import command_line

SLEEPER = "import time; time.sleep(300)"
# A parent that ends at once on SIGTERM and leaves a child that ignores it.
STUBBORN_CHILD = """
import os, signal, time
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print(1, flush=True)
time.sleep(300)
"""


def component(name: str, code: str, logs: Path) -> Component:
    """A component that runs a piece of Python instead of Airflow."""
    made = Component(name, (), dict(os.environ), logs)
    made._arguments = [sys.executable, "-c", code]
    return made


def in_group(leader: int) -> list[int]:
    """The living processes of a process group."""
    members = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if os.getpgid(int(entry.name)) == leader and command_line(int(entry.name)):
                    members.append(int(entry.name))
            except ProcessLookupError:
                continue
    return members


def eventually(condition: object, seconds: float = 10) -> bool:
    """Whether a condition comes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    """Four sleeping components."""
    made = Supervisor({}, tmp_path)
    made.components = [component(c.name, SLEEPER, tmp_path / "logs") for c in made.components]
    yield made
    made.stop(force=True)


def test_stopping_ends_descendants_that_ignore_the_request(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.components[0] = component("scheduler", STUBBORN_CHILD, tmp_path / "logs")
    supervisor.start()
    process = supervisor.components[0].process
    assert process is not None
    assert eventually(lambda: (tmp_path / "logs/scheduler.log").read_text() == "1\n")
    assert len(in_group(process.pid)) == 2
    supervisor.stop()
    assert eventually(lambda: in_group(process.pid) == [])


def test_a_component_that_ends_is_started_again_and_named(supervisor: Supervisor) -> None:
    supervisor.start()
    assert supervisor.check() == []
    victim = supervisor.components[2]
    assert victim.process is not None
    victim.process.kill()
    victim.process.wait()
    victim.log_file.write_text("2026 the last word\n")
    (sentence,) = supervisor.check()
    assert sentence == "Airflow's triggerer ended (code -9): 2026 the last word - started again."
    assert not victim.has_ended()


def test_a_component_that_keeps_ending_stops_the_run(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.components[1] = component("dag-processor", "raise SystemExit('no disk')", tmp_path / "logs")
    supervisor.start()
    for _ in range(MAX_RESTARTS):
        assert eventually(supervisor.components[1].has_ended)
        supervisor.check()
    assert eventually(supervisor.components[1].has_ended)
    with pytest.raises(LocalRunError, match=r"dag-processor ended \(code 1\): no disk"):
        supervisor.check()


def test_what_a_killed_run_left_behind_is_ended_by_the_next(tmp_path: Path) -> None:
    killed = Supervisor({}, tmp_path)
    leftover = component("airflow", "import time  # airflow\ntime.sleep(300)", tmp_path / "logs")
    stranger = component("other", SLEEPER, tmp_path / "logs")
    killed.components = [leftover, stranger]
    killed.start()
    # A process that was started just now has no arguments yet for a moment.
    assert leftover.process is not None
    leader = leftover.process.pid
    assert eventually(lambda: "airflow" in command_line(leader))
    try:
        Supervisor({}, tmp_path).end_leftovers()
        assert eventually(leftover.has_ended)
        assert not stranger.has_ended()  # a process id that another program has by now
    finally:
        stranger.signal_group(signal.SIGKILL)


def test_a_failing_program_is_quoted(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    failing = component("db-migrate", "raise SystemExit('role does not exist')", tmp_path / "logs")
    failing.start()
    with pytest.raises(LocalRunError, match=r"airflow db-migrate failed: role does not exist \(see .*log\)"):
        failing.wait()
