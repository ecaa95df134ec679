"""The department's own file with the wrong cells marked, so that it can be mended and sent again."""

from __future__ import annotations

import zipfile
from pathlib import Path

from dxpipeline.feedback.answer import Answer
from dxpipeline.feedback.marked_text import mark_text
from dxpipeline.feedback.marked_workbook import mark_values, mark_workbook
from dxpipeline.reading.signature import detect

LARGEST_WORKBOOK = 20_000_000
"""Bytes of an unpacked workbook up to which its looks are kept, at the cost of some 300 MB of memory."""


def write_marked_file(source: Path, answer: Answer, target: Path) -> None:
    """Write a copy of a file with its wrong cells marked and a last column that says how to mend each row.

    A workbook stays the department's own: values, formulas, widths, merges and formats are kept; pictures,
    charts and macros are not. An old .xls, a Strict OOXML workbook or a very large one becomes a plain .xlsx
    of its visible values. A text file keeps its delimiter and lines and is written in UTF-8 (or its UTF-16)
    with a byte order mark. The reader takes the copy like the file itself.

    Args:
        source: The bytes as received.
        answer: What became of them.
        target: Where to write; an existing file is replaced.

    Raises:
        FileRejected: The source cannot be read, which its verdict says as well.
        OSError: The target cannot be written.
    """
    kind = detect(source)
    if kind == "text":
        mark_text(source, answer, target)
        return
    keeps_looks = kind == "xlsx" and _unpacked_size(source) <= LARGEST_WORKBOOK
    if not (keeps_looks and mark_workbook(source, answer, target)):
        mark_values(source, kind, answer, target)


def _unpacked_size(path: Path) -> int:
    with zipfile.ZipFile(path) as archive:
        return sum(item.file_size for item in archive.infolist())
