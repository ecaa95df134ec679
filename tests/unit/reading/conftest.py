"""A small feed of villages, and helpers to read files of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dxpipeline.contracts import Column, Contract, Owner
from dxpipeline.reading import open_document
from dxpipeline.reading.delimited import DelimitedDocument
from dxpipeline.reading.model import Document


class Reading:
    """What came out of one file."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.blocks = list(document.blocks())
        self.skipped = [(item.row, item.why) for item in document.skipped]
        self.outside = [(item.row, item.why) for item in document.outside]
        self.ragged = [row for block in self.blocks for row in block.ragged.rows()]

    @property
    def texts(self) -> pl.DataFrame:
        return pl.concat([block.texts for block in self.blocks])

    def column(self, name: str) -> dict[int, str | None]:
        """The texts of one column by row."""
        return dict(self.texts.select("source_row", name).iter_rows())


def make_column(name: str, kind: Any = "text", label: str | None = None, **more: Any) -> Column:
    settings: dict[str, Any] = {
        "aliases": (),
        "description": name,
        "required": True,
        "key": False,
        "classification": "public",
        **more,
    }
    return Column(name=name, kind=kind, label=label or name, **settings)


def make_contract(*columns: Column) -> Contract:
    return Contract(
        feed="villages",
        title="villages",
        description="villages",
        version="1.0.0",
        columns=columns,
        derived=(),
        owners=(Owner("so-y-te", None, None),),
        cadence="quarterly",
        calendar="calendar",
        due_days=15,
        load_mode="snapshot",
        unit_is_department=False,
        digest="0",
        path=Path("villages.odcs.yaml"),
    )


@pytest.fixture(name="make_contract")
def make_contract_fixture() -> Callable[..., Contract]:
    return make_contract


@pytest.fixture
def reading() -> type[Reading]:
    return Reading


@pytest.fixture
def column() -> Callable[..., Column]:
    return make_column


@pytest.fixture
def villages() -> Contract:
    return make_contract(
        make_column("code", label="Mã thôn", key=True, pattern="^[0-9]{5}$", min_length=5, max_length=5),
        make_column("name", label="Tên thôn", aliases=("Thôn Thủy", "Thôn, bản")),
        make_column("households", "integer", "Số hộ (hộ)", aliases=("Hộ Tổng số",)),
        make_column("covered", "integer", "Số hộ có mạng", aliases=("Mạng Tổng số",)),
        make_column("note", label="Ghi chú", required=False),
    )


@pytest.fixture
def read(tmp_path: Path, villages: Contract) -> Callable[..., Reading]:
    def read_file(content: bytes | str | Path, block_bytes: int | None = None) -> Reading:
        path = content if isinstance(content, Path) else tmp_path / "thon.csv"
        if not isinstance(content, Path):
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        document = open_document(path, path.name, villages)
        if block_bytes is not None:
            assert isinstance(document, DelimitedDocument)
            document.block_bytes = block_bytes
        return Reading(document)

    return read_file
