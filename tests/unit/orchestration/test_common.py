"""What DAG files share: secrets come from Airflow inside a task, where nothing nearer gives them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
SERVER = {"WAREHOUSE_URL": "postgresql://owner@db/warehouse"}

SHOW = """
import json
from airflow.sdk.log import redact
from dxpipeline.orchestration.common import task_settings
settings = task_settings()
print(json.dumps({
    "keys": [settings.privacy_key, settings.archive_key],
    "shown": redact(f"{settings.privacy_key} {settings.archive_key}"),
}))
"""


def settings_of_a_task(home: Path, **variables: str) -> dict[str, Any]:
    """Return the keys that a task finds; Variables of the environment stand for any secrets backend."""
    outside = ("DX_", "WAREHOUSE_", "AIRFLOW")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(outside)}
    environment |= {"PYTHONPATH": str(PLUGINS), "AIRFLOW_HOME": str(home), **variables}
    shown = subprocess.run(
        [sys.executable, "-c", SHOW], env=environment, capture_output=True, text=True, check=True
    )
    result: dict[str, Any] = json.loads(shown.stdout.splitlines()[-1])
    return result


def test_what_the_environment_lacks_comes_from_airflow_and_is_hidden_in_logs(tmp_path: Path) -> None:
    found = settings_of_a_task(
        tmp_path,
        **SERVER,
        DX_ARCHIVE_KEY="archive key of the environment",
        AIRFLOW_VAR_DX_ARCHIVE_KEY="archive key of the backend",
        AIRFLOW_VAR_DX_PRIVACY_KEY="hash key of the backend",
    )
    assert found["keys"] == ["hash key of the backend", "archive key of the environment"]
    assert "hash key of the backend" not in found["shown"]
    assert found["shown"].startswith("***")


def test_an_embedded_installation_asks_airflow_for_nothing(tmp_path: Path) -> None:
    found = settings_of_a_task(tmp_path, AIRFLOW_VAR_DX_PRIVACY_KEY="hash key of the backend")
    assert found["keys"] == [None, None]


def test_what_nobody_gives_stays_unset(tmp_path: Path) -> None:
    assert settings_of_a_task(tmp_path, **SERVER)["keys"] == [None, None]
