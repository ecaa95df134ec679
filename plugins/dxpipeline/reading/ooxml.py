"""What calamine does not tell about an .xlsx workbook: the date system, and cells whose formula has no value.

calamine shows a formula error and a formula saved without its result as empty cells; a clerk must hear
about both. The sheets' XML is searched as bytes, chunk by chunk; nothing in it is resolved or expanded.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from dxpipeline.reading.values import UNCALCULATED

_CHUNK = 1 << 20
_DATE_1904 = re.compile(rb"<(?:\w+:)?workbookPr\b[^>]*\bdate1904=[\"'](?:1|true)[\"']")
_SHEET = re.compile(rb"<(?:\w+:)?sheet\s[^>]*?\b\w+:id=[\"']([^\"']+)[\"']")
_RELATIONSHIP = re.compile(rb"<(?:\w+:)?Relationship\s[^>]*>")
_ATTRIBUTE = re.compile(rb"\b(Id|Target)=[\"']([^\"']*)[\"']")
_CELL = re.compile(
    rb"<(?:\w+:)?c\s(?P<attributes>[^>]*[^/>])>(?P<content>(?:(?!</(?:\w+:)?c>).)*)</(?:\w+:)?c>", re.DOTALL
)
_REFERENCE = re.compile(rb"\br=[\"']([A-Z]{1,3})(\d{1,7})[\"']")
_ERROR_TYPE = re.compile(rb"\bt=[\"']e[\"']")
_VALUE = re.compile(rb"<(?:\w+:)?v>([^<]+)</|<(?:\w+:)?is>")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")


def uses_1904_dates(path: Path) -> bool:
    """Say whether the workbook counts its days from 1904."""
    with zipfile.ZipFile(path) as archive:
        return _DATE_1904.search(archive.read("xl/workbook.xml")) is not None


def broken_formulas(path: Path, sheet: int) -> dict[int, dict[int, str]]:
    """Find the cells of one sheet whose formula has no value.

    Args:
        path: The workbook.
        sheet: The sheet's place in the workbook, from 0.

    Returns:
        Row from 0 -> column from 0 -> what the cell shows: `#REF!` and the like, or `UNCALCULATED`.
    """
    found: dict[int, dict[int, str]] = {}
    with zipfile.ZipFile(path) as archive:
        part = _sheet_part(archive, sheet)
        if part is None:
            return {}
        for xml in _chunks(archive, part):
            if not _ERROR_TYPE.search(xml) and not _FORMULA.search(xml):
                continue
            for cell in _CELL.finditer(xml):
                shown = _shown(cell["attributes"], cell["content"])
                reference = _REFERENCE.search(cell["attributes"])
                if shown is not None and reference is not None:
                    row = int(reference[2]) - 1
                    found.setdefault(row, {})[_column_index(reference[1])] = shown
    return found


def _shown(attributes: bytes, content: bytes) -> str | None:
    value = _VALUE.search(content)
    if _ERROR_TYPE.search(attributes):
        return value[1].decode("ascii", errors="replace") if value and value[1] else UNCALCULATED
    return (
        UNCALCULATED if value is None and _FORMULA.search(content) and b't="str"' not in attributes else None
    )


def _sheet_part(archive: zipfile.ZipFile, sheet: int) -> str | None:
    sheets = _SHEET.findall(archive.read("xl/workbook.xml"))
    try:
        relationships = archive.read("xl/_rels/workbook.xml.rels")
    except KeyError:
        return None
    targets: dict[bytes, bytes] = {}
    for element in _RELATIONSHIP.findall(relationships):
        attributes = dict(_ATTRIBUTE.findall(element))
        targets[attributes.get(b"Id", b"")] = attributes.get(b"Target", b"")
    if sheet >= len(sheets) or sheets[sheet] not in targets:
        return None
    target = targets[sheets[sheet]].decode("utf-8", errors="replace")
    part = target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)
    return part if part in archive.namelist() else None


def _chunks(archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """Yield a part piece by piece, each ending where a row ends."""
    rest = b""
    with archive.open(part) as file:
        while content := file.read(_CHUNK):
            content = rest + content
            end = max(content.rfind(b"</row>"), content.rfind(b":row>")) + 1
            yield content[:end]
            rest = content[end:]


def _column_index(letters: bytes) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + letter - 64
    return index - 1
