"""Compiles a suite into polars expressions that decide every row exactly as Great Expectations would.

A row rule becomes one expression: True where the row fails, False where it passes, null where the rule does
not look at it (row condition, `ignore_row_if`, a missing value). All of them are evaluated in one select. A
uniqueness rule becomes the rows and columns whose combinations must not repeat in the file, a file rule the
figures to gather. What an expectation means is taken from Great Expectations on pandas;
tests/unit/quality/test_conformance.py proves it for every expectation and option.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from dxpipeline.contracts import Kind
from dxpipeline.quality.conditions import compile_condition
from dxpipeline.quality.kinds import EVERY_ROW, literal_fits
from dxpipeline.quality.suite import Rule, Suite, SuiteError
from dxpipeline.quality.terms import Terms


@dataclass(frozen=True)
class RowRule:
    """A rule that looks at one row.

    Attributes:
        rule: The rule.
        applies: Boolean, never null: the rows that count as elements of the rule.
        failed: Boolean: True where the row fails, False where it passes, null where it is not looked at.
    """

    rule: Rule
    applies: pl.Expr
    failed: pl.Expr


@dataclass(frozen=True)
class UniqueRule:
    """A rule that looks for repeated keys in the whole file.

    Attributes:
        rule: The rule.
        applies: Boolean, never null: the rows that count as elements of the rule.
        looked_at: Boolean, never null: the rows among which keys must not repeat.
        key: The values of the key, one expression a column; missing values equal each other.
    """

    rule: Rule
    applies: pl.Expr
    looked_at: pl.Expr
    key: tuple[pl.Expr, ...]


@dataclass(frozen=True)
class FileRule:
    """A rule over figures of the whole file.

    Attributes:
        rule: The rule.
        applies: Boolean, never null: the rows that count.
        values: The column's values; None for a rule over the table.
    """

    rule: Rule
    applies: pl.Expr
    values: pl.Expr | None


@dataclass(frozen=True)
class CompiledSuite:
    """A suite ready to decide."""

    suite: Suite
    row_rules: tuple[RowRule, ...]
    unique_rules: tuple[UniqueRule, ...]
    file_rules: tuple[FileRule, ...]

    def elements(self, rows: pl.DataFrame) -> dict[str, int]:
        """Count the elements of every row rule.

        Args:
            rows: As for `failures`.

        Returns:
            Rule id -> number of its elements, for every row rule.
        """
        counts = dict.fromkeys((compiled.rule.id for compiled in self.row_rules), rows.height)
        # Most rules apply to every row: their count needs no expression.
        some = [compiled for compiled in self.row_rules if compiled.applies is not EVERY_ROW]
        if some:
            applies = rows.select(compiled.applies.sum().alias(compiled.rule.id) for compiled in some)
            counts |= applies.row(0, named=True)
        return counts

    def failures(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Decide every row rule for every row in one pass.

        Args:
            rows: The typed columns of the contract and its derived columns, any number of rows.

        Returns:
            One Boolean column a row rule, named by the rule's id: True failed, False passed, null not looked
            at; in the order of the rows.
        """
        if not self.row_rules:
            return pl.DataFrame()
        return rows.select(compiled.failed.alias(compiled.rule.id) for compiled in self.row_rules)


def compile_suite(suite: Suite, kinds: Mapping[str, Kind]) -> CompiledSuite:
    """Compile every rule of a suite.

    Args:
        suite: The loaded suite.
        kinds: Kind of every column of the contract and of its derived columns.

    Raises:
        SuiteError: A rule does not fit the kinds of its columns, or the two engines read it differently.
    """
    row_rules: list[RowRule] = []
    unique_rules: list[UniqueRule] = []
    file_rules: list[FileRule] = []
    for rule in suite.rules:
        terms = Terms(rule, kinds, f"{suite.path.name}, {rule.id}")
        condition = compile_condition(rule.kwargs.get("row_condition"), kinds, terms.place)
        if rule.scope == "row":
            applies, failed = _ROW_RULES[rule.type](terms)
            applies = _both(condition, applies)
            if applies is not EVERY_ROW:
                failed = pl.when(applies).then(failed).otherwise(None)
            row_rules.append(RowRule(rule, applies, failed))
        elif rule.scope == "unique":
            considered, looked_at, key = _UNIQUE_RULES[rule.type](terms)
            unique_rules.append(UniqueRule(rule, condition & considered, condition & looked_at, key))
        else:
            file_rules.append(FileRule(rule, condition, _file_values(terms)))
    return CompiledSuite(suite, tuple(row_rules), tuple(unique_rules), tuple(file_rules))


