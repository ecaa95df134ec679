"""Splitting lines all at once gives what reading them one by one gives, wherever the blocks end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dxpipeline.reading import records
from dxpipeline.reading.encoding import Encoding, line_blocks
from dxpipeline.reading.records import read_records, trimmed
from dxpipeline.reading.splitting import LineSplitter
from dxpipeline.text import clean

Rows = dict[int, tuple[str, ...]]

PIECES = st.sampled_from(
    ('"', '""', ";", ';"', '";', '";"', '"\n', '\n"', "\n", "\r\n", "\r", "\0", "\ufffd", "\ufeff")
) | st.sampled_from(
    ("a", "'", " ", "ế", "e\u0301", "\u00a0", "\n", ";\n", "a;b\n", '"a";"b"\n', "1;2\n3;4\n")
)
CONTENTS = st.lists(PIECES | st.just(b"\xc3"), max_size=40).map(
    lambda pieces: b"".join(piece if isinstance(piece, bytes) else piece.encode() for piece in pieces)
)


@pytest.fixture(autouse=True, scope="module")
def few_lines_a_record() -> Iterator[None]:
    """Let the search for the end of a quote give up within the generated files."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "MAX_RECORD_LINES", 4)
        yield


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("splitting") / "thon.csv"


def one_by_one(content: bytes, newline: str, delimiter: str, width: int) -> tuple[Rows, Rows, list[int]]:
    """The records, the ragged lines and the rows with an open quote, read line by line."""
    lines = content.decode(errors="replace").split(newline)
    if lines[-1] == "":
        lines.pop()
    if newline == "\n":
        lines = [line.removesuffix("\r") for line in lines]
    found, _ = read_records(lines, 1, delimiter, last=True, width=width)
    fitting: Rows = {}
    ragged: Rows = {}
    for record in found:
        cells = tuple(trimmed(record.cells, width))
        if record.sound and len(cells) == width:
            fitting[record.row] = cells
        else:
            ragged[record.row] = record.cells
    return fitting, ragged, [record.row for record in found if record.unclosed]


def rows_of(frame: pl.DataFrame) -> Rows:
    return {row[0]: tuple(cell or "" for cell in row[1:]) for row in frame.iter_rows()}


def all_at_once(
    path: Path, newline: Literal["\n", "\r"], delimiter: str, width: int, size: int
) -> tuple[Rows, Rows, list[int]]:
    splitter = LineSplitter(delimiter, width)
    fitting: Rows = {}
    ragged: Rows = {}
    unclosed = []
    for block in line_blocks(path, Encoding("utf-8", 0, newline), size):
        split = splitter.split(block)
        for cells in rows_of(split.tidy).values():
            assert [clean(cell) for cell in cells] == list(cells)
        assert list(split.tidy["source_row"]) == sorted(split.tidy["source_row"])
        for frame in (split.tidy, split.raw):
            assert not fitting.keys() & rows_of(frame).keys()
            fitting |= rows_of(frame)
        ragged |= {line.row: line.cells for line in split.ragged}
        unclosed += split.unclosed
    return fitting, ragged, unclosed


@given(
    content=CONTENTS,
    newline=st.sampled_from(["\n", "\r"]),
    delimiter=st.sampled_from([";", "\t", "|", "é"]),
    width=st.integers(1, 3),
    size=st.integers(1, 60),
)
@example(content=b'"\n1;2\n3;4";5\n', newline="\n", delimiter=";", width=2, size=3)
@example(content="\ufeff1;2\n3;4\n".encode(), newline="\n", delimiter=";", width=2, size=60)
@example(content=b'a;"b\n1;2\n\n"', newline="\n", delimiter=";", width=2, size=60)
def test_blocks_equal_reading_line_by_line(
    path: Path, content: bytes, newline: Literal["\n", "\r"], delimiter: str, width: int, size: int
) -> None:
    content = content.replace(b";", delimiter.encode())
    path.write_bytes(content)
    assert all_at_once(path, newline, delimiter, width, size) == one_by_one(
        content, newline, delimiter, width
    )


CELL = st.text(st.sampled_from("ab;\"' \tếe\u0301\u00a0\u200b-=1"), max_size=5)


@given(
    st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=8),
    st.booleans(),
    st.integers(1, 99),
)
def test_well_formed_records_come_back_whole(
    path: Path, rows: list[list[str]], all_quoted: bool, size: int
) -> None:
    def written(cell: str) -> str:
        needed = all_quoted or '"' in cell or ";" in cell
        return '"' + cell.replace('"', '""') + '"' if needed else cell

    path.write_text("".join(";".join(map(written, row)) + "\n" for row in rows))
    fitting, ragged, _ = all_at_once(path, "\n", ";", 3, size)
    assert fitting == {number: tuple(row) for number, row in enumerate(rows, start=1)}
    assert ragged == {}


def test_only_lines_with_something_odd_are_read_one_by_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    read_record: Callable[..., Any] = records.read_record

    def counted(lines: Any, at: int, *more: Any) -> Any:
        read.append(at)
        return read_record(lines, at, *more)

    monkeypatch.setattr("dxpipeline.reading.splitting.read_record", counted)
    path.write_text('1;"a;b"\n"2";" hai "\n3\n4;"bốn\n"\n6;"""sáu"""\n\u00a0;\n')
    fitting, ragged, _ = all_at_once(path, "\n", ";", 2, 4096)
    assert fitting == {
        1: ("1", "a;b"),
        2: ("2", " hai "),
        4: ("4", "bốn\n"),
        6: ("6", '"sáu"'),
        7: ("\u00a0", ""),
    }
    assert ragged == {3: ("3",)}
    assert read == [2, 3]


def test_a_table_too_wide_for_one_expression_is_read_all_the_same(path: Path) -> None:
    cells = [str(at) for at in range(400)]
    path.write_text(";".join(cells) + "\n" + ";".join(f'"{cell}"' for cell in cells) + "\n")
    fitting, ragged, _ = all_at_once(path, "\n", ";", 400, 4096)
    assert fitting == {1: tuple(cells), 2: tuple(cells)}
    assert ragged == {}
