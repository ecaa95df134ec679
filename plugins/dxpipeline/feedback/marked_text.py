"""Marking a text file: its lines as they came, with a last column that says how to mend each row.

A large file is not written back whole: an extract holds its header and the rows to mend, with their numbers.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

from dxpipeline.feedback.answer import Answer, Issue
from dxpipeline.messages import issue_sentence, label
from dxpipeline.reading.delimited import DelimitedDocument, open_delimited
from dxpipeline.reading.encoding import line_blocks
from dxpipeline.reading.layout import Header
from dxpipeline.reading.records import MAX_RECORD_LINES, TextRecord, read_records
from dxpipeline.text import fold

_FORMULA = re.compile(r'("?)([=+\-@\t\r].*)', re.DOTALL)
_PLAIN_NUMBER = re.compile(r"[+\-]?[\d\s.,]*%?")
_HEAD_BYTES = 65_536
_NO_ROW = (0, "")


def neutralised(cell: str) -> str:
    """Return a cell that no spreadsheet program runs: an apostrophe stands before what begins a formula.

    Plain numbers (`-5`, `+1.234,5`) and a lone minus sign stay as they are.
    """
    found = _FORMULA.fullmatch(cell)
    if found is None or _PLAIN_NUMBER.fullmatch(found[2].rstrip('"')):
        return cell
    return f"{found[1]}'{found[2]}"


def mark_text(source: Path, answer: Answer, target: Path) -> None:
    """Write a text file with its problems in a last column, block by block.

    Each record stays on its physical lines. A line whose cells do not fit the header is left as it is, with
    its sentence behind its last cell, so that it stays refused until it is mended.

    Args:
        source: The text file.
        answer: What became of it; its contract must be known.
        target: Where to write.

    Raises:
        FileRejected: No table of the contract is found.
        ValueError: The answer has no contract.
    """
    document = _opened(source, answer)
    sentences = dict(_sentences(answer, answer.issues))
    marked = ((record, lines, sentences.get(record.row, "")) for record, lines in _records(document))
    _write(document, _Marker(document), marked, target)


def extract_text(source: Path, answer: Answer, issues: Iterable[Issue], target: Path) -> None:
    """Write the titles, the header and the rows to mend of a text file.

    A first column says which row of the file as it was sent each one is. The reader passes over it, so that
    the mended extract may be sent like any file of the feed.

    Args:
        source: The text file.
        answer: What became of it; its contract must be known.
        issues: The issues of the rows to mend, in the order of the rows; read as they are needed.
        target: Where to write.

    Raises:
        FileRejected: No table of the contract is found.
        ValueError: The answer has no contract.
    """
    document = _opened(source, answer)
    to_mend = (found for found in _sentences(answer, issues) if found[0] >= document.first_line)
    _write(document, _Marker(document, numbered=True), _chosen_records(document, to_mend), target)


def _opened(source: Path, answer: Answer) -> DelimitedDocument:
    if answer.contract is None:
        raise ValueError(f"Delivery {answer.delivery_id} has no contract, hence no table to mark.")
    return open_delimited(source, answer.contract)


def _sentences(answer: Answer, issues: Iterable[Issue]) -> Iterator[tuple[int, str]]:
    """Yield each row that has issues, and how to mend it; the issues of a row follow each other."""
    for row, of_row in itertools.groupby(issues, key=lambda issue: issue.source_row):
        if row is not None:
            yield row, " ".join(issue_sentence(answer.contract, vars(issue)) for issue in of_row)


def _write(
    document: DelimitedDocument,
    marker: _Marker,
    records: Iterable[tuple[TextRecord, list[str], str]],
    target: Path,
) -> None:
    """Write records, each with its lines and how to mend it."""
    name, mark = document.coding.name, ""
    if name.startswith("utf-16"):
        mark = "\ufeff"
    else:
        # Excel takes a file without the mark for one in the machine's own old encoding.
        name = "utf-8-sig"
    with target.open("w", encoding=name, newline="") as file:
        file.write(mark)
        for record, lines, sentence in records:
            text = marker.line(record, lines, sentence) + marker.end
            # windows-1258 has the tones as letters of their own.
            file.write(unicodedata.normalize("NFC", text) if document.coding.name == "cp1258" else text)


class _Marker:
    """Turns the records of one document into the lines of its marked copy."""

    def __init__(self, document: DelimitedDocument, *, numbered: bool = False) -> None:
        header = document.header
        self.end = _line_end(document)
        self.numbered = numbered
        self.delimiter = document.separator
        starts = "=+\\-@\r" if self.delimiter == "\t" else "=+\\-@\r\t"
        # Most lines hold nothing like a formula, which one look at the whole line tells.
        self.suspect = re.compile(rf'(?:^|["{re.escape(self.delimiter)}])[{starts}]')
        self.width = header.width
        self.header_row = document.layouts[0].header_row
        self.first_line = document.first_line
        self.title = label("names", "problems")
        self.row_title = label("names", "row")
        self.known = _position(header, self.title)
        # An extract that was mended and sent again has the column already.
        self.known_row = _position(header, self.row_title) if numbered else None

    def line(self, record: TextRecord, lines: list[str], sentence: str) -> str:
        """Return the text of a record and how to mend it, line breaks inside it as they were."""
        text = self._with_sentence(record, lines, sentence)
        if not self.numbered or self.known_row is not None or record.row < self.header_row:
            return text
        first = "" if record.row < self.first_line else str(record.row)
        return f"{self.row_title if record.row == self.header_row else first}{self.delimiter}{text}"

    def _with_sentence(self, record: TextRecord, lines: list[str], sentence: str) -> str:
        raw = self.end.join(lines)
        cells = list(record.cells)
        fits = record.sound and len(cells) == self.width
        runs = self.suspect.search(raw) is not None and any(neutralised(cell) != cell for cell in cells)
        if not record.sound:
            # Pieces of a line whose quoting is broken; they keep their quotes.
            text = self.delimiter.join(neutralised(cell) for cell in cells)
        elif runs or (fits and not (self.known is None and self.known_row is None)):
            if fits and record.row >= self.first_line:
                if self.known is not None:
                    cells[self.known] = sentence
                if self.known_row is not None:
                    cells[self.known_row] = str(record.row)
            text = self.delimiter.join(self._quoted(neutralised(cell)) for cell in cells)
            text = text.replace("\n", self.end)
        else:
            text = raw
        if fits and self.known is not None:
            return text
        if record.row == self.header_row:
            return text + self.delimiter * (self.width - len(cells) + 1) + self._quoted(self.title)
        if sentence:
            return f'{text}{self.delimiter}"{sentence.replace(chr(34), chr(34) * 2)}"'
        return text + self.delimiter if fits and record.row >= self.header_row else text

    def _quoted(self, cell: str) -> str:
        if any(character in cell for character in (self.delimiter, '"', "\n", "\r")):
            return '"' + cell.replace('"', '""') + '"'
        return cell


def _records(document: DelimitedDocument) -> Iterator[tuple[TextRecord, list[str]]]:
    """Yield every record of the file, the lines above the table too, as the reader sees them."""
    carried: list[str] = []
    for block in line_blocks(document.path, document.coding):
        lines = carried + block.lines
        pairs, used = _grouped(document, lines, block.first - len(carried), block.last)
        carried = lines[used:]
        yield from pairs


def _chosen_records(
    document: DelimitedDocument, to_mend: Iterator[tuple[int, str]]
) -> Iterator[tuple[TextRecord, list[str], str]]:
    """Yield the records above the table and of its header, and those that begin in some of its rows.

    The lines between are only counted, so that a large file takes little longer than its reading.

    Args:
        document: The file.
        to_mend: The rows, rising, each with how to mend it.
    """
    carried: list[str] = []
    row, sentence = next(to_mend, _NO_ROW)
    for block in line_blocks(document.path, document.coding):
        lines = carried + block.lines
        first = block.first - len(carried)
        if first == 1:
            for record, own in _grouped(document, lines[: document.first_line - 1], first, last=True)[0]:
                yield record, own, ""
        carried = []
        while first <= row < first + len(lines):
            following = lines[row - first :][:MAX_RECORD_LINES]
            if len(following) < MAX_RECORD_LINES and not block.last:
                carried = lines[row - first :]  # Its end may stand in the next block.
                break
            pairs, _ = _grouped(document, following[:1], row, last=False)
            yield *(pairs or _grouped(document, following, row, last=True)[0])[0], sentence
            row, sentence = next(to_mend, _NO_ROW)


def _grouped(
    document: DelimitedDocument, lines: list[str], first: int, last: bool
) -> tuple[list[tuple[TextRecord, list[str]]], int]:
    """Return the records of some lines, each with its own, and how many lines they used."""
    records, used = read_records(lines, first, document.separator, last, document.header.width)
    ends = [*(record.row for record in records[1:]), first + used]
    return [
        (record, lines[record.row - first : end - first]) for record, end in zip(records, ends, strict=False)
    ], used


def _position(header: Header, title: str) -> int | None:
    """Return where a header text stands that is none of the contract's."""
    return next((at for at, text in header.unknown.items() if fold(text) == fold(title)), None)


def _line_end(document: DelimitedDocument) -> str:
    if document.coding.newline == "\r":
        return "\r"
    with document.path.open("rb") as file:
        file.seek(document.coding.start)
        head = file.read(_HEAD_BYTES).decode(document.coding.name, errors="replace")
    return "\r\n" if "\r\n" in head else "\n"
