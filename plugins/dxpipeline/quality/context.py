"""The delivery that is checked, as far as look-ups may depend on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import polars as pl

from dxpipeline.contracts import Contract
from dxpipeline.periods import HO_CHI_MINH, Period


@dataclass(frozen=True)
class Context:
    """What derivations may look at beside the row.

    Attributes:
        period_end_on: Last day of the reporting period.
        due_on: Last day on which the report is on time; None where it comes once.
        received_on: Day of the delivery in Viet Nam.
        reported: The codes that reports of other feeds named before this delivery, by feed; a feed without
            any report has no entry, and nothing can be looked up in it.
    """

    period_end_on: date
    due_on: date | None
    received_on: date
    reported: Mapping[str, pl.Series] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        contract: Contract,
        period: Period,
        received_at: datetime,
        reported: Mapping[str, pl.Series] | None = None,
    ) -> Context:
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
            reported=reported or {},
        )
