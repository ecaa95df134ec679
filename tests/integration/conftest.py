from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dxpipeline import preparation


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the program fail at every file whose name says "poison"."""
    original = preparation.open_document

    def fail_on_poison(path: Path, name: str, contract: Any) -> Any:
        if "poison" in name:
            raise ZeroDivisionError("a bug")
        return original(path, name, contract)

    monkeypatch.setattr(preparation, "open_document", fail_on_poison)
