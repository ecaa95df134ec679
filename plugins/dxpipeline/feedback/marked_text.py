"""Marking a text file: its lines as they came, with a last column that says how to mend each row."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from dxpipeline.feedback.answer import Answer
from dxpipeline.messages import issue_sentence, label
from dxpipeline.reading.delimited import DelimitedDocument, TextRecord, open_delimited, read_records
from dxpipeline.reading.encoding import line_blocks
from dxpipeline.text import fold

_FORMULA = re.compile(r'("?)([=+\-@\t\r].*)', re.DOTALL)
_PLAIN_NUMBER = re.compile(r"[+\-]?[\d\s.,]*%?")
_HEAD_BYTES = 65_536


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
    if answer.contract is None:
        raise ValueError(f"Delivery {answer.delivery_id} has no contract, hence no table to mark.")
    document = open_delimited(source, answer.contract)
    sentences: dict[int, list[str]] = defaultdict(list)
    for issue in answer.issues:
        if issue.source_row is not None:
            sentences[issue.source_row].append(issue_sentence(answer.contract, vars(issue)))
    end = _line_end(source, document)
    marker = _Marker(document, {row: " ".join(of_row) for row, of_row in sentences.items()}, end)
    name, mark = document.coding.name, ""
    if name.startswith("utf-16"):
        mark = "\ufeff"
    else:
        # Excel takes a file without the mark for one in the machine's own old encoding.
        name = "utf-8-sig"
    with target.open("w", encoding=name, newline="") as file:
        file.write(mark)
        for record, lines in _records(document):
            text = marker.line(record, lines) + end
            # windows-1258 has the tones as letters of their own.
            file.write(unicodedata.normalize("NFC", text) if document.coding.name == "cp1258" else text)


class _Marker:
    """Turns the records of one document into the lines of its marked copy."""

    def __init__(self, document: DelimitedDocument, sentences: dict[int, str], end: str) -> None:
        header = document.header
        self.end = end
        self.delimiter = document.separator
        starts = "=+\\-@\r" if self.delimiter == "\t" else "=+\\-@\r\t"
        # Most lines hold nothing like a formula, which one look at the whole line tells.
        self.suspect = re.compile(rf'(?:^|["{re.escape(self.delimiter)}])[{starts}]')
        self.width = header.width
        self.sentences = sentences
        self.header_row = document.layouts[0].header_row
        self.first_line = document.first_line
        self.title = label("names", "problems")
        self.known = next((at for at, text in header.unknown.items() if fold(text) == fold(self.title)), None)

    def line(self, record: TextRecord, lines: list[str]) -> str:
        """Return the text of a record, line breaks inside it as they were."""
        raw = self.end.join(lines)
        sentence = self.sentences.get(record.row, "")
        cells = list(record.cells)
        fits = record.sound and len(cells) == self.width
        runs = self.suspect.search(raw) is not None and any(neutralised(cell) != cell for cell in cells)
        if not record.sound:
            # Pieces of a line whose quoting is broken; they keep their quotes.
            text = self.delimiter.join(neutralised(cell) for cell in cells)
        elif runs or (fits and self.known is not None):
            if fits and self.known is not None and record.row >= self.first_line:
                cells[self.known] = sentence
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
        first = block.first - len(carried)
        records, used = read_records(lines, first, document.separator, block.last, document.header.width)
        carried = lines[used:]
        end = first + used
        lines_of: list[list[str]] = []
        for record in reversed(records):
            lines_of.append(lines[record.row - first : end - first])
            end = record.row
        yield from zip(records, reversed(lines_of), strict=True)


def _line_end(source: Path, document: DelimitedDocument) -> str:
    if document.coding.newline == "\r":
        return "\r"
    with source.open("rb") as file:
        file.seek(document.coding.start)
        head = file.read(_HEAD_BYTES).decode(document.coding.name, errors="replace")
    return "\r\n" if "\r\n" in head else "\n"
