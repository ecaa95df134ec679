"""Derivations that look a commune's code up: whether it is in force on a day, and under which name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any

import polars as pl

from dxpipeline import reference
from dxpipeline.quality.context import Context
from dxpipeline.text import fold_tone

_TYPES = ("Phường", "Xã", "Thị trấn")


def commune_in_force(rows: pl.DataFrame, columns: Sequence[str], context: Context) -> pl.Series:
    """Say whether a code is in force on the last day of the period; null where there is none."""
    return rows.select(_listed(columns[0], context.period_end_on)).to_series()


def commune_in_force_on(rows: pl.DataFrame, columns: Sequence[str], context: Context) -> pl.Series:
    """Say whether a code is in force on the row's own day; null where code or day is missing.

    A day before the first list of communes is judged by that list. A day after the file was received is wrong
    itself and judges nothing: null.
    """
    code, on = columns
    changes = [day for day in _changes()[1:] if day <= context.received_on]
    # Communes change on few days: each stretch between two changes is one look-up in one list.
    in_force = _listed(code, _changes()[0])
    for since in changes:
        in_force = pl.when(pl.col(on) >= since).then(_listed(code, since)).otherwise(in_force)
    return rows.select(pl.when(pl.col(on) <= context.received_on).then(in_force)).to_series()


def commune_name_agrees(rows: pl.DataFrame, columns: Sequence[str], context: Context) -> pl.Series:
    """Say whether a name is the one of its code; null where the code is not in force or one is missing."""
    code, name = columns
    pairs = rows.select(pl.col(code).alias("code"), pl.col(name).alias("name"))
    unique = pairs.unique().drop_nulls()
    communes = _in_force(context.period_end_on)
    agrees = [
        fold_tone(sent) in _spellings(known) if (known := communes.get(code)) else None
        for code, sent in unique.iter_rows()
    ]
    lookup = unique.with_columns(pl.Series("agrees", agrees, dtype=pl.Boolean))
    return pairs.join(lookup, on=["code", "name"], how="left", maintain_order="left")["agrees"]


def suggest_successors(cells: Sequence[Any], context: Context) -> dict[str, str]:
    """Name the day that counts, `on`, and the units that took over from an abolished one then.

    Args:
        cells: The code, and where the row has a day of its own, that day.
        context: The delivery.

    Returns:
        `on`, and where the code was another unit's before, `suggestion`, `former` and `since`.
    """
    code, on = cells if len(cells) == 2 else (cells[0], context.period_end_on)
    found = reference.successors(code or "", on)
    if not found:
        return {"on": on.isoformat()}
    units = (f"{step.successor.commune_code} {step.successor.commune_name}" for step in found)
    return {
        "on": on.isoformat(),
        "suggestion": "; ".join(units),
        "former": found[0].former.commune_name,
        "since": max(step.effective_on for step in found).isoformat(),
    }


def expected_name(cells: Sequence[Any], context: Context) -> dict[str, str]:
    """Name the unit that bears a code: `expected`."""
    commune = _in_force(context.period_end_on).get(cells[0] or "")
    return {"expected": commune.commune_name} if commune else {}


def _listed(code: str, on: date) -> pl.Expr:
    return pl.col(code).is_in(_codes(on).implode())


@cache
def _changes() -> tuple[date, ...]:
    """The days on which the communes in force changed, beginning with that of the first list."""
    units = reference.communes()
    return tuple(sorted({day for unit in units for day in (unit.valid_from, unit.valid_to) if day}))


@cache
def _in_force(on: date) -> dict[str, reference.Commune]:
    return reference.communes_in_force(on)


@cache
def _codes(on: date) -> pl.Series:
    return pl.Series(list(_in_force(on)), dtype=pl.String())


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
