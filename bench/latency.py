"""How long a small file takes in a running system, from its drop until its rows can be queried.

    .venv/bin/python -m bench.latency [--home DIR] [--feed FEED] [--files N] [--rows N] [--json FILE]

Files are dropped one after another, each once the one before is answered, at moments that fall differently
between two looks of the pipeline. Measured from the rename into the import folder until a row is in core, and
until the receipt is there. Without `--home` an installation of the bench's own is started, as ./run does, and
removed afterwards. The files are synthetic and stay in the warehouse of an installation that is given.
"""

from __future__ import annotations

import argparse
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from bench.figures import Bar, percentile
from bench.installation import settings_of, without_installation
from bench.small_files import WRITERS
from bench.timed_way import drop
from dxpipeline.console import table
from dxpipeline.settings import Settings
from dxpipeline.warehouse.connection import connect
from dxpipeline.warehouse.embedded import EmbeddedServer

BAR = Bar(20.0, 8.0)
"""Seconds until the rows can be queried, the median."""

START_SECONDS, STOP_SECONDS, ANSWER_SECONDS = 400.0, 120.0, 300.0
POLL_SECONDS = 0.025
_RUNNING = "Running until Ctrl-C"
_LOADED = """
select
    exists (
        select from core.{feed}
        where submission_id in (select submission_id from ledger.delivery where file_name = %(name)s)
    ),
    (select verdict from ledger.delivery where file_name = %(name)s)
"""
_ANSWERED = "select answered_at is not null, verdict from ledger.delivery where file_name = %(name)s"


@contextmanager
def running_installation(first_drops: Path) -> Iterator[Settings]:
    """Start the local run in a folder of its own and wait until it has answered its first files.

    Raises:
        RuntimeError: It ended, or did not come up in time.
    """
    with tempfile.TemporaryDirectory(prefix="dxpipeline-bench-") as folder:
        home, log = Path(folder) / "state", Path(folder) / "run.log"
        command = [sys.executable, "-m", "dxpipeline.local", "--drops", str(first_drops)]
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                env={**without_installation(), "DX_HOME": str(home)},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            deadline = time.monotonic() + START_SECONDS
            while _RUNNING not in log.read_text(encoding="utf-8", errors="replace"):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"The local run did not come up: {log.read_text()[-2000:]}")
                time.sleep(0.5)
            yield settings_of(home)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_SECONDS)
            EmbeddedServer(home).destroy()


def measure(settings: Settings, feed: str, files: Sequence[Path]) -> list[tuple[float, float]]:
    """Drop files one after another; return for each the seconds until its rows and until its receipt.

    Raises:
        RuntimeError: A file was not answered within five minutes.
    """
    found = []
    with connect(settings, autocommit=True) as connection:
        for number, file in enumerate(files):
            # The golden ratio spreads the drops over the seconds between two looks.
            time.sleep(3 * (number * 0.618 % 1))
            drop(settings, file, Path("so-y-te") / feed)
            begun = time.monotonic()
            loaded = _wait(connection, _LOADED.format(feed=feed), file.name, begun)
            answered = _wait(connection, _ANSWERED, file.name, begun)
            print(f"{file.name}: {loaded:.1f} s, receipt {answered:.1f} s", file=sys.stderr, flush=True)
            found.append((loaded, answered))
    return found


def _wait(connection: psycopg.Connection, question: str, name: str, begun: float) -> float:
    """Return the seconds since the drop at which a question about a file is answered with yes."""
    while True:
        row = connection.execute(question.encode(), {"name": name}).fetchone()
        seconds = time.monotonic() - begun
        done, verdict = row or (False, None)
        if done:
            return seconds
        if verdict == "rejected" or seconds > ANSWER_SECONDS:
            raise RuntimeError(
                f"{name} has the verdict {verdict} after {seconds:.0f} s and is not loaded: see the ledger "
                "and the logs of the system."
            )
        time.sleep(POLL_SECONDS)


def summary(found: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """Return median, 90th percentile and largest of both waits, and whether the bar is reached."""
    waits = {"to_rows": [loaded for loaded, _ in found], "to_receipt": [answered for _, answered in found]}
    figures = {
        name: {
            "median": round(statistics.median(seconds), 2),
            "p90": round(percentile(seconds, 0.9), 2),
            "largest": round(max(seconds), 2),
        }
        for name, seconds in waits.items()
    }
    median = statistics.median(waits["to_rows"])
    return {
        "seconds": figures,
        "bar": BAR.limit,
        "goal": BAR.goal,
        "reached": BAR.is_reached(median),
        "goal_reached": BAR.is_reached(median, goal=True),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure from drop to queryable in a running system.")
    parser.add_argument("--home", type=Path, metavar="DIR", help="state folder (DX_HOME) of a running ./run")
    parser.add_argument("--feed", choices=list(WRITERS), default="smart_hospitals")
    parser.add_argument("--files", type=int, default=10)
    parser.add_argument("--rows", type=int, default=38, help="rows a file")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "first" / "so-y-te" / options.feed
        tree.mkdir(parents=True)
        first, *files = [
            path for path, _ in WRITERS[options.feed](Path(folder), options.files + 1, options.rows)
        ]
        first.rename(tree / first.name)
        if options.home:
            found = measure(settings_of(options.home.absolute()), options.feed, files)
        else:
            with running_installation(Path(folder) / "first") as settings:
                found = measure(settings, options.feed, files)
    document = {"feed": options.feed, "files": options.files, "rows_a_file": options.rows, **summary(found)}
    rows = [(name, *figures.values()) for name, figures in document["seconds"].items()]
    print(table(("seconds", "median", "p90", "largest"), rows))
    if options.json:
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
