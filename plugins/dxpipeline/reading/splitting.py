"""Splitting the lines of a text file into cells: well-formed lines all at once, the others one by one.

A line that is by itself a well-formed record of the right width is recognised by a regular expression and
parsed with its like by polars. Whether an earlier record with an open quote swallows it is decided first, by
reading every other line as `dxpipeline.reading.records` does. So the result equals reading line by line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dxpipeline.reading.encoding import LineBlock
from dxpipeline.reading.records import TextRecord, read_record, trimmed
from dxpipeline.reading.table import TIDY, RaggedLine

_MAX_WIDTH = 256  # Wider tables are read one by one: their regular expressions would become too large.


@dataclass(frozen=True)
class SplitLines:
    """The records of a run of lines.

    Attributes:
        tidy: `source_row` (Int64) and the cells `c0`, `c1`, ... (String) of records whose cells are as
            `dxpipeline.text.clean` leaves them; an empty cell is null.
        raw: The same of the others, as they stand.
        ragged: Lines whose cells do not fit the width or cannot be trusted.
        unclosed: Rows of those among them whose quote never closes.
    """

    tidy: pl.DataFrame
    raw: pl.DataFrame
    ragged: list[RaggedLine]
    unclosed: list[int]

    @classmethod
    def joined(cls, parts: Sequence[SplitLines]) -> SplitLines:
        """Join what consecutive runs of lines were split into."""
        return cls(
            tidy=pl.concat([part.tidy for part in parts], rechunk=True),
            raw=pl.concat([part.raw for part in parts]),
            ragged=[line for part in parts for line in part.ragged],
            unclosed=[row for part in parts for row in part.unclosed],
        )

    @property
    def ends_open(self) -> bool:
        """Whether a quote never closes and no record follows it."""
        rows = [*self.tidy["source_row"].tail(1), *self.raw["source_row"].tail(1)]
        return max(self.unclosed, default=0) > max(rows, default=0)


class LineSplitter:
    """Splits the lines of one file, block by block; a record may begin in one block and end in the next.

    Args:
        delimiter: What separates cells.
        width: Number of cells of a record.
    """

    def __init__(self, delimiter: str, width: int) -> None:
        self.delimiter = delimiter
        self.width = width
        self._names = [f"c{at}" for at in range(width)]
        self._carried = b""
        self._patterns: tuple[str, str] | None = None
        if len(delimiter.encode()) == 1 and 2 <= width <= _MAX_WIDTH:
            self._patterns = _tidy_line(delimiter, width), _whole_line(delimiter, width)

    def split(self, block: LineBlock) -> SplitLines:
        """Split the lines of a block, with those that the blocks before it left open."""
        block = block.after(self._carried)
        lines = block.texts()
        tidy, whole = self._recognised(lines)
        if tidy.all():
            self._carried = b""
            rows = np.arange(block.first, block.first + len(tidy))
            return SplitLines(self._parsed(block.content, rows), self._framed([]), [], [])
        records, used = self._read_others(lines, whole, block)
        tidy[used:] = whole[used:] = False
        starts = np.concatenate([[0], np.cumsum(lines.str.len_bytes().to_numpy() + 1, dtype=np.int64)])
        self._carried = block.content[starts[used] :]

        def parsed(chosen: NDArray[np.bool_]) -> pl.DataFrame:
            edges = np.flatnonzero(np.diff(chosen, prepend=False, append=False)).reshape(-1, 2)
            content = b"".join(block.content[starts[begin] : starts[end]] for begin, end in edges)
            return self._parsed(content, np.flatnonzero(chosen) + block.first)

        fitting: list[tuple[int | str, ...]] = []
        ragged: list[RaggedLine] = []
        for record in records:
            cells = trimmed(record.cells, self.width)
            if record.sound and len(cells) == self.width:
                fitting.append((record.row, *cells))
            else:
                ragged.append(RaggedLine(record.row, record.cells))
        return SplitLines(
            tidy=parsed(tidy & whole),
            raw=pl.concat([parsed(whole & ~tidy), self._framed(fitting)]),
            ragged=ragged,
            unclosed=[record.row for record in records if record.unclosed],
        )

    def _recognised(self, lines: pl.Series) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Say of every line whether it is a record of tidy cells, and whether it is a record at all."""
        if self._patterns is None:
            none = np.zeros(len(lines), dtype=np.bool_)
            return none, none.copy()
        tidy_line, whole_line = self._patterns
        tidy = lines.str.contains(tidy_line).to_numpy().copy()
        whole = tidy.copy()
        untidy = np.flatnonzero(~tidy)
        whole[untidy] = lines.gather(untidy).str.contains(whole_line).to_numpy()
        return tidy, whole

    def _read_others(
        self, lines: pl.Series, whole: NDArray[np.bool_], block: LineBlock
    ) -> tuple[list[TextRecord], int]:
        """Read the records that begin at other lines; the whole lines they swallow are no longer whole.

        Returns:
            The records, and how many lines are used: the rest must come again with the lines that follow.
        """
        records: list[TextRecord] = []
        others = np.flatnonzero(~whole).tolist()
        # Single lines come cheap from the series, many do not.
        texts = lines.to_list() if len(others) > len(lines) // 20 else lines
        after = 0
        for at in others:
            if at < after:
                continue
            found = read_record(texts, at, block.first, self.delimiter, block.last, self.width)
            if found is None:
                return records, at
            record, used = found
            records.append(record)
            after = at + used
            whole[at:after] = False
        return records, len(lines)

    def _parsed(self, content: bytes, rows: NDArray[np.int64]) -> pl.DataFrame:
        """Parse whole lines."""
        if not content:
            return self._framed([])
        cells = pl.read_csv(
            content.replace(b"\r", b"\n"),
            has_header=False,
            separator=self.delimiter,
            schema=dict.fromkeys(self._names, pl.String()),
        )
        if b'"' in content:
            # Nothing between delimiters is null already, nothing between quotes is not.
            cells = cells.with_columns(pl.all().replace("", None))
        return cells.insert_column(0, pl.Series("source_row", rows))

    def _framed(self, rows: Sequence[tuple[int | str, ...]]) -> pl.DataFrame:
        schema = {"source_row": pl.Int64(), **dict.fromkeys(self._names, pl.String())}
        return pl.DataFrame(rows, schema=schema, orient="row")


