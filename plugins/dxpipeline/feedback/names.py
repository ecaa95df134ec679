"""Names of the files in the outbox: the clerk's own file name first, safe on every file system."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePath

from dxpipeline.feedback.answer import Answer
from dxpipeline.messages import label, verdict_label
from dxpipeline.text import clean

LONGEST_NAME = 255
"""Bytes that a file name may have on the usual file systems."""

_FORBIDDEN = re.compile(r'[/\\:*?"<>|]')
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Cn"})
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)
_DELIMITED_SUFFIXES = (".csv", ".tsv", ".txt")
_LONGEST_SUFFIX = 10


def number(delivery_id: int) -> str:
    """Return the number of a delivery as it is written on receipts, six digits at least."""
    return f"{delivery_id:06d}"


def receipt_name(answer: Answer) -> str:
    """Return the name of a delivery's receipt."""
    verdict = verdict_label(answer.verdict)
    return _joined(answer.file_name, f" - {verdict} - {number(answer.delivery_id)}.html")


def marked_name(answer: Answer) -> str:
    """Return the name of the marked copy of a delivery's file.

    A copy that was mended and sent again does not get a second mark in its name.
    """
    mark = label("names", "marked")
    stem, suffix = _split(answer.file_name)
    stem = re.sub(rf"(?: - {mark} - \d{{6,}})+$", "", clean(stem))
    if not answer.is_text:
        suffix = ".xlsx"
    elif suffix.lower() not in _DELIMITED_SUFFIXES:
        suffix = ".csv"
    return _joined(stem, f" - {mark} - {number(answer.delivery_id)}{suffix}")


def waiting_name(file_name: str, delivery_id: int) -> str:
    """Return the name of the note that says that a file is being processed."""
    return _joined(file_name, f" - {label('names', 'waiting')} - {number(delivery_id)}.txt")


def safe_part(text: str) -> str:
    """Return a text of others as part of a file name.

    Control characters, marks that turn the direction of writing and path separators go, and it does not begin
    with what a shell, a file server or Windows reads in its own way.
    """
    printable = "".join(
        character for character in clean(text) if unicodedata.category(character) not in _UNPRINTABLE
    )
    safe = _FORBIDDEN.sub("_", printable).strip()
    if not safe or safe[0] in "-.~=+@" or _DEVICE.match(safe):
        safe = f"_{safe}"
    return safe


def _joined(name: str, ending: str) -> str:
    """Return name and ending, the name shortened in its middle where both are too long together."""
    name = safe_part(name)
    room = LONGEST_NAME - len(ending.encode())
    if len(name.encode()) > room:
        stem, suffix = _split(name)
        tail = "…" + suffix
        # A cut through a letter's bytes leaves an incomplete one, which goes.
        name = stem.encode()[: room - len(tail.encode())].decode("utf-8", "ignore").rstrip() + tail
    return name + ending


def _split(name: str) -> tuple[str, str]:
    path = PurePath(name)
    if 1 < len(path.suffix.encode()) <= _LONGEST_SUFFIX:
        return name.removesuffix(path.suffix), path.suffix
    return name, ""
