"""Where the table of a sheet stands, and what each of its rows is: pure functions over rows of text.

Reports come with title lines above, a header of one to three rows with merged cells, a row of column
numbers, group and total rows between the records, and a place, a date and signatures below.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Literal

from dxpipeline.contracts import Column, Contract
from dxpipeline.reading.header_index import Matching, fold_cell, header_index
from dxpipeline.reading.model import FileRejected
from dxpipeline.text import clean

Row = Sequence[str | None]
RowKind = Literal["record", "blank", "header", "total", "group", "numbered-group", "footer"]
Range = tuple[tuple[int, int], tuple[int, int]]
"""A merged range: (first row, first column), (last row, last column), both from 0 and inclusive."""

SEARCHED_ROWS = 60
"""How many rows from the top are searched for the header."""
_SEARCHED_COLUMNS = 1000
_HEADER_DEPTH = 3

_COLUMN_NUMBER = re.compile(r"\(?(?:[A-ZĐ]|\d{1,3})\)?(?:\s?=.*)?")
_UNIT = re.compile(r"\([^)]*\)")
_MARKER = re.compile(r"(?:[ivxlcdm]+|[a-zđ]|\d{1,6}(?:\.\d+)*|[+\-*•])[.)]?", re.IGNORECASE)
_NUMBER = re.compile(r"[-+−]?[\d.,\s%()/-]*\d[\d.,\s%()/-]*|[-–—]")  # Dates in figures among them.
# With accents `Cộng` differs from `Công` (ty), so a text that has accents is compared with them.
_TOTAL = re.compile(r"(?:tổng\s+cộng|tổng\s+số|tổng|cộng)\b(?!\s+(?:công\s+ty|cục))", re.IGNORECASE)
_TOTAL_PLAIN = re.compile(r"(?:tong cong|tong so|tong|cong)\b(?! (?:cong )?(?:ty|cuc|an)\b)")
_FOOTER = re.compile(
    r"(?:.*\bngay\b.{0,12}\bthang\b.{0,12}\bnam\b.*"
    r"|(?:nguoi|thu truong|thu tuong|giam doc|pho giam doc|tm|tl|kt|tuq|ke toan|truong phong|chu tich"
    r"|noi nhan|xac nhan|phe duyet|ky|da ky|ghi chu|luu y)\b.*)"
)
_DIGITS_PATTERN = re.compile(r"\^?(?:\\d|\[0-9\]|\d|\{\d+(?:,\d*)?\})+\$?")


@dataclass(frozen=True)
class Header:
    """The header block of a table, by positions in the list of rows that was searched.

    Attributes:
        first: Index of its first row.
        last: Index of its last row, the row of column numbers included.
        numbers: Index of the row of column numbers, None where there is none.
        positions: Contract column -> position of its cells, from 0.
        texts: Contract column -> the header text found.
        unknown: Header texts that fit no column, by position.
        width: Number of cells of the header.
        rows: The cleaned cells of its rows, by which a repeated header is known again.
        columns: The contract columns found, by name.
    """

    first: int
    last: int
    numbers: int | None
    positions: dict[str, int]
    texts: dict[str, str]
    unknown: dict[int, str]
    width: int
    rows: tuple[tuple[str, ...], ...]
    columns: dict[str, Column]

    @cached_property
    def key_columns(self) -> tuple[tuple[int, Column], ...]:
        """Return the key columns of the table with their positions."""
        return tuple((self.positions[name], column) for name, column in self.columns.items() if column.key)

    @cached_property
    def folded_rows(self) -> tuple[tuple[str, ...], ...]:
        """Return the rows of the block folded and of one length."""
        return tuple(tuple(map(fold_cell, row)) + ("",) * (self.width - len(row)) for row in self.rows)

    @cached_property
    def column_at(self) -> dict[int, Column]:
        """Return the contract columns by position."""
        return {position: self.columns[name] for name, position in self.positions.items()}


def fill_merged(rows: Sequence[Row], merges: Iterable[Range], across: bool) -> list[list[str]]:
    """Return the rows with merged ranges holding the value of their first cell, empty cells as ''.

    Args:
        rows: The rows.
        merges: The ranges; those that begin below the rows are passed over.
        across: Whether to fill to the right as well as downward.
    """
    filled = [[text or "" for text in row] for row in rows]
    for (top, left), (bottom, right) in merges:
        if top >= len(filled) or left >= len(filled[top]):
            continue
        value = filled[top][left]
        for row in filled[top : bottom + 1]:
            for column in range(left, min(right if across else left, len(row) - 1) + 1):
                row[column] = row[column] or value
    return filled


def lowest_texts(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return for every position the lowest text of a header's rows."""
    return [stack[-1] if stack else "" for stack in _stacks(rows)]


