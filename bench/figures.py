"""What samples come to: medians, ratios to the floors, and which bars they reach."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

FLOOR_OF: Mapping[str, str] = {
    "first_load": "copy_then_key",
    "upsert": "copy_into_key",
    "new_versions": "copy_into_key",
    "same_rows": "copy_into_key",
}
"""The floor that each measure of the pipeline is divided by, both over the same rows."""

PEERS = ("tutorial", "polars_pandera_adbc", "duckdb_copy")
"""Other ways to do what `first_load` does; each is divided by it, seconds a row by seconds a row."""

PIPELINE = ("first_load", "same_bytes", "same_rows", "new_versions", "upsert")

MILLION = 1_000_000


@dataclass(frozen=True)
class Bar:
    """A limit that a figure keeps, and the better one that it is to come to.

    Attributes:
        limit: The limit of the first build.
        goal: The limit wished for; the same where there is none of its own.
        at_least: Whether a larger figure is the better one.
    """

    limit: float
    goal: float
    at_least: bool = False

    def is_reached(self, figure: float, *, goal: bool = False) -> bool:
        """Say whether a figure keeps the limit, or the goal."""
        limit = self.goal if goal else self.limit
        return figure >= limit if self.at_least else figure <= limit


def bars(rows: int) -> dict[str, Bar]:
    """Return the bar of each figure for files of so many rows.

    `first_load`, `upsert`, `same_rows` and `tutorial` are ratios, `same_bytes` seconds, `peak_rss_mb`
    megabytes.
    """
    # Bytes that are known are hashed and nothing more: a second for a million rows, and in proportion above.
    same_bytes = max(1.0, rows / MILLION)
    return {
        "first_load": Bar(1.8, 1.4),
        "upsert": Bar(2.0, 1.5),
        "same_rows": Bar(1.3, 0.8),
        "tutorial": Bar(20, 30, at_least=True),
        "same_bytes": Bar(same_bytes, same_bytes),
        "peak_rss_mb": Bar(400, 150 + 16 * rows / MILLION),
    }


def medians(samples: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Return the median of the samples of each name, in the order in which the names first come."""
    by_name: dict[str, list[float]] = {}
    for name, sample in samples:
        by_name.setdefault(name, []).append(sample)
    return {name: statistics.median(values) for name, values in by_name.items()}


def ratios(seconds: Mapping[str, float], rows: Mapping[str, int]) -> dict[str, float]:
    """Divide measures by their floors and peers by the pipeline, where both were measured.

    Args:
        seconds: Median seconds of each measure.
        rows: Rows that each measure took through.
    """
    pairs = [
        *((name, name, floor) for name, floor in FLOOR_OF.items()),
        *((peer, peer, "first_load") for peer in PEERS),
    ]
    return {
        name: (seconds[above] / rows[above]) / (seconds[below] / rows[below])
        for name, above, below in pairs
        if above in seconds and seconds.get(below)
    }


def barred(
    seconds: Mapping[str, float], peaks: Mapping[str, float], found_ratios: Mapping[str, float]
) -> dict[str, float]:
    """Return the figures that have a bar: ratios, the seconds of `same_bytes`, the pipeline's peak memory.

    Args:
        seconds: Median seconds of each measure.
        peaks: Peak memory of each measure, megabytes.
        found_ratios: What `ratios` returns.
    """
    of_pipeline = [peaks[name] for name in PIPELINE if name in peaks]
    return {
        **{name: found_ratios[name] for name in bars(0) if name in found_ratios},
        **({"same_bytes": seconds["same_bytes"]} if "same_bytes" in seconds else {}),
        **({"peak_rss_mb": max(of_pipeline)} if of_pipeline else {}),
    }


def reached(figures: Mapping[str, float], rows: int, *, goal: bool = False) -> dict[str, bool]:
    """Say for each figure of `barred` whether it keeps its limit, or its goal."""
    limits = bars(rows)
    return {name: limits[name].is_reached(figure, goal=goal) for name, figure in figures.items()}


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that a share of the values does not exceed (nearest rank).

    Args:
        values: At least one.
        share: From above 0 to 1; 0.9 for the 90th percentile.

    Raises:
        ValueError: There is no value.
    """
    if not values:
        raise ValueError("There is no value to take a percentile of; measure something first.")
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)), 1) - 1]
