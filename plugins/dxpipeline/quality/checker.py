"""Checks a file block by block: the contract, the compiled suite and the keys of the whole file.

Every reason why a row is refused is reported, not the first only; but a cell that could not be read reports
just that, and no rule that would judge its missing value.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from dxpipeline.contracts import Contract
from dxpipeline.periods import Period
from dxpipeline.quality.compiler import compile_suite
from dxpipeline.quality.context import Context
from dxpipeline.quality.derived import DERIVATIONS, derive, derived_kinds, not_looked_up
from dxpipeline.quality.file_rules import FileFigures
from dxpipeline.quality.issues import CONTRACT, Issue, issue_frame, issues_of_rule, shown
from dxpipeline.quality.limits import limit_details
from dxpipeline.quality.model import CheckedBlock, FileFindings
from dxpipeline.quality.newest import NewestVersions
from dxpipeline.quality.structure import TypedBlock, type_block
from dxpipeline.quality.suite import Rule, Suite
from dxpipeline.quality.uniqueness import UniqueCheck
from dxpipeline.reading.model import Block, Layout
from dxpipeline.reading.numerals import DecimalMark


class Checker:
    """Checks the blocks of one file, in their order.

    Args:
        contract: The feed.
        suite: Its rules.
        period: Reporting period of the file.
        received_at: When the delivery arrived, with its time zone; "in the future" is measured against it, so
            that a replay judges alike.
        layouts: Layouts of the file's sheets, for the date system of a workbook.
        reported: The codes that other feeds have reported, by feed, for look-ups.

    Raises:
        SuiteError: A rule cannot be compiled for the contract.
        DerivationError: The contract names a derivation that does not fit.
    """

    def __init__(
        self,
        contract: Contract,
        suite: Suite,
        period: Period,
        received_at: datetime,
        layouts: Iterable[Layout] = (),
        reported: Mapping[str, pl.Series] | None = None,
    ) -> None:
        kinds = {column.name: column.kind for column in contract.columns} | derived_kinds(contract)
        self.notes: list[str] = []
        self._contract = contract
        self._context = Context.of(contract, period, received_at, reported)
        self._compiled = compile_suite(suite, kinds)
        self._date_systems = {layout.sheet: layout.date_system_1904 for layout in layouts}
        self._refused: list[pl.DataFrame] = []
        self._decimal_marks: dict[str | None, dict[str, DecimalMark]] = {}
        self._newest = NewestVersions() if contract.newest_by is not None else None
        key = [contract.by_name[name] for name in contract.key]
        self._key = UniqueCheck(
            name=CONTRACT, severity="critical", code="duplicate-key", column=key[0], others=key[1:]
        )
        self._unique = [
            (compiled, self._unique_check(compiled.rule)) for compiled in self._compiled.unique_rules
        ]
        self._figures = [FileFigures(compiled) for compiled in self._compiled.file_rules]
        self._elements = dict.fromkeys((rule.id for rule in suite.rules if rule.scope != "file"), 0)
        self._unexpected = dict(self._elements)

    @property
    def rules_left_out(self) -> list[str]:
        """The rules that judge no row, because what they look up was never reported."""
        missing = not_looked_up(self._contract, self._context)
        return [rule.id for rule in self._compiled.suite.rules if missing.intersection(rule.columns)]

    def check(self, block: Block) -> CheckedBlock:
        """Check the records of a block.

        Returns:
            All records of the block, each accepted or not, with the issues found so far.
        """
        typed = type_block(
            block,
            self._contract,
            date_system_1904=self._date_systems.get(block.sheet, False),
            decimal_marks=self._decimal_marks.setdefault(block.sheet, {}),
        )
        self.notes.extend(note for note in typed.notes if note not in self.notes)
        derived = derive(typed.rows, self._contract, self._context)
        judged = pl.concat([typed.rows, derived], how="horizontal") if derived.width else typed.rows
        for figures in self._figures:
            figures.add(judged)
        issues = [
            *typed.issues,
            *self._row_issues(block.sheet, typed, judged),
            *self._key_issues(block.sheet, typed),
            *self._unique_issues(block.sheet, typed, judged),
            *self._ragged_issues(block),
        ]
        return self._checked(block, typed.rows, derived, issue_frame(issues))

    def finish(self) -> FileFindings:
        """Return what only the whole file shows; may be called once, after the last block."""
        late = issue_frame([*self._key.finish(), *self._finish_unique()])
        file_issues: list[Issue] = []
        rejected_by: tuple[str, dict[str, str]] | None = None
        for figures in self._figures:
            if figures.success():
                continue
            rule = figures.rule
            file_issues += issues_of_rule(
                sheets=[None],
                rows=[None],
                column=rule.column,
                code=rule.code,
                severity=rule.severity,
                rule=rule.id,
                values=[None],
                details=[figures.details()],
            )
            if rule.severity == "critical" and rejected_by is None:
                rejected_by = (rule.code, figures.details())
        refused = late.filter(pl.col("severity") == "critical").select("sheet", "source_row").unique()
        already = pl.concat([refused.clear(), *self._refused])
        return FileFindings(
            issues=pl.concat([late, issue_frame(file_issues)]),
            late_quarantined=refused.join(
                already, on=["sheet", "source_row"], how="anti", nulls_equal=True
            ).sort("source_row"),
            superseded=self._newest.finish() if self._newest is not None else refused.clear(),
            rejected_by=rejected_by,
            results=tuple(self._result(rule) for rule in self._compiled.suite.rules),
        )

    def _unique_check(self, rule: Rule) -> UniqueCheck:
        column = self._contract.by_name[rule.column or self._contract.key[0]]
        return UniqueCheck(name=rule.id, severity=rule.severity, code=rule.code, column=column)

    def _row_issues(self, sheet: str | None, typed: TypedBlock, judged: pl.DataFrame) -> Iterable[Issue]:
        """Run every row rule in one pass and report the rows that fail."""
        if not self._compiled.row_rules:
            return
        for rule_id, count in self._compiled.elements(judged).items():
            self._elements[rule_id] += count
        failed = self._compiled.failures(judged).select(pl.all().arg_true().implode())
        for compiled in self._compiled.row_rules:
            rule = compiled.rule
            places = failed[rule.id][0]
            if places.is_empty():
                continue
            unreadable = _unreadable(typed, rule.operands)
            if unreadable:
                places = places.filter(~places.is_in(unreadable))
            self._unexpected[rule.id] += len(places)
            yield from self._issues_at(places, sheet, typed, judged, rule)

    def _issues_at(
        self, places: pl.Series, sheet: str | None, typed: TypedBlock, judged: pl.DataFrame, rule: Rule
    ) -> list[Issue]:
        """Report the rows at some positions as failed."""
        column = self._contract.by_name[rule.column or ""]
        looked_up = (derived.columns for derived in self._contract.derived if derived.name in rule.operands)
        # Most rules refuse few rows: only what their sentences need is picked.
        needed = dict.fromkeys(["source_row", *rule.columns, *itertools.chain.from_iterable(looked_up)])
        rows = judged[places, list(needed)]
        return issues_of_rule(
            sheets=[sheet] * rows.height,
            rows=rows["source_row"].to_list(),
            column=column.name,
            code=rule.code,
            severity=rule.severity,
            rule=rule.id,
            values=[shown(text, column) for text in typed.texts[column.name][places]],
            details=self._details(rule, rows),
        )

    def _details(self, rule: Rule, rows: pl.DataFrame) -> list[dict[str, str]]:
        """Return for each failed row what its sentence needs: limits, and what the look-ups can tell."""
        details = limit_details(rule, self._contract, rows)
        for derived in self._contract.derived:
            explain = DERIVATIONS[derived.function].explain
            if explain is None or derived.name not in rule.operands:
                continue
            cells = list(rows.select(derived.columns).iter_rows())
            answers = {cell: explain(cell, self._context) for cell in set(cells)}
            for detail, cell in zip(details, cells, strict=True):
                detail.update(answers[cell])
        return details

    def _key_issues(self, sheet: str | None, typed: TypedBlock) -> list[Issue]:
        """Report repeated keys, but not those of versions; a record without key repeats nobody's."""
        if self._newest is not None:
            return []
        key = list(self._contract.key)
        complete = typed.rows.select(pl.all_horizontal(pl.col(key).is_not_null())).to_series()
        rows = typed.rows.filter(complete)
        return self._key.add(
            rows.select(key), sheet, rows["source_row"], typed.texts[key[0]].filter(complete)
        )

    def _unique_issues(self, sheet: str | None, typed: TypedBlock, judged: pl.DataFrame) -> Iterable[Issue]:
        """Report what repeats in this block or repeats an earlier one."""
        for compiled, check in self._unique:
            rule = compiled.rule
            self._elements[rule.id] += int(judged.select(compiled.applies.sum()).item())
            chosen = judged.select(compiled.looked_at).to_series()
            unreadable = _unreadable(typed, rule.operands)
            if unreadable:
                chosen = chosen.clone().scatter(sorted(unreadable), False)
            rows = judged.filter(chosen)
            keys = rows.select(value.alias(f"key_{number}") for number, value in enumerate(compiled.key))
            texts = typed.texts[rule.column or self._contract.key[0]].filter(chosen)
            issues = check.add(keys, sheet, rows["source_row"], texts)
            self._unexpected[rule.id] += len(issues)
            yield from issues

    def _finish_unique(self) -> Iterable[Issue]:
        """Report the rows that only a later block showed to be repeated."""
        for _, check in self._unique:
            issues = check.finish()
            self._unexpected[check.name] += len(issues)
            yield from issues

    def _ragged_issues(self, block: Block) -> list[Issue]:
        return issues_of_rule(
            sheets=[block.sheet] * block.ragged.height,
            rows=block.ragged["source_row"].to_list(),
            column=None,
            code="ragged-row",
            severity="critical",
            rule=CONTRACT,
            values=[None] * block.ragged.height,
            details=[{"cells": str(cells)} for cells in block.ragged["cells"]],
        )

    def _checked(
        self, block: Block, rows: pl.DataFrame, derived: pl.DataFrame, issues: pl.DataFrame
    ) -> CheckedBlock:
        """Say which records are accepted."""
        accepted = self._accepted(rows, issues)
        superseded = self._superseded(block.sheet, rows, accepted)
        if superseded.any():
            accepted &= ~superseded
            gone = rows["source_row"].filter(superseded)
            issues = issues.filter(~pl.col("source_row").is_in(gone.implode()))
        columns = [column.name for column in self._contract.columns]
        sheet = pl.lit(block.sheet, dtype=pl.String()).alias("sheet")
        return CheckedBlock(
            rows=rows.select(
                sheet,
                "source_row",
                *columns,
                accepted.alias("accepted"),
                superseded.alias("superseded"),
            ),
            derived=derived,
            issues=issues,
            ragged=block.ragged.select(sheet, "source_row"),
        )

    def _accepted(self, rows: pl.DataFrame, issues: pl.DataFrame) -> pl.Series:
        """Say which records of a block no critical issue refuses."""
        refused = issues.filter(pl.col("severity") == "critical").select("sheet", "source_row")
        if refused.is_empty():
            return pl.repeat(True, rows.height, dtype=pl.Boolean(), eager=True)
        if self._newest is None:
            self._refused.append(refused.unique())
        return ~rows["source_row"].is_in(refused["source_row"].implode())

    def _superseded(self, sheet: str | None, rows: pl.DataFrame, accepted: pl.Series) -> pl.Series:
        """Say which accepted records of a block are older versions of a record seen so far."""
        newest_by = self._contract.newest_by
        if self._newest is None or newest_by is None:
            return pl.repeat(False, rows.height, dtype=pl.Boolean(), eager=True)
        versions = rows.select(*self._contract.key, newest_by, "source_row").filter(accepted)
        older = self._newest.add(
            versions.select(self._contract.key), versions[newest_by], sheet, versions["source_row"]
        )
        superseded = np.zeros(rows.height, dtype=np.bool_)
        superseded[accepted.to_numpy()] = older
        return pl.Series(superseded)

    def _result(self, rule: Rule) -> dict[str, Any]:
        """Return the outcome of a rule over the whole file in Great Expectations' result format."""
        configuration: Mapping[str, Any] = {
            "type": rule.type,
            "kwargs": dict(rule.kwargs),
            "severity": rule.severity,
            "meta": {"code": rule.code, "column": rule.column},
        }
        if rule.scope == "file":
            figures = next(figures for figures in self._figures if figures.rule is rule)
            return {
                "rule": rule.id,
                "success": figures.success(),
                "expectation_config": configuration,
                "result": {"observed_value": figures.observed()},
            }
        elements, unexpected = self._elements[rule.id], self._unexpected[rule.id]
        return {
            "rule": rule.id,
            "success": unexpected == 0,
            "expectation_config": configuration,
            "result": {
                "element_count": elements,
                "unexpected_count": unexpected,
                "unexpected_percent": 100 * unexpected / elements if elements else 0.0,
            },
        }


def _unreadable(typed: TypedBlock, columns: Iterable[str]) -> frozenset[int]:
    """Return the positions of the rows in which one of the columns could not be read."""
    return frozenset[int]().union(*(typed.unreadable.get(name, ()) for name in columns))
