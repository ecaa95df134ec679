"""Great Expectations checks the checker: the same rows, the same suite, decided by the library itself.

The compiled rules alone decide what is accepted (`checker`). Once over the small files of a task together, or
over a sample of a large file, Great Expectations decides too; where the two name different rows, one of them
is wrong and nothing may be loaded. Nothing leaves the machine, and neither values nor messages that may hold
values are kept.
"""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl

from dxpipeline.contracts import Contract, Kind
from dxpipeline.quality.derived import derived_kinds
from dxpipeline.quality.issues import CONTRACT
from dxpipeline.quality.kinds import value_expression
from dxpipeline.quality.model import CheckedBlock, FileFindings
from dxpipeline.quality.suite import Rule, Suite

if TYPE_CHECKING:
    import pandas as pd

_SUBMISSION = "submission_id"
_BIG = 2**53  # whole numbers beyond it lose digits as floats
Place = tuple[int, str | None, int]
"""Submission, sheet and row."""


@dataclass(frozen=True)
class Disagreement:
    """A rule that Great Expectations and the compiled rules decide differently.

    Attributes:
        rule: Id of the rule.
        only_compiled: Rows that fail only by the compiled rule.
        only_great_expectations: Rows that fail only by Great Expectations.
        failure: Name of the error, where Great Expectations could not decide the rule at all.
    """

    rule: str
    only_compiled: tuple[Place, ...] = ()
    only_great_expectations: tuple[Place, ...] = ()
    failure: str | None = None

    def __str__(self) -> str:
        """Say in one sentence what disagrees, naming at most five rows and no value."""
        if self.failure:
            return f"Great Expectations could not decide {self.rule}: {self.failure}."
        places = [*self.only_compiled, *self.only_great_expectations]
        rows = ", ".join(f"{row} of submission {submission}" for submission, _, row in places[:5])
        return (
            f"{self.rule}: {len(self.only_compiled)} rows fail only by the compiled rule and "
            f"{len(self.only_great_expectations)} only by Great Expectations (rows {rows})."
        )


def cross_check(
    contract: Contract,
    suite: Suite,
    batch: Sequence[tuple[int, CheckedBlock]],
    findings: Mapping[int, FileFindings] | None = None,
    *,
    sample: bool = False,
) -> Disagreement | None:
    """Let Great Expectations decide the row and uniqueness rules, and compare row by row.

    Rules over figures of a file are left out: they do not speak of rows. Cells that could not be read are
    outside the comparison of the rules that would judge them, as they are outside the check.

    Args:
        contract: The feed.
        suite: Its rules.
        batch: Checked blocks with the submission each belongs to; the number keeps keys of different
            submissions apart.
        findings: What the end of each submission showed, for keys that repeat across blocks.
        sample: Whether the blocks are only a part of their files. A key may then repeat outside it, so that
            uniqueness rules are wrong only where Great Expectations finds a row that the checker did not.

    Returns:
        The first rule on which the two disagree, or None.
    """
    rules = [rule for rule in suite.rules if rule.scope != "file"]
    blocks = [(submission, block) for submission, block in batch if block.rows.height]
    if not rules or not blocks:
        return None
    kinds = {column.name: column.kind for column in contract.columns} | derived_kinds(contract)
    issues = _issues(blocks, findings or {})
    rows = _rows(blocks)
    places: list[Place] = list(rows.select(_SUBMISSION, "sheet", "source_row").iter_rows())
    # Names and ids of persons, at which no rule looks, stay here.
    answers = failing_rows(rules, rows.select(_SUBMISSION, *_columns_of(suite)), kinds)
    # What is superseded passes every critical rule; its warnings are not reported.
    superseded = set(rows.filter("superseded").select(_SUBMISSION, "sheet", "source_row").iter_rows())
    for rule in rules:
        answer = answers[rule.id]
        if isinstance(answer, str):
            return Disagreement(rule.id, failure=answer)
        unreadable = _places(
            issues,
            (pl.col("rule") == CONTRACT)
            & (pl.col("code") != "missing-value")
            & pl.col("column_name").is_in(list(rule.operands)),
        )
        theirs = {places[position] for position in answer} - unreadable
        if rule.severity == "warning":
            theirs -= superseded
        ours = _places(issues, pl.col("rule") == rule.id)
        only_ours = set() if sample and rule.scope == "unique" else ours - theirs
        if only_ours or theirs - ours:
            return Disagreement(
                rule.id, tuple(sorted(only_ours, key=_order)), tuple(sorted(theirs - ours, key=_order))
            )
    return None


