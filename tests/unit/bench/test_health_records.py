"""Runs the bench itself with a few rows: that its figures add up, not how good they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from bench import health_record_cases
from bench.figures import PIPELINE
from bench.health_records import ROUND, main
from bench.one_measure import Measured, Task


def figures(tmp_path: Path, *arguments: str) -> dict[str, Any]:
    file = tmp_path / "figures.json"
    main(["--rows", "300", "--json", str(file), *arguments])
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return document


def check(document: dict[str, Any], names: set[str]) -> None:
    """See that every measure has every figure, and that the ratios are those of the seconds."""
    assert document["rows"] == 300
    for kind in ("seconds", "whole_seconds", "import_seconds", "cpu_seconds", "peak_rss_mb", "samples"):
        assert set(document[kind]) == names, kind
    for name in names:
        assert document["seconds"][name] == pytest.approx(sorted(document["samples"][name])[-1], abs=0.001)
        assert document["seconds"][name] <= document["whole_seconds"][name]
        assert 0 <= document["client_cpu_seconds"][name] <= document["cpu_seconds"][name]
        assert document["peak_rss_mb"][name] > 20
    for name, ratio in document["ratios"].items():
        below = {"first_load": "copy_then_key", "upsert": "copy_into_key", "new_versions": "copy_into_key"}
        below |= {"same_rows": "copy_into_key"}
        seconds = document["seconds"]
        expected = seconds[name] / seconds[below.get(name, "first_load")]
        assert ratio == pytest.approx(expected, rel=0.1), name
    assert set(document["reached"]) == set(document["goals_reached"]) == set(document["bars"])
    barred = {
        **document["ratios"],
        "same_bytes": document["seconds"]["same_bytes"],
        "peak_rss_mb": max(peak for name, peak in document["peak_rss_mb"].items() if name in PIPELINE),
    }
    for name, is_reached in document["reached"].items():
        figure, bar = barred[name], document["bars"][name]
        assert is_reached == (figure >= bar if name == "tutorial" else figure <= bar), name


def test_the_figures_of_some_measures_add_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = {"copy_then_key", "first_load", "same_bytes", "copy_into_key", "upsert", "duckdb_copy"}
    document = figures(tmp_path, "--rounds", "1", "--only", ",".join(names))

    check(document, names)
    assert set(document["ratios"]) == {"first_load", "upsert", "duckdb_copy"}
    assert set(document["bars"]) == {"first_load", "upsert", "same_bytes", "peak_rss_mb"}
    assert set(document["machine"]) == {
        *("cpu", "cores", "memory_gb", "kernel", "python", "postgres", "load_average")
    }
    assert document["machine"]["postgres"].startswith("18.")
    printed = capsys.readouterr().out
    assert all(name in printed for name in names)


@pytest.mark.long
def test_the_figures_of_all_measures_add_up(tmp_path: Path) -> None:
    document = figures(tmp_path, "--rounds", "1")

    check(document, set(ROUND))
    assert set(document["bars"]) == {
        *("first_load", "upsert", "same_rows", "tutorial", "same_bytes", "peak_rss_mb")
    }


def test_a_measure_that_stores_other_rows_than_the_file_holds_is_no_measure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose_a_row(task: Task) -> Measured:
        found = original(task)
        return Measured(
            found.reading, found.whole, {"accepted": found.counts["accepted"] - 1}, "", found.import_seconds
        )

    original = health_record_cases.measure
    monkeypatch.setattr(health_record_cases, "measure", lose_a_row)

    with pytest.raises(health_record_cases.UnexpectedCount, match="copy_then_key: verdict ''"):
        main(["--rows", "50", "--rounds", "1", "--only", "copy_then_key"])


def test_a_measure_that_there_is_not_is_named() -> None:
    with pytest.raises(SystemExit, match="copy_it; there are copy_then_key"):
        main(["--only", "first_load,copy_it"])
