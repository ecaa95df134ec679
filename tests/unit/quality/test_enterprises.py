"""Tax codes: the check digit finds every wrong digit and every swap of two neighbours."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dxpipeline.contracts import DerivedColumn, contracts
from dxpipeline.quality.context import Context
from dxpipeline.quality.derived import derive

CONTEXT = Context(date(2021, 6, 14), date(2021, 6, 29), date(2021, 7, 10))
CONTRACT = replace(
    contracts()["st_enterprises"], derived=(DerivedColumn("made", "tax_code_valid", ("tax_code",)),)
)


def judged(*codes: str | None) -> list[bool | None]:
    frame = pl.DataFrame({"tax_code": codes}, schema={"tax_code": pl.String})
    return derive(frame, CONTRACT, CONTEXT)["made"].to_list()


def completed(nine: str) -> str | None:
    """Return nine digits with their check digit, None where no digit is one: counted anew, by hand."""
    weighted = sum(
        int(digit) * weight for digit, weight in zip(nine, (31, 29, 23, 19, 17, 13, 7, 5, 3), strict=True)
    )
    check = 10 - weighted % 11
    return None if check == 10 else f"{nine}{check}"


NINE_DIGITS = st.text("0123456789", min_size=9, max_size=9)
CODES = NINE_DIGITS.map(completed).filter(lambda code: code is not None).map(str)


@pytest.mark.parametrize(
    ("code", "valid"),
    [
        # 2·31 + 8·29 + 9·23 + 8·19 + 4·17 + 3·13 + 7·7 + 5·5 + 9·3 = 861 = 78·11 + 3; 10 − 3 = 7.
        ("2898437597", True),
        ("2898437596", False),
        ("2898437597-001", True),
        ("2898437596-001", False),
        # A sum that 11 divides leaves no check digit.
        ("0000000000", False),
        (None, None),
        ("28984375", None),
        ("28984375x7", None),
        ("", None),
    ],
)
def test_the_tenth_digit_checks_the_nine_before_it(code: str | None, valid: bool | None) -> None:
    assert judged(code) == [valid]


@given(nine=NINE_DIGITS)
def test_of_ten_last_digits_at_most_one_is_right(nine: str) -> None:
    right = [code for code in (f"{nine}{last}" for last in range(10)) if judged(code) == [True]]
    assert right == [code for code in (completed(nine),) if code is not None]


@given(code=CODES)
def test_every_wrong_digit_is_found(code: str) -> None:
    wrong = [
        f"{code[:position]}{digit}{code[position + 1 :]}"
        for position in range(10)
        for digit in "0123456789"
        if digit != code[position]
    ]
    assert judged(code) == [True]
    assert judged(*wrong) == [False] * 90


@given(code=CODES, position=st.integers(0, 8))
def test_two_neighbours_that_changed_places_are_found(code: str, position: int) -> None:
    one, other = code[position], code[position + 1]
    assume(one != other)
    assert judged(f"{code[:position]}{other}{one}{code[position + 2 :]}") == [False]


@given(code=CODES, branch=st.integers(0, 999))
def test_a_branch_is_valid_as_its_enterprise_is(code: str, branch: int) -> None:
    wrong = f"{code[:9]}{(int(code[9]) + 1) % 10}"
    assert judged(f"{code}-{branch:03d}", f"{wrong}-{branch:03d}") == [True, False]
