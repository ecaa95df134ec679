"""Indicators and targets as text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dxpipeline.console import number, table


def indicators_table(values: Sequence[Mapping[str, Any]]) -> str:
    """Lay indicator values against their targets out as a table of text."""
    header = ("indicator", "name", "period", "vintage", "value", "unit", "baseline", "target", "status")
    rows = [
        (
            value["indicator_code"],
            value["name_vi"],
            value["period"],
            value["vintage"],
            number(value["value"]),
            value["unit_vi"],
            number(value["baseline"]),
            wanted(value["target_value"], value["target_year"]),
            value["status"],
        )
        for value in values
    ]
    return table(header, rows)


def progress_table(values: Sequence[Mapping[str, Any]]) -> str:
    """Lay out what the values say of each target; paces are in units per year, the way in per cent."""
    header = (
        "document", "target", "period", "value", "wanted", "way %", "needed/yr", "so far/yr", "projected",
        "verdict", "method",
    )  # fmt: skip
    rows = [
        (
            value["document"],
            value["indicator_code"],
            value["period"],
            number(value["value"]),
            wanted(value["target_value"], value["target_year"]),
            number(value["progress_pct"]),
            number(value["required_pace"]),
            number(value["observed_pace"]),
            projected(value),
            value["verdict"],
            value["projection_method"],
        )
        for value in values
        if value["document"] is not None
    ]
    return table(header, rows)


def wanted(target_value: float | None, target_year: int | None) -> str | None:
    """Write a target with its year; None where there is none, "?" for one without a number."""
    if target_year is None:
        return None
    return f"{number(target_value) or '?'} ({target_year})"


def projected(value: Mapping[str, Any]) -> str | None:
    """Write a projection with its interval, `5.6 (4.3 to 6.9)`, or the bound that is all that is known."""
    middle, low, high = (number(value[f"projected_{name}"]) for name in ("value", "low", "high"))
    if middle is None:
        return None if high is None else f"at most {high}"
    return middle if low is None else f"{middle} ({low} to {high})"
