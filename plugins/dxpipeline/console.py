"""Text for a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any


def print_json(document: Any) -> None:
    """Print one JSON document on standard output: dates as ISO text, decimals as numbers."""
    json.dump(document, sys.stdout, ensure_ascii=False, indent=1, default=plain)
    print()


def plain(value: Any) -> Any:
    """Return a value as JSON has it: dates as ISO text, decimals as numbers."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Lay rows out in columns; numbers to the right, nothing for None."""
    texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(len(line[i]) for line in [list(header), *texts]) for i in range(len(header))]
    numeric = [
        all(_is_number(row[i]) for row in texts) and any(row[i] for row in texts) for i in range(len(header))
    ]
    lines = []
    for line in [list(header), ["-" * width for width in widths], *texts]:
        cells = [
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numeric, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def number(value: object) -> str | None:
    """Write a number with thousands and at most two decimals; None stays None."""
    if value is None:
        return None
    return f"{value:,.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).replace(",", "").lstrip("-").isdigit() or not text