def joined_texts(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return for every position the different texts of a header's rows, from the top, joined by blanks."""
    return [" ".join(stack) for stack in _stacks(rows)]


def _stacks(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    stacks: list[list[str]] = [[] for _ in range(max((len(row) for row in rows), default=0))]
    for row in rows:
        for stack, cell in zip(stacks, row, strict=False):
            text = clean(cell)
            if text and stack[-1:] != [text]:
                stack.append(text)
    return stacks


def find_header(rows: Sequence[Row], contract: Contract, merges: Sequence[Range] = ()) -> Header | None:
    """Find the header block of a contract's table among the first rows of a sheet.

    Headers are compared without accents, case, punctuation, line breaks and units in parentheses; a unit
    that counts in another size (thousands for millions) makes it another column. The rows that fit most
    columns win; of equal ones the fewest rows, then the uppermost.

    Args:
        rows: The first rows, empty cells as '' or None; rows beyond `SEARCHED_ROWS` are not searched.
        contract: The feed's contract.
        merges: Merged ranges of the sheet, in the same coordinates as `rows`.

    Returns:
        The header, or None where no rows resemble it.

    Raises:
        FileRejected: `missing-column` or `duplicate-column`: the header is there, but not usable.
    """
    index = header_index(contract)
    raw = [list(row[:_SEARCHED_COLUMNS]) for row in rows[: SEARCHED_ROWS + _HEADER_DEPTH]]
    down = fill_merged(raw, merges, across=False)
    around = fill_merged(raw, merges, across=True) if merges else down

    @cache
    def promising(row: int) -> set[int]:
        """Return the positions in a row without which no column can be found there."""
        cells = enumerate(zip(down[row], around[row], strict=True))
        return {
            at
            for at, pair in cells
            if any(index.may_hold(text) for cell in set(pair) if (text := clean(cell)))
        }

    def match(first: int, last: int) -> Matching:
        return index.match(lowest_texts(down[first : last + 1]), joined_texts(around[first : last + 1]))

    required = [column for column in contract.columns if column.required]
    needed = max(min(2, len(contract.columns)), len(required) / 3)
    filled = [sum(1 for cell in row if cell) for row in raw]
    best, first, last = (0, 0), 0, 0
    for top in range(min(len(raw), SEARCHED_ROWS)):
        for bottom in range(top, min(top + _HEADER_DEPTH, len(raw))):
            if sum(filled[top : bottom + 1]) < needed:
                continue
            # Most windows are passed over unmatched: they cannot beat the best.
            if (len(contract.columns), top - bottom) <= best:
                continue
            most = len(set().union(*map(promising, range(top, bottom + 1))))
            if most < needed or (most, top - bottom) <= best:
                continue
            score = (len(match(top, bottom).positions), top - bottom)
            if score > best:
                best, first, last = score, top, bottom
    if best[0] < needed:
        return None
    first, last = with_merged(first, last, set(match(first, last).positions.values()), merges, len(raw))
    matching = match(first, last)
    lower = lowest_texts(down[first : last + 1])
    missing = [
        column
        for column in contract.columns
        if column.name in matching.other_sizes or (column.required and column.name not in matching.positions)
    ]
    doubled = [column for column in contract.columns if column.name in matching.duplicates]
    if missing or doubled:
        code = "missing-column" if missing else "duplicate-column"
        rejected = FileRejected(code, **_named(missing or doubled))
        rejected.titles = titles_above(rows, first)
        raise rejected
    width = max(len(row) for row in raw[first : last + 1])
    keys = [matching.positions[name] for name in contract.key if name in matching.positions]
    numbers = None
    if last + 1 < len(raw) and _numbers_columns(raw[last + 1], keys, contract):
        last = numbers = last + 1
    columns = {column.name: column for column in contract.columns if column.name in matching.positions}
    return Header(
        first=first,
        last=last,
        numbers=numbers,
        positions={name: matching.positions[name] for name in columns},
        texts={name: lower[matching.positions[name]] for name in columns},
        unknown=matching.unknown,
        width=width,
        rows=tuple(tuple(clean(text or "") for text in row) for row in raw[first : last + 1]),
        columns=columns,
    )


def titles_above(rows: Sequence[Row], first: int) -> tuple[str, ...]:
    """Return the lines above the header's first row as texts."""
    lines = (" ".join(text for cell in row if (text := clean(cell or ""))) for row in rows[:first])
    return tuple(line for line in lines if line)


def classify(row: Row, header: Header, after_footer: bool = False) -> RowKind:
    """Say what a row below the header is.

    A row whose key is filled is a record. So is a row without its key that holds more than one name or a
    value: a record with a gap is for the check to report, not to be passed over.

    Args:
        row: Its cleaned cells, empty ones as '' or None.
        header: The table's header.
        after_footer: Whether a footer line stands above; then keyless lines without numbers go on with it.

    Returns:
        `numbered-group` is a group row that proves itself by its number in a column like STT; a plain `group`
        may as well be a line below the table, which only the rows after it decide.
    """
    cells = {position: text for position, text in enumerate(row) if text}
    if not cells:
        return "blank"
    if _repeats_header(row, header):
        return "header"
    markers = {at for at, text in cells.items() if at not in header.column_at and _MARKER.fullmatch(text)}
    labels = {at: text for at, text in cells.items() if at not in markers and not _NUMBER.fullmatch(text)}
    keys = {at: cells[at] for at, _ in header.key_columns if at in cells}
    if len(labels) == 1 and set(keys) <= set(labels) and all(is_total(text) for text in labels.values()):
        return "total"
    numbers = len(cells) - len(labels) - len(markers)
    signed = (
        len(cells) <= 4
        and not numbers
        and any(_FOOTER.fullmatch(fold_cell(text)) for text in labels.values())
    )
    if any(
        _looks_like_key(keys.get(at), column, alone=len(cells) == 1 or signed)
        for at, column in header.key_columns
    ):
        return "record"
    if signed or (after_footer and len(cells) <= 4 and (not numbers or len(cells) == 1)):
        return "footer"
    if not labels and not numbers:
        return "blank"  # A form whose lines were numbered beforehand and not filled in.
    if numbers:
        return "record"
    if len(labels) == 1:
        return "numbered-group" if markers else "group"
    outside = [at for at in labels if at not in header.column_at]
    return "group" if len(labels) == 2 and outside else "record"


def is_total(text: str) -> bool:
    """Say whether a text begins with the words of a total (`Tổng cộng`, `Cộng`, ...), not `Công ty`."""
    return bool(
        (_TOTAL_PLAIN if text.isascii() else _TOTAL).match(fold_cell(text) if text.isascii() else text)
    )


def only_digits(pattern: str | None) -> bool:
    """Say whether a contract's pattern allows nothing but digits."""
    return pattern is not None and _DIGITS_PATTERN.fullmatch(pattern) is not None


def with_merged(
    first: int, last: int, columns: set[int], merges: Sequence[Range], count: int
) -> tuple[int, int]:
    """Widen a header to the rows that merged cells of its columns reach."""
    for (top, left), (bottom, right) in merges:
        touches = top <= last and bottom >= first and any(left <= column <= right for column in columns)
        if touches and bottom - top < _HEADER_DEPTH:
            first, last = min(first, top), min(max(last, bottom), count - 1)
    return first, last


def _numbers_columns(row: Row, keys: Sequence[int], contract: Contract) -> bool:
    """Say whether a row under a header numbers the columns (A, B, 1, 2 or (1), (2)) or gives their units."""
    cells = [text for text in row if text]
    if len(cells) < max(2, len(contract.columns) / 2):
        return False
    if all(_UNIT.fullmatch(text) for text in cells):
        return True
    if not all(_COLUMN_NUMBER.fullmatch(text) for text in cells):
        return False
    numbers = [int(match[0]) for text in cells if (match := re.search(r"\d+", text.split("=")[0]))]
    key_filled = any(
        at < len(row) and column.pattern and re.fullmatch(column.pattern, row[at] or "")
        for at, column in zip(keys, (contract.by_name[name] for name in contract.key), strict=False)
    )
    return (
        not key_filled and numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else True
    )


def _repeats_header(row: Row, header: Header) -> bool:
    folded = tuple(fold_cell(text or "") if text and len(text) < 200 else text or "" for text in row)
    filled = sum(bool(text) for text in folded)
    if filled < 2:
        return False
    padded = folded + ("",) * (header.width - len(folded))
    if padded[: header.width] in header.folded_rows:
        return True
    same = sum(
        at < len(folded) and folded[at] == fold_cell(header.texts[name])
        for name, at in header.positions.items()
    )
    return same >= max(2, len(header.positions) / 2)


def _looks_like_key(text: str | None, column: Column, alone: bool) -> bool:
    """Say whether a cell of a key column identifies a record.

    A text that stands alone in its row, or among the words of a signature, must look like a key to be one.
    """
    if not text:
        return False
    return not alone or (column.pattern is not None and re.fullmatch(column.pattern, text) is not None)


def _named(columns: Iterable[Column]) -> dict[str, str]:
    listed = list(columns)
    return {
        "columns": ", ".join(column.name for column in listed),
        "labels": ", ".join(column.label for column in listed),
    }
