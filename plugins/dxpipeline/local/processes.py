"""Starts, watches and stops Airflow's long-running processes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from dxpipeline.warehouse.embedded_host import command_line, last_line

STOP_SECONDS = 20.0
MAX_RESTARTS = 3
LOG_BYTES = 20_000_000

# The API server comes last, so that it is still there when the others report that they end.
COMPONENTS: dict[str, tuple[str, ...]] = {
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
    "api-server": ("api-server",),
}


class LocalRunError(RuntimeError):
    """The local run cannot go on; the message says why and what to do."""


class Component:
    """One program in a process group of its own, with its output in a log file.

    Args:
        name: What it is called in messages and in the log file's name.
        arguments: Arguments of the `airflow` command.
        environment: The environment it runs with.
        logs: Folder of log files; it must exist.
    """

    def __init__(
        self, name: str, arguments: Sequence[str], environment: Mapping[str, str], logs: Path
    ) -> None:
        """Remember what to start."""
        self.name = name
        self.log_file = logs / f"{name}.log"
        self.restarts = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._arguments = [str(Path(sys.executable).parent / "airflow"), *arguments]
        self._environment = dict(environment)
        self._folder = logs

    def start(self) -> None:
        """Start it; its descendants belong to its process group."""
        if self.log_file.exists() and self.log_file.stat().st_size > LOG_BYTES:
            self.log_file.replace(self.log_file.with_suffix(".log.1"))
        with self.log_file.open("ab") as log:
            self.log_file.chmod(0o600)
            self.process = subprocess.Popen(
                self._arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                cwd=self._folder,
                start_new_session=True,
            )

    def wait(self) -> None:
        """Wait for a program that ends by itself.

        Raises:
            LocalRunError: It failed; the sentence carries the last line of its log.
        """
        if self.process is not None and self.process.wait() != 0:
            raise LocalRunError(f"airflow {self.name} failed: {self.last_words()} (see {self.log_file}).")

    def has_ended(self) -> bool:
        """Say whether it was started and is gone."""
        return self.process is not None and self.process.poll() is not None

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the program and all its descendants."""
        if self.process is not None:
            signal_group(self.process.pid, number)

    def last_words(self) -> str:
        """Return the last line of its log."""
        try:
            return last_line(self.log_file.read_text(encoding="utf-8", errors="replace")[-20_000:])
        except OSError:
            return "it left no log"


class Supervisor:
    """Airflow's four components, kept alive together.

    Args:
        environment: The environment of `airflow_environment`.
        state_dir: The state folder of the installation; logs go to `logs/` in it.
    """

    def __init__(self, environment: Mapping[str, str], state_dir: Path) -> None:
        """Prepare the components; nothing is started before `start()`."""
        logs = state_dir / "logs"
        logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.components = [Component(name, args, environment, logs) for name, args in COMPONENTS.items()]
        self._register = state_dir / "airflow_processes.json"

    def end_leftovers(self) -> None:
        """End components that an earlier run left behind when it was killed."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            for pid in json.loads(self._register.read_text(encoding="utf-8")).values():
                # Others may have these process ids by now: ours lead a group and are named airflow.
                if "airflow" in command_line(pid) and os.getpgid(pid) == pid:
                    signal_group(pid, signal.SIGKILL)

    def start(self) -> None:
        """Start the components."""
        for component in self.components:
            component.start()
        self._write_register()

    def check(self) -> list[str]:
        """Restart components that have ended; return a sentence for each.

        Raises:
            LocalRunError: One has ended too often.
        """
        told = []
        for component in self.components:
            if not component.has_ended():
                continue
            code = component.process.returncode if component.process is not None else None
            words = f"Airflow's {component.name} ended (code {code}): {component.last_words()}"
            if component.restarts >= MAX_RESTARTS:
                raise LocalRunError(
                    f"{words} - {MAX_RESTARTS} restarts did not help (see {component.log_file})."
                )
            component.signal_group(signal.SIGKILL)
            component.restarts += 1
            component.start()
            told.append(f"{words} - started again.")
        if told:
            self._write_register()
        return told

    def stop(self, *, force: bool = False) -> None:
        """Stop every process that was started, and their descendants.

        Args:
            force: Kill at once instead of asking first.
        """
        for wave in (self.components[:-1], self.components[-1:]):
            for component in wave:
                component.signal_group(signal.SIGKILL if force else signal.SIGTERM)
            deadline = time.monotonic() + STOP_SECONDS
            while any(not component.has_ended() for component in wave if component.process is not None):
                if time.monotonic() > deadline:
                    break
                time.sleep(0.05)
            for component in wave:
                # Also when the program itself has ended: tasks it forked may still run.
                component.signal_group(signal.SIGKILL)
                if component.process is not None:
                    component.process.wait()
        self._register.unlink(missing_ok=True)

    def _write_register(self) -> None:
        pids = {c.name: c.process.pid for c in self.components if c.process is not None}
        self._register.write_text(json.dumps(pids), encoding="utf-8")


def signal_group(leader: int, number: signal.Signals) -> None:
    """Send a signal to a process group; nothing happens when it is gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)
