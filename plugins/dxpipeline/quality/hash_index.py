"""Remembers the keys of a file by their hashes, block by block, with 16 bytes a key.

Every key is a 64-bit hash with one whole number, kept in sorted runs that are merged as they grow; each part
of the hashes by their first digits has runs of its own, so that merging takes but a part of the memory once
more. Two different keys are taken for one with a probability of n²/2⁶⁵: one in three million for 3.6 million
rows. In a large file a bit for the first digits of each hash (8 MB) says of most new keys that no run needs a
search.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]
Runs = list[tuple[Hashes, Places]]

UNSEEN: Final = -1
"""What `HashIndex.add` tells of a key that no earlier block had."""

_SEED = 20210225
_PART_BITS = 4  # more parts cost CPU, fewer memory
_PART_STARTS = np.arange(2**_PART_BITS, dtype=np.uint64) << np.uint64(64 - _PART_BITS)
_FILTER_BITS = 26
_FILTERED = 100_000  # keys from which the filter is worth its memory
_MERGED = 4  # runs of like size that become one: every key is moved log₄ n times


def hash_keys(keys: pl.DataFrame) -> Hashes:
    """Return the 64-bit hash of each row of a frame; missing values equal each other."""
    hashes: Hashes = keys.hash_rows(seed=_SEED).to_numpy()
    return hashes


class HashIndex:
    """The keys seen so far, each with one number: that of its first row, or the largest of all its rows.

    Args:
        largest: Whether a larger number takes the place of the one that is known.
    """

    def __init__(self, *, largest: bool = False) -> None:
        self._largest = largest
        self._parts: list[Runs] = [[] for _ in _PART_STARTS]
        self._filter: npt.NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        """Return the number of different keys."""
        return sum(len(hashes) for hashes, _ in itertools.chain.from_iterable(self._parts))

    def add(self, hashes: Hashes, places: Places) -> Places:
        """Take in the keys of a block.

        Args:
            hashes: Hash of each row's key; may repeat.
            places: Number of each row, not negative.

        Returns:
            For each row the number that earlier blocks left with its key, `UNSEEN` where it is new.
        """
        before = np.full(len(hashes), UNSEEN, dtype=np.int64)
        if not len(hashes):
            return before
        # The number to keep comes first. In order, the searches find their neighbours in the cache.
        order = in_order(hashes, -places if self._largest else np.arange(len(places)))
        hashes, places = hashes[order], places[order]
        first = np.append(True, hashes[1:] != hashes[:-1])
        if first.all():
            before[order] = self.add_ordered(hashes, places)
        else:
            group = np.cumsum(first) - 1
            before[order] = self.add_ordered(hashes[first], places[first])[group]
        return before

    def add_ordered(self, hashes: Hashes, places: Places) -> Places:
        """Take in the keys of a block that is in order already.

        Args:
            hashes: Hash of each row's key, ascending, none twice.
            places: Number of each row, not negative.

        Returns:
            As `add`.
        """
        before = np.full(len(hashes), UNSEEN, dtype=np.int64)
        candidates = self._perhaps_known(hashes)
        for runs, part in self._by_part(hashes[candidates]):
            looked_up = candidates[part]
            for run, run_places in runs:
                found = np.searchsorted(run, hashes[looked_up])
                found[found == len(run)] = 0
                known = run[found] == hashes[looked_up]
                at, rows = found[known], looked_up[known]
                before[rows] = run_places[at]
                if self._largest:
                    run_places[at] = np.maximum(run_places[at], places[rows])
        fresh = before == UNSEEN
        if fresh.all():
            self._keep(hashes, places)
        elif fresh.any():
            self._keep(hashes[fresh], places[fresh])
        return before

    def _perhaps_known(self, hashes: Hashes) -> npt.NDArray[np.intp]:
        """Return the positions of the keys that an earlier block may have had."""
        if self._filter is None:
            return np.arange(len(hashes))
        byte, bit = _filter_place(hashes)
        return np.flatnonzero(self._filter[byte] & bit)

    def _keep(self, hashes: Hashes, places: Places) -> None:
        for runs, part in self._by_part(hashes):
            runs.append((hashes[part], places[part]))
            _merge(runs)
        if self._filter is not None:
            _note(hashes, self._filter)
        elif len(self) >= _FILTERED:
            self._filter = np.zeros(2**_FILTER_BITS // 8, dtype=np.uint8)
            for run, _ in itertools.chain.from_iterable(self._parts):
                _note(run, self._filter)

    def _by_part(self, ordered: Hashes) -> Iterator[tuple[Runs, slice]]:
        """Yield the runs of each part that has some of the keys, and where these stand."""
        edges = [*np.searchsorted(ordered, _PART_STARTS).tolist(), len(ordered)]
        for runs, (begin, end) in zip(self._parts, itertools.pairwise(edges), strict=True):
            if begin < end:
                yield runs, slice(begin, end)


def _merge(runs: Runs) -> None:
    """Merge the last runs of a part while they are of like size, which keeps the work at n·log(n) in all."""
    while len(runs) >= _MERGED and len(runs[-_MERGED][0]) <= 2 * len(runs[-1][0]):
        merged = runs[-_MERGED:]
        del runs[-_MERGED:]
        hashes = np.concatenate([run for run, _ in merged])
        order = np.argsort(hashes)
        runs.append((hashes[order], np.concatenate([run for _, run in merged])[order]))


def _note(hashes: Hashes, seen: npt.NDArray[np.uint8]) -> None:
    """Note keys in the order of their hashes."""
    byte, bit = _filter_place(hashes)
    starts = np.flatnonzero(np.append(True, byte[1:] != byte[:-1]))
    seen[byte[starts]] |= np.bitwise_or.reduceat(bit, starts)


def _filter_place(hashes: Hashes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Return the byte of the filter that speaks of each key, and its bit therein."""
    first_digits = (hashes >> np.uint64(64 - _FILTER_BITS)).astype(np.int64)
    return first_digits >> 3, np.left_shift(np.uint8(1), (first_digits & 7).astype(np.uint8))


def in_order(hashes: Hashes, ranks: Places) -> npt.NDArray[np.intp]:
    """Order rows by hash, and rows of one hash by their rank."""
    order = np.argsort(hashes)
    ordered = hashes[order]
    same = ordered[1:] == ordered[:-1]
    if same.any():
        # Few repeat: sorting all by two keys would take ten times as long.
        repeating = np.append(same, False) | np.append(False, same)
        rows = order[repeating]
        order[repeating] = rows[np.lexsort((ranks[rows], hashes[rows]))]
    return order
