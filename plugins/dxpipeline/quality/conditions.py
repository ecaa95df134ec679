"""Row conditions of Great Expectations as polars expressions, null for null.

A condition is evaluated by Great Expectations through pandas' `query`, where a missing value equals nothing
and differs from everything. What pandas gets wrong (a date compared for equality with text is never equal)
or cannot do is refused, so that both sides always mean the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl

from dxpipeline.contracts import Kind
from dxpipeline.quality.kinds import EVERY_ROW, literal_fits, typed_list, value_expression
from dxpipeline.quality.suite import SuiteError

_MOST_CONDITIONS = 100  # Great Expectations refuses more.

_OPERATORS: Mapping[Kind, frozenset[str]] = {
    "integer": frozenset({"==", "!=", "<", "<=", ">", ">=", "IN", "NOT_IN"}),
    "number": frozenset({"==", "!=", "<", "<=", ">", ">=", "IN", "NOT_IN"}),
    "date": frozenset({"<", "<=", ">", ">="}),
    "text": frozenset({"==", "!=", "IN", "NOT_IN"}),
    "boolean": frozenset({"==", "!="}),
    "list": frozenset(),
}


def compile_condition(condition: Any, kinds: Mapping[str, Kind], place: str) -> pl.Expr:
    """Turn a row condition into a Boolean expression, never null: the rows to which the rule applies.

    Args:
        condition: The structured condition as the suite has it; None means every row.
        kinds: Kind of every column.
        place: The rule, for messages.

    Raises:
        SuiteError: The condition cannot be expressed, or the two engines would read it differently.
    """
    if condition is None:
        return EVERY_ROW
    if _count(condition) > _MOST_CONDITIONS:
        raise SuiteError(f"{place}: row_condition has more than {_MOST_CONDITIONS} conditions; write less.")
    return _condition(condition, kinds, place, ())


def _condition(condition: Any, kinds: Mapping[str, Kind], place: str, inside: tuple[str, ...]) -> pl.Expr:
    kind_of_condition = condition.get("type")
    if kind_of_condition in ("and", "or"):
        if kind_of_condition == "or" and inside:
            raise SuiteError(
                f"{place}: row_condition has an or inside an {inside[-1]}; Great Expectations refuses it."
            )
        parts = [
            _condition(part, kinds, place, (*inside, kind_of_condition)) for part in condition["conditions"]
        ]
        return pl.all_horizontal(parts) if kind_of_condition == "and" else pl.any_horizontal(parts)
    name = condition["column"]["name"]
    if kind_of_condition == "nullity":
        if not isinstance(condition.get("is_null"), bool):
            raise SuiteError(
                f"{place}: row_condition on {name} does not say whether is_null is true or false."
            )
        missing = value_expression(name, kinds[name]).is_null()
        return missing if condition["is_null"] else ~missing
    if kind_of_condition != "comparison":
        raise SuiteError(
            f"{place}: row_condition of type {kind_of_condition!r} is not known; "
            "write comparison, nullity, and, or or."
        )
    return _comparison(name, condition.get("operator"), condition.get("parameter"), kinds[name], place)


def _comparison(name: str, operator: Any, parameter: Any, kind: Kind, place: str) -> pl.Expr:
    if operator not in _OPERATORS[kind]:
        allowed = ", ".join(sorted(_OPERATORS[kind])) or "only nullity"
        raise SuiteError(
            f"{place}: row_condition compares {name} ({kind}) by {operator!r}; allowed: {allowed}."
        )
    value = value_expression(name, kind)
    if operator in ("IN", "NOT_IN"):
        if not isinstance(parameter, list) or not parameter:
            raise SuiteError(f"{place}: row_condition on {name} needs a list with values for {operator}.")
        for one in parameter:
            _refuse_unfit(name, one, kind, place)
        found = value.is_in(typed_list(parameter, kind)).fill_null(False)
        return found if operator == "IN" else ~found
    if kind == "date":
        parameter = _day(name, parameter, place)
    else:
        _refuse_unfit(name, parameter, kind, place)
    literal = pl.lit(parameter)
    comparisons = {
        "==": value == literal,
        "!=": value != literal,
        "<": value < literal,
        "<=": value <= literal,
        ">": value > literal,
        ">=": value >= literal,
    }
    return comparisons[operator].fill_null(operator == "!=")


def _day(name: str, parameter: Any, place: str) -> date:
    try:
        return date.fromisoformat(parameter)
    except (TypeError, ValueError):
        raise SuiteError(
            f"{place}: row_condition compares {name} with {parameter!r}; write a date as 2025-07-01."
        ) from None


def _refuse_unfit(name: str, value: Any, kind: Kind, place: str) -> None:
    if not literal_fits(value, kind):
        raise SuiteError(
            f"{place}: row_condition compares {name} ({kind}) with {value!r}; write a value of its kind."
        )
    if isinstance(value, str) and any(character in value for character in "`\\\n\r"):
        raise SuiteError(f"{place}: row_condition on {name} has a character that pandas' query cannot quote.")


def _count(condition: Any) -> int:
    if condition.get("type") in ("and", "or"):
        return sum(_count(part) for part in condition["conditions"])
    return 1
