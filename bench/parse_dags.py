"""How long Airflow's DAG files take to parse beyond Airflow's own import.

    .venv/bin/python -m bench.parse_dags [--repeat N]

Every measurement is a fresh interpreter: the floor imports what any DAG file needs of Airflow, the other
imports that and then every file in dags/.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

FLOOR = (
    "import time; begun = time.perf_counter()\n"
    "from airflow.sdk import DAG, Asset, AssetWatcher, CronTriggerTimetable, task\n"
    "from airflow.triggers.base import BaseEventTrigger\n"
    "floor = time.perf_counter() - begun\n"
)
PARSE = (
    "import runpy, sys\n"
    "begun = time.perf_counter()\n"
    "for path in sys.argv[1:]: runpy.run_path(path)\n"
    "print(floor, time.perf_counter() - begun)\n"
)


def measure(files: list[str]) -> tuple[float, float]:
    """Return the seconds of Airflow's import and those of the DAG files beyond it, in a fresh process."""
    result = subprocess.run(
        [sys.executable, "-c", FLOOR + PARSE, *files], capture_output=True, text=True, check=True, cwd=ROOT
    )
    floor, beyond = result.stdout.split()[-2:]
    return float(floor), float(beyond)


def main() -> None:
    """Print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    files = sorted(str(path) for path in (ROOT / "dags").glob("*.py"))
    measured = [measure(files) for _ in range(options.repeat)]
    floor = statistics.median(first for first, _ in measured)
    beyond = statistics.median(second for _, second in measured)
    print(
        f"{len(files)} DAG files, median of {options.repeat}: Airflow {floor:.2f} s, beyond it {beyond:.2f} s"
    )


if __name__ == "__main__":
    main()
