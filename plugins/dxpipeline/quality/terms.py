"""The arguments of one rule, read and checked against the kinds of its columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import polars as pl

from dxpipeline.contracts import Kind
from dxpipeline.quality.kinds import MOST_EXACT, literal_fits, typed_list, value_expression
from dxpipeline.quality.patterns import UnportablePattern, for_polars
from dxpipeline.quality.suite import Rule, SuiteError


class Terms:
    """What the compiler asks about a rule; every answer that does not fit raises a SuiteError.

    Args:
        rule: The rule.
        kinds: Kind of every column.
        place: The file and the rule, for messages.
    """

    def __init__(self, rule: Rule, kinds: Mapping[str, Kind], place: str) -> None:
        self.kwargs = rule.kwargs
        self.type = rule.type
        self.operands = rule.operands
        self.place = place
        self._kinds = kinds

    def kind(self, name: str, *allowed: Kind) -> Kind:
        """Return the kind of a column; refuse it where it is none of those allowed."""
        kind = self._kinds[name]
        if kind not in allowed:
            raise SuiteError(
                f"{self.place}: {name} is of kind {kind}; this expectation takes {', '.join(allowed)}."
            )
        return kind

    def one_kind(self, *allowed: Kind) -> Kind:
        """Return the kind that all columns of the rule share."""
        kinds = {self.kind(name, *allowed) for name in self.operands}
        if len(kinds) > 1:
            raise SuiteError(
                f"{self.place}: its columns are of the kinds {', '.join(sorted(kinds))}; compare alike."
            )
        return kinds.pop()

    def comparable(self, *allowed: Kind) -> None:
        """Refuse a pair of columns that cannot be compared: the same kind, or both numeric."""
        kinds = {self.kind(name, *allowed) for name in self.operands}
        if len(kinds) > 1 and kinds != {"integer", "number"}:
            raise SuiteError(
                f"{self.place}: its columns are of the kinds {', '.join(sorted(kinds))}; compare alike."
            )

    def values(self) -> list[pl.Expr]:
        """Return the values of the rule's columns."""
        return [value_expression(name, self._kinds[name]) for name in self.operands]

    def listed(self, argument: str, kind: Kind) -> list[Any]:
        """Return an argument that is a list of values of one kind."""
        values = self.kwargs[argument]
        if (
            not isinstance(values, list)
            or not values
            or not all(literal_fits(value, kind) for value in values)
        ):
            raise SuiteError(
                f"{self.place}: {argument} must be a list of values of kind {kind}, at least one."
            )
        return typed_list(values, kind)

    def flag(self, argument: str) -> bool:
        """Return an argument that is true, false or absent."""
        value = self.kwargs.get(argument)
        if value is not None and not isinstance(value, bool):
            raise SuiteError(f"{self.place}: {argument} is {value!r}; write true or false.")
        return bool(value)

    def patterns(self, argument: str) -> list[str]:
        """Return one or several regular expressions on which all engines agree."""
        given = self.kwargs[argument]
        patterns: list[str] = given if isinstance(given, list) else [given]
        if not patterns or isinstance(given, list) != (argument == "regex_list"):
            raise SuiteError(
                f"{self.place}: {argument} is {given!r}; write a pattern, for a list at least one."
            )
        try:
            return [for_polars(pattern) for pattern in patterns]
        except UnportablePattern as reason:
            raise SuiteError(f"{self.place}: {argument} {given!r} cannot be used: {reason}.") from reason

    def bounds(self, kind: Kind) -> tuple[Any, Any]:
        """Return min_value and max_value; at least one is given and they are in order."""
        low, high = (self._bound(argument, kind) for argument in ("min_value", "max_value"))
        if low is None and high is None:
            raise SuiteError(f"{self.place}: gives neither min_value nor max_value; give one.")
        if low is not None and high is not None and low > high:
            raise SuiteError(f"{self.place}: min_value {low} is above max_value {high}; put them in order.")
        return low, high

    def between(self, value: pl.Expr, kind: Kind) -> pl.Expr:
        """Return whether a value lies within the rule's bounds."""
        low, high = self.bounds(kind)
        tests = []
        if low is not None:
            tests.append(value > pl.lit(low) if self.flag("strict_min") else value >= pl.lit(low))
        if high is not None:
            tests.append(value < pl.lit(high) if self.flag("strict_max") else value <= pl.lit(high))
        return pl.all_horizontal(tests)

    def not_ignored(self, default: str, choices: Mapping[str, Callable[[list[pl.Expr]], pl.Expr]]) -> pl.Expr:
        """Return the rows which `ignore_row_if` leaves."""
        chosen = self.kwargs.get("ignore_row_if", default)
        if chosen not in choices:
            raise SuiteError(f"{self.place}: ignore_row_if is {chosen!r}; write one of {', '.join(choices)}.")
        return choices[chosen]([value.is_not_null() for value in self.values()])

    def _bound(self, argument: str, kind: Kind) -> Any:
        bound = self.kwargs.get(argument)
        if bound is None:
            return None
        if kind == "date":
            # Great Expectations reads a bare date as one that it then cannot compare.
            try:
                moment = datetime.fromisoformat(bound) if "T" in bound else None
            except (TypeError, ValueError):
                moment = None
            if moment is None or moment.tzinfo is not None or moment.time() != datetime.min.time():
                raise SuiteError(
                    f"{self.place}: {argument} is {bound!r}; write a date as 2021-02-05T00:00:00."
                )
            return moment.date()
        # A bound may have a fraction even where the column has none.
        if not literal_fits(bound, "number"):
            raise SuiteError(f"{self.place}: {argument} is {bound!r}; write a number up to {MOST_EXACT}.")
        return bound
