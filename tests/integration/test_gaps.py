"""The search for persons, tried: whoever opens a single gap is found. All persons are invented."""

from __future__ import annotations

import logging
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dxpipeline import pipeline as pipeline_module
from dxpipeline import preparation
from dxpipeline.feedback import outbox
from dxpipeline.loading import staging
from dxpipeline.privacy.hashing import KeyedHasher
from dxpipeline.quality import issues
from dxpipeline.quality.checker import Checker

from .records import written
from .watch import Watch, lines

UNREADABLE = "HSREAD-0001"
"""Record at which the program fails."""


def show_values(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = issues.shown
    for module in [one for name, one in sys.modules.items() if name.startswith("dxpipeline.quality")]:
        if getattr(module, "shown", None) is shown:
            monkeypatch.setattr(module, "shown", lambda value, column: value)


def quote_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (pipeline_module, preparation, outbox):
        monkeypatch.setattr(module, "describe", repr)


def hash_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def as_they_are(self: KeyedHasher, series: pl.Series) -> pl.Series:
        return series.cast(pl.Binary)

    monkeypatch.setattr(KeyedHasher, "hash_column", as_they_are)


def store_names_as_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = staging.stored_form

    def with_names(rows: pl.DataFrame, *rest: Any) -> pl.DataFrame:
        return stored(rows, *rest).with_columns(citizen_id_hash=rows["full_name"].cast(pl.Binary))

    monkeypatch.setattr(staging, "stored_form", with_names)


def archive_openly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline_module, "is_private", lambda feed, verdict: False)


def answer_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "outbox_folder", lambda settings, department: settings.outbox / "so-tt-tt")


def keep_results_with_values(monkeypatch: pytest.MonkeyPatch) -> None:
    check, result = Checker.check, Checker._result
    kept: list[str] = []

    def remember(self: Checker, block: Any) -> Any:
        kept.extend(block.texts["full_name"].drop_nulls())
        return check(self, block)

    monkeypatch.setattr(Checker, "check", remember)
    monkeypatch.setattr(
        Checker, "_result", lambda self, rule: {**result(self, rule), "partial_unexpected_list": kept}
    )


def copy_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = preparation.open_document

    def open_a_copy(path: Path, *rest: Any) -> Any:
        with tempfile.NamedTemporaryFile(delete=False) as copy:
            copy.write(path.read_bytes())
        return opened(path, *rest)

    monkeypatch.setattr(preparation, "open_document", open_a_copy)


def log_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    check = Checker.check

    def tell(self: Checker, block: Any) -> Any:
        logging.getLogger("anybody").debug("Checking %s.", block.texts.to_dicts())
        return check(self, block)

    monkeypatch.setattr(Checker, "check", tell)


def print_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    check = Checker.check
    monkeypatch.setattr(
        Checker, "check", lambda self, block: (print(block.texts.to_dicts()), check(self, block))[1]
    )


Mutation = Callable[[pytest.MonkeyPatch], None]


@pytest.mark.parametrize(
    ("mutation", "places"),
    [
        (show_values, ["ledger.issue", "quarantine.quarantined_row"]),
        (quote_failures, ["ledger.attempt", "failures"]),
        (hash_nothing, ["core.health_records", "files of the server"]),
        (store_names_as_bytes, ["core.health_records"]),
        (archive_openly, ["/archive/"]),
        (answer_everybody, ["/outbox/so-tt-tt/"]),
        (keep_results_with_values, ["ledger.attempt"]),
        (copy_aside, ["/temporary/"]),
        (log_rows, ["log"]),
        (print_rows, ["standard output"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_search_finds_what_a_single_gap_lets_through(
    watch: Watch, monkeypatch: pytest.MonkeyPatch, mutation: Mutation, places: list[str]
) -> None:
    check = Checker.check

    def fail(self: Checker, block: Any) -> Any:
        if UNREADABLE in block.texts["record_id"]:
            raise ValueError(f"no way to read {block.texts.to_dicts()}")
        return check(self, block)

    monkeypatch.setattr(Checker, "check", fail)
    monkeypatch.setattr(preparation, "MAXIMUM_FAILURES", 1)
    mutation(monkeypatch)
    watch.drop(lines(watch.canary, quoted=False), "văn bản 2021-Q3.csv")
    watch.drop(written([watch.canary.member(1, record_id=UNREADABLE)]), "lỗi đọc 2021-Q3.csv")
    watch.run()
    leaks = watch.leaks()
    assert [place for place in places if not any(place in leak for leak in leaks)] == []
