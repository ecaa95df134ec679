"""Looks for a family of canaries everywhere the pipeline may have left something."""

from __future__ import annotations

import itertools
import logging
import traceback
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dxpipeline.pipeline import Unanswered
from dxpipeline.preparation import ProcessingFailed
from dxpipeline.warehouse.connection import connect
from dxpipeline.warehouse.embedded import EmbeddedServer

from .canaries import Canary
from .records import FOLDER, Row, written


@dataclass
class Watch:
    """A family of canaries, and everything in which its values must not be found.

    Attributes:
        said: What the pipeline raised, as a task runner would print it.
    """

    pipeline: Any
    caplog: pytest.LogCaptureFixture
    capfd: pytest.CaptureFixture[str]
    temporary: Path
    canary: Canary = field(default_factory=Canary)
    said: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Let the pipeline run until every delivery has its answer, whatever fails meanwhile."""
        for _ in range(12):
            try:
                self.pipeline.run()
            except (ProcessingFailed, Unanswered) as error:
                self.said += traceback.format_exception(error)
                continue
            if all(row["answered_at"] for row in self.pipeline.deliveries()):
                return
        raise AssertionError("Some deliveries are never answered.")

    def drop(self, content: bytes, name: str, folder: str = FOLDER) -> None:
        assert self.canary.is_in(content), name
        self.pipeline.drop(content, folder, name)

    def leaks(self) -> set[str]:
        """Return the places where a value was found that must not be there."""
        settings = self.pipeline.settings
        server = EmbeddedServer(settings.home)
        with connect(settings, "owner", autocommit=True) as owner:
            owner.execute("analyze")
            found = self.canary.tables(owner)
            owner.execute("checkpoint")
        captured = self.capfd.readouterr()
        formatter = logging.Formatter("%(name)s %(message)s")
        texts = {
            "standard output": captured.out,
            "standard error": captured.err,
            "log": "\n".join(formatter.format(record) for record in self.caplog.records),
            "failures": "\n".join(self.said),
        }
        found |= {place for place, text in texts.items() if self.canary.is_in(text.encode())}
        folders = (settings.exchange, settings.archive, settings.home, self.temporary, server.log_file)
        files = self.canary.files(*folders) - set(self.own_copies())
        found |= {str(path.relative_to(path.anchor)) for path in files}
        if self.canary.files(server.data, compiled=True):
            found.add("files of the server")
        return found

    def own_copies(self) -> list[Path]:
        """Return the marked copies in the outbox of the department whose files they are."""
        folder = self.pipeline.settings.outbox / "so-y-te"
        return [path for path in folder.glob("* - cần sửa - *") if path.suffix != ".html"]


def family(canary: Canary) -> list[Row]:
    """Return rows that are accepted, superseded, and refused for each of the personal columns and others."""
    numbers = itertools.count(1)

    def member(**changes: str) -> Row:
        return canary.member(next(numbers), **changes)

    right = member()
    older = {**right, "updated_on": "01/08/2021"}
    decomposed = member()
    decomposed["full_name"] = unicodedata.normalize("NFD", decomposed["full_name"])
    return [
        right,
        older,
        decomposed,
        {**member(), "citizen_id": right["citizen_id"]},
        member(citizen_id=f"{right['citizen_id']}9"),
        member(citizen_id=f"{right['citizen_id'][:11]}X"),
        member(citizen_id=f"099{right['citizen_id'][3:]}"),
        member(insurance_number=f"{right['insurance_number']}X"),
        member(birth_date=canary.impossible),
        member(birth_date=canary.born.strftime("%d/%m/1804")),
        member(full_name=""),
        member(full_name=f"=Kanari{canary.number}()"),
        member(sex="nữ"),
        member(sex="nm", height_cm="400"),
        member(commune_code="19999", weight_kg="nặng"),
        member(record_id="", icd10_code="ZZ9.9"),
        member(updated_on="10/08/2047", diastolic_mmhg="190"),
        member(last_visit_on="10/08/2046"),
    ]


def lines(canary: Canary, *, quoted: bool) -> bytes:
    """Write the family as text, with lines too long and too short and a quote that never closes."""
    content = written(family(canary), quoted=quoted)
    whole = ",".join(canary.member(40).values())
    open_quote = ",".join(canary.member(41).values()).replace("Kanari", '"Kanari')
    more = [whole + ",thừa", whole.rpartition(",")[0].rpartition(",")[0], open_quote, whole]
    return content + "".join(line + "\n" for line in more).encode()
