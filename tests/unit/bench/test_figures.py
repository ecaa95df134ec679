from __future__ import annotations

import pytest
from bench import figures
from bench.figures import Bar


def test_the_median_of_each_measure_is_taken_in_the_order_of_the_first_samples() -> None:
    samples = [("b", 3.0), ("a", 1.0), ("b", 9.0), ("a", 2.0), ("b", 4.0)]

    assert figures.medians(samples) == {"b": 4.0, "a": 1.5}
    assert list(figures.medians(samples)) == ["b", "a"]


def test_a_measure_is_divided_by_its_floor_and_a_peer_by_the_first_load_a_row() -> None:
    seconds = {
        "copy_then_key": 2.0,
        "copy_into_key": 4.0,
        "first_load": 3.0,
        "upsert": 6.0,
        "same_rows": 2.0,
        "tutorial": 9.0,
    }
    rows = {**dict.fromkeys(seconds, 1_000_000), "tutorial": 100_000}

    assert figures.ratios(seconds, rows) == pytest.approx(
        {"first_load": 1.5, "upsert": 1.5, "same_rows": 0.5, "tutorial": 30.0}
    )


@pytest.mark.parametrize("alone", ["first_load", "copy_then_key", "tutorial"])
def test_what_was_measured_without_its_counterpart_has_no_ratio(alone: str) -> None:
    assert figures.ratios({alone: 2.0}, {alone: 10}) == {}


def test_the_largest_peak_of_the_pipeline_counts_and_no_one_elses() -> None:
    peaks = {"tutorial": 1700.0, "first_load": 310.0, "upsert": 350.0}

    found = figures.barred(
        {"same_bytes": 0.4, "first_load": 3.0}, peaks, {"first_load": 1.5, "duckdb_copy": 3.0}
    )

    assert found == {"first_load": 1.5, "same_bytes": 0.4, "peak_rss_mb": 350.0}


def test_nothing_measured_has_no_figure() -> None:
    assert figures.barred({}, {}, {}) == {}


@pytest.mark.parametrize(
    ("name", "figure", "bar", "goal"),
    [
        ("first_load", 1.4, True, True),
        ("first_load", 1.8, True, False),
        ("first_load", 1.81, False, False),
        ("upsert", 2.0, True, False),
        ("same_rows", 1.31, False, False),
        ("same_rows", 0.8, True, True),
        ("tutorial", 19.9, False, False),
        ("tutorial", 20.0, True, False),
        ("tutorial", 30.0, True, True),
        ("same_bytes", 1.0, True, True),
        ("same_bytes", 1.01, False, False),
        ("peak_rss_mb", 400.0, True, False),
        ("peak_rss_mb", 166.0, True, True),
        ("peak_rss_mb", 401.0, False, False),
    ],
)
def test_a_figure_at_its_limit_reaches_it(name: str, figure: float, bar: bool, goal: bool) -> None:
    assert figures.reached({name: figure}, 1_000_000) == {name: bar}
    assert figures.reached({name: figure}, 1_000_000, goal=True) == {name: goal}


def test_known_bytes_may_take_a_second_a_million_rows_and_memory_16_bytes_a_row() -> None:
    many = figures.bars(3_600_000)

    assert many["same_bytes"] == Bar(3.6, 3.6)
    assert many["peak_rss_mb"] == Bar(400, pytest.approx(207.6))
    assert figures.bars(500)["same_bytes"] == Bar(1.0, 1.0)


@pytest.mark.parametrize(("share", "expected"), [(0.5, 5), (0.9, 9), (0.91, 10), (1.0, 10), (0.01, 1)])
def test_a_percentile_is_one_of_the_values(share: float, expected: float) -> None:
    assert figures.percentile([7, 3, 10, 1, 9, 2, 8, 4, 6, 5], share) == expected


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="measure something first"):
        figures.percentile([], 0.9)
