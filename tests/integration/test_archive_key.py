"""A wrong archive key is noticed before it encrypts anything, also where it was lost and made anew."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyrage
import pytest

from dxpipeline import preparation
from dxpipeline.feedback.archive import open_archived
from dxpipeline.pipeline import Unanswered, drain, finish_leftovers, sweep
from dxpipeline.settings import ConfigurationError, Settings

from .records import FEED, FOLDER, SECOND_QUARTER, THIRD_QUARTER, core_rows

REFUSED = "is not the key with which files were archived"


def another(settings: Settings) -> Settings:
    """A key is given that is well formed and that nobody has kept."""
    return dataclasses.replace(settings, archive_key=str(pyrage.x25519.Identity.generate()))


def lost(settings: Settings) -> Settings:
    """The file of the embedded installation is gone."""
    (settings.secrets / "archive_key").unlink()
    return settings


@pytest.fixture
def in_use(pipeline: Any) -> Iterator[Path]:
    """Let a first personal file be archived, and put the key back in the end."""
    pipeline.drop(SECOND_QUARTER, FOLDER)
    pipeline.run()
    kept = pipeline.settings.secrets / "archive_key"
    key = kept.read_text(encoding="ascii")
    yield kept
    kept.write_text(key, encoding="ascii")


def archived(settings: Settings) -> list[str]:
    return sorted(path.name for path in settings.archive.rglob("*") if path.is_file())


@pytest.mark.parametrize("wrong", [another, lost])
def test_nothing_is_read_of_a_personal_file_with_an_archive_key_that_nobody_kept(
    pipeline: Any, in_use: Path, monkeypatch: pytest.MonkeyPatch, wrong: Callable[[Settings], Settings]
) -> None:
    key = in_use.read_text(encoding="ascii")
    opened: list[Path] = []
    before = archived(pipeline.settings)
    pipeline.drop(THIRD_QUARTER, FOLDER)
    settings = wrong(pipeline.settings)
    sweep(settings)
    with monkeypatch.context() as patch:
        patch.setattr(preparation, "open_document", lambda path, *rest: opened.append(path))
        with pytest.raises(ConfigurationError, match=REFUSED) as refused:
            drain(settings, FEED, FEED)
    assert "AGE-SECRET" not in str(refused.value)
    assert (opened, archived(pipeline.settings)) == ([], before)
    assert pipeline.deliveries()[1]["verdict"] is None
    assert len(pipeline.rows("select * from ledger.attempt")) == 1

    in_use.write_text(key, encoding="ascii")
    pipeline.run()
    assert pipeline.deliveries()[1]["verdict"] == "partially_accepted"
    assert core_rows(pipeline) != []


@pytest.mark.parametrize("wrong", [another, lost])
def test_a_file_that_fits_no_feed_waits_for_the_right_key_and_is_not_archived_with_another(
    pipeline: Any, in_use: Path, wrong: Callable[[Settings], Settings]
) -> None:
    key = in_use.read_text(encoding="ascii")
    before = archived(pipeline.settings)
    pipeline.drop(b"who knows what", "so-y-te/khong_co", "a.csv")
    settings = wrong(pipeline.settings)
    sweep(settings)
    with pytest.raises(Unanswered, match=REFUSED):
        finish_leftovers(settings)
    unfinished = pipeline.deliveries()[1]
    assert (unfinished["answered_at"] is not None, unfinished["archived_at"]) == (True, None)
    assert archived(pipeline.settings) == before

    in_use.write_text(key, encoding="ascii")
    finish_leftovers(pipeline.settings)
    with open_archived(pipeline.settings, unfinished["sha256"]) as file:
        assert file.read() == b"who knows what"
