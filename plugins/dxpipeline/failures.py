"""Failures of the program, told without what they were about: messages may quote cells of a file."""

from __future__ import annotations

import traceback
from pathlib import Path

import psycopg

_PACKAGE = Path(__file__).parent


def describe(error: BaseException) -> str:
    """Return the error's type, the database's code and the place in this package, and no value.

    For example `UniqueViolation (23505) at loading/staging.py:92`.
    """
    code = f" ({error.sqlstate})" if isinstance(error, psycopg.Error) and error.sqlstate else ""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_ours(frame.filename)]
    place = f" at {Path(frames[-1].filename).relative_to(_PACKAGE)}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{code}{place}"


def _is_ours(file_name: str) -> bool:
    return Path(file_name).is_relative_to(_PACKAGE)
