"""The headers of a contract, and which columns a table's header texts fit.

Headers are compared without accents, case, punctuation and units in parentheses; a unit that counts in
another size (thousands for millions) makes it another column.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from dxpipeline.contracts import Column, Contract
from dxpipeline.text import fold

_PARENTHESES = re.compile(r"\([^)]*\)")
_SIZES = {
    # The power of ten that a folded unit counts in, the largest first.
    9: re.compile(r"\b(?:ty|ti)\b"),
    6: re.compile(r"\b(?:trieu|tr|trd|1 ?000 ?000)\b"),
    3: re.compile(r"\b(?:nghin|ngan|1 ?000)\b"),
    0: re.compile(r"\b(?:dong|vnd|d|nguoi)\b"),
}


@lru_cache(maxsize=20_000)
def fold_cell(text: str) -> str:
    """Fold the text of a cell (`dxpipeline.text.fold`)."""
    return fold(text)


@lru_cache(maxsize=20_000)
def _fold_bare(text: str) -> str:
    """Fold a header without what stands in parentheses."""
    return fold(_PARENTHESES.sub(" ", text))


@dataclass(frozen=True)
class Matching:
    """Which columns the header texts of some rows fit.

    Attributes:
        positions: Column -> position of its cells, from 0.
        duplicates: Columns that more than one text fits as well.
        other_sizes: Columns that are there only in a unit of another size.
        unknown: Texts that fit no column, by position.
    """

    positions: dict[str, int]
    duplicates: frozenset[str]
    other_sizes: frozenset[str]
    unknown: dict[int, str]


_BARE = 2
"""Rank of a header that fits without what stands in parentheses; see `HeaderIndex._candidates`."""


class HeaderIndex:
    """The headers of a contract, folded, each leading to its column."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.exact: dict[str, str] = {}
        self.bare: dict[str, str | None] = {}
        self.sizes = {column.name: {_size(header) for header in column.headers} for column in columns}
        for column in columns:
            for header in column.headers:
                self.exact.setdefault(fold(header), column.name)
                bare = _fold_bare(header)
                # Two columns that differ only in their unit cannot be told apart without it.
                self.bare[bare] = column.name if self.bare.get(bare, column.name) == column.name else None
        self.words = {word for header in (*self.exact, *self.bare) for word in header.split()}

    def may_hold(self, text: str) -> bool:
        """Say whether a cleaned text can be a header, or one of the texts that are a header together."""
        return self.words.issuperset(_fold_bare(text).split())

    def match(self, lower: Sequence[str], joined: Sequence[str]) -> Matching:
        """Assign header cells to columns.

        Args:
            lower: The lowest header text of every position.
            joined: The same with the group headers above it in front.
        """
        found: dict[str, list[tuple[int, int]]] = {}
        other_sizes: set[str] = set()
        for position, text in enumerate(lower):
            if text:
                for rank, name in enumerate(self._candidates(text, joined[position])):
                    if name is not None and rank == _BARE and self._is_of_other_size(text, name):
                        other_sizes.add(name)
                    elif name is not None:
                        found.setdefault(name, []).append((rank, position))
                        break
        positions, duplicates = {}, set()
        for name, candidates in found.items():
            best = min(candidates)
            positions[name] = best[1]
            if sum(rank == best[0] for rank, _ in candidates) > 1:
                duplicates.add(name)
        taken = set(positions.values())
        unknown = {at: text for at, text in enumerate(lower) if text and at not in taken}
        return Matching(positions, frozenset(duplicates), frozenset(other_sizes - positions.keys()), unknown)

    def _is_of_other_size(self, text: str, name: str) -> bool:
        """Say whether a header counts in thousands where its column counts in millions, and the like."""
        size, known = _size(text), self.sizes[name] - {None}
        return size is not None and bool(known) and size not in known

    def _candidates(self, text: str, joined: str) -> tuple[str | None, ...]:
        return (
            self.exact.get(fold_cell(joined)) if joined != text else None,
            self.exact.get(fold_cell(text)),
            self.bare.get(_fold_bare(text)),
        )


@cache
def header_index(contract: Contract) -> HeaderIndex:
    """Return the headers of a contract."""
    return HeaderIndex(contract.columns)


def _size(header: str) -> int | None:
    """Return the power of ten that the unit in a header's parentheses counts in; None where it names none."""
    unit = " ".join(map(fold_cell, _PARENTHESES.findall(header)))
    return next((size for size, words in _SIZES.items() if words.search(unit)), None)
