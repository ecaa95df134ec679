"""A feed's rules: reads and validates expectations/<feed>.json without importing Great Expectations.

The file is a suite in Great Expectations' own JSON, as `ExpectationSuite(**json)` takes it. What the
pipeline needs beyond that stands in each expectation's `severity` (`critical` or `warning`) and `meta`:
`code` (why a cell is refused), `column` (where the issue is shown), `why` (for a person) and, where two
rules of one type look at the same columns, `name`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

from dxpipeline.contracts import Contract
from dxpipeline.quality.model import Severity
from dxpipeline.settings import EXPECTATIONS

Scope = Literal["row", "unique", "file"]
"""What a rule needs to decide: one row, all rows of the file with their keys, or figures of the file."""

ROW_CODES = frozenset(
    {
        "missing-value",
        "bad-number",
        "ambiguous-number",
        "bad-date",
        "future-date",
        "after-deadline",
        "bad-format",
        "personal-number",
        "out-of-range",
        "not-in-list",
        "unknown-commune",
        "unreported-code",
        "name-mismatch",
        "duplicate-key",
        "inconsistent-total",
        "inconsistent-values",
        "ragged-row",
        "formula-error",
    }
)
"""Codes of issues in a row; include/messages has a sentence for each."""

FILE_CODES = frozenset({"no-rows", "out-of-range", "inconsistent-total", "inconsistent-values"})
"""Codes that a rule over the whole file may give."""


class SuiteError(Exception):
    """A suite is missing or cannot be used; the message names the file, the rule and what to mend."""


@dataclass(frozen=True)
class Form:
    """How an expectation is written: the arguments that name columns, and those it needs or may have."""

    scope: Scope
    columns: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()


_RANGE = ("min_value", "max_value", "strict_min", "strict_max", "row_condition")
_CONDITION = ("row_condition",)
_GROUP = ("ignore_row_if", "row_condition")
_PAIR = ("column_A", "column_B")

FORMS: Mapping[str, Form] = {
    "expect_column_values_to_not_be_null": Form("row", ("column",), (), _CONDITION),
    "expect_column_values_to_be_null": Form("row", ("column",), (), _CONDITION),
    "expect_column_values_to_be_between": Form("row", ("column",), (), _RANGE),
    "expect_column_values_to_be_in_set": Form("row", ("column",), ("value_set",), _CONDITION),
    "expect_column_values_to_not_be_in_set": Form("row", ("column",), ("value_set",), _CONDITION),
    "expect_column_values_to_match_regex": Form("row", ("column",), ("regex",), _CONDITION),
    "expect_column_values_to_not_match_regex": Form("row", ("column",), ("regex",), _CONDITION),
    "expect_column_values_to_match_regex_list": Form(
        "row", ("column",), ("regex_list",), ("match_on", "row_condition")
    ),
    "expect_column_values_to_not_match_regex_list": Form("row", ("column",), ("regex_list",), _CONDITION),
    "expect_column_value_lengths_to_be_between": Form("row", ("column",), (), _RANGE),
    "expect_column_value_lengths_to_equal": Form("row", ("column",), ("value",), _CONDITION),
    "expect_column_pair_values_a_to_be_greater_than_b": Form("row", _PAIR, (), ("or_equal", *_GROUP)),
    "expect_column_pair_values_to_be_equal": Form("row", _PAIR, (), _GROUP),
    # Great Expectations forgets the row_condition of this one half-way and fails.
    "expect_column_pair_values_to_be_in_set": Form("row", _PAIR, ("value_pairs_set",), ("ignore_row_if",)),
    "expect_multicolumn_sum_to_equal": Form("row", ("column_list",), ("sum_total",), _GROUP),
    "expect_multicolumn_values_to_be_equal": Form("row", ("column_list",), (), _GROUP),
    "expect_select_column_values_to_be_unique_within_record": Form("row", ("column_list",), (), _GROUP),
    "expect_column_values_to_be_unique": Form("unique", ("column",), (), _CONDITION),
    "expect_compound_columns_to_be_unique": Form("unique", ("column_list",), (), _GROUP),
    "expect_table_row_count_to_be_between": Form("file", (), (), ("min_value", "max_value")),
    "expect_table_row_count_to_equal": Form("file", (), ("value",)),
    "expect_column_sum_to_be_between": Form("file", ("column",), (), _RANGE),
    "expect_column_min_to_be_between": Form("file", ("column",), (), _RANGE),
    "expect_column_max_to_be_between": Form("file", ("column",), (), _RANGE),
    "expect_column_mean_to_be_between": Form("file", ("column",), (), _RANGE),
    "expect_column_unique_value_count_to_be_between": Form("file", ("column",), (), _RANGE),
    "expect_column_proportion_of_unique_values_to_be_between": Form("file", ("column",), (), _RANGE),
    "expect_column_proportion_of_non_null_values_to_be_between": Form("file", ("column",), (), _RANGE),
}
"""Every expectation the pipeline can decide; another one makes a suite broken until it is taught here."""


@dataclass(frozen=True)
class Rule:
    """One expectation of a suite.

    Attributes:
        id: Its `meta.name`, else its type with its columns: `expect_…_to_be_between(it_level)`.
        type: Name of the expectation.
        kwargs: Its arguments as Great Expectations takes them.
        severity: What a failure does: `critical` refuses the row (or file), `warning` flags it.
        code: Code of the issues it raises.
        column: Contract column under which issues are shown; None for a rule over the table.
        why: What the rule protects, in Vietnamese.
        columns: Every contract or derived column it looks at, the row condition's included.
    """

    id: str
    type: str
    kwargs: Mapping[str, Any]
    severity: Severity
    code: str
    column: str | None
    why: str
    columns: tuple[str, ...]

    @property
    def scope(self) -> Scope:
        """What the rule needs to decide."""
        return FORMS[self.type].scope

    @property
    def operands(self) -> tuple[str, ...]:
        """The columns whose values are judged, without those of the row condition."""
        return tuple(_names(self.kwargs, FORMS[self.type]))


@dataclass(frozen=True)
class Suite:
    """The rules of one feed.

    Attributes:
        feed: The feed.
        rules: Its rules in the order of the file.
        digest: Version of the file: 12 hexadecimal digits over its bytes.
        path: The file, for messages.
    """

    feed: str
    rules: tuple[Rule, ...]
    digest: str
    path: Path

    @cached_property
    def by_id(self) -> dict[str, Rule]:
        """Return the rules by id."""
        return {rule.id: rule for rule in self.rules}


def load_suite(contract: Contract, folder: Path = EXPECTATIONS) -> Suite:
    """Read the suite of a feed.

    Whether each rule fits the types of its columns is seen when it is compiled (`compiler.compile_suite`).

    Raises:
        SuiteError: The file is missing, is no suite, or one of its rules cannot be used.
    """
    path = folder / f"{contract.feed}.json"
    try:
        content = path.read_bytes()
        document = json.loads(content)
    except OSError as error:
        raise SuiteError(f"{path.name}: cannot be read ({error.strerror}); restore the suite.") from error
    except ValueError as error:
        raise SuiteError(f"{path.name}: is not JSON ({error}); mend it.") from error
    if not isinstance(document, dict) or not isinstance(document.get("expectations"), list):
        raise SuiteError(
            f"{path.name}: holds no list named expectations; write a suite as Great Expectations does."
        )
    if document.get("name") != contract.feed:
        raise SuiteError(f"{path.name}: its name is {document.get('name')!r}; it must equal the feed's name.")
    rules = tuple(
        _rule(f"{path.name}, expectation {number}", item, contract)
        for number, item in enumerate(document["expectations"], start=1)
    )
    ids = [rule.id for rule in rules]
    twice = sorted({id_ for id_ in ids if ids.count(id_) > 1})
    if twice:
        raise SuiteError(f"{path.name}: two rules are called {twice[0]}; give one of them a meta.name.")
    return Suite(contract.feed, rules, hashlib.sha256(content).hexdigest()[:12], path)


def _rule(place: str, item: Any, contract: Contract) -> Rule:
    if not isinstance(item, dict) or not isinstance(item.get("kwargs"), dict):
        raise SuiteError(f"{place}: is not an object with type and kwargs; mend it.")
    kwargs: dict[str, Any] = item["kwargs"]
    meta = item.get("meta") or {}
    form = FORMS.get(item.get("type", ""))
    if form is None:
        raise SuiteError(
            f"{place}: {item.get('type')!r} is not known; teach the compiler or use one of suite.FORMS."
        )
    place = f"{place} ({item['type']})"
    if "mostly" in kwargs:
        raise SuiteError(f"{place}: has mostly, under which bad rows would pass; leave it out.")
    _check_arguments(place, kwargs, form)
    if form.scope == "unique" and contract.load_mode == "upsert":
        raise SuiteError(
            f"{place}: lets no value come twice, but rows of this feed are versions of a record; take it out."
        )
    severity = item.get("severity", "critical")
    if severity not in ("critical", "warning"):
        raise SuiteError(f"{place}: severity is {severity!r}; write critical or warning.")
    known = set(contract.by_name) | {derived.name for derived in contract.derived}
    operands = _names(kwargs, form)
    columns = tuple(dict.fromkeys([*operands, *_condition_columns(place, kwargs.get("row_condition"))]))
    unknown = [name for name in columns if name not in known]
    if unknown:
        raise SuiteError(
            f"{place}: names {unknown[0]!r}, which is no column of the contract, derived or sent."
        )
    codes = FILE_CODES if form.scope == "file" else ROW_CODES
    if meta.get("code") not in codes:
        raise SuiteError(
            f"{place}: meta.code is {meta.get('code')!r}; write one of {', '.join(sorted(codes))}."
        )
    column = meta.get("column")
    if column not in contract.by_name and not (column is None and form.scope == "file"):
        raise SuiteError(
            f"{place}: meta.column is {column!r}; name the contract's column to which issues belong."
        )
    if not isinstance(meta.get("why"), str) or not meta["why"].strip():
        raise SuiteError(f"{place}: meta.why is missing; say in a few words what the rule protects.")
    return Rule(
        id=str(meta.get("name") or f"{item['type']}({', '.join(operands)})"),
        type=item["type"],
        kwargs=kwargs,
        severity=cast(Severity, severity),
        code=meta["code"],
        column=column,
        why=meta["why"],
        columns=columns,
    )


def _check_arguments(place: str, kwargs: Mapping[str, Any], form: Form) -> None:
    needed = {*form.columns, *form.needs}
    missing = sorted(needed - set(kwargs))
    if missing:
        raise SuiteError(f"{place}: lacks {', '.join(missing)}; add it.")
    surplus = sorted(set(kwargs) - needed - set(form.may))
    if surplus:
        raise SuiteError(
            f"{place}: has {', '.join(surplus)}, which this expectation cannot have here; take it out."
        )
    for name in form.columns:
        value = kwargs[name]
        many = name == "column_list"
        listed = isinstance(value, list) and len(set(map(str, value))) == len(value) >= 2
        if (many and not (listed and all(isinstance(one, str) for one in value))) or (
            not many and not isinstance(value, str)
        ):
            wanted = "two or more different columns" if many else "a column"
            raise SuiteError(f"{place}: {name} is {value!r}; name {wanted}.")
    if form.columns == _PAIR and kwargs["column_A"] == kwargs["column_B"]:
        raise SuiteError(f"{place}: compares {kwargs['column_A']} with itself; name two columns.")


def _names(kwargs: Mapping[str, Any], form: Form) -> list[str]:
    names: list[str] = []
    for argument in form.columns:
        value = kwargs[argument]
        names.extend(value if isinstance(value, list) else [value])
    return names


def _condition_columns(place: str, condition: Any) -> list[str]:
    """List the columns a row condition names; its operators and values are checked when it is compiled."""
    if condition is None:
        return []
    if not isinstance(condition, dict):
        raise SuiteError(
            f"{place}: row_condition must be an object with a type, not {type(condition).__name__}."
        )
    if condition.get("type") in ("and", "or"):
        parts = condition.get("conditions")
        if not isinstance(parts, list) or not parts:
            raise SuiteError(
                f"{place}: row_condition of type {condition['type']} lists no conditions; add some."
            )
        return [name for part in parts for name in _condition_columns(place, part)]
    column = condition.get("column")
    if not isinstance(column, dict) or not isinstance(column.get("name"), str):
        raise SuiteError(f'{place}: row_condition names no column; write "column": {{"name": …}}.')
    return [column["name"]]
