"""How fast a large file of health records goes through the pipeline, beside its floors and its peers.

    .venv/bin/python -m bench.health_records --rows N [--rounds R] [--only a,b] [--no-peers] [--json FILE]

The floors store the same rows with nothing but COPY (`bench.floors`); the peers do the work with other tools
(`bench.peers`); the pipeline takes a claimed delivery to its committed verdict, and then answers and
archives it. All run in turn, each in a process of its own, on an embedded server of their own; figures are
medians of the rounds. Before each one the server vacuums and writes out what came before. Every count is
compared with what the generated file is known to hold.

| measure | what happens |
|---|---|
| `copy_then_key`, `copy_into_key` | the floors: primary key after COPY, and before |
| `first_load` | a file into the empty table |
| `same_bytes` | the same file again, with its claim |
| `same_rows` | the same rows in a file of other bytes |
| `new_versions` | every record of the table in a newer version |
| `upsert` | as many new records into the table of that size |
| `tutorial`, `polars_pandera_adbc`, `duckdb_copy` | the peers; the tutorial takes at most 100,000 rows |
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import figures, floors
from bench.health_record_cases import Cases
from bench.installation import machine, temporary_installation
from bench.one_measure import Measured
from dxpipeline.console import table
from dxpipeline.warehouse.connection import connect

ROUND = (
    "copy_then_key",
    "first_load",
    "same_bytes",
    "copy_into_key",
    "same_rows",
    "new_versions",
    "upsert",
    *figures.PEERS,
)
"""A round: each floor stands beside what is divided by it."""


def run(rows: int, rounds: int, names: Sequence[str]) -> dict[str, Any]:
    """Measure in turn and return the figures, as they are written as JSON."""
    samples: list[tuple[str, Measured]] = []
    with temporary_installation() as settings:
        bench = Cases(settings, rows, peers=any(name in figures.PEERS for name in names))
        with connect(settings, "owner") as owner:
            facts = machine(owner)
            reads = floors.server_can_read(owner, bench.cases["copy_then_key"].source)
        for number in range(rounds):
            for name in names:
                measured = bench.run(name)
                samples.append((name, measured))
                print(
                    f"round {number + 1}: {name} {measured.reading.seconds:.2f} s",
                    file=sys.stderr,
                    flush=True,
                )
        measured_rows = {name: bench.cases[name].rows for name in names}
    return {
        "rows": rows,
        "rounds": rounds,
        "machine": facts,
        "floors_read_by": "server" if reads else "client",
        **summary(samples, measured_rows, rows),
    }


def summary(
    samples: Sequence[tuple[str, Measured]], measured_rows: Mapping[str, int], rows: int
) -> dict[str, Any]:
    """Return medians, ratios, bars and which of them are reached.

    Args:
        samples: Every measurement with the name of its measure.
        measured_rows: Rows that each measure took through.
        rows: Rows of the files, by which bars are chosen.
    """
    readings = [(name, measured.reading) for name, measured in samples]
    seconds = figures.medians((name, reading.seconds) for name, reading in readings)
    client = figures.medians((name, reading.client_cpu_seconds) for name, reading in readings)
    server = figures.medians((name, reading.server_cpu_seconds) for name, reading in readings)
    peaks = figures.medians((name, measured.whole.peak_rss_mb) for name, measured in samples)
    ratios = figures.ratios(seconds, measured_rows)
    barred = figures.barred(seconds, peaks, ratios)
    bars = figures.bars(rows)
    return {
        "measured_rows": dict(measured_rows),
        "seconds": _rounded(seconds),
        "whole_seconds": _rounded(figures.medians((name, item.whole.seconds) for name, item in samples)),
        "import_seconds": _rounded(figures.medians((name, item.import_seconds) for name, item in samples)),
        "cpu_seconds": _rounded({name: client[name] + server[name] for name in client}),
        "client_cpu_seconds": _rounded(client),
        "ready_rss_mb": _rounded(
            figures.medians((name, reading.ready_rss_mb) for name, reading in readings), 1
        ),
        "peak_rss_mb": _rounded(peaks, 1),
        "own_peak_rss_mb": _rounded(
            figures.medians((name, measured.whole.own_peak_rss_mb) for name, measured in samples), 1
        ),
        "ratios": _rounded(ratios),
        "bars": {name: bars[name].limit for name in barred},
        "goals": {name: bars[name].goal for name in barred},
        "reached": figures.reached(barred, rows),
        "goals_reached": figures.reached(barred, rows, goal=True),
        "samples": {
            name: [round(reading.seconds, 3) for other, reading in readings if other == name]
            for name in seconds
        },
    }


def _rounded(values: Mapping[str, float], digits: int = 3) -> dict[str, float]:
    return {name: round(value, digits) for name, value in values.items()}


def report(document: Mapping[str, Any]) -> str:
    """Lay the figures out as text."""
    measures = [
        (
            name,
            f"{document['measured_rows'][name]:,}",
            f"{seconds:.2f}",
            f"{document['ratios'][name]:.2f}" if name in document["ratios"] else None,
            f"{document['cpu_seconds'][name]:.2f}",
            f"{document['client_cpu_seconds'][name]:.2f}",
            f"{document['ready_rss_mb'][name]:.0f}",
            f"{document['own_peak_rss_mb'][name]:.0f}",
            f"{document['peak_rss_mb'][name]:.0f}",
            f"{document['whole_seconds'][name]:.2f}",
            f"{document['import_seconds'][name]:.2f}",
        )
        for name, seconds in document["seconds"].items()
    ]
    header = (
        *("measure", "rows", "seconds", "ratio", "CPU s", "of client"),
        *("ready MB", "own peak", "with children", "whole s", "import s"),
    )
    verdicts = [
        (name, f"{limit:g}", f"{document['goals'][name]:g}", _reached(document, name))
        for name, limit in document["bars"].items()
    ]
    return f"{table(header, measures)}\n\n{table(('figure', 'bar', 'goal', 'reached'), verdicts)}"


def _reached(document: Mapping[str, Any], name: str) -> str:
    if document["goals_reached"][name]:
        return "goal"
    return "bar" if document["reached"][name] else "missed"


def _names(only: str | None, *, peers: bool) -> list[str]:
    chosen = set(only.split(",")) if only else set(ROUND)
    unknown = sorted(chosen - set(ROUND))
    if unknown:
        raise SystemExit(f"--only names {', '.join(unknown)}; there are {', '.join(ROUND)}.")
    return [name for name in ROUND if name in chosen and (peers or name not in figures.PEERS)]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print a table, and write the figures.

    Args:
        arguments: Command-line arguments; those of the process by default.
    """
    parser = argparse.ArgumentParser(description="Measure health records beside floors and peers.")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", metavar="MEASURES", help="some measures, with commas between them")
    parser.add_argument("--no-peers", action="store_true", help="leave the other tools out")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    document = run(options.rows, options.rounds, _names(options.only, peers=not options.no_peers))
    if options.json:
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(report(document))


if __name__ == "__main__":
    main()
