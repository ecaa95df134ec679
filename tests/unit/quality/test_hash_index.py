"""Keys are remembered over the blocks of a file, each with its first or its largest number."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest.mock import patch

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dxpipeline.quality import hash_index
from dxpipeline.quality.hash_index import UNSEEN, HashIndex, hash_keys


@contextmanager
def traced() -> Iterator[Callable[[], int]]:
    """Yield what tells the most memory that Python and numpy held since, in bytes."""
    tracemalloc.start()
    try:
        yield lambda: tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


ROWS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 99)), max_size=8)


@pytest.mark.parametrize("filtered_from", [0, 10**9])
@pytest.mark.parametrize("largest", [False, True])
@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(blocks=st.lists(ROWS, max_size=12))
def test_each_row_learns_what_earlier_blocks_left_with_its_key(
    largest: bool, filtered_from: int, blocks: list[list[tuple[int, int]]]
) -> None:
    index = HashIndex(largest=largest)
    kept: dict[int, int] = {}
    for block in blocks:
        hashes = np.array([key * 2**59 for key, _ in block], dtype=np.uint64)
        numbers = np.array([number for _, number in block], dtype=np.int64)
        with patch.object(hash_index, "_FILTERED", filtered_from):
            before = index.add(hashes, numbers)
        assert before.tolist() == [kept.get(key, UNSEEN) for key, _ in block]
        for key, number in block:
            kept[key] = max(number, kept.get(key, 0)) if largest else kept.get(key, number)
    assert len(index) == len(kept)


def test_keys_with_the_same_first_digits_are_told_apart() -> None:
    index, count = HashIndex(), 150_000
    first = np.arange(count, dtype=np.uint64)
    index.add(first, np.arange(count))
    others = first + np.uint64(count)
    assert (index.add(others, np.arange(count)) == UNSEEN).all()
    assert index.add(first, np.zeros(count, dtype=np.int64)).tolist() == list(range(count))


def test_the_index_keeps_sixteen_bytes_a_key_in_few_runs_and_finds_each_again() -> None:
    index, generator = HashIndex(), np.random.default_rng(1)
    hashes = generator.permutation(np.arange(200_000, dtype=np.uint64) * np.uint64(92233720368547))
    for start in range(0, len(hashes), 1_000):
        block = hashes[start : start + 1_000]
        assert (index.add(block, np.arange(start, start + len(block))) == UNSEEN).all()
    assert len(index) == len(hashes)
    assert max(len(runs) for runs in index._parts) <= 16
    assert index.add(hashes, np.zeros(len(hashes), dtype=np.int64)).tolist() == list(range(len(hashes)))
    runs = [run for runs in index._parts for run in runs]
    assert sum(run.nbytes + places.nbytes for run, places in runs) == 16 * len(hashes)


def test_merging_takes_but_a_part_of_the_memory_once_more() -> None:
    index, generator, count = HashIndex(), np.random.default_rng(1), 2_000_000
    added = 20_000
    with traced() as peak:
        for start in range(0, count, added):
            hashes = generator.integers(0, 2**64 - 1, added, dtype=np.uint64)
            index.add(hashes, np.arange(start, start + added))
        assert len(index) > count * 0.99
        assert peak() < 1.5 * 16 * count + 2**23


def test_the_hash_of_a_key_looks_at_every_column_and_at_what_is_missing() -> None:
    keys = pl.DataFrame({"a": ["x", "x", "x", None, None], "b": [1, 2, 1, 1, 1]})
    one, other, same, missing, missing_too = hash_keys(keys).tolist()
    assert (same, missing_too) == (one, missing)
    assert len({one, other, missing}) == 3
