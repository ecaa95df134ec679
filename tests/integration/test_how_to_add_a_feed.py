"""The guide that adds a feed is followed to the letter in a copy of the project, and the feed works."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from dxpipeline.settings import PROJECT_ROOT, Settings
from dxpipeline.warehouse.connection import connect

GUIDE = PROJECT_ROOT / "docs" / "how-to" / "them-mot-nguon-du-lieu.md"
FILE = re.compile(r"^`([^`\n]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
"""A file of the guide: its path on a line of its own, then its content in a block."""
COMMAND = re.compile(r"^\$ (.+)$", re.MULTILINE)
PARTS = (
    "dags",
    "expectations",
    *(f"include/{part}" for part in ("contracts", "messages", "plan", "reference", "sql")),
    "plugins",
    "pyproject.toml",
    "tests/conftest.py",
    "tests/unit/test_contracts.py",
)
DAG_IDS = """
import json, runpy
from airflow.sdk import DAG
made = runpy.run_path("dags/import_feeds.py").values()
print(json.dumps([one.dag_id for one in made if isinstance(one, DAG)]))
"""


@dataclass(frozen=True)
class Project:
    """A copy of the project in which the guide's commands can be given."""

    folder: Path
    environment: dict[str, str]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the project's folder."""
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )

    def follow(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command as the guide writes it."""
        return self.run("bash", "-c", command)


@pytest.fixture
def project(tmp_path: Path, empty_database: Settings) -> Project:
    """Return a copy of the project with the files of the guide, on an empty database."""
    folder = tmp_path / "project"
    for part in PARTS:
        source, target = PROJECT_ROOT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target)
    for path, content in files().items():
        assert not (folder / path).exists(), f"the guide would overwrite {path}"
        (folder / path).write_text(content, encoding="utf-8")
    # What ./run and ./test install, without the installation.
    for name, module in ((".venv/bin/dxpipeline", "dxpipeline.cli"), ("test", "pytest")):
        script = folder / name
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n', encoding="utf-8")
        script.chmod(0o755)
    return Project(
        folder,
        {
            **os.environ,
            "PYTHONPATH": str(folder / "plugins"),
            "WAREHOUSE_URL": str(empty_database.warehouse_url),
            "DX_EXCHANGE": str(folder / ".dxpipeline" / "exchange"),
            "DX_ARCHIVE": str(folder / ".dxpipeline" / "archive"),
            "AIRFLOW_HOME": str(tmp_path / "airflow"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        },
    )


def files() -> dict[str, str]:
    """Return the files of the guide by their path."""
    return dict(FILE.findall(GUIDE.read_text(encoding="utf-8")))


def commands() -> list[str]:
    """Return the commands of the guide in their order."""
    return COMMAND.findall(GUIDE.read_text(encoding="utf-8"))


@pytest.mark.long
def test_a_feed_added_as_the_guide_says_is_checked_loaded_answered_and_gets_its_dag(
    project: Project, empty_database: Settings
) -> None:
    assert list(files()) == [
        "include/contracts/public_wifi.odcs.yaml",
        "expectations/public_wifi.json",
        "wifi_cong_cong_2025-Q3.csv",
    ]
    check, test, migrate, make_folder, copy, load = commands()

    checked = project.follow(f"{check} --json --rows")
    assert checked.returncode == 1, checked.stderr
    answer = json.loads(checked.stdout)
    assert (answer["period"], answer["verdict"]) == ("2025-Q3", "partially_accepted")
    assert [row["values"] for row in answer["accepted"]] == [
        {"commune_code": "14758", "access_points": 12, "operating_points": 11, "funding": "state"},
        {"commune_code": "16522", "access_points": 4, "operating_points": 4, "funding": "enterprise"},
    ]
    assert [(issue["row"], issue["column"], issue["code"]) for issue in answer["issues"]] == [
        (4, "operating_points", "inconsistent-values")
    ]
    tested = project.follow(f"{test} -v")
    assert tested.returncode == 0, tested.stdout
    assert "test_a_suite_names_only_columns_of_its_contract[public_wifi] PASSED" in tested.stdout

    for command in (migrate, make_folder, copy):
        done = project.follow(command)
        assert done.returncode == 0, done.stderr
    loaded = project.follow(load)
    assert loaded.returncode == 1, loaded.stderr
    assert "partially_accepted" in loaded.stdout
    with connect(empty_database, "owner") as owner:
        assert owner.execute(
            "select commune_code, access_points, operating_points, funding, period, is_current, source_row "
            "from core.public_wifi order by 1"
        ).fetchall() == [
            ("14758", 12, 11, "state", "2025-Q3", True, 2),
            ("16522", 4, 4, "enterprise", "2025-Q3", True, 3),
        ]
        assert owner.execute(
            "select feed, verdict, rows_read, rows_accepted, rows_quarantined from ledger.delivery"
        ).fetchall() == [("public_wifi", "partially_accepted", 3, 2, 1)]
        assert owner.execute(
            "select col_description('core.public_wifi'::regclass, attnum) from pg_attribute "
            "where attrelid = 'core.public_wifi'::regclass and attname = 'access_points'"
        ).fetchone() == ("Số điểm phát. Số điểm phát Wi-Fi công cộng. / Public Wi-Fi access points.",)
    outbox = project.folder / ".dxpipeline" / "exchange" / "outbox" / "so-kh-cn"
    assert {path.suffix for path in outbox.iterdir()} == {".html", ".csv"}

    made = project.run(sys.executable, "-c", DAG_IDS)
    assert made.returncode == 0, made.stderr
    assert "import_public_wifi" in json.loads(made.stdout.splitlines()[-1])
