"""One measurement in a process of its own, so that its memory and CPU are its own.

`measure` starts the process and returns what it found; `python -m bench.one_measure` is that process.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.clock import Clock, Reading
from bench.figures import PEERS, PIPELINE
from bench.installation import server_cpu_seconds, settings_of
from dxpipeline.warehouse.connection import connect, role_url

WARM_UP = "warm_up"
"""Table for the rows by which a peer warms up."""


@dataclass(frozen=True)
class Task:
    """What is to be measured.

    Attributes:
        name: The measure.
        home: State folder of the installation.
        source: The file; for a floor that of the stored rows.
        warm_up: A small file of the same kind, for what happens only once in a process.
    """

    name: str
    home: str
    source: str
    warm_up: str


@dataclass(frozen=True)
class Found:
    """What became of the file, and when.

    Attributes:
        reading: Until the rows are stored; for the pipeline from a claimed file to its committed verdict, for
            the same bytes again from the claim.
        whole: Until the end; for the pipeline from the claim until the file is answered and archived.
        counts: Rows by what became of them.
        verdict: The verdict of the pipeline; nothing for what gives none.
    """

    reading: Reading
    whole: Reading
    counts: Mapping[str, int]
    verdict: str


@dataclass(frozen=True)
class Measured(Found):
    """What a measurement found, and how long its process took to be ready.

    Attributes:
        import_seconds: For imports, and for what happens only once, seen to with a small file.
    """

    import_seconds: float


Measurement = Callable[[Callable[[], Clock]], Found]
"""Starts a clock when all is ready, and stops it when all is done."""


def measure(task: Task) -> Measured:
    """Measure in a new process.

    Raises:
        RuntimeError: The process failed; what it said stands on the standard error of this one.
    """
    command = [sys.executable, "-m", "bench.one_measure", json.dumps(dataclasses.asdict(task))]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"{task.name} failed; its error stands above.")
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return Measured(
        Reading(**found["reading"]),
        Reading(**found["whole"]),
        found["counts"],
        found["verdict"],
        found["import_seconds"],
    )


def main() -> None:
    """Measure here, and print what was found as JSON."""
    begun = time.perf_counter()
    task = Task(**json.loads(sys.argv[1]))
    measurement = _prepared(task)
    import_seconds = time.perf_counter() - begun
    home = Path(task.home)
    found = measurement(lambda: Clock(lambda: server_cpu_seconds(home)))
    print(json.dumps({**dataclasses.asdict(found), "import_seconds": import_seconds}))


def _prepared(task: Task) -> Measurement:
    """Import what the measure needs, and nothing else: it is counted as its memory."""
    if task.name in PIPELINE:
        from bench import timed_way

        return timed_way.prepare(task)
    settings = settings_of(Path(task.home))
    if task.name in PEERS:
        url = role_url(settings, "owner")
        load = import_module(f"bench.peers.{task.name}").load
        load(Path(task.warm_up), url, WARM_UP)
        return _plain(lambda: load(Path(task.source), url, task.name))
    from bench import floors

    connection = connect(settings, "owner", autocommit=True)
    floor = {"copy_then_key": floors.copy_then_key, "copy_into_key": floors.copy_into_key}[task.name]
    return _plain(lambda: floor(connection, Path(task.source)))


def _plain(load: Callable[[], int]) -> Measurement:
    def measurement(start: Callable[[], Clock]) -> Found:
        clock = start()
        stored = load()
        reading = clock.read()
        return Found(reading, reading, {"accepted": stored}, verdict="")

    return measurement


if __name__ == "__main__":
    main()
