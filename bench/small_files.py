"""How many small files a second the pipeline takes through, and what of it is the database alone.

    .venv/bin/python -m bench.small_files [--files N] [--rows N] [--json FILE]

The files are hospital reports, one a quarter. The floor copies the same rows with COPY into a table of the
same columns, a transaction a file. Both run on an embedded server of their own.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import tempfile
import time
from pathlib import Path

import psycopg

from dxpipeline.pipeline import drain, sweep
from dxpipeline.settings import Settings, get_settings
from dxpipeline.warehouse.connection import connect
from dxpipeline.warehouse.embedded import EmbeddedServer
from dxpipeline.warehouse.migrate import upgrade

HEADER = (
    "Mã CSKCB;Tên bệnh viện;Tuyến;Hạ tầng CNTT;HIS;LIS;RIS-PACS;Bệnh án điện tử (EMR);"
    "An toàn, bảo mật thông tin;Mức ứng dụng CNTT;Ngày bỏ bệnh án giấy;Ngày đánh giá\n"
)


@dataclasses.dataclass(frozen=True)
class Report:
    """A synthetic file: its name and its rows as text."""

    name: str
    rows: tuple[str, ...]


def reports(files: int, rows: int) -> list[Report]:
    """Make reports of different quarters, backwards from the end of 2025."""
    made = []
    for number in range(files):
        year, quarter = 2025 - number // 4, 4 - number % 4
        lines = tuple(
            f"{38001 + row};Bệnh viện {row};huyện;5;4;cơ bản;chưa;cơ bản;x;4;;01/{quarter * 3:02d}/{year}"
            for row in range(rows)
        )
        made.append(Report(f"benh_vien_{year}-Q{quarter}.csv", lines))
    return made


def run_floor(connection: psycopg.Connection, made: list[Report]) -> float:
    """COPY the same cells, a transaction a file; return the seconds."""
    columns = ", ".join(f"c{number} text" for number in range(12))
    connection.execute(f"create table staging.floor ({columns})".encode())
    begun = time.perf_counter()
    for report in made:
        with (
            connection.transaction(),
            connection.cursor() as cursor,
            cursor.copy("copy staging.floor from stdin (format csv, delimiter ';')") as copy,
        ):
            copy.write("\n".join(report.rows).encode() + b"\n")
    seconds = time.perf_counter() - begun
    connection.execute("drop table staging.floor")
    return seconds


def run_pipeline(settings: Settings, made: list[Report]) -> float:
    """Drop the files, claim, process and answer them; return the seconds from claim to last answer."""
    folder = settings.import_folder / "so-y-te" / "smart_hospitals"
    folder.mkdir(parents=True)
    for report in made:
        (folder / report.name).write_text(HEADER + "\n".join(report.rows) + "\n", encoding="utf-8")
    begun = time.perf_counter()
    for work in sweep(settings):
        drain(settings, work.feed, work.reporting_unit)
    return time.perf_counter() - begun


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--rows", type=int, default=38)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "state"
        server = EmbeddedServer(home)
        server.start()
        try:
            settings = get_settings({"DX_HOME": str(home), "DX_SETTLE_SECONDS": "0"})
            upgrade(settings)
            made = reports(options.files, options.rows)
            with connect(settings, autocommit=True) as connection:
                floor = run_floor(connection, made)
                pipeline = run_pipeline(settings, made)
                row = connection.execute(
                    "select count(*), sum(rows_accepted) from ledger.delivery where verdict = 'accepted' "
                    "and answered_at is not null"
                ).fetchone()
        finally:
            server.destroy()
    figures = {
        "files": options.files,
        "rows_a_file": options.rows,
        "answered": row[0] if row else 0,
        "rows_loaded": int(row[1] or 0) if row else 0,
        "floor_seconds": round(floor, 2),
        "pipeline_seconds": round(pipeline, 2),
        "files_a_second": round(options.files / pipeline, 1),
        "floor_files_a_second": round(options.files / floor, 1),
    }
    for name, value in figures.items():
        print(f"{name:22} {value}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
