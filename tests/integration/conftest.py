from __future__ import annotations

import dataclasses
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dxpipeline import preparation
from dxpipeline.settings import Settings
from dxpipeline.warehouse.connection import connect, role_url

from .watch import Watch


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the program fail at every file whose name says "poison"."""
    original = preparation.open_document

    def fail_on_poison(path: Path, name: str, contract: Any) -> Any:
        if "poison" in name:
            raise ZeroDivisionError("a bug")
        return original(path, name, contract)

    monkeypatch.setattr(preparation, "open_document", fail_on_poison)


@pytest.fixture
def watch(
    pipeline: Any,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Watch:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    caplog.set_level(logging.DEBUG)
    return Watch(pipeline, caplog, capfd, temporary)


@pytest.fixture
def empty_database(settings: Settings) -> Iterator[Settings]:
    """Return settings whose warehouse is a database of the server in which nothing is."""
    with connect(settings, "owner", autocommit=True) as owner:
        owner.execute("drop database if exists empty_warehouse with (force)")
        owner.execute("create database empty_warehouse")
        url = role_url(settings, "owner").rpartition("/")[0] + "/empty_warehouse"
        yield dataclasses.replace(settings, warehouse_url=url)
        owner.execute("drop database empty_warehouse with (force)")
