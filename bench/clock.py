"""Seconds, CPU and memory of one measurement, in the process that is measured."""

from __future__ import annotations

import contextlib
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

_KIB = 1024


@dataclass(frozen=True)
class Reading:
    """What a measurement took, from its start to the moment it was read.

    Attributes:
        seconds: By the clock on the wall.
        client_cpu_seconds: Of this process and its children.
        server_cpu_seconds: Of the database server.
        ready_rss_mb: Memory of this process when the clock started.
        own_peak_rss_mb: Most memory this process has had since it began.
        peak_rss_mb: The same, and the most that one of its ended children had.
    """

    seconds: float
    client_cpu_seconds: float
    server_cpu_seconds: float
    ready_rss_mb: float
    own_peak_rss_mb: float
    peak_rss_mb: float


class Clock:
    """Runs from when it is made.

    Args:
        server_cpu: Returns the CPU seconds of the server so far.
    """

    def __init__(self, server_cpu: Callable[[], float]) -> None:
        """Start."""
        self._server_cpu = server_cpu
        self._process = psutil.Process()
        self._server = server_cpu()
        self._client = tree_cpu_seconds(self._process)
        self._ready_mb = _memory_mb("VmRSS:")
        self._begun = time.perf_counter()

    def read(self) -> Reading:
        """Return what it took until now; the clock goes on."""
        seconds = time.perf_counter() - self._begun
        # Not ru_maxrss of this process: it begins with the memory of the process that started it.
        own_peak = _memory_mb("VmHWM:")
        of_children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * _KIB / 1e6
        return Reading(
            seconds,
            tree_cpu_seconds(self._process) - self._client,
            self._server_cpu() - self._server,
            self._ready_mb,
            own_peak,
            own_peak + of_children,
        )


def tree_cpu_seconds(main: psutil.Process) -> float:
    """Return the CPU seconds of a process and its children, ended ones included."""
    times = main.cpu_times()
    seconds = times.user + times.system + times.children_user + times.children_system
    for process in main.children():
        # A child may end meanwhile; its seconds are among those of its parent's children by then.
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            seconds += times.user + times.system
    return float(seconds)


def _memory_mb(entry: str) -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(entry)) * _KIB / 1e6
