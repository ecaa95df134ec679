"""The counts of a delivery."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Changes:
    """What the accepted rows of a submission changed.

    Attributes:
        unchanged: Rows that were already so.
        new: Rows of records not known before; None, like the next two, for a snapshot feed.
        replaced: Rows that took the place of an older version.
        older: Rows older than the version that is current, which went into history.
    """

    unchanged: int = 0
    new: int | None = None
    replaced: int | None = None
    older: int | None = None


@dataclass(frozen=True)
class Counts:
    """The counts of a delivery: read = accepted + quarantined + skipped."""

    accepted: int = 0
    quarantined: int = 0
    skipped: int = 0
    changes: Changes = Changes()

    @property
    def read(self) -> int:
        """Return the number of lines of the table area."""
        return self.accepted + self.quarantined + self.skipped
