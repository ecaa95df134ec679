"""Which deliveries a worker takes together: bounded by their number and by their bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dxpipeline import worklist
from dxpipeline.intake.claim import claim_ready_files
from dxpipeline.warehouse.connection import connect
from dxpipeline.worklist import batches

from .records import FEED, FOLDER

HOSPITALS = "smart_hospitals"
HOSPITALS_FOLDER = "so-y-te/smart_hospitals"


@pytest.fixture
def receive(pipeline: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, list[int]], None]:
    """Return a function that claims files of some sizes; a batch may hold ten bytes, or five files."""
    monkeypatch.setattr(worklist, "BATCH_BYTES", 10)
    monkeypatch.setattr(worklist, "BATCH", 5)

    def drop(folder: str, sizes: list[int]) -> None:
        for number, size in enumerate(sizes):
            pipeline.drop(f"{number}{'x' * size}"[:size].encode(), folder, f"{number}.csv")
        claim_ready_files(pipeline.settings, pipeline.connection)

    return drop


@pytest.mark.parametrize(
    ("sizes", "taken"),
    [([4, 5, 1, 2], 3), ([10, 1], 1), ([11, 1], 1), ([1, 11, 1], 1), ([1] * 7, 5), ([3], 1)],
)
@pytest.mark.parametrize(("feed", "folder"), [(FEED, FOLDER), (HOSPITALS, HOSPITALS_FOLDER)])
def test_a_batch_ends_where_its_files_would_be_too_many_or_too_large(
    pipeline: Any,
    receive: Callable[[str, list[int]], None],
    feed: str,
    folder: str,
    sizes: list[int],
    taken: int,
) -> None:
    receive(folder, sizes)
    unit = pipeline.deliveries()[0]["reporting_unit"]
    batch = next(batches(pipeline.connection, feed, unit, large=False))
    assert [delivery.size_bytes for delivery in batch] == sizes[:taken]


def test_what_one_worker_leaves_for_its_size_the_next_one_takes(
    pipeline: Any, receive: Callable[[str, list[int]], None]
) -> None:
    receive(FOLDER, [6, 5, 4, 3])
    with connect(pipeline.settings, autocommit=True) as other:
        first = batches(pipeline.connection, FEED, FEED, large=False)
        second = batches(other, FEED, FEED, large=False)
        taken = [[delivery.size_bytes for delivery in next(worker)] for worker in (first, second)]
    assert taken == [[6], [5, 4]]
