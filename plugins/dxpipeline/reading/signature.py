"""What the bytes of a file are. The signature decides, never the extension."""

from __future__ import annotations

import mmap
import zipfile
import zlib
from pathlib import Path
from typing import Literal

from dxpipeline.reading.model import FileRejected

FileKind = Literal["xlsx", "xls", "text"]

ARCHIVE_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, KeyError, ValueError, RuntimeError)
"""What Python raises on reading a damaged zip archive."""

_SAMPLE = 65_536
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHERS: dict[bytes, str] = {
    b"%PDF": "pdf",
    b"{\\rtf": "document",
    b"\x89PNG": "image",
    b"\xff\xd8\xff": "image",
    b"GIF8": "image",
    b"Rar!": "archive",
    b"7z\xbc\xaf": "archive",
    b"\x1f\x8b": "archive",
    b"PK\x05\x06": "archive",
}
_HTML_STARTS = tuple(
    b"<" + name for name in (b"!doctype html", b"html", b"head", b"table", b"meta", b"style", b"div", b"body")
)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-le")


def detect(path: Path) -> FileKind:
    """Say what kind of readable file this is.

    Raises:
        FileRejected: `empty-file`, or `unreadable-file` with `kind`: `encrypted`, `damaged`, `html`, `xml`,
            `xml-spreadsheet`, `ods`, `xlsb`, `document`, `presentation`, `pdf`, `image`, `archive` or
            `binary`.
    """
    with path.open("rb") as file:
        sample = file.read(_SAMPLE)
    if not sample.strip(b"\x00\t\n\r \xef\xbb\xbf\xff\xfe"):
        raise FileRejected("empty-file")
    if sample.startswith(b"PK\x03\x04"):
        return _zip_kind(path)
    if sample.startswith(_OLE2):
        return _ole2_kind(path)
    for start, kind in _OTHERS.items():
        if sample.startswith(start):
            raise FileRejected("unreadable-file", kind=kind)
    _refuse_markup(sample)
    if not sample.startswith(_UTF16) and sample.count(0) > len(sample) // 100:
        raise FileRejected("unreadable-file", kind="binary")
    return "text"


def _zip_kind(path: Path) -> FileKind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except ARCHIVE_DAMAGE as error:
        raise FileRejected("unreadable-file", kind="damaged") from error
    if "xl/workbook.xml" in names:
        return "xlsx"
    for name, kind in (
        ("xl/workbook.bin", "xlsb"),
        ("word/document.xml", "document"),
        ("ppt/presentation.xml", "presentation"),
        ("content.xml", "ods"),
    ):
        if name in names:
            raise FileRejected("unreadable-file", kind=kind)
    raise FileRejected("unreadable-file", kind="archive")


def _ole2_kind(path: Path) -> FileKind:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content.find(_utf16("EncryptedPackage")) >= 0:
            raise FileRejected("unreadable-file", kind="encrypted")
        if content.find(_utf16("Workbook")) >= 0 or content.find(_utf16("Book")) >= 0:
            return "xls"
        kind = "document" if content.find(_utf16("WordDocument")) >= 0 else "binary"
    raise FileRejected("unreadable-file", kind=kind)


def _refuse_markup(sample: bytes) -> None:
    """Refuse web pages and XML that programs save under the name .xls."""
    text = sample.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe\t\n\r ").lower()
    if not text.startswith(b"<"):
        return
    if text.startswith(_HTML_STARTS) or b"<html" in text[:2000]:
        raise FileRejected("unreadable-file", kind="html")
    if b"urn:schemas-microsoft-com:office:spreadsheet" in text[:4000]:
        raise FileRejected("unreadable-file", kind="xml-spreadsheet")
    if text.startswith(b"<?xml"):
        raise FileRejected("unreadable-file", kind="xml")
