"""Derived columns: look-ups made before the check, so that the expectations of a suite can test them.

A contract names them in `derivedColumns`; each names a derivation of this registry and the columns it reads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from dxpipeline import reference
from dxpipeline.contracts import Contract, DerivedColumn, Kind
from dxpipeline.plan.entries import PlanError
from dxpipeline.plan.reader import plan_codes_version
from dxpipeline.quality.communes import (
    commune_in_force,
    commune_in_force_on,
    commune_name_agrees,
    expected_name,
    suggest_successors,
)
from dxpipeline.quality.context import Context
from dxpipeline.quality.departments import department_existed_on, departments_of_the_day
from dxpipeline.quality.enterprises import tax_code_valid
from dxpipeline.quality.persons import (
    citizen_birth_year_agrees,
    citizen_sex_agrees,
    free_of_numbers,
    icd10_known,
    suggest_icd10,
)
from dxpipeline.quality.planned import (
    comments_due_on,
    document_planned,
    planned_documents,
    planned_solutions,
    solution_planned,
)
from dxpipeline.reading.values import DTYPES

_DECIMALS = 9
"""Decimals kept of what is computed from numbers, so that 0.1 + 0.2 is 0.3 and 3 of 10 is 0.3."""

_DECIMALS_OF_A_DIFFERENCE = 6
"""Decimals kept of a difference: more than people write, and above the noise of binary sums below 10⁹."""


class DerivationError(Exception):
    """A contract names a derivation that is not known or does not fit; the message says which."""


@dataclass(frozen=True)
class Derivation:
    """One way of making a column.

    Attributes:
        kind: Kind of its values; None where it is the kind of its columns.
        inputs: Kinds of the columns it reads, in their order; a set for two or more of one of its kinds.
        compute: Makes the values from the rows, the names of its columns and the context; one a row. One that
            looks up in the reports of another feed also gets that feed's name.
        explain: For the cells of a failed row, what the issue's sentence can tell beyond the refusal.
        of_feed: Whether it looks up in the reports of another feed, which the contract then names.
    """

    kind: Kind | None
    inputs: tuple[Kind, ...] | frozenset[Kind]
    compute: Callable[..., pl.Series]
    explain: Callable[[Sequence[Any], Context], dict[str, str]] | None = None
    of_feed: bool = False


def derived_kinds(contract: Contract) -> dict[str, Kind]:
    """Return the kind of every derived column of a contract.

    Raises:
        DerivationError: A derivation is not known, or its columns are not of the kinds it reads.
    """
    kinds: dict[str, Kind] = {}
    for column in contract.derived:
        place = f"{contract.path.name}: derived column {column.name}"
        derivation = DERIVATIONS.get(column.function)
        if derivation is None:
            known = ", ".join(sorted(DERIVATIONS))
            raise DerivationError(
                f"{place} names the unknown function {column.function!r}; known are {known}."
            )
        if column.name in contract.by_name:
            raise DerivationError(f"{place} has the name of a column that is sent; give it another.")
        if derivation.of_feed != (column.feed is not None):
            raise DerivationError(
                f"{place} {'must name the' if derivation.of_feed else 'cannot name a'} feed it looks up in."
            )
        found = tuple(contract.by_name[name].kind for name in column.columns)
        if isinstance(derivation.inputs, frozenset):
            if len(found) < 2 or len(set(found)) != 1 or found[0] not in derivation.inputs:
                raise DerivationError(
                    f"{place} needs two or more columns of one kind: {', '.join(sorted(derivation.inputs))}."
                )
        elif found != derivation.inputs:
            wanted = ", ".join(derivation.inputs) or "none"
            raise DerivationError(
                f"{place} reads columns of the kinds {', '.join(found) or 'none'}; needed: {wanted}."
            )
        kinds[column.name] = derivation.kind or found[0]
    return kinds


def derive(rows: pl.DataFrame, contract: Contract, context: Context) -> pl.DataFrame:
    """Make the derived columns of some rows.

    Args:
        rows: The typed columns of the contract.
        contract: The feed.
        context: The delivery.

    Returns:
        One column a derived column, in the order of the rows; a frame without columns where none is declared.

    Raises:
        DerivationError: As `derived_kinds`, or what is looked up cannot be read.
    """
    kinds = derived_kinds(contract)
    try:
        return pl.DataFrame(
            [
                _computed(column, rows, context).cast(DTYPES[kinds[column.name]]).alias(column.name)
                for column in contract.derived
            ]
        )
    except PlanError as error:
        raise DerivationError(f"{contract.path.name}: the plan cannot be looked up ({error})") from error


def look_up_version() -> str:
    """Return the version of what derivations look up: code lists, documents and solutions (12 hex digits).

    Raises:
        ReferenceDataError: A reference table is missing.
        PlanError: The file of the documents or of the solutions is missing.
    """
    return hashlib.sha256(f"{reference.version()} {plan_codes_version()}".encode()).hexdigest()[:12]


def not_looked_up(contract: Contract, context: Context) -> frozenset[str]:
    """Return the derived columns that are null in every row, since their feed has no report to look up in."""
    return frozenset(
        column.name
        for column in contract.derived
        if column.feed is not None and column.feed not in context.reported
    )


def _computed(column: DerivedColumn, rows: pl.DataFrame, context: Context) -> pl.Series:
    compute = DERIVATIONS[column.function].compute
    if column.feed is None:
        return compute(rows, column.columns, context)
    return compute(rows, column.columns, context, column.feed)


def _is_reported(rows: pl.DataFrame, columns: Sequence[str], context: Context, feed: str) -> pl.Series:
    """Say whether a report of a feed named a code before; null without a code or any report."""
    codes = context.reported.get(feed)
    if codes is None:
        return pl.repeat(None, rows.height, dtype=pl.Boolean(), eager=True)
    return rows.select(pl.col(columns[0]).is_in(codes.implode())).to_series()


def _constant(
    value: Callable[[Context], date | None],
) -> Callable[[pl.DataFrame, Sequence[str], Context], pl.Series]:
    def compute(rows: pl.DataFrame, columns: Sequence[str], context: Context) -> pl.Series:
        day = value(context)
        if day is None:
            # Rules that compare with it would pass everything.
            raise DerivationError(
                "due_on: a report that comes once has no due day; remove the derived column."
            )
        return pl.repeat(day, rows.height, dtype=pl.Date(), eager=True)

    return compute


def _period_year(rows: pl.DataFrame, columns: Sequence[str], context: Context) -> pl.Series:
    return pl.repeat(context.period_end_on.year, rows.height, dtype=pl.Int64(), eager=True)


def _lowest(rows: pl.DataFrame, columns: Sequence[str], context: Context) -> pl.Series:
    complete = pl.all_horizontal(pl.col(name).is_not_null() for name in columns)
    return rows.select(pl.when(complete).then(pl.min_horizontal(columns))).to_series()


def _sum(rows: pl.DataFrame, columns: Sequence[str], context: Context) -> pl.Series:
    added = rows.select(pl.sum_horizontal(columns, ignore_nulls=False)).to_series()
    return added if added.dtype.is_integer() else added.round(_DECIMALS)


def _share(rows: pl.DataFrame, columns: Sequence[str], context: Context) -> pl.Series:
    part, whole = map(pl.col, columns)
    return rows.select(pl.when(whole != 0).then((part / whole).round(_DECIMALS))).to_series()


def _years_begun(rows: pl.DataFrame, columns: Sequence[str], context: Context) -> pl.Series:
    day, end = pl.col(columns[0]).dt, context.period_end_on
    place_in_year = day.month().cast(pl.Int64()) * 100 + day.day()
    # One more from the day after the anniversary on.
    begun = (place_in_year < end.month * 100 + end.day).cast(pl.Int64())
    return rows.select(end.year - day.year() + begun).to_series()


def _difference(rows: pl.DataFrame, columns: Sequence[str], context: Context) -> pl.Series:
    total, *parts = columns
    left = pl.col(total) - pl.sum_horizontal(parts, ignore_nulls=False)
    return rows.select(left.round(_DECIMALS_OF_A_DIFFERENCE)).to_series()


DERIVATIONS: Mapping[str, Derivation] = {
    "received_on": Derivation("date", (), _constant(lambda context: context.received_on)),
    "due_on": Derivation("date", (), _constant(lambda context: context.due_on)),
    "period_end_on": Derivation("date", (), _constant(lambda context: context.period_end_on)),
    "period_year": Derivation("integer", (), _period_year),
    "lowest": Derivation(None, frozenset({"integer", "number", "date"}), _lowest),
    "sum": Derivation(None, frozenset({"integer", "number"}), _sum),
    # A total less its parts: bounds on it say how far they may be apart.
    "difference": Derivation(None, frozenset({"integer", "number"}), _difference),
    "share": Derivation("number", ("number", "number"), _share),
    "years_begun": Derivation("integer", ("date",), _years_begun),
    "tax_code_valid": Derivation("boolean", ("text",), tax_code_valid),
    "commune_in_force": Derivation("boolean", ("text",), commune_in_force, suggest_successors),
    "commune_in_force_on": Derivation("boolean", ("text", "date"), commune_in_force_on, suggest_successors),
    "commune_name_agrees": Derivation("boolean", ("text", "text"), commune_name_agrees, expected_name),
    "department_existed_on": Derivation(
        "boolean", ("text", "date"), department_existed_on, departments_of_the_day
    ),
    "comments_due_on": Derivation("date", ("text",), comments_due_on),
    "document_planned": Derivation("boolean", ("text",), document_planned, planned_documents),
    "solution_planned": Derivation("boolean", ("text",), solution_planned, planned_solutions),
    "citizen_sex_agrees": Derivation("boolean", ("text", "text"), citizen_sex_agrees),
    "citizen_birth_year_agrees": Derivation("boolean", ("text", "date"), citizen_birth_year_agrees),
    "free_of_numbers": Derivation("boolean", ("text", "text", "text"), free_of_numbers),
    "is_reported": Derivation("boolean", ("text",), _is_reported, of_feed=True),
    "icd10_known": Derivation("boolean", ("text",), icd10_known, suggest_icd10),
}
"""Every derivation a contract may name."""
