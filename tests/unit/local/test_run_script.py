"""`./run`: what it does before the project's own Python takes over."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dxpipeline.settings import PROJECT_ROOT

LISTENS_TO_NOBODY = "http://127.0.0.1:9/simple"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a space in its name that holds what ./run needs to set itself up."""
    folder = tmp_path / "dự án"
    (folder / "include").mkdir(parents=True)
    for name in ("run", "requirements.lock", "pyproject.toml", "include/installer.lock"):
        shutil.copy(PROJECT_ROOT / name, folder / name)
    return folder


def complete(project: Path) -> None:
    """Give the folder a finished set-up whose interpreter only shows its arguments."""
    python = project / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "python $*"\n')
    python.chmod(0o755)
    sums = "".join(
        subprocess.run(
            ["cksum"], stdin=(project / name).open(), capture_output=True, text=True, check=True
        ).stdout
        for name in ("requirements.lock", "pyproject.toml")
    )
    (project / ".venv/.installed").write_text(f"{sums}{project / '.venv'}\n")


def run(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Call ./run from another folder, without a network and without a home."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    offline = {
        "HOME": "",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": LISTENS_TO_NOBODY,
        "PIP_RETRIES": "0",
        "UV_HTTP_RETRIES": "0",
    }
    return subprocess.run(
        [project / "run", *arguments],
        env=outside | offline | environment,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_finished_set_up_is_used_as_it_is(project: Path) -> None:
    complete(project)
    result = run(project, "--once", "--drops", "a b")
    assert result.stdout == "python -P -m dxpipeline.local --once --drops a b\n"
    assert result.stderr == ""


def test_installing_only_starts_nothing(project: Path) -> None:
    complete(project)
    result = run(project, "--install-only")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_without_a_network_one_sentence_says_so(project: Path) -> None:
    result = run(project, PYTHON=sys.executable)
    assert result.returncode == 2
    assert result.stderr.splitlines()[-1].startswith("./run: no network while installing packages (")
    assert "Traceback" not in result.stderr
    assert not (project / ".venv/.installed").exists()


def test_a_set_up_that_was_moved_is_made_anew(project: Path) -> None:
    complete(project)
    moved = project.rename(project.with_name("elsewhere"))
    result = run(moved, PYTHON=sys.executable)
    assert "made elsewhere; making it anew" in result.stderr
    assert result.stdout == ""


def test_a_changed_lock_is_noticed_once(project: Path) -> None:
    complete(project)
    with (project / "requirements.lock").open("a") as lock:
        lock.write("# another version\n")
    assert "Updating .venv to requirements.lock." in run(project).stderr
    assert run(project).stderr == ""


def test_an_unfit_interpreter_is_named(project: Path) -> None:
    result = run(project, PYTHON="/bin/false")
    assert result.returncode == 2
    assert result.stderr.startswith("./run: PYTHON is /bin/false, which is not a Python from 3.11 to 3.14")


def test_help_needs_no_set_up() -> None:
    result = run(PROJECT_ROOT, "--help", PYTHON=sys.executable)
    assert result.returncode == 0
    assert "--once" in result.stdout
    assert result.stderr == ""
