"""How many small files a second the pipeline takes through, stage by stage, and how many COPY alone does.

    .venv/bin/python -m bench.small_files [--feed FEED] [--files N] [--rows N] [--json FILE]

| feed | files |
|---|---|
| `health_records` | one a station and quarter, 559 stations; half of its records were in the one before |
| `smart_hospitals` | one a quarter |

From the claim to the archive, without Airflow, in one process that has its imports behind it. The floor
copies the same rows with COPY into a table of texts, a transaction a file. Both run on an embedded server of
their own.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg

from bench.generate_health_records import generate
from bench.installation import FEED, SCHEMA, machine, temporary_installation
from bench.synthetic_person import STATIONS
from bench.timed_way import warm_up
from dxpipeline import pipeline
from dxpipeline.console import table
from dxpipeline.contracts import contracts
from dxpipeline.loading.settle import settle
from dxpipeline.preparation import prepare_batch
from dxpipeline.settings import Settings
from dxpipeline.warehouse.connection import connect

QUARTER_DAYS = 92
_DONE = """
select count(*), sum(rows_read), sum(rows_accepted), sum(rows_quarantined)
from ledger.delivery
where verdict in ('accepted', 'partially_accepted') and answered_at is not null and archived_at is not null
"""


def station_files(folder: Path, files: int, rows: int) -> Iterator[tuple[Path, int]]:
    """Write health records of one station and quarter a file; yield each with its right rows."""
    for number in range(files):
        quarters, station = divmod(number, STATIONS)
        year, quarter = 2021 + (quarters + 1) // 4, (quarters + 1) % 4 + 1
        made = generate(
            folder / f"ho_so_tram_{station + 1:03d}_{year}-Q{quarter}.csv",
            rows,
            start=1 + station * rows * 100 + quarters * (rows // 2),
            updated_shift=quarters * QUARTER_DAYS,
            station=station,
        )
        yield made.path, made.accepted


def hospital_files(folder: Path, files: int, rows: int) -> Iterator[tuple[Path, int]]:
    """Write reports of different quarters, backwards from the end of 2025; yield each with its right rows."""
    header = ",".join(f'"{column.label}"' for column in contracts()["smart_hospitals"].columns)
    for number in range(files):
        year, quarter = 2025 - number // 4, 4 - number % 4
        lines = [
            f"{38001 + row},Bệnh viện {row},huyện,5,4,cơ bản,chưa,cơ bản,x,4,,01/{quarter * 3:02d}/{year}"
            for row in range(rows)
        ]
        path = folder / f"benh_vien_{year}-Q{quarter}.csv"
        path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
        yield path, rows


WRITERS: dict[str, Callable[[Path, int, int], Iterator[tuple[Path, int]]]] = {
    FEED: station_files,
    "smart_hospitals": hospital_files,
}


def run_floor(connection: psycopg.Connection, feed: str, files: Sequence[Path]) -> float:
    """COPY the same cells, a transaction a file; return the seconds."""
    columns = ", ".join(f"{column.name} text" for column in contracts()[feed].columns)
    connection.execute(f"create table {SCHEMA}.floor ({columns})".encode())
    contents = [file.read_bytes() for file in files]
    begun = time.perf_counter()
    for content in contents:
        with (
            connection.transaction(),
            connection.cursor() as cursor,
            cursor.copy(f"copy {SCHEMA}.floor from stdin (format csv, header true)".encode()) as copy,
        ):
            copy.write(content)
    seconds = time.perf_counter() - begun
    connection.execute(f"drop table {SCHEMA}.floor".encode())
    return seconds


def run_pipeline(settings: Settings) -> dict[str, float]:
    """Claim, process, answer and archive what lies in the import folder; return the seconds by stage."""
    seconds: dict[str, float] = defaultdict(float)
    begun = time.perf_counter()
    waiting = pipeline.sweep(settings)
    seconds["claim"] = time.perf_counter() - begun
    with timed_stages(seconds):
        for work in waiting:
            pipeline.drain(settings, work.feed, work.reporting_unit, large=work.large)
    total = time.perf_counter() - begun
    return {**seconds, "other": total - sum(seconds.values()), "all": total}


@contextmanager
def timed_stages(seconds: dict[str, float]) -> Iterator[None]:
    """Add up how long the stages of `pipeline.drain` take."""

    def timed(stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            begun = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                seconds[stage] += time.perf_counter() - begun

        return call

    def prepare(*arguments: Any, **named: Any) -> Iterator[Any]:
        prepared = iter(prepare_batch(*arguments, **named))
        one_more = timed("read and check", lambda: next(prepared, None))
        while (one := one_more()) is not None:
            yield one

    with ExitStack() as stack:
        stack.enter_context(patch.object(pipeline, "prepare_batch", prepare))
        stack.enter_context(patch.object(pipeline, "settle", timed("load", settle)))
        stack.enter_context(patch.object(pipeline, "finish", timed("answer and archive", pipeline.finish)))
        yield


def run(feed: str, files: int, rows: int) -> dict[str, Any]:
    """Measure and return the figures.

    Raises:
        RuntimeError: Not every file was answered, or another number of rows was accepted than is right.
    """
    with temporary_installation() as settings:
        folder = settings.import_folder / "so-y-te" / feed
        folder.mkdir(parents=True)
        made = list(WRITERS[feed](folder, files, rows))
        begun = time.perf_counter()
        warm_up(feed, made[0][0])
        import_seconds = time.perf_counter() - begun
        with connect(settings, "owner", autocommit=True) as owner:
            floor = run_floor(owner, feed, [path for path, _ in made])
            stages = run_pipeline(settings)
            row = owner.execute(_DONE.encode()).fetchone()
            facts = machine(owner)
    done = tuple(map(int, row or ()))
    right = sum(accepted for _, accepted in made)
    expected = (files, files * rows, right, files * rows - right)
    if done != expected:
        raise RuntimeError(f"{done} files and rows (read, accepted, quarantined) were done, not {expected}.")
    return {
        "feed": feed,
        "files": files,
        "rows_a_file": rows,
        "rows_accepted": right,
        "machine": facts,
        "import_seconds": round(import_seconds, 2),
        "seconds": {stage: round(value, 2) for stage, value in stages.items()},
        "floor_seconds": round(floor, 2),
        "files_a_second": round(files / stages["all"], 1),
        "floor_files_a_second": round(files / floor, 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure how many small files a second go through.")
    parser.add_argument("--feed", choices=list(WRITERS), default=FEED)
    parser.add_argument("--files", type=int, default=4 * STATIONS)
    parser.add_argument("--rows", type=int, default=100, help="rows a file")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    figures = run(options.feed, options.files, options.rows)
    stages = [
        (stage, f"{value:.2f}", f"{1000 * value / options.files:.1f}")
        for stage, value in figures["seconds"].items()
    ]
    print(table(("stage", "seconds", "ms a file"), stages))
    print(f"\n{figures['files_a_second']} files/s, floor {figures['floor_files_a_second']} files/s")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