def _both(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Return the rows of two conditions; `EVERY_ROW` itself where both are it."""
    if one is EVERY_ROW:
        return other
    return one if other is EVERY_ROW else one & other


_Decided = tuple[pl.Expr, pl.Expr]
"""The rows that count as elements, and whether one fails."""

_PAIR_ROWS: Mapping[str, Callable[[list[pl.Expr]], pl.Expr]] = {
    "both_values_are_missing": pl.any_horizontal,
    "either_value_is_missing": pl.all_horizontal,
    "neither": lambda present: EVERY_ROW,
}
_GROUP_ROWS: Mapping[str, Callable[[list[pl.Expr]], pl.Expr]] = {
    "all_values_are_missing": pl.any_horizontal,
    "any_value_is_missing": pl.all_horizontal,
    "never": lambda present: EVERY_ROW,
}


def _not_null(terms: Terms) -> _Decided:
    (value,) = terms.values()
    return EVERY_ROW, value.is_null()


def _null(terms: Terms) -> _Decided:
    (value,) = terms.values()
    return EVERY_ROW, value.is_not_null()


def _between(terms: Terms) -> _Decided:
    (value,) = terms.values()
    return EVERY_ROW, ~terms.between(value, terms.one_kind("integer", "number", "date"))


def _in_set(terms: Terms) -> _Decided:
    (value,) = terms.values()
    kind = terms.one_kind("text", "integer", "number", "boolean")
    return EVERY_ROW, ~value.is_in(terms.listed("value_set", kind))


def _not_in_set(terms: Terms) -> _Decided:
    applies, failed = _in_set(terms)
    return applies, ~failed


def _matches(terms: Terms, argument: str) -> pl.Expr:
    terms.one_kind("text")
    (value,) = terms.values()
    match_on = terms.kwargs.get("match_on", "any")
    if match_on not in ("any", "all"):
        raise SuiteError(f"{terms.place}: match_on is {match_on!r}; write any or all.")
    found = [value.str.contains(pattern) for pattern in terms.patterns(argument)]
    return pl.any_horizontal(found) if match_on == "any" else pl.all_horizontal(found)


def _lengths_between(terms: Terms) -> _Decided:
    terms.one_kind("text")
    (value,) = terms.values()
    for bound in (terms.kwargs.get("min_value"), terms.kwargs.get("max_value")):
        if bound is not None and not literal_fits(bound, "integer"):
            raise SuiteError(f"{terms.place}: a bound is {bound!r}; a length is a whole number.")
    return EVERY_ROW, ~terms.between(value.str.len_chars().cast(pl.Int64), "integer")


def _lengths_equal(terms: Terms) -> _Decided:
    terms.one_kind("text")
    (value,) = terms.values()
    if not literal_fits(terms.kwargs["value"], "integer"):
        raise SuiteError(f"{terms.place}: value is {terms.kwargs['value']!r}; a length is a whole number.")
    return EVERY_ROW, value.str.len_chars() != terms.kwargs["value"]


def _pair_greater(terms: Terms) -> _Decided:
    terms.comparable("integer", "number", "date")
    larger, smaller = terms.values()
    holds = larger >= smaller if terms.flag("or_equal") else larger > smaller
    # A comparison with a missing value holds for nobody.
    return terms.not_ignored("both_values_are_missing", _PAIR_ROWS), ~holds.fill_null(False)


def _pair_equal(terms: Terms) -> _Decided:
    terms.comparable("text", "integer", "number", "date", "boolean")
    one, other = terms.values()
    return terms.not_ignored("both_values_are_missing", _PAIR_ROWS), ~(one == other).fill_null(False)


def _pair_in_set(terms: Terms) -> _Decided:
    kinds = [terms.kind(name, "text", "integer", "number", "boolean") for name in terms.operands]
    pairs = terms.kwargs["value_pairs_set"]
    fits = isinstance(pairs, list) and all(
        isinstance(pair, list)
        and len(pair) == 2
        and all(one is None or literal_fits(one, kind) for one, kind in zip(pair, kinds, strict=True))
        for pair in pairs
    )
    if not fits or not pairs:
        raise SuiteError(
            f"{terms.place}: value_pairs_set must list pairs of a value of {' and of '.join(kinds)}."
        )
    values = terms.values()
    allowed = [
        pl.all_horizontal(value.eq_missing(pl.lit(one)) for value, one in zip(values, pair, strict=True))
        for pair in pairs
    ]
    return terms.not_ignored("both_values_are_missing", _PAIR_ROWS), ~pl.any_horizontal(allowed)


def _sum_equal(terms: Terms) -> _Decided:
    # Sums of floats depend on the order of adding; a derived difference with bounds says it better.
    terms.one_kind("integer")
    total = terms.kwargs["sum_total"]
    if not literal_fits(total, "number"):
        raise SuiteError(f"{terms.place}: sum_total is {total!r}; write a number.")
    added = pl.sum_horizontal(terms.values(), ignore_nulls=False)
    return terms.not_ignored("all_values_are_missing", _GROUP_ROWS), (added != pl.lit(total)).fill_null(True)


def _all_equal(terms: Terms) -> _Decided:
    terms.one_kind("text", "integer", "number", "date", "boolean")
    first, *others = terms.values()
    equal = pl.all_horizontal(first.eq_missing(other) for other in others)
    return terms.not_ignored("all_values_are_missing", _GROUP_ROWS), ~equal


def _all_different(terms: Terms) -> _Decided:
    terms.one_kind("text", "integer", "number", "date", "boolean")
    same = [one.eq_missing(other) for one, other in itertools.combinations(terms.values(), 2)]
    return terms.not_ignored("all_values_are_missing", _GROUP_ROWS), pl.any_horizontal(same)


def _skipping_nulls(build: Callable[[Terms], _Decided]) -> Callable[[Terms], _Decided]:
    """Make a rule over one column pass over missing values, which still count as elements."""

    def built(terms: Terms) -> _Decided:
        applies, failed = build(terms)
        (value,) = terms.values()
        return applies, pl.when(value.is_not_null()).then(failed).otherwise(None)

    return built


_ROW_RULES: Mapping[str, Callable[[Terms], _Decided]] = {
    "expect_column_values_to_not_be_null": _not_null,
    "expect_column_values_to_be_null": _null,
    "expect_column_values_to_be_between": _skipping_nulls(_between),
    "expect_column_values_to_be_in_set": _skipping_nulls(_in_set),
    "expect_column_values_to_not_be_in_set": _skipping_nulls(_not_in_set),
    "expect_column_values_to_match_regex": _skipping_nulls(
        lambda terms: (EVERY_ROW, ~_matches(terms, "regex"))
    ),
    "expect_column_values_to_not_match_regex": _skipping_nulls(
        lambda terms: (EVERY_ROW, _matches(terms, "regex"))
    ),
    "expect_column_values_to_match_regex_list": _skipping_nulls(
        lambda terms: (EVERY_ROW, ~_matches(terms, "regex_list"))
    ),
    "expect_column_values_to_not_match_regex_list": _skipping_nulls(
        lambda terms: (EVERY_ROW, _matches(terms, "regex_list"))
    ),
    "expect_column_value_lengths_to_be_between": _skipping_nulls(_lengths_between),
    "expect_column_value_lengths_to_equal": _skipping_nulls(_lengths_equal),
    "expect_column_pair_values_a_to_be_greater_than_b": _pair_greater,
    "expect_column_pair_values_to_be_equal": _pair_equal,
    "expect_column_pair_values_to_be_in_set": _pair_in_set,
    "expect_multicolumn_sum_to_equal": _sum_equal,
    "expect_multicolumn_values_to_be_equal": _all_equal,
    "expect_select_column_values_to_be_unique_within_record": _all_different,
}

_Unique = tuple[pl.Expr, pl.Expr, tuple[pl.Expr, ...]]


def _unique(terms: Terms) -> _Unique:
    terms.one_kind("text", "integer", "number", "date", "boolean")
    (value,) = terms.values()
    return EVERY_ROW, value.is_not_null(), (value,)


def _compound_unique(terms: Terms) -> _Unique:
    for name in terms.operands:
        terms.kind(name, "text", "integer", "number", "date", "boolean")
    rows = terms.not_ignored("all_values_are_missing", _GROUP_ROWS)
    return rows, rows, tuple(terms.values())


_UNIQUE_RULES: Mapping[str, Callable[[Terms], _Unique]] = {
    "expect_column_values_to_be_unique": _unique,
    "expect_compound_columns_to_be_unique": _compound_unique,
}

_SCALAR: tuple[Kind, ...] = ("text", "integer", "number", "date", "boolean")
_COUNTED = (
    "expect_column_unique_value_count_to_be_between",
    "expect_column_proportion_of_unique_values_to_be_between",
    "expect_column_proportion_of_non_null_values_to_be_between",
)


def _file_values(terms: Terms) -> pl.Expr | None:
    """Check a file rule's arguments and return the values it gathers."""
    equal = "value" in terms.kwargs
    limits: Sequence[Any] = [terms.kwargs["value"]] if equal else terms.bounds("number")
    if "_count_" in terms.type and not all(
        limit is None or literal_fits(limit, "integer") for limit in limits
    ):
        # Great Expectations would cut off the fraction.
        raise SuiteError(f"{terms.place}: a count is a whole number; mend its limits.")
    terms.flag("strict_min")
    terms.flag("strict_max")
    if terms.operands:
        terms.one_kind(*(_SCALAR if terms.type in _COUNTED else ("integer", "number")))
    return terms.values()[0] if terms.operands else None