def warm_up() -> None:
    """Import Great Expectations, which takes seconds, so that the next answer comes without delay."""
    _engine()


def sample_rows(block: CheckedBlock, step: int, suite: Suite) -> CheckedBlock:
    """Copy every so many-th row of a block, with their issues, for a cross-check of a large file.

    Args:
        block: A checked block.
        step: Of how many rows the first one is taken.
        suite: The rules to be checked; columns at which none looks, as names and ids, are left out.
    """
    needed = {"sheet", "source_row", "accepted", "superseded", *_columns_of(suite)}
    rows = block.rows.select(name for name in block.rows.columns if name in needed).gather_every(step)
    return CheckedBlock(
        rows=_copied(rows),
        derived=_copied(block.derived.gather_every(step)) if block.derived.width else block.derived,
        issues=_copied(block.issues.filter(pl.col("source_row").is_in(rows["source_row"].implode()))),
    )


def _copied(rows: pl.DataFrame) -> pl.DataFrame:
    """Copy a few rows of many: those that polars picks keep the texts of all of them in memory."""
    return pl.DataFrame(rows.rows(), schema=rows.schema, orient="row")


def failing_rows(
    rules: Sequence[Rule], rows: pl.DataFrame, kinds: Mapping[str, Kind]
) -> dict[str, list[int] | str]:
    """Ask Great Expectations which rows fail.

    Args:
        rules: Row and uniqueness rules.
        rows: Their columns; where `submission_id` stands among them, keys may repeat between submissions.
        kinds: Kind of every column.

    Returns:
        For each rule's id the positions of the failing rows, or the name of the error that kept Great
        Expectations from deciding.
    """
    apart = _SUBMISSION in rows.columns and rows[_SUBMISSION].n_unique() > 1
    results = validate([_as_expectation(rule, apart=apart) for rule in rules], to_pandas(rows, kinds))
    answers: dict[str, list[int] | str] = {}
    for rule in rules:
        result = results.get(rule.id)
        if result is None:
            # Great Expectations leaves out an expectation it cannot read.
            answers[rule.id] = "it does not accept the expectation"
        elif "unexpected_index_list" in result.result:
            answers[rule.id] = [int(position) for position in result.result["unexpected_index_list"] or ()]
        else:
            answers[rule.id] = _error_name(result.exception_info)
    return answers


def validate(expectations: Sequence[Mapping[str, Any]], frame: pd.DataFrame) -> dict[str, Any]:
    """Run expectations with Great Expectations and return its results by `meta.rule`, without values."""
    suite_class, definition = _engine()
    accepted = [made for one in expectations for made in _made(suite_class, dict(one))]
    suite = suite_class(name="cross-check", expectations=accepted)
    batch = definition.get_batch(batch_parameters={"dataframe": frame})
    # The frame's default index names the failing rows, in two thirds of the time that index columns take.
    outcome = batch.validate(
        suite, result_format={"result_format": "COMPLETE", "exclude_unexpected_values": True}
    )
    return {result.expectation_config.meta["rule"]: result for result in outcome.results}


def to_pandas(rows: pl.DataFrame, kinds: Mapping[str, Kind]) -> pd.DataFrame:
    """Return typed columns as pandas and Great Expectations take them.

    Missing values are NaN or NaT throughout. Whole numbers with gaps become floats, as pandas does, or Python
    integers where a float would lose digits. Dates become timestamps. Lists become text.
    """
    import numpy as np
    import pandas as pd

    columns: dict[str, Any] = {}
    for name in rows.columns:
        kind = kinds.get(name)
        series = rows[name]
        if kind == "number":
            columns[name] = rows.select(value_expression(name, kind)).to_series().to_numpy()
        elif kind == "date":
            columns[name] = pd.Series(series.cast(pl.Datetime("us")).to_numpy())
        elif kind == "text":
            columns[name] = pd.Series(series.to_list(), dtype="str")
        elif kind == "list":
            columns[name] = pd.Series(series.list.join(",").to_list(), dtype="str")
        elif series.null_count() == 0:
            columns[name] = series.to_numpy()
        elif kind == "integer" and int(_number(series.abs().max())) <= _BIG:
            columns[name] = series.cast(pl.Float64()).to_numpy()
        else:
            values = [np.nan if value is None else value for value in series.to_list()]
            columns[name] = pd.Series(values, dtype=object)
    return pd.DataFrame(columns)


