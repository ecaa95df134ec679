"""Indicators and targets as they are shown in a terminal."""

from __future__ import annotations

from typing import Any

from dxpipeline.indicators.tables import indicators_table, progress_table

TARGET: dict[str, Any] = {
    "document": "DT-2021-02-25",
    "indicator_code": "RD_FTE_10K",
    "name_vi": "Cán bộ nghiên cứu và phát triển",
    "period": "2022",
    "vintage": "reported",
    "value": 4.6,
    "unit_vi": "người/vạn dân",
    "baseline": 3.5,
    "target_value": 7.0,
    "target_year": 2025,
    "status": "not_reached",
    "progress_pct": 31.428,
    "required_pace": 0.788,
    "observed_pace": 0.356,
    "projected_value": 5.589,
    "projected_low": 4.264,
    "projected_high": 6.914,
    "projection_method": "linear-trend",
    "verdict": "out_of_reach",
}
NOTHING = dict.fromkeys(TARGET)


def cells(text: str) -> list[list[str]]:
    """Return the cells of the lines under the header."""
    return [[cell.strip() for cell in line.split("  ") if cell] for line in text.splitlines()[2:]]


def test_indicators_stand_beside_their_targets() -> None:
    assert cells(indicators_table([TARGET])) == [
        [
            "RD_FTE_10K",
            "Cán bộ nghiên cứu và phát triển",
            "2022",
            "reported",
            "4.6",
            "người/vạn dân",
            "3.5",
            "7 (2025)",
            "not_reached",
        ]
    ]


def test_progress_is_shown_of_targets_only() -> None:
    assert cells(progress_table([TARGET, {**TARGET, "document": None}])) == [
        [
            "DT-2021-02-25",
            "RD_FTE_10K",
            "2022",
            "4.6",
            "7 (2025)",
            "31.43",
            "0.79",
            "0.36",
            "5.59 (4.26 to 6.91)",
            "out_of_reach",
            "linear-trend",
        ]
    ]


def test_a_projection_without_an_interval_and_a_bound_are_told_apart() -> None:
    alone = {**TARGET, "projected_low": None, "projected_high": None}
    bound = {**TARGET, "projected_value": None, "projected_low": None, "projected_high": 13.8}
    neither = {**alone, "projected_value": None}
    assert [row[8] for row in cells(progress_table([alone, bound]))] == ["5.59", "at most 13.8"]
    assert cells(progress_table([neither]))[0][8] == "out_of_reach"


def test_a_target_without_a_number_or_a_value_has_a_line() -> None:
    line = {**NOTHING, "document": "DT", "indicator_code": "OPS_FULL", "target_year": 2025}
    line |= {"verdict": "no_data", "projection_method": "no-target-value"}
    assert cells(progress_table([line])) == [["DT", "OPS_FULL", "? (2025)", "no_data", "no-target-value"]]


def test_the_lines_of_progress_fit_into_a_terminal_of_160_columns() -> None:
    long = {**TARGET, "indicator_code": "RD_HEADCOUNT_10K", "projection_method": "single-point-bound"}
    assert max(map(len, progress_table([long]).splitlines())) <= 160