def _whole_line(delimiter: str, width: int) -> str:
    """Return the pattern of a line that is a record, with characters that both ways of reading take alike.

    Quotes within a cell that does not begin with one are left to reading one by one: polars would pair them.
    """
    mark, odd = f"\\x{{{ord(delimiter):x}}}", r"\r\n\x00\x{feff}\x{fffd}"
    return _line(f'"(?:[^"{odd}]|"")*"|[^"{mark}{odd}]*', mark, width)


def _tidy_line(delimiter: str, width: int) -> str:
    """Return the pattern of a record whose cells cleaning leaves as they are."""
    mark = f"\\x{{{ord(delimiter):x}}}"
    plain, quoted = f'[{TIDY}&&[^"{mark}]]', f'(?:[{TIDY}&&[^"]]|"")'
    # A leading apostrophe may be the mark that keeps a text from being taken for a formula.
    start, quoted_start = f"[{TIDY}&&[^\"'{mark}]]", f'(?:[{TIDY}&&[^"\']]|"")'
    return _line(
        f'(?:{start}{plain}*(?: {plain}+)*)?|"(?:{quoted_start}{quoted}*(?: {quoted}+)*)?"', mark, width
    )


def _line(cell: str, mark: str, width: int) -> str:
    return f"^(?:{cell})(?:{mark}(?:{cell})){{{width - 1}}}$"