@cache
def _engine() -> tuple[Any, Any]:
    """Import Great Expectations (seconds) and prepare one context for the life of the process."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    import great_expectations as gx
    from great_expectations.core.expectation_suite import ExpectationSuite
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("checked").add_dataframe_asset("rows")
    return ExpectationSuite, asset.add_batch_definition_whole_dataframe("all")


def _made(suite_class: Any, expectation: dict[str, Any]) -> list[Any]:
    """Return the expectation as an object of Great Expectations; nothing where it does not accept it."""
    try:
        return list(suite_class(name="one", expectations=[expectation]).expectations)
    except Exception:  # Whatever it is, the rule stays without a result, which is a disagreement.
        return []


def _as_expectation(rule: Rule, *, apart: bool) -> dict[str, Any]:
    """Return the rule as Great Expectations takes it.

    Args:
        rule: The rule.
        apart: Whether rows of several submissions stand together, so that keys may repeat between them.
    """
    meta = {"rule": rule.id}
    if rule.scope != "unique" or not apart:
        return {"type": rule.type, "kwargs": dict(rule.kwargs), "severity": rule.severity, "meta": meta}
    # No row lacks the submission, so which rows are ignored has to stand in the condition.
    present = [{"type": "nullity", "column": {"name": name}, "is_null": False} for name in rule.operands]
    default = "any_value_is_missing" if "column" in rule.kwargs else "all_values_are_missing"
    ignored = rule.kwargs.get("ignore_row_if", default)
    choices: dict[str, list[list[Any]]] = {
        "any_value_is_missing": [present],
        "all_values_are_missing": [[one] for one in present],
        "never": [[]],
    }
    alternatives = [
        [*condition, *needed]
        for condition in _alternatives(rule.kwargs.get("row_condition"))
        for needed in choices[ignored]
    ]
    kwargs: dict[str, Any] = {"column_list": [_SUBMISSION, *rule.operands], "ignore_row_if": "never"}
    if all(alternatives):
        parts = [{"type": "and", "conditions": conditions} for conditions in alternatives]
        kwargs["row_condition"] = parts[0] if len(parts) == 1 else {"type": "or", "conditions": parts}
    return {
        "type": "expect_compound_columns_to_be_unique",
        "kwargs": kwargs,
        "severity": rule.severity,
        "meta": meta,
    }


def _alternatives(condition: Any) -> list[list[Any]]:
    """Return a row condition as an or of ands: Great Expectations takes no other nesting."""
    if condition is None:
        return [[]]
    if condition["type"] == "or":
        return [one for part in condition["conditions"] for one in _alternatives(part)]
    if condition["type"] == "and":
        choices = [_alternatives(part) for part in condition["conditions"]]
        return [[atom for part in parts for atom in part] for parts in itertools.product(*choices)]
    return [[condition]]


def _columns_of(suite: Suite) -> list[str]:
    """Return the columns at which the rules over rows look."""
    return list(dict.fromkeys(name for rule in suite.rules if rule.scope != "file" for name in rule.columns))


def _rows(blocks: Sequence[tuple[int, CheckedBlock]]) -> pl.DataFrame:
    frames = []
    for submission, block in blocks:
        rows = block.rows.with_columns(pl.lit(submission, dtype=pl.Int64()).alias(_SUBMISSION))
        frames.append(pl.concat([rows, block.derived], how="horizontal") if block.derived.width else rows)
    return pl.concat(frames)


def _issues(blocks: Sequence[tuple[int, CheckedBlock]], findings: Mapping[int, FileFindings]) -> pl.DataFrame:
    frames = [
        block.issues.with_columns(pl.lit(submission, dtype=pl.Int64()).alias(_SUBMISSION))
        for submission, block in blocks
    ]
    frames += [
        found.issues.drop_nulls("source_row").with_columns(
            pl.lit(submission, dtype=pl.Int64()).alias(_SUBMISSION)
        )
        for submission, found in findings.items()
    ]
    return pl.concat(frames)


def _places(issues: pl.DataFrame, which: pl.Expr) -> set[Place]:
    return set(issues.filter(which).select(_SUBMISSION, "sheet", "source_row").iter_rows())


def _order(place: Place) -> tuple[int, str, int]:
    submission, sheet, row = place
    return submission, sheet or "", row


def _number(value: Any) -> float:
    return 0 if value is None else value


def _error_name(information: Mapping[str, Any]) -> str:
    """Name the error without its message, which may quote a cell."""
    details = [information, *(one for one in information.values() if isinstance(one, Mapping))]
    for detail in details:
        lines = str(detail.get("exception_traceback") or "").strip().splitlines()
        if lines:
            return lines[-1].split(":")[0].strip()
    return "unknown error"
