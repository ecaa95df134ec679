"""What a commune of any time is today, and how much of it: the weights by which its figures are carried over.

A unit that went wholly into one of today's has the weight 1. One that was split has weights where
commune_split_weight.csv gives the populations of all its parts, or else their areas; where it gives neither,
nothing says how much of a figure belongs where, and the weights are unknown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from operator import add, mul
from typing import Literal, get_args

from dxpipeline.reference import (
    SURENESS,
    Commune,
    ReferenceDataError,
    Succession,
    communes,
    read_table,
    successions,
)

TABLE = "commune_split_weight.csv"
COLUMNS = ("old_code", "old_valid_from", "new_code", "population", "area_km2", "source")

WeightBasis = Literal["whole", "population", "area", "unknown"]

_BASES: tuple[WeightBasis, ...] = get_args(WeightBasis)  # from sure to doubtful
_DECIMALS = 12


@dataclass(frozen=True, slots=True)
class SplitPart:
    """A part of a commune that was split.

    Attributes:
        old_code: Code of the commune that was split, five digits as text.
        old_valid_from: Its first day in force.
        new_code: Code of the commune that took the part over.
        population: Persons in the part, not in the commune that took it over; None where not known.
        area_km2: Area of the part in square kilometres; None where not known.
        source: Where the figures were published.
    """

    old_code: str
    old_valid_from: date
    new_code: str
    population: int | None
    area_km2: Decimal | None
    source: str


@dataclass(frozen=True, slots=True)
class Placement:
    """A commune of any time, and one of today that holds it or a part of it.

    Attributes:
        commune: The commune of any time.
        today: The commune in force today.
        weight: The share of its figures that belongs to the commune of today, more than 0 and up to 1; those
            of one commune sum to exactly 1. None for all its parts where no source gives their shares.
        weight_basis: `whole`, or by what the share was measured: `population`, `area`, or `unknown`.
        weight_source: Where the figures behind a measured share were published; None for the others.
        sureness: How the succession is known: the least sure of its steps.
    """

    commune: Commune
    today: Commune
    weight: Decimal | None
    weight_basis: WeightBasis
    weight_source: str | None
    sureness: str


@dataclass(frozen=True, slots=True)
class _Share:
    """How much of a unit goes one way, before anything is rounded; or by several ways together."""

    share: Fraction | None
    basis: WeightBasis
    sources: tuple[str, ...]
    sureness: str

    def joined(self, other: _Share, by: Callable[[Fraction, Fraction], Fraction]) -> _Share:
        """Return what two shares are together: of steps one after the other, or of ways side by side."""
        return _Share(
            None if self.share is None or other.share is None else by(self.share, other.share),
            max(self.basis, other.basis, key=_BASES.index),
            tuple(dict.fromkeys(self.sources + other.sources)),
            max(self.sureness, other.sureness, key=SURENESS.index),
        )


def placements() -> tuple[Placement, ...]:
    """Return what every commune of any time is today, by code, first day and code of today.

    Raises:
        ReferenceDataError: A table is missing or broken, or does not give the parts of a unit completely.
    """
    steps: dict[Commune, list[Succession]] = defaultdict(list)
    for step in successions():
        steps[step.former].append(step)
    parts = _split_parts()
    if unknown := sorted(parts.keys() - {(unit.commune_code, unit.valid_from) for unit in steps}):
        code, valid_from = unknown[0]
        raise ReferenceDataError(
            f"{TABLE} has parts of commune {code} from {valid_from}, which is none that ended: "
            "write code and first day as in commune_succession.csv."
        )

    @cache
    def today(unit: Commune) -> Mapping[Commune, _Share]:
        if unit.valid_to is None:
            return {unit: _Share(Fraction(1), "whole", (), SURENESS[0])}
        found: dict[Commune, _Share] = {}
        first = _shares_of_steps(steps[unit], parts.get((unit.commune_code, unit.valid_from)))
        for step, share in zip(steps[unit], first, strict=True):
            for commune, later in today(step.successor).items():
                way = share.joined(later, mul)
                found[commune] = found[commune].joined(way, add) if commune in found else way
        return found

    return tuple(placement for unit in communes() for placement in _placed(unit, today(unit)))


def _placed(unit: Commune, ways: Mapping[Commune, _Share]) -> Iterator[Placement]:
    """Make the shares of a unit weights: rounded, and of sum 1; or unknown, when one of them is."""
    shares = {commune: way.share for commune, way in ways.items() if way.share is not None}
    whole, known = len(ways) == 1, len(shares) == len(ways)
    weights = _rounded(shares) if known and not whole else {}
    for commune, way in sorted(ways.items(), key=lambda item: item[0].commune_code):
        # What was split and came together again is whole, whatever its parts were.
        basis: WeightBasis = "whole" if whole else way.basis if known else "unknown"
        yield Placement(
            commune=unit,
            today=commune,
            weight=Decimal(1) if whole else weights.get(commune),
            weight_basis=basis,
            weight_source="; ".join(way.sources) if basis in ("population", "area") else None,
            sureness=max(unit.sureness, way.sureness, key=SURENESS.index),
        )


def _rounded(shares: Mapping[Commune, Fraction]) -> dict[Commune, Decimal]:
    """Round shares of sum 1 to decimals of sum 1: the largest takes what rounding leaves."""
    scale = 10**_DECIMALS
    units = {commune: round(share * scale) for commune, share in shares.items()}
    units[max(units, key=lambda commune: (units[commune], commune.commune_code))] += scale - sum(
        units.values()
    )
    return {commune: Decimal(count).scaleb(-_DECIMALS) for commune, count in units.items()}


def _shares_of_steps(steps: Sequence[Succession], parts: Mapping[str, SplitPart] | None) -> list[_Share]:
    """Return the share of a unit that each of its steps carries on."""
    if len(steps) == 1 and parts is None:
        return [_Share(Fraction(1), "whole", (), steps[0].sureness)]
    if parts is None:
        return [_Share(None, "unknown", (), step.sureness) for step in steps]
    former = steps[0].former
    successors = sorted(step.successor.commune_code for step in steps)
    if sorted(parts) != successors or len(steps) == 1:
        raise ReferenceDataError(
            f"{TABLE} has the parts {', '.join(sorted(parts))} of commune {former.commune_code} from "
            f"{former.valid_from}, whose successors are {', '.join(successors)}: "
            "write one row for each part of a commune that was split, or none."
        )
    basis, measures = _measures(former, parts)
    return [
        _Share(
            measures[step.successor.commune_code] / sum(measures.values()),
            basis,
            (parts[step.successor.commune_code].source,),
            step.sureness,
        )
        for step in steps
    ]


def _measures(former: Commune, parts: Mapping[str, SplitPart]) -> tuple[WeightBasis, dict[str, Fraction]]:
    """Return the parts' populations, or else their areas; each must be given for all parts or for none."""
    populations = {code: part.population for code, part in parts.items() if part.population is not None}
    areas = {code: part.area_km2 for code, part in parts.items() if part.area_km2 is not None}
    if {len(populations), len(areas)} not in ({len(parts)}, {0, len(parts)}):
        raise ReferenceDataError(
            f"{TABLE} gives population or area for some parts only of commune {former.commune_code} from "
            f"{former.valid_from}: give each for all parts, or for none."
        )
    if populations:
        return "population", {code: Fraction(persons) for code, persons in populations.items()}
    return "area", {code: Fraction(area) for code, area in areas.items()}


def _split_parts() -> dict[tuple[str, date], dict[str, SplitPart]]:
    """Return the parts of each unit that has some, by their successors' codes."""
    parts: dict[tuple[str, date], dict[str, SplitPart]] = defaultdict(dict)
    for part in read_table(TABLE, _split_part, COLUMNS):
        of_unit = parts[part.old_code, part.old_valid_from]
        if part.new_code in of_unit:
            raise ReferenceDataError(
                f"{TABLE} has the part of commune {part.old_code} in {part.new_code} twice: take one out."
            )
        of_unit[part.new_code] = part
    return dict(parts)


def _split_part(row: dict[str, str]) -> SplitPart:
    part = SplitPart(
        old_code=row["old_code"],
        old_valid_from=date.fromisoformat(row["old_valid_from"]),
        new_code=row["new_code"],
        population=int(row["population"]) if row["population"] else None,
        area_km2=Decimal(row["area_km2"]) if row["area_km2"] else None,
        source=row["source"],
    )
    if not part.source:
        raise ValueError("the source is missing")
    for measure in (part.population, part.area_km2):
        if measure is not None and not (measure > 0 and Fraction(measure) < 10**_DECIMALS):
            raise ValueError(f"{measure} is no population or area of a part")
    return part
