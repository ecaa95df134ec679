"""What is known of a submission before its first row is read."""

from __future__ import annotations

from dataclasses import dataclass

from dxpipeline.contracts import Contract
from dxpipeline.privacy.hashing import KeyedHasher
from dxpipeline.reading.model import Layout


@dataclass(frozen=True)
class Scope:
    """Whose state a submission describes."""

    contract: Contract
    reporting_unit: str
    period: str

    @property
    def parameters(self) -> dict[str, str]:
        """Return the scope as parameters of the statements in include/sql/loading."""
        return {"feed": self.contract.feed, "reporting_unit": self.reporting_unit, "period": self.period}


@dataclass(frozen=True)
class Origin:
    """A submission about to be loaded.

    Attributes:
        delivery_id: The delivery.
        received_seq: Its place in the order of arrival.
        attempt_id: The processing, which names its tables.
        department: Who sent it.
        scope: Whose state it describes.
        period_source: Where the period was read.
        is_correction: Whether name or title says that it corrects an earlier file.
        layouts: Where its tables stand.
        hasher: What makes keyed hashes; None for a feed that stores none.
    """

    delivery_id: int
    received_seq: int
    attempt_id: int
    department: str
    scope: Scope
    period_source: str | None
    is_correction: bool
    layouts: list[Layout]
    hasher: KeyedHasher | None = None
