"""The statements in include/sql/, each in a file of its own."""

from __future__ import annotations

from functools import cache
from typing import LiteralString

from dxpipeline.settings import INCLUDE


@cache
def read_sql(name: str) -> LiteralString:
    """Return the statement of include/sql/<name>.sql, read once per process.

    Args:
        name: The file below include/sql/ without its ending, for example `feedback/delivery`.

    Raises:
        FileNotFoundError: There is no such file.
    """
    # Files of the project itself: as much a part of the program as a literal.
    return (INCLUDE / "sql" / f"{name}.sql").read_text(encoding="utf-8")
