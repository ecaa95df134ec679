"""The figures of the bench of the marts: that they add up, not how good they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bench.mart_refresh import NOTHING, VIEWS, Sample, growth, main, median_samples
from bench.stored_feeds import ROWS, periods_of
from bench.synthetic_person import STATIONS

from dxpipeline.contracts import contracts


def test_the_median_of_each_figure_is_taken_by_itself() -> None:
    samples = [
        ("smart_city", Sample(0.1, 900, 3)),
        ("smart_hospitals", Sample(4.0, 1, 1)),
        ("smart_city", Sample(0.3, 100, 2)),
        ("smart_city", Sample(0.2, 500, 7)),
    ]

    assert median_samples(samples) == {
        "smart_city": {"seconds": 0.2, "pages": 500, "rows": 3},
        "smart_hospitals": {"seconds": 4.0, "pages": 1, "rows": 1},
    }


def test_growth_is_the_time_with_many_quarters_over_that_with_few_where_both_were_measured() -> None:
    few = {"smart_city": {"seconds": 0.2}, "nothing": {"seconds": 0.1}}
    many = {"smart_city": {"seconds": 0.3}, "smart_hospitals": {"seconds": 1.0}}

    assert growth(few, many) == pytest.approx({"smart_city": 1.5})


@pytest.mark.parametrize(
    ("feed", "quarters", "periods"),
    [
        ("smart_hospitals", 5, ["2021-Q1", "2021-Q2", "2021-Q3", "2021-Q4", "2022-Q1"]),
        ("digital_government", 1, ["2021-01", "2021-02", "2021-03"]),
        ("smart_city", 3, ["2021-H1", "2021-H2"]),
        ("rd_personnel", 1, ["2021"]),
        ("rd_personnel", 16, ["2021", "2022", "2023", "2024"]),
        ("plan_comments", 16, ["2021"]),
    ],
)
def test_a_feed_has_the_periods_that_begin_within_the_quarters(
    feed: str, quarters: int, periods: list[str]
) -> None:
    assert [str(period) for period in periods_of(contracts()[feed], quarters)] == periods


def test_every_feed_is_filled_and_every_round_measured(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"

    main(["--quarters", "2", "1", "--records", str(2 * STATIONS), "--rounds", "1", "--json", str(file)])

    document = json.loads(file.read_text(encoding="utf-8"))
    assert [one["quarters"] for one in document["measured"]] == [1, 2]
    for one in document["measured"]:
        snapshots = sum(
            rows * len(periods_of(contracts()[feed], one["quarters"])) for feed, rows in ROWS.items()
        )
        assert one["rows_stored"] == snapshots + one["quarters"] * 2 * STATIONS
        assert set(one["rounds"]) == {NOTHING, *contracts()}
        # What is marked is made again: at least its rows go and come.
        for feed, rows in ROWS.items():
            assert one["rounds"][feed]["rows"] >= 2 * rows, feed
        assert set(one["views"]) == set(VIEWS)
    few, many = (one["rounds"]["health_records"]["seconds"] for one in document["measured"])
    assert document["growth"]["health_records"] == pytest.approx(many / few)
