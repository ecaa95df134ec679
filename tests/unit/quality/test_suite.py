"""Loading a suite: what is taken, and the one sentence that says why another is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dxpipeline.contracts import contracts
from dxpipeline.quality.compiler import _ROW_RULES, _UNIQUE_RULES
from dxpipeline.quality.suite import FORMS, Suite, SuiteError, load_suite
from dxpipeline.settings import EXPECTATIONS

BETWEEN = "expect_column_values_to_be_between"
PAIR = "expect_column_pair_values_a_to_be_greater_than_b"
Load = Callable[..., Suite]


def expectation(
    type_: str = BETWEEN, /, *, severity: str = "critical", meta: Any = None, **kwargs: Any
) -> Any:
    given = {"column": "it_level", "min_value": 1} if type_ == BETWEEN and not kwargs else kwargs
    about = {"code": "out-of-range", "column": "it_level", "why": "mức 1 đến 7"}
    return {"type": type_, "kwargs": given, "severity": severity, "meta": {**about, **(meta or {})}}


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def write_and_load(*expectations: Any, name: str = "smart_hospitals") -> Suite:
        document = {"name": name, "expectations": list(expectations)}
        (tmp_path / "smart_hospitals.json").write_text(json.dumps(document), encoding="utf-8")
        return load_suite(contracts()["smart_hospitals"], tmp_path)

    return write_and_load


def test_a_rule_knows_its_columns_and_is_named_by_them(load: Load) -> None:
    condition = {"type": "nullity", "column": {"name": "assessed_on"}, "is_null": False}
    (rule,) = load(
        expectation(PAIR, column_A="lowest_group_level", column_B="it_level", row_condition=condition)
    ).rules
    assert rule.id == f"{PAIR}(lowest_group_level, it_level)"
    assert rule.operands == ("lowest_group_level", "it_level")
    assert rule.columns == ("lowest_group_level", "it_level", "assessed_on")
    assert (rule.severity, rule.code, rule.column, rule.scope) == (
        "critical",
        "out-of-range",
        "it_level",
        "row",
    )


def test_the_digest_changes_with_the_file(load: Load) -> None:
    one = load(expectation()).digest
    assert load(expectation()).digest == one
    assert load(expectation(column="it_level", min_value=2)).digest != one
    assert len(one) == 12


def test_two_rules_on_the_same_columns_need_names(load: Load) -> None:
    with pytest.raises(
        SuiteError, match=r"two rules are called .*between\(it_level\); give one of them a meta.name"
    ):
        load(expectation(), expectation())
    assert [rule.id for rule in load(expectation(), expectation(meta={"name": "again"})).rules] == [
        f"{BETWEEN}(it_level)",
        "again",
    ]


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (
            expectation("expect_column_values_to_be_json_parseable", column="it_level"),
            "is not known; teach the compiler",
        ),
        (
            expectation(column="it_level", min_value=1, mostly=0.9),
            "has mostly, under which bad rows would pass",
        ),
        (expectation(column="it_level", minimum=1), "has minimum, which this expectation cannot have"),
        (expectation("expect_column_values_to_be_in_set", column="it_level"), "lacks value_set; add it"),
        (expectation(column="level", min_value=1), "names 'level', which is no column"),
        (expectation(column=["it_level"], min_value=1), "name a column"),
        (
            expectation("expect_compound_columns_to_be_unique", column_list=["it_level"]),
            "two or more different columns",
        ),
        (expectation(PAIR, column_A="it_level", column_B="it_level"), "compares it_level with itself"),
        (expectation(severity="info"), "severity is 'info'; write critical or warning"),
        (expectation(meta={"code": "wrong"}), "meta.code is 'wrong'; write one of"),
        (expectation(meta={"code": "no-rows"}), "meta.code is 'no-rows'"),
        (expectation(meta={"column": "lowest_group_level"}), "meta.column is 'lowest_group_level'"),
        (expectation(meta={"column": None}), "meta.column is None"),
        (expectation(meta={"why": " "}), "meta.why is missing"),
        (
            expectation(column="it_level", min_value=1, row_condition="his_level > 3"),
            "must be an object with a type",
        ),
        (
            expectation(column="it_level", min_value=1, row_condition={"type": "and", "conditions": []}),
            "lists no conditions",
        ),
        (
            expectation(column="it_level", min_value=1, row_condition={"type": "pass_through"}),
            "row_condition names no column",
        ),
        ("expectation", "is not an object with type and kwargs"),
    ],
)
def test_a_broken_rule_breaks_the_suite_and_is_named(load: Load, broken: Any, sentence: str) -> None:
    with pytest.raises(SuiteError, match=sentence) as raised:
        load(expectation(meta={"name": "first"}), broken)
    assert str(raised.value).startswith("smart_hospitals.json, expectation 2")


def test_a_missing_or_foreign_file_breaks_the_suite(load: Load, tmp_path: Path) -> None:
    contract = contracts()["smart_hospitals"]
    with pytest.raises(SuiteError, match="cannot be read"):
        load_suite(contract, tmp_path)
    with pytest.raises(SuiteError, match="its name is 'other'"):
        load(name="other")
    for content, sentence in (("{", "is not JSON"), ("[]", "holds no list named expectations")):
        (tmp_path / "smart_hospitals.json").write_text(content, encoding="utf-8")
        with pytest.raises(SuiteError, match=sentence):
            load_suite(contract, tmp_path)


def test_the_compiler_knows_every_expectation_that_a_suite_may_hold() -> None:
    by_scope = {
        scope: {type_ for type_, form in FORMS.items() if form.scope == scope} for scope in ("row", "unique")
    }
    assert set(_ROW_RULES) == by_scope["row"]
    assert set(_UNIQUE_RULES) == by_scope["unique"]


def test_a_feed_of_versions_has_no_rule_that_a_value_may_not_come_twice(tmp_path: Path) -> None:
    document = json.loads((EXPECTATIONS / "health_records.json").read_text(encoding="utf-8"))
    document["expectations"].append(
        {
            "type": "expect_column_values_to_be_unique",
            "kwargs": {"column": "insurance_number"},
            "meta": {"code": "duplicate-key", "column": "insurance_number", "why": "Mỗi người một thẻ"},
        }
    )
    (tmp_path / "health_records.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(SuiteError, match="rows of this feed are versions of a record; take it out"):
        load_suite(contracts()["health_records"], tmp_path)
