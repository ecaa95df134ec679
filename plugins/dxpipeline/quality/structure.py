"""Checks what the contract says of every cell: it is there, it can be read, it is of the list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from dxpipeline.contracts import Column, Contract
from dxpipeline.quality.issues import CONTRACT, Issue, issues_of_rule, shown
from dxpipeline.reading.model import Block
from dxpipeline.reading.numerals import DecimalMark
from dxpipeline.reading.values import DTYPES, parse_column


@dataclass(frozen=True)
class TypedBlock:
    """The records of a block with typed cells; the ragged ones are left out.

    Attributes:
        rows: `source_row` and every contract column, null where absent or unreadable.
        texts: Every contract column as sent.
        unreadable: Column -> the positions of its cells that could not be read.
        issues: What the contract found.
        notes: What was repaired on the way, for the receipt.
    """

    rows: pl.DataFrame
    texts: pl.DataFrame
    unreadable: Mapping[str, frozenset[int]]
    issues: list[Issue]
    notes: list[str]


def type_block(
    block: Block,
    contract: Contract,
    *,
    date_system_1904: bool = False,
    decimal_marks: dict[str, DecimalMark] | None = None,
) -> TypedBlock:
    """Give every cell of a block its type and report those that are missing or cannot be read.

    Args:
        block: The block as read.
        contract: The feed.
        date_system_1904: Whether serial dates of the workbook count from 1904.
        decimal_marks: Column -> the decimal mark its earlier cells prove; what this block proves is added.
    """
    marks = {} if decimal_marks is None else decimal_marks
    source_rows = block.texts["source_row"].cast(pl.Int64())
    typed = [source_rows.alias("source_row")]
    sent: list[pl.Series] = []
    unreadable: dict[str, frozenset[int]] = {}
    issues: list[Issue] = []
    notes: list[str] = []
    for column in contract.columns:
        if column.name in block.texts.columns:
            texts = block.texts[column.name]
        else:
            texts = pl.Series(column.name, [None] * len(source_rows), dtype=pl.String())
        native = (
            block.native[column.name] if block.native is not None and column.name in block.native else None
        )
        parsed = parse_column(
            texts,
            native,
            column,
            date_system_1904=date_system_1904,
            decimal_mark=marks.get(column.name),
        )
        if parsed.decimal_mark is not None:
            marks[column.name] = parsed.decimal_mark
        values = parsed.values.cast(DTYPES[column.kind]).alias(column.name)
        codes = parsed.codes
        notes.extend(parsed.notes)
        typed.append(values)
        sent.append(texts.alias(column.name))
        coded = len(codes) - codes.null_count()
        if coded:
            unreadable[column.name] = frozenset(codes.is_not_null().arg_true())
        if column.required and values.null_count() > coded:
            absent = values.is_null() & codes.is_null()
            codes = codes.zip_with(~absent, pl.repeat("missing-value", len(codes), eager=True))
        if codes.null_count() < len(codes):
            issues += _cell_issues(block.sheet, source_rows, column, texts, codes)
    return TypedBlock(
        rows=pl.DataFrame(typed),
        texts=pl.DataFrame(sent),
        unreadable=unreadable,
        issues=issues,
        notes=notes,
    )


def _cell_issues(
    sheet: str | None, source_rows: pl.Series, column: Column, texts: pl.Series, codes: pl.Series
) -> list[Issue]:
    bad = codes.is_not_null()
    kinds = codes.filter(bad).to_list()
    return issues_of_rule(
        sheets=[sheet] * len(kinds),
        rows=source_rows.filter(bad).to_list(),
        column=column.name,
        code=kinds,
        severity="critical",
        rule=CONTRACT,
        values=[shown(text, column) for text in texts.filter(bad)],
        details=[_details(code, column) for code in kinds],
    )


def _details(code: str, column: Column) -> Mapping[str, str] | None:
    """Return what the contract can say about the right form of a cell."""
    if code == "not-in-list" and column.choices:
        return {"choices": ", ".join(choice.label for choice in column.choices)}
    if code != "bad-format":
        return None
    details: dict[str, str] = {}
    if column.pattern:
        details["pattern"] = column.pattern
    if column.min_length is not None:
        details["min_length"] = str(column.min_length)
    if column.max_length is not None:
        details["max_length"] = str(column.max_length)
    return details or None
