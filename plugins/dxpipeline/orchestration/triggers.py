"""Triggers that run in Airflow's triggerer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from dxpipeline.intake.folder import Candidate, scan, standing_still
from dxpipeline.settings import get_settings


class ImportFolderTrigger(BaseEventTrigger):
    """Fires when files in the import folder stand still; takes nothing and deletes nothing.

    The event only wakes the sweep, which claims whatever it finds. Files that stay, because a claim failed,
    are announced again after a while.

    Args:
        poll_seconds: Time between two looks at the folder.
        repeat_seconds: After how long the same files are announced again.
    """

    def __init__(self, poll_seconds: float = 1.0, repeat_seconds: float = 30.0) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.poll_seconds = poll_seconds
        self.repeat_seconds = repeat_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and its arguments, as Airflow stores them."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {"poll_seconds": self.poll_seconds, "repeat_seconds": self.repeat_seconds},
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look at the folder again and again."""
        settings = get_settings()
        announced: dict[Candidate, float] = {}
        while True:
            candidates = await asyncio.to_thread(scan, settings.import_folder)
            still = await asyncio.to_thread(standing_still, candidates, settings.settle_seconds)
            now = time.monotonic()
            due = [
                candidate
                for candidate in still
                if now - announced.get(candidate, -self.repeat_seconds) >= self.repeat_seconds
            ]
            announced = {candidate: announced.get(candidate, now) for candidate in still}
            if due:
                announced.update(dict.fromkeys(due, now))
                yield TriggerEvent({"files": len(due)})  # type: ignore[no-untyped-call]
            await asyncio.sleep(self.poll_seconds)
