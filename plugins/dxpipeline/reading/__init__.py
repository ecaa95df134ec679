"""Reading: bytes of whatever form become blocks of text that keep their sheet and row numbers."""

from __future__ import annotations

from pathlib import Path

from dxpipeline.contracts import Contract
from dxpipeline.reading.delimited import open_delimited
from dxpipeline.reading.model import Document, FileRejected
from dxpipeline.reading.plain import PlainTable, read_tables
from dxpipeline.reading.signature import detect
from dxpipeline.reading.workbook import open_workbook

__all__ = ["PlainTable", "open_document", "read_tables"]


def open_document(path: Path, name: str, contract: Contract) -> Document:
    """Open a file and find the tables of a contract in it.

    Args:
        path: Where the bytes are.
        name: The name under which the file was dropped, for the reasons of a rejection.
        contract: The feed's contract.

    Returns:
        The document; its rows are read by `blocks`.

    Raises:
        FileRejected: Nothing can be loaded: `empty-file`, `unreadable-file`, `unknown-encoding`, `no-table`,
            `missing-column` or `duplicate-column`. Details always hold `file`.
    """
    try:
        kind = detect(path)
        return open_delimited(path, contract) if kind == "text" else open_workbook(path, kind, contract)
    except FileRejected as rejected:
        rejected.details.setdefault("file", name)
        raise
