"""`dxpipeline read`: the beginnings of the tables of a file as text, without a contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dxpipeline.reading import read_tables
from dxpipeline.reading.layout import SEARCHED_ROWS


def read(path: Path) -> dict[str, Any]:
    """Return the document that `--json` prints.

    Raises:
        FileRejected: The file holds no table, or cannot be read.
    """
    tables = read_tables(path, path.name)
    return {
        "tables": [
            {
                "sheet": table.sheet,
                "header_row": table.header_row,
                "columns": table.header,
                "rows": [{"row": row, "cells": cells} for row, cells in table.rows],
            }
            for table in tables
        ],
        "encoding": tables[0].encoding,
        "delimiter": tables[0].delimiter,
        "notes": [f"Only the first {SEARCHED_ROWS} rows of a sheet or text file are read."],
    }
