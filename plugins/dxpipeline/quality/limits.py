"""Says for a failed row what would have been right: limits, choices and the cell it is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import polars as pl

from dxpipeline.contracts import Contract
from dxpipeline.quality.issues import MASK, shown
from dxpipeline.quality.suite import Rule

_EXPLAINED_BY_RULE = frozenset({"inconsistent-values", "not-in-list"})


def limit_details(rule: Rule, contract: Contract, rows: pl.DataFrame) -> list[dict[str, str]]:
    """Return the details of a rule's issues, one object a failed row.

    Args:
        rule: The rule that failed.
        contract: The feed.
        rows: The failed rows with their typed and derived columns.

    Returns:
        Texts by name: `limit` (as `1–7` or `≤ 31/03/2021`), `choices`, `total`, for a comparison with another
        column of the contract `other_column` and `other_value`, and for a look-up, of which no column's
        description speaks, `why`. Nothing is told of what may not be `shown`.
    """
    if rule.type == "expect_column_pair_values_a_to_be_greater_than_b":
        return _comparison(rule, contract, rows)
    fixed: dict[str, str] = {}
    if "min_value" in rule.kwargs or "max_value" in rule.kwargs:
        # The limit of a derived column would be read as one of the cell that is shown.
        own = rule.operands[0] in contract.by_name
        fixed.update({"limit": _range(rule.kwargs)} if own else {"why": rule.why})
    elif rule.type == "expect_column_value_lengths_to_equal":
        fixed["limit"] = str(rule.kwargs["value"])
    elif rule.type == "expect_column_values_to_be_in_set" and rule.operands[0] in contract.by_name:
        fixed["choices"] = ", ".join(_text(value) for value in rule.kwargs["value_set"])
    elif rule.type == "expect_multicolumn_sum_to_equal":
        fixed["total"] = _text(rule.kwargs["sum_total"])
    elif rule.code in _EXPLAINED_BY_RULE:
        fixed["why"] = rule.why
    return [dict(fixed) for _ in range(rows.height)]


def _comparison(rule: Rule, contract: Contract, rows: pl.DataFrame) -> list[dict[str, str]]:
    larger, smaller = rule.operands
    other = smaller if rule.column == larger else larger
    sign = "≥" if rule.column == larger else "≤"
    if not rule.kwargs.get("or_equal"):
        sign = {"≥": ">", "≤": "<"}[sign]
    column = contract.by_name.get(other)
    if column is not None and column.personal:
        return [{"other_column": other} for _ in range(rows.height)]
    if any(contract.by_name[name].personal for name in _sources(other, contract)):
        return [{} for _ in range(rows.height)]
    details = []
    for value in rows[other]:
        one: dict[str, str] = {}
        if column is not None:
            one["other_column"] = other
        text = None if value is None else shown(_text(value), column)
        if text is not None and text != MASK:
            one["other_value"] = text
            one["limit"] = f"{sign} {text}"
        details.append(one)
    return details


def _sources(name: str, contract: Contract) -> tuple[str, ...]:
    """Return the columns from which a derived column is made; none for a column that is sent."""
    return next((derived.columns for derived in contract.derived if derived.name == name), ())


def _range(kwargs: Mapping[str, Any]) -> str:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if low is not None and high is not None and not kwargs.get("strict_min") and not kwargs.get("strict_max"):
        return f"{_bound(low)}–{_bound(high)}"
    parts = []
    if low is not None:
        parts.append(f"{'>' if kwargs.get('strict_min') else '≥'} {_bound(low)}")
    if high is not None:
        parts.append(f"{'<' if kwargs.get('strict_max') else '≤'} {_bound(high)}")
    return ", ".join(parts)


def _bound(value: Any) -> str:
    return _text(datetime.fromisoformat(value).date() if isinstance(value, str) else value)


def _text(value: Any) -> str:
    """Write a value as people of Viet Nam do in a report."""
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
