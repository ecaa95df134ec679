"""`./run`: sets the pipeline going on this machine, feeds it files and shows what became of them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./run",
        description="Start PostgreSQL and Airflow on this machine, drop files, wait until each is answered, "
        "and show verdicts and indicators. Stays up until Ctrl-C.",
        epilog="Settings: DX_HOME (state folder), DX_EXCHANGE, DX_ARCHIVE, WAREHOUSE_URL (an existing "
        "PostgreSQL instead of the embedded one) and Airflow's own AIRFLOW__* variables. "
        "PYTHON names the interpreter.",
    )
    parser.add_argument(
        "--once", action="store_true", help="stop after the outcome; exit 0 if all was answered"
    )
    parser.add_argument(
        "--drops", type=Path, metavar="DIR", help="files to drop, <department>/<feed>/<file> (include/sample)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the outcome as JSON")
    parser.add_argument("--port", type=int, metavar="N", help="port of the UI (8080, or the next free one)")
    parser.add_argument("--install-only", action="store_true", help="set up .venv and stop")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: Command-line arguments; those of the process by default.

    Returns:
        0 when every file was answered, 1 when not, 2 when it could not run, 130 when interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    options = _arguments(arguments)
    # Imported late: --help must answer before anything is installed.
    from dxpipeline.local.session import run

    return run(once=options.once, drops=options.drops, json_file=options.json, port=options.port)


if __name__ == "__main__":
    sys.exit(main())
