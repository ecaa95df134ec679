"""Derived columns: look-ups made before the check, so that the expectations of a suite can test them.

A contract names them in `derivedColumns`; each names a derivation of this registry and the columns it reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

import polars as pl

from dxpipeline import reference
from dxpipeline.contracts import Contract, Kind
from dxpipeline.periods import HO_CHI_MINH, Period
from dxpipeline.reading.values import DTYPES
from dxpipeline.text import fold_tone

_TYPES = ("Phường", "Xã", "Thị trấn")


class DerivationError(Exception):
    """A contract names a derivation that is not known or does not fit; the message says which."""


@dataclass(frozen=True)
class Context:
    """What derivations may look at beside the row.

    Attributes:
        period_end_on: Last day of the reporting period.
        due_on: Last day on which the report is on time.
        received_on: Day of the delivery in Viet Nam.
    """

    period_end_on: date
    due_on: date
    received_on: date

    @classmethod
    def of(cls, contract: Contract, period: Period, received_at: datetime) -> Context:
        """Make the context of one delivery.

        Raises:
            ValueError: `received_at` does not know its time zone.
        """
        if received_at.tzinfo is None:
            raise ValueError("received_at has no time zone; give the moment with its offset.")
        return cls(
            period_end_on=contract.last_day(period),
            due_on=contract.due_on(period),
            received_on=received_at.astimezone(HO_CHI_MINH).date(),
        )


@dataclass(frozen=True)
class Derivation:
    """One way of making a column.

    Attributes:
        kind: Kind of its values; None where it is the kind of its columns.
        inputs: Kinds of the columns it reads, in their order; None for two or more numeric ones of one kind.
        compute: Makes the values from the rows, the names of its columns and the context; one a row.
        explain: For the cells of a failed row, what the issue's sentence can tell beyond the refusal.
    """

    kind: Kind | None
    inputs: tuple[Kind, ...] | None
    compute: Callable[[pl.DataFrame, Sequence[str], Context], pl.Series]
    explain: Callable[[Sequence[str | None], Context], dict[str, str]] | None = None


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
        found = tuple(contract.by_name[name].kind for name in column.columns)
        if derivation.inputs is None:
            if len(found) < 2 or len(set(found)) != 1 or found[0] not in ("integer", "number", "date"):
                raise DerivationError(
                    f"{place} needs two or more columns of one kind: integer, number or date."
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
        DerivationError: As `derived_kinds`.
    """
    kinds = derived_kinds(contract)
    return pl.DataFrame(
        [
            DERIVATIONS[column.function]
            .compute(rows, column.columns, context)
            .cast(DTYPES[kinds[column.name]])
            .alias(column.name)
            for column in contract.derived
        ]
    )


def _constant(
    value: Callable[[Context], date],
) -> Callable[[pl.DataFrame, Sequence[str], Context], pl.Series]:
    def compute(rows: pl.DataFrame, columns: Sequence[str], context: Context) -> pl.Series:
        return pl.repeat(value(context), rows.height, dtype=pl.Date(), eager=True)

    return compute


def _lowest(rows: pl.DataFrame, columns: Sequence[str], context: Context) -> pl.Series:
    complete = pl.all_horizontal(pl.col(name).is_not_null() for name in columns)
    return rows.select(pl.when(complete).then(pl.min_horizontal(columns))).to_series()


def _commune_in_force(rows: pl.DataFrame, columns: Sequence[str], context: Context) -> pl.Series:
    codes = rows[columns[0]]
    in_force = codes.is_in(list(_communes(context.period_end_on)))
    return pl.select(pl.when(codes.is_not_null()).then(in_force)).to_series()


def _commune_name_agrees(rows: pl.DataFrame, columns: Sequence[str], context: Context) -> pl.Series:
    code, name = columns
    pairs = rows.select(pl.col(code).alias("code"), pl.col(name).alias("name"))
    unique = pairs.unique().drop_nulls()
    communes = _communes(context.period_end_on)
    agrees = [
        fold_tone(sent) in _spellings(known) if (known := communes.get(code)) else None
        for code, sent in unique.iter_rows()
    ]
    lookup = unique.with_columns(pl.Series("agrees", agrees, dtype=pl.Boolean))
    return pairs.join(lookup, on=["code", "name"], how="left", maintain_order="left")["agrees"]


def _suggest_successors(cells: Sequence[str | None], context: Context) -> dict[str, str]:
    found = reference.successors(cells[0] or "", context.period_end_on)
    if not found:
        return {}
    units = (f"{step.successor.commune_code} {step.successor.commune_name}" for step in found)
    return {
        "suggestion": "; ".join(units),
        "former": found[0].former.commune_name,
        "since": max(step.effective_on for step in found).isoformat(),
    }


def _expected_name(cells: Sequence[str | None], context: Context) -> dict[str, str]:
    commune = _communes(context.period_end_on).get(cells[0] or "")
    return {"expected": commune.commune_name} if commune else {}


@cache
def _communes(on: date) -> dict[str, reference.Commune]:
    return reference.communes_in_force(on)


@cache
def _spellings(commune: reference.Commune) -> frozenset[str]:
    """Return the keys of a commune's names, with and without the type of unit."""
    keys = set()
    for name in commune.names:
        keys.add(fold_tone(name))
        keys.update(
            fold_tone(name.removeprefix(prefix)) for prefix in _TYPES if name.startswith(prefix + " ")
        )
    return frozenset(keys)


DERIVATIONS: Mapping[str, Derivation] = {
    "received_on": Derivation("date", (), _constant(lambda context: context.received_on)),
    "due_on": Derivation("date", (), _constant(lambda context: context.due_on)),
    "period_end_on": Derivation("date", (), _constant(lambda context: context.period_end_on)),
    "lowest": Derivation(None, None, _lowest),
    "commune_in_force": Derivation("boolean", ("text",), _commune_in_force, _suggest_successors),
    "commune_name_agrees": Derivation("boolean", ("text", "text"), _commune_name_agrees, _expected_name),
}
"""Every derivation a contract may name."""
