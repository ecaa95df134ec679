"""The outcome as it is shown and written."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dxpipeline.local.drops import Drop
from dxpipeline.local.outcome import (
    Answer,
    answers_table,
    document,
    write_json,
)

DROPPED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DELIVERY: dict[str, Any] = {
    "received_seq": 7,
    "department": "so-y-te",
    "period": "2021-Q1",
    "feed": "health_stations",
    "file_name": "Hồ sơ.xlsx",
    "sha256": "00",
    "verdict": "partially_accepted",
    "reason": None,
    "rows_read": 587,
    "rows_accepted": 553,
    "rows_unchanged": 0,
    "rows_quarantined": 6,
    "rows_skipped": 28,
    "receipt_path": "so-y-te/phieu.html",
    "answered_at": DROPPED + timedelta(seconds=12.34),
}
ANSWERED = Answer(Drop(Path("so-y-te/health_stations/Hồ sơ.xlsx"), "00", DROPPED), DELIVERY)
WAITING = Answer(Drop(Path("so-y-te/health_stations/chờ.csv"), "01", DROPPED), None)
INDICATOR = {
    "indicator_code": "EHR_FAC",
    "name_vi": "Cơ sở y tế có hồ sơ",
    "period": "2021-Q1",
    "vintage": "reported",
    "value": 91.5,
    "unit": "pct",
    "unit_vi": "%",
    "baseline": None,
    "target_value": 100,
    "target_year": 2025,
    "status": "not_reached",
}


def test_the_table_has_one_line_a_file() -> None:
    lines = answers_table([ANSWERED, WAITING]).splitlines()
    assert lines[0].split() == [
        "file",
        "feed",
        "verdict",
        "read",
        "accepted",
        "quarantined",
        "skipped",
        "seconds",
    ]
    assert lines[2].split()[-7:] == ["health_stations", "partially_accepted", "587", "553", "6", "28", "12.3"]
    assert lines[3].split() == ["chờ.csv", "health_stations", "not", "answered"]


def test_the_document_says_what_was_not_answered() -> None:
    content = document([ANSWERED, WAITING], [INDICATOR], {"outbox": "/outbox"})
    assert content["answered"] is False
    assert [delivery["answered"] for delivery in content["deliveries"]] == [True, False]
    assert content["deliveries"][0]["rows_quarantined"] == 6
    assert content["deliveries"][0]["seconds"] == 12.34
    assert content["deliveries"][1]["verdict"] is None
    assert content["indicators"] == [INDICATOR]
    assert content["outbox"] == "/outbox"


def test_the_json_file_is_whole_and_private(tmp_path: Path) -> None:
    target = tmp_path / "kết quả.json"
    target.write_text("old")
    write_json(target, document([ANSWERED], [INDICATOR], {}))
    assert json.loads(target.read_text(encoding="utf-8"))["answered"] is True
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [target]
