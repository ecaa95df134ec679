"""The compiled rules decide as Great Expectations does: every expectation and option, row by row."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dxpipeline.contracts import Column, Kind, contracts
from dxpipeline.quality.compiler import CompiledSuite, compile_suite
from dxpipeline.quality.context import Context
from dxpipeline.quality.cross_check import failing_rows, to_pandas, validate
from dxpipeline.quality.derived import derive, derived_kinds
from dxpipeline.quality.file_rules import FileFigures
from dxpipeline.quality.suite import FORMS, Rule, Suite, load_suite
from dxpipeline.quality.uniqueness import UniqueCheck
from dxpipeline.reading.values import DTYPES

KINDS: Mapping[str, Kind] = {
    "t1": "text",
    "t2": "text",
    "i1": "integer",
    "i2": "integer",
    "i3": "integer",
    "n1": "number",
    "n2": "number",
    "d1": "date",
    "d2": "date",
    "b1": "boolean",
    "b2": "boolean",
    "l1": "list",
}
TEXTS = [
    "",
    " ",
    "a",
    "ab",
    "A",
    "á",
    "a\u0301",
    "Đ",
    "42",
    "١",
    "a'b",
    'a"b',
    "@x",
    "#",
    "{x}",
    "%",
    "😀",
    "a.b",
]
# Small pools, so that values meet; the edges of what is exact; now and then anything at all.
VALUES: Mapping[Kind, st.SearchStrategy[Any]] = {
    "text": st.sampled_from(TEXTS) | st.sampled_from(["a", "a\n", "a`b", "\\"]) | st.text(max_size=4),
    "integer": st.integers(-2, 3) | st.sampled_from([2**53, 2**53 + 1, -(2**60)]),
    "number": st.sampled_from([-1.5, -0.0, 0.0, 0.1, 1.0, 2.0, 2.5, float("nan"), float("inf")])
    | st.floats(-3, 3),
    "date": st.sampled_from([date(2021, 3, 31), date(2025, 7, 1), date(1, 1, 1), date(9999, 12, 31)])
    | st.dates(date(2021, 3, 29), date(2021, 4, 2)),
    "boolean": st.booleans(),
    "list": st.lists(st.sampled_from(["VNPT", "FPT"]), max_size=2),
}
POOLS: Mapping[Kind, list[Any]] = {
    "text": ["", "a", "ab", "A", "á", "a\n", "42"],
    "integer": [-1, 0, 1, 2, 3, 2**53, 2**53 + 1],
    "number": [-1.5, -0.0, 0.0, 0.1, 1.0, 2.5, float("nan")],
    "date": [date(2021, 3, day) for day in range(28, 32)]
    + [date(2025, 7, 1), date(1, 1, 1), date(9999, 12, 31)],
    "boolean": [True, False],
    "list": [["VNPT"], []],
}
LITERALS: Mapping[Kind, st.SearchStrategy[Any]] = {
    "text": st.sampled_from(TEXTS),
    "integer": st.integers(-2, 3),
    "number": st.sampled_from([-1.5, 0, 0.0, 0.1, 1, 2.5]),
    "boolean": st.booleans(),
}
PATTERNS = [
    "^a",
    "a$",
    "^[0-9]{2,3}$",
    "[^a]",
    "á|b",
    "^$",
    ".",
    "^.{2}$",
    "(?:ab)+",
    r"\.",
    r"[a\-c]",
    "^[A-ZĐ]",
    "^a$|^b",
]
SCALARS = [name for name, kind in KINDS.items() if kind != "list"]


def named(*kinds: Kind) -> st.SearchStrategy[str]:
    return st.sampled_from([name for name, kind in KINDS.items() if kind in kinds])


def columns_of_one_kind(*kinds: Kind, most: int = 3) -> st.SearchStrategy[list[str]]:
    groups = [[name for name, kind in KINDS.items() if kind == wanted] for wanted in kinds]
    return st.sampled_from(groups).flatmap(
        lambda group: st.lists(
            st.sampled_from(group), min_size=2, max_size=min(most, len(group)), unique=True
        )
    )


def pairs(*kinds: Kind) -> st.SearchStrategy[tuple[str, str]]:
    alike = columns_of_one_kind(*kinds, most=2).map(lambda names: (names[0], names[1]))
    mixed = st.sampled_from([("i1", "n1"), ("n2", "i2")])
    return alike | mixed


@st.composite
def conditions(draw: st.DrawFn, depth: int = 0) -> dict[str, Any]:
    choice = draw(st.integers(0, 3 if depth == 0 else 2 if depth == 1 else 1))
    if choice >= 2:
        inner = 1 if choice == 3 else 2
        parts = draw(st.lists(conditions(depth=inner), min_size=1, max_size=3))
        return {"type": "or" if choice == 3 else "and", "conditions": parts}
    name = draw(st.sampled_from(list(KINDS)))
    kind = KINDS[name]
    column = {"name": name}
    if choice == 0 or kind == "list":
        return {"type": "nullity", "column": column, "is_null": draw(st.booleans())}
    if kind == "date":
        operators, parameter = ["<", "<=", ">", ">="], st.sampled_from(["2021-03-31", "2025-07-01"])
    else:
        operators = ["==", "!="] if kind == "boolean" else ["==", "!=", "IN", "NOT_IN"]
        operators += ["<", "<=", ">", ">="] if kind in ("integer", "number") else []
        parameter = LITERALS[kind]
    operator = draw(st.sampled_from(operators))
    if operator in ("IN", "NOT_IN"):
        value: Any = draw(st.lists(parameter, min_size=1, max_size=3))
    else:
        value = draw(parameter)
    return {"type": "comparison", "column": column, "operator": operator, "parameter": value}


def bounds(literals: st.SearchStrategy[Any], *, strict: bool = True) -> st.SearchStrategy[dict[str, Any]]:
    def ordered(drawn: tuple[Any, Any, int, bool, bool]) -> dict[str, Any]:
        one, other, which, strict_min, strict_max = drawn
        low, high = sorted((one, other))
        given_bounds = {
            **({"min_value": low} if which != 1 else {}),
            **({"max_value": high} if which != 2 else {}),
        }
        return {**given_bounds, **({"strict_min": strict_min, "strict_max": strict_max} if strict else {})}

    return st.tuples(literals, literals, st.integers(0, 2), st.booleans(), st.booleans()).map(ordered)


@st.composite
def arguments(draw: st.DrawFn, type_: str) -> dict[str, Any]:
    kwargs: dict[str, Any] = {}
    if type_ == "expect_column_values_to_be_between":
        kwargs["column"] = draw(named("integer", "number", "date"))
        kind = KINDS[kwargs["column"]]
        moments = st.sampled_from([datetime(2021, 3, day).isoformat() for day in (29, 30, 31)])
        kwargs.update(draw(bounds(moments if kind == "date" else LITERALS["number"])))
    elif type_.endswith("be_in_set") and "pair" not in type_:
        kwargs["column"] = draw(named("text", "integer", "number", "boolean"))
        literals = LITERALS[KINDS[kwargs["column"]]]
        kwargs["value_set"] = draw(st.lists(literals, min_size=1, max_size=3))
    elif type_.endswith("regex"):
        kwargs.update(column=draw(named("text")), regex=draw(st.sampled_from(PATTERNS)))
    elif type_.endswith("regex_list"):
        kwargs["column"] = draw(named("text"))
        kwargs["regex_list"] = draw(st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3))
        if "not_match" not in type_:
            kwargs["match_on"] = draw(st.sampled_from(["any", "all"]))
    elif type_ == "expect_column_value_lengths_to_be_between":
        kwargs.update(column=draw(named("text")), **draw(bounds(st.integers(0, 3))))
    elif type_ == "expect_column_value_lengths_to_equal":
        kwargs.update(column=draw(named("text")), value=draw(st.integers(0, 3)))
    elif type_ == "expect_column_pair_values_a_to_be_greater_than_b":
        kwargs["column_A"], kwargs["column_B"] = draw(pairs("integer", "number", "date"))
        kwargs["or_equal"] = draw(st.booleans())
    elif type_ == "expect_column_pair_values_to_be_equal":
        kwargs["column_A"], kwargs["column_B"] = draw(pairs("text", "integer", "number", "date", "boolean"))
    elif type_ == "expect_column_pair_values_to_be_in_set":
        kwargs["column_A"], kwargs["column_B"] = draw(
            st.lists(named("text", "integer", "number", "boolean"), min_size=2, max_size=2, unique=True)
        )
        one, other = (st.none() | LITERALS[KINDS[kwargs[name]]] for name in ("column_A", "column_B"))
        kwargs["value_pairs_set"] = draw(st.lists(st.tuples(one, other).map(list), min_size=1, max_size=4))
    elif type_ == "expect_multicolumn_sum_to_equal":
        kwargs["column_list"] = draw(columns_of_one_kind("integer"))
        kwargs["sum_total"] = draw(st.integers(-3, 5))
    elif type_ == "expect_compound_columns_to_be_unique":
        kwargs["column_list"] = draw(st.lists(st.sampled_from(SCALARS), min_size=2, max_size=3, unique=True))
    elif "column_list" in FORMS[type_].columns:
        kwargs["column_list"] = draw(columns_of_one_kind("text", "integer", "number", "date", "boolean"))
    elif type_.startswith("expect_table_row_count"):
        equal = type_.endswith("equal")
        kwargs.update(
            {"value": draw(st.integers(0, 9))} if equal else draw(bounds(st.integers(0, 9), strict=False))
        )
    elif FORMS[type_].scope == "file":
        counted = "unique" in type_ or "null" in type_
        kwargs["column"] = draw(st.sampled_from(SCALARS) if counted else named("integer", "number"))
        kwargs.update(
            draw(bounds(st.sampled_from([0, 1, 2, 3] if "_count_" in type_ else [0, 0.5, 1, 2, 3])))
        )
    else:
        kwargs["column"] = draw(st.sampled_from(list(KINDS) if "null" in type_ else SCALARS))
    if "ignore_row_if" in FORMS[type_].may:
        choices = (
            ["both_values_are_missing", "either_value_is_missing", "neither"]
            if "column_A" in kwargs
            else ["all_values_are_missing", "any_value_is_missing", "never"]
        )
        chosen = draw(st.none() | st.sampled_from(choices))
        kwargs.update({"ignore_row_if": chosen} if chosen else {})
    if "row_condition" in FORMS[type_].may:
        condition = draw(st.none() | conditions())
        kwargs.update({"row_condition": condition} if condition else {})
    return kwargs


@st.composite
def suites(draw: st.DrawFn, *scopes: str) -> list[Rule]:
    types = [type_ for type_, form in FORMS.items() if form.scope in scopes]
    return [
        Rule(f"rule-{number}", type_, draw(arguments(type_)), "critical", "out-of-range", None, "", ())
        for number, type_ in enumerate(types)
    ]


@st.composite
def frames(draw: st.DrawFn, *, exact: bool = False) -> pl.DataFrame:
    """A frame of every kind: a few rows of any values, or every pair of some values with and without gaps.

    `exact` leaves out numbers whose sums depend on the order of adding.
    """
    if draw(st.booleans()) and not exact:
        return every_pair(draw(st.randoms(use_true_random=False)))
    height = draw(st.integers(1, 9))
    columns = {}
    for name, kind in KINDS.items():
        values = VALUES[kind]
        if exact and kind in ("integer", "number"):
            values = st.integers(-2, 3).map(int if kind == "integer" else float)
        gaps = draw(st.booleans())
        cell = st.none() | values if gaps else values
        columns[name] = pl.Series(draw(st.lists(cell, min_size=height, max_size=height)), dtype=DTYPES[kind])
    return pl.DataFrame(columns)


def every_pair(chance: Random) -> pl.DataFrame:
    """Two columns of a kind meet in every combination of values; kinds meet by chance."""
    columns: dict[str, pl.Series] = {}
    for kind, pool in POOLS.items():
        pairs = list(itertools.product([None, *pool], repeat=2))
        rows = list(itertools.islice(itertools.cycle(pairs), 64))
        chance.shuffle(rows)
        names = [name for name in KINDS if KINDS[name] == kind]
        for number, name in enumerate(names):
            cells = [row[number] for row in rows] if number < 2 else chance.choices([None, *pool], k=64)
            columns[name] = pl.Series(cells, dtype=DTYPES[kind])
    return pl.DataFrame(columns)


def compiled_suite(rules: Sequence[Rule]) -> CompiledSuite:
    return compile_suite(Suite("feed", tuple(rules), "0", Path("feed.json")), KINDS)


def compiled_failures(rules: Sequence[Rule], frame: pl.DataFrame) -> dict[str, list[int]]:
    compiled = compiled_suite(rules)
    failures = compiled.failures(frame)
    failing = {name: failures[name].fill_null(False).arg_true().to_list() for name in failures.columns}
    column = Column("x", "text", "X", (), "", True, False, "public")
    for unique in compiled.unique_rules:
        check = UniqueCheck(name=unique.rule.id, severity="critical", code="duplicate-key", column=column)
        positions = frame.with_row_index("position").filter(unique.looked_at)
        keys = positions.select(value.alias(str(number)) for number, value in enumerate(unique.key))
        texts = pl.Series([None] * keys.height, dtype=pl.String)
        repeated = check.add(keys, None, positions["position"], texts)
        failing[unique.rule.id] = [issue.source_row for issue in repeated if issue.source_row is not None]
    return failing


BOUNDED = settings(
    max_examples=30,
    # Great Expectations is slow: a failure is shown as it was found, not made small for minutes.
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@BOUNDED
@given(frame=frames(), rules=suites("row", "unique"))
def test_compiled_rules_fail_the_rows_that_great_expectations_fails(
    frame: pl.DataFrame, rules: list[Rule]
) -> None:
    theirs = failing_rows(rules, frame, KINDS)
    ours = compiled_failures(rules, frame)
    assert {rule.id: rule.type for rule in rules if ours[rule.id] != theirs[rule.id]} == {}, [
        (rule.kwargs, ours[rule.id], theirs[rule.id]) for rule in rules if ours[rule.id] != theirs[rule.id]
    ]


@settings(BOUNDED, max_examples=25)
@given(frame=frames(exact=True), rules=suites("file"), cut=st.integers(0, 9))
def test_file_rules_judge_as_great_expectations_does_however_the_file_is_cut(
    frame: pl.DataFrame, rules: list[Rule], cut: int
) -> None:
    figures = [FileFigures(compiled) for compiled in compiled_suite(rules).file_rules]
    for block in (frame.head(cut), frame.slice(cut)):
        for one in figures:
            one.add(block)
    expectations = [
        {"type": rule.type, "kwargs": dict(rule.kwargs), "meta": {"rule": rule.id}} for rule in rules
    ]
    results = validate(expectations, to_pandas(frame, KINDS))
    theirs = {id_: (result.success, result.result.get("observed_value")) for id_, result in results.items()}
    ours = {one.rule.id: (one.success(), one.observed()) for one in figures}
    assert ours == theirs, [rule for rule in rules if ours[rule.id] != theirs.get(rule.id)]


RECEIVED_ON = date(2025, 8, 1)
DAYS = [
    *(date(1899, 12, 31), date(1900, 1, 1), date(1999, 5, 1), date(2000, 5, 1), date(2025, 6, 30)),
    *(date(2025, 7, 1), RECEIVED_ON, date(2025, 8, 2), date(2099, 1, 1), date(1, 1, 1), date(9999, 12, 31)),
]
PERSONS: Mapping[str, list[Any]] = {
    "record_id": ["HS38-000000001", "038000000001", "3811427763", "HN2380000000001", "HN6380000000001"],
    "citizen_id": [f"038{digit}{year}000001" for digit in range(6) for year in ("00", "25", "99")],
    "full_name": ["Nguyễn Thị Mẫu"],
    "birth_date": DAYS,
    "sex": ["nam", "nữ", "không xác định"],
    "commune_code": ["14755", "14758", "19999"],
    "station_code": ["38101", "38999"],
    "insurance_number": ["HN2380000000001"],
    "created_on": DAYS,
    "updated_on": DAYS,
    "last_visit_on": DAYS,
    "icd10_code": ["J45", "J45.0", "J450", "J45.7", "", "ZZ9.9"],
    "height_cm": [29.9, 30.0, 158.0, 250.0, 250.1, float("nan")],
    "weight_kg": [0.0, 0.9, 1.0, 300.0, 300.5],
    "systolic_mmhg": [49, 50, 76, 200, 300, 301, 2**53 + 1],
    "diastolic_mmhg": [19, 20, 76, 200, 201, -1],
}
"""Values that meet: good ones, bad ones, and the edges of every rule."""


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("with_gaps", [False, True])
def test_every_verdict_on_a_health_record_is_that_of_great_expectations(seed: int, with_gaps: bool) -> None:
    contract = contracts()["health_records"]
    assert list(PERSONS) == list(contract.by_name)
    kinds = {column.name: column.kind for column in contract.columns} | derived_kinds(contract)
    suite = load_suite(contract)
    rules = [rule for rule in suite.rules if rule.scope == "row"]
    chance = Random(seed)
    rows = pl.DataFrame(
        {
            name: pl.Series(
                chance.choices([*pool, *([None] * with_gaps)], k=600), dtype=DTYPES[kinds[name]], strict=False
            )
            for name, pool in PERSONS.items()
        }
    )
    reported = {"health_stations": pl.Series(["38101", "38102"])}
    context = Context(date(2025, 6, 30), date(2025, 7, 15), RECEIVED_ON, reported)
    judged = pl.concat([rows, derive(rows, contract, context)], how="horizontal")
    failures = compile_suite(suite, kinds).failures(judged)
    ours = {name: failures[name].fill_null(False).arg_true().to_list() for name in failures.columns}
    assert ours == failing_rows(rules, judged, kinds)
    # The data is such that every rule refuses some rows and passes others.
    assert {name: {True, False} <= set(failures[name]) for name in ours} == dict.fromkeys(ours, True)
