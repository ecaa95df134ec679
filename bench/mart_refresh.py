"""How long the marts of one changed report take to follow, and whether that grows with what is stored.

    .venv/bin/python -m bench.mart_refresh [--quarters N ...] [--records N] [--rounds N] [--json FILE]

For each number of quarters a warehouse of its own gets full data of every feed, as `bench.stored_feeds`
makes it, and the marts are computed once. Then the latest report of one feed after another is marked, as a
load does that changed a row of it, and a round of the computation is timed. In it is what each round does
anyway, which is timed by itself as `nothing`. Beside the seconds stand the pages that the round read or found
in memory and the rows that it wrote. Last come the views that people ask most. All figures are medians.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import psycopg
from psycopg import sql

from bench.figures import medians
from bench.installation import machine, settle_down, temporary_installation
from bench.stored_feeds import RECORDS_A_QUARTER, fill, mark, periods_of
from dxpipeline.console import table
from dxpipeline.contracts import contracts
from dxpipeline.indicators.refresh import refresh
from dxpipeline.settings import Settings
from dxpipeline.warehouse.connection import connect

NOTHING = "nothing"
"""A round in which no feed is marked."""

VIEWS = (
    "report_calendar",
    "reporting_rate",
    "data_quality",
    "indicator_finding",
    "indicator_status",
    "broadband_commune_today",
)
ROUNDS = 5
_PAGES_AND_ROWS = """
select blks_hit + blks_read, tup_inserted + tup_updated + tup_deleted
from pg_stat_database
where datname = current_database()
"""


Computed = list[tuple[str, str]]
"""Feeds and periods, as `refresh` returns them."""


@dataclass(frozen=True)
class Sample:
    """What one round took.

    Attributes:
        seconds: By the clock on the wall.
        pages: Pages of 8 KiB read, from memory or not; of everything that the database did meanwhile.
        rows: Rows inserted, updated or deleted, those of tables that are dropped again included.
    """

    seconds: float
    pages: int
    rows: int


def sampled(
    connection: psycopg.Connection, work: Callable[[psycopg.Connection], Computed]
) -> tuple[Sample, Computed]:
    """Do something on a connection in autocommit mode; return what it took, and what came of it."""
    pages, rows = _pages_and_rows(connection)
    begun = time.perf_counter()
    computed = work(connection)
    seconds = time.perf_counter() - begun
    pages_after, rows_after = _pages_and_rows(connection)
    return Sample(seconds, pages_after - pages, rows_after - rows), computed


def _pages_and_rows(connection: psycopg.Connection) -> tuple[int, int]:
    # The server tells others of its counts once a second, unless it is asked to.
    connection.execute("select pg_stat_force_next_flush()")
    row = connection.execute(_PAGES_AND_ROWS).fetchone()
    return cast(tuple[int, int], row)


def measure(settings: Settings, quarters: int, records_a_quarter: int, rounds: int) -> dict[str, Any]:
    """Fill a warehouse, compute its marts, and return what a round and the views take.

    Args:
        settings: Of an installation without any delivery.
        quarters: Of how many quarters there is data.
        records_a_quarter: New health records a quarter.
        rounds: How often each figure is taken.

    Raises:
        RuntimeError: A round computed something else than what was marked.
    """
    with connect(settings, "writer", autocommit=True) as writer, connect(settings, "bi") as reader:
        stored = fill(writer, quarters, records_a_quarter)
        settle_down(settings)
        everything, _ = sampled(writer, refresh)
        settle_down(settings)
        samples: list[tuple[str, Sample]] = []
        latest = {feed: str(periods_of(contract, quarters)[-1]) for feed, contract in contracts().items()}
        for _ in range(rounds):
            for feed in (NOTHING, *latest):
                expected = [(feed, latest[feed])] if feed in latest else []
                for marked in expected:
                    mark(writer, *marked)
                sample, computed = sampled(writer, refresh)
                samples.append((feed, sample))
                if computed != expected:
                    raise RuntimeError(
                        f"A round computed {computed}, not {expected}; start with an empty ledger."
                    )
        views = [(view, _seconds_of_view(reader, view)) for view in VIEWS for _ in range(rounds)]
    return {
        "quarters": quarters,
        "rows_stored": stored,
        "everything_seconds": everything.seconds,
        "rounds": median_samples(samples),
        "views": medians(views),
    }


def _seconds_of_view(reader: psycopg.Connection, view: str) -> float:
    begun = time.perf_counter()
    reader.execute(sql.SQL("select * from {}").format(sql.Identifier("mart", view))).fetchall()
    return time.perf_counter() - begun


def median_samples(samples: Sequence[tuple[str, Sample]]) -> dict[str, dict[str, float]]:
    """Return the median seconds, pages and rows of the samples of each name."""
    by_figure = {
        figure: medians((name, asdict(sample)[figure]) for name, sample in samples)
        for figure in ("seconds", "pages", "rows")
    }
    return {
        name: {figure: found[name] for figure, found in by_figure.items()} for name in by_figure["seconds"]
    }


def growth(few: dict[str, dict[str, float]], many: dict[str, dict[str, float]]) -> dict[str, float]:
    """Return by how much the seconds of each round grew from one warehouse to another.

    Args:
        few: What `median_samples` returned of the warehouse with the fewest quarters.
        many: The same of that with the most.
    """
    return {name: many[name]["seconds"] / few[name]["seconds"] for name in few if name in many}


def run(quarters: Sequence[int], records_a_quarter: int, rounds: int) -> dict[str, Any]:
    """Measure each number of quarters in an installation of its own, and return the figures."""
    measured = []
    for number in quarters:
        with temporary_installation() as settings:
            measured.append(measure(settings, number, records_a_quarter, rounds))
            with connect(settings, "owner") as owner:
                facts = machine(owner)
    return {
        "machine": facts,
        "records_a_quarter": records_a_quarter,
        "measured": measured,
        "growth": growth(measured[0]["rounds"], measured[-1]["rounds"]),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure how long the marts take to follow one report.")
    parser.add_argument("--quarters", type=int, nargs="+", default=[1, 16])
    parser.add_argument("--records", type=int, default=RECORDS_A_QUARTER, help="health records a quarter")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    figures = run(sorted(options.quarters), options.records, options.rounds)
    measured = figures["measured"]
    rows = [
        (
            name,
            *(f"{one['rounds'][name]['seconds']:.3f}" for one in measured),
            f"{ratio:.2f}",
            *(f"{one['rounds'][name][figure]:.0f}" for figure in ("pages", "rows") for one in measured),
        )
        for name, ratio in figures["growth"].items()
    ]
    header = [f"{figure} at {one['quarters']}" for figure in ("s", "pages", "rows") for one in measured]
    header.insert(len(measured), "ratio")
    print(table(("marked", *header), rows))
    print()
    views = [(view, *(f"{one['views'][view]:.3f}" for one in measured)) for view in VIEWS]
    print(table(("view", *(f"s at {one['quarters']}" for one in measured)), views))
    for one in measured:
        stored, seconds = one["rows_stored"], one["everything_seconds"]
        print(f"\n{one['quarters']} quarters: {stored:,} rows in core, all marts computed in {seconds:.1f} s")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
