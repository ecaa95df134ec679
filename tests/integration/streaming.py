"""Makes small files take the way of large ones, so that streaming is tested without large files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dxpipeline import preparation, worklist
from dxpipeline.reading.delimited import DelimitedDocument


def stream_from(monkeypatch: pytest.MonkeyPatch, size_bytes: int = 1, block_bytes: int = 40_000) -> None:
    """Read files of more than some bytes while they are loaded, in blocks of some bytes."""
    blocks = DelimitedDocument.blocks

    def small_blocks(self: DelimitedDocument) -> Iterator[Any]:
        self.block_bytes = block_bytes
        return blocks(self)

    monkeypatch.setattr(DelimitedDocument, "blocks", small_blocks)
    for module in (preparation, worklist):
        monkeypatch.setattr(module, "SMALL_BYTES", size_bytes)
