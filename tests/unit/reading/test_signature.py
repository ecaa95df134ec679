"""The bytes decide what a file is."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from dxpipeline.contracts import Contract
from dxpipeline.reading import open_document
from dxpipeline.reading.model import FileRejected
from dxpipeline.reading.signature import detect

OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
DROPS = Path(__file__).parents[2] / "data" / "drops"


def test_a_workbook_under_a_text_name_is_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "thon.csv"
    path.write_bytes(next(DROPS.rglob("*.xlsx")).read_bytes())
    assert detect(path) == "xlsx"


def test_text_under_a_workbook_name_is_text(tmp_path: Path) -> None:
    path = tmp_path / "thon.xlsx"
    path.write_bytes(b"a;b\n1;2\n")
    assert detect(path) == "text"


def test_an_old_workbook_is_known_by_its_stream(tmp_path: Path) -> None:
    path = tmp_path / "thon.xls"
    path.write_bytes(OLE2 + "Workbook".encode("utf-16-le"))
    assert detect(path) == "xls"


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\r\n \n", b"\xff\xfe"])
def test_nothing_is_an_empty_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "thon.csv"
    path.write_bytes(content)
    with pytest.raises(FileRejected) as rejected:
        detect(path)
    assert rejected.value.code == "empty-file"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"<html><table><tr><td>1</td></tr></table></html>", "html"),
        (b"\xef\xbb\xbf\r\n<!DOCTYPE html><p>", "html"),
        ("\ufeff<html>".encode("utf-16-le"), "html"),
        (
            b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
            "xml-spreadsheet",
        ),
        (b'<?xml version="1.0"?><data/>', "xml"),
        (b"%PDF-1.7\n", "pdf"),
        (b"PK\x03\x04 cut off", "damaged"),
        (OLE2 + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
        (OLE2 + "WordDocument".encode("utf-16-le"), "document"),
        (OLE2, "binary"),
        (b"\x00\x01\x02\x03" * 100, "binary"),
    ],
)
def test_other_files_are_refused_by_kind(
    tmp_path: Path, villages: Contract, content: bytes, kind: str
) -> None:
    path = tmp_path / "thon.xls"
    path.write_bytes(content)
    with pytest.raises(FileRejected) as rejected:
        open_document(path, "thôn.xls", villages)
    assert rejected.value.code == "unreadable-file"
    assert rejected.value.details == {"kind": kind, "file": "thôn.xls"}


@pytest.mark.parametrize(
    ("member", "kind"), [("word/document.xml", "document"), ("xl/workbook.bin", "xlsb"), ("a.csv", "archive")]
)
def test_other_archives_are_refused_by_kind(tmp_path: Path, member: str, kind: str) -> None:
    path = tmp_path / "thon.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, b"x")
    with pytest.raises(FileRejected) as rejected:
        detect(path)
    assert rejected.value.details["kind"] == kind


def test_a_broken_old_workbook_is_refused(tmp_path: Path, villages: Contract) -> None:
    path = tmp_path / "thon.xls"
    path.write_bytes(OLE2 + "Workbook".encode("utf-16-le") + bytes(2000))
    with pytest.raises(FileRejected) as rejected:
        open_document(path, path.name, villages)
    assert rejected.value.details["kind"] == "damaged"
