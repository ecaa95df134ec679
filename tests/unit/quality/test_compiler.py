"""Compiling refuses what Great Expectations would read differently, or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dxpipeline.contracts import Kind
from dxpipeline.quality.compiler import CompiledSuite, compile_suite
from dxpipeline.quality.suite import Rule, Suite, SuiteError

KINDS: dict[str, Kind] = {
    "name": "text",
    "level": "integer",
    "other_level": "integer",
    "share": "number",
    "day": "date",
    "met": "boolean",
    "carriers": "list",
}


def compiled(type_: str, **kwargs: Any) -> CompiledSuite:
    rule = Rule("rule", f"expect_{type_}", kwargs, "critical", "out-of-range", None, "", ())
    return compile_suite(Suite("feed", (rule,), "0", Path("feed.json")), KINDS)


def comparison(column: str, operator: str, parameter: Any) -> dict[str, Any]:
    return {"type": "comparison", "column": {"name": column}, "operator": operator, "parameter": parameter}


@pytest.mark.parametrize(
    ("type_", "kwargs", "sentence"),
    [
        ("column_values_to_be_between", {"column": "name", "min_value": 1}, "name is of kind text"),
        ("column_values_to_be_between", {"column": "level"}, "neither min_value nor max_value"),
        (
            "column_values_to_be_between",
            {"column": "level", "min_value": 7, "max_value": 1},
            "put them in order",
        ),
        (
            "column_values_to_be_between",
            {"column": "level", "min_value": "1"},
            "min_value is '1'; write a number",
        ),
        ("column_values_to_be_between", {"column": "level", "min_value": True}, "min_value is True"),
        ("column_values_to_be_between", {"column": "level", "max_value": 10**16}, "write a number up to"),
        (
            "column_values_to_be_between",
            {"column": "level", "min_value": 1, "strict_min": 1},
            "strict_min is 1",
        ),
        ("column_values_to_be_between", {"column": "day", "min_value": "2021-02-05"}, "write a date as"),
        ("column_values_to_be_between", {"column": "day", "min_value": 2021}, "write a date as"),
        (
            "column_values_to_be_between",
            {"column": "day", "min_value": "2021-02-05T07:00:00"},
            "write a date as",
        ),
        ("column_values_to_be_in_set", {"column": "level", "value_set": [1.5]}, "values of kind integer"),
        ("column_values_to_be_in_set", {"column": "level", "value_set": [True]}, "values of kind integer"),
        ("column_values_to_be_in_set", {"column": "name", "value_set": []}, "at least one"),
        ("column_values_to_be_in_set", {"column": "day", "value_set": ["2021-02-05"]}, "day is of kind date"),
        ("column_values_to_match_regex", {"column": "level", "regex": "a"}, "level is of kind integer"),
        ("column_values_to_match_regex", {"column": "name", "regex": r"\d"}, "differs between engines"),
        (
            "column_values_to_match_regex_list",
            {"column": "name", "regex_list": "a"},
            "for a list at least one",
        ),
        (
            "column_values_to_match_regex_list",
            {"column": "name", "regex_list": ["a"], "match_on": "some"},
            "match_on is 'some'",
        ),
        ("column_value_lengths_to_equal", {"column": "name", "value": 2.5}, "a length is a whole number"),
        (
            "column_value_lengths_to_be_between",
            {"column": "name", "min_value": 1.5},
            "a length is a whole number",
        ),
        (
            "column_pair_values_a_to_be_greater_than_b",
            {"column_A": "day", "column_B": "level"},
            "kinds date, integer; compare alike",
        ),
        (
            "column_pair_values_a_to_be_greater_than_b",
            {"column_A": "level", "column_B": "share", "ignore_row_if": "never"},
            "ignore_row_if is 'never'; write one of both_values_are_missing",
        ),
        (
            "column_pair_values_to_be_in_set",
            {"column_A": "name", "column_B": "met", "value_pairs_set": [["a", 1]]},
            "pairs of a value of text and of boolean",
        ),
        (
            "multicolumn_sum_to_equal",
            {"column_list": ["share", "level"], "sum_total": 1},
            "share is of kind number",
        ),
        ("multicolumn_values_to_be_equal", {"column_list": ["share", "level"]}, "compare alike"),
        ("column_values_to_be_unique", {"column": "carriers"}, "carriers is of kind list"),
        ("table_row_count_to_be_between", {"min_value": 0.5}, "a count is a whole number"),
        ("table_row_count_to_equal", {"value": "1"}, "a count is a whole number"),
        (
            "column_unique_value_count_to_be_between",
            {"column": "name", "min_value": 0.5},
            "a count is a whole number",
        ),
        ("column_sum_to_be_between", {"column": "day", "min_value": 1}, "day is of kind date"),
    ],
)
def test_a_rule_that_does_not_fit_its_columns_breaks_the_suite(
    type_: str, kwargs: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(SuiteError, match=sentence) as raised:
        compiled(type_, **kwargs)
    assert str(raised.value).startswith("feed.json, rule: ")


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        (comparison("day", "==", "2025-07-01"), "compares day .date. by '=='; allowed: <, <=, >, >="),
        (comparison("day", "<", "1/7/2025"), "write a date as 2025-07-01"),
        (comparison("name", "<", "a"), "compares name .text. by '<'"),
        (comparison("name", "==", 1), "write a value of its kind"),
        (comparison("name", "==", "a`b"), "a character that pandas' query cannot quote"),
        (comparison("level", "IN", []), "needs a list with values"),
        (comparison("level", "IN", [1, "a"]), "write a value of its kind"),
        (comparison("met", "IN", [True]), "compares met .boolean. by 'IN'"),
        (comparison("carriers", "==", "VNPT"), "allowed: only nullity"),
        ({"type": "nullity", "column": {"name": "met"}}, "does not say whether is_null"),
        ({"type": "pass_through", "column": {"name": "met"}}, "of type 'pass_through' is not known"),
        (
            {"type": "and", "conditions": [{"type": "or", "conditions": [comparison("level", "==", 1)]}]},
            "an or inside an and",
        ),
        ({"type": "or", "conditions": [comparison("level", "==", 1)] * 101}, "more than 100 conditions"),
    ],
)
def test_a_row_condition_that_pandas_would_read_differently_breaks_the_suite(
    condition: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(SuiteError, match=sentence):
        compiled("column_values_to_not_be_null", column="name", row_condition=condition)


def test_a_row_is_failed_passed_or_not_looked_at() -> None:
    rows = pl.DataFrame({"level": [9, 3, None, 9], "met": [True, True, True, False]})
    suite = compiled(
        "column_values_to_be_between",
        column="level",
        max_value=7,
        row_condition=comparison("met", "==", True),
    )
    assert suite.failures(rows)["rule"].to_list() == [True, False, None, None]


@pytest.mark.parametrize(
    ("type_", "kwargs", "elements"),
    [
        # A missing value is an element that no rule over one column fails.
        ("column_values_to_be_between", {"column": "level", "max_value": 7}, 4),
        (
            "column_values_to_be_between",
            {"column": "level", "max_value": 7, "row_condition": comparison("met", "==", True)},
            3,
        ),
        ("column_pair_values_to_be_equal", {"column_A": "level", "column_B": "other_level"}, 3),
        (
            "column_pair_values_to_be_equal",
            {"column_A": "level", "column_B": "other_level", "ignore_row_if": "neither"},
            4,
        ),
        (
            "column_pair_values_to_be_equal",
            {
                "column_A": "level",
                "column_B": "other_level",
                "row_condition": comparison("met", "==", True),
            },
            2,
        ),
    ],
)
def test_the_elements_of_a_rule_are_the_rows_it_applies_to(
    type_: str, kwargs: dict[str, Any], elements: int
) -> None:
    rows = pl.DataFrame(
        {"level": [9, 3, None, 9], "other_level": [9, None, None, 1], "met": [True, True, True, False]}
    )
    assert compiled(type_, **kwargs).elements(rows) == {"rule": elements}


def test_all_rules_of_a_suite_are_decided_in_one_select(monkeypatch: pytest.MonkeyPatch) -> None:
    type_ = "expect_column_values_to_be_between"
    rules = tuple(
        Rule(
            str(limit),
            type_,
            {"column": "level", "max_value": limit},
            "warning",
            "out-of-range",
            None,
            "",
            (),
        )
        for limit in range(20)
    )
    suite = compile_suite(Suite("feed", rules, "0", Path("feed.json")), KINDS)
    selects = []
    select = pl.DataFrame.select

    def counted(frame: pl.DataFrame, *expressions: Any, **named: Any) -> pl.DataFrame:
        selects.append(expressions)
        return select(frame, *expressions, **named)

    monkeypatch.setattr(pl.DataFrame, "select", counted)
    assert suite.failures(pl.DataFrame({"level": [10]})).row(0) == (*[True] * 10, *[False] * 10)
    assert len(selects) == 1
