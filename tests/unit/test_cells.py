"""What others wrote is text in every workbook that people are given."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from dxpipeline.cells import set_text


@pytest.mark.parametrize(
    ("text", "kept", "quoted"),
    [
        ("=1+1", "=1+1", True),
        ("+84", "+84", True),
        ("-", "-", True),
        ("@cmd", "@cmd", True),
        ("\t=1", "\t=1", True),
        ("#N/A", "#N/A", False),
        ("12", "12", False),
        ("a\x00b\x1fc", "abc", False),
        ("\x00=1+1", "=1+1", True),
    ],
)
def test_a_text_is_no_formula_number_or_error_however_it_begins(
    tmp_path: Path, text: str, kept: str, quoted: bool
) -> None:
    workbook = Workbook()
    set_text(workbook.worksheets[0]["A1"], text)
    workbook.save(tmp_path / "a.xlsx")
    cell = load_workbook(tmp_path / "a.xlsx").worksheets[0]["A1"]
    assert (cell.value, cell.data_type, cell.quotePrefix) == (kept, "s", quoted)
