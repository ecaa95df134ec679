from __future__ import annotations

from dxpipeline.console import number, table


def test_numbers_stand_to_the_right_and_nothing_stands_for_none() -> None:
    assert table(["name", "n"], [["a", 1], ["b", 1000], ["c", None]]) == (
        "name     n\n----  ----\na        1\nb     1000\nc"
    )


def test_numbers_have_thousands_and_two_decimals() -> None:
    assert [number(value) for value in (1234.5678, 85.0, 12, None, "2021")] == [
        "1,234.57",
        "85",
        "12",
        None,
        "2021",
    ]
