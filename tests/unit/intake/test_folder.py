"""What is taken from the import folder: ordinary files, in the order of arrival, once they stand still."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dxpipeline.intake.folder import is_temporary, scan, standing_still

LATER = 0.05
NOBODY = 65534


def names(folder: Path) -> list[str]:
    return [candidate.path.name for candidate in scan(folder)]


@contextmanager
def ordinary_user() -> Iterator[Path]:
    """Be a user whom file modes stop, and yield a folder that this user can reach."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        is_root = os.geteuid() == 0
        try:
            if is_root:
                os.chown(folder, NOBODY, -1)
                os.seteuid(NOBODY)
            yield folder
        finally:
            if is_root:
                os.seteuid(0)


@pytest.mark.parametrize(
    "name",
    [
        "báo cáo.xlsx.part", "a.PART", "a.partial", "a.filepart", "a.tmp", "a.TMP", "a.temp", "a.crdownload",
        "a.download", "a.swp", ".hidden.csv", "~$Quý I.xlsx", "~a.xlsx", "Thumbs.db", "THUMBS.DB",
        "desktop.ini",
    ],
)  # fmt: skip
def test_a_temporary_name_is_left_alone(tmp_path: Path, name: str) -> None:
    assert is_temporary(name)
    (tmp_path / name).write_bytes(b"x")
    assert scan(tmp_path) == []


@pytest.mark.parametrize(
    "name",
    ["part.csv", "báo cáo~.xlsx", "a.tmp.csv", "-rf", "'; drop table x;--.csv", "a\nb.csv", "{{ x }}.csv",
     "$(touch x).csv", "ẩn.csv", "x" * 251 + ".csv", "a", "\u202egnp.csv", "báo\u0301.csv"],
)  # fmt: skip
def test_any_other_name_is_seen_as_it_is(tmp_path: Path, name: str) -> None:
    assert not is_temporary(name)
    (tmp_path / name).write_bytes(b"12345")
    (candidate,) = scan(tmp_path)
    assert (candidate.path, candidate.folder, candidate.size_bytes) == (tmp_path / name, (), 5)


def test_a_name_that_is_no_text_is_seen_as_its_bytes(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/qu\xfd 1.csv"
    with open(raw, "wb") as file:  # noqa: PTH123
        file.write(b"x")
    (candidate,) = scan(tmp_path)
    assert os.fsencode(candidate.path) == raw
    assert standing_still([candidate], 0) == [candidate]


def test_only_ordinary_files_are_seen(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_bytes(b"x")
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    (tmp_path / "broken.csv").symlink_to(tmp_path / "nothing")
    (tmp_path / "link to folder").symlink_to(tmp_path.parent)
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    endpoint = socket.socket(socket.AF_UNIX)
    try:
        working = Path.cwd()
        os.chdir(tmp_path)  # the path of a socket must be short
        endpoint.bind("socket.csv")
    finally:
        os.chdir(working)
        endpoint.close()
    assert names(tmp_path) == ["real.csv"]


def test_folders_are_walked_and_their_names_kept(tmp_path: Path) -> None:
    deep = tmp_path / "So-Y-Te" / "smart_hospitals" / "x.csv"
    deep.mkdir(parents=True)
    (deep / "a.csv").write_bytes(b"")
    (tmp_path / ".trash").mkdir()
    (tmp_path / ".trash" / "b.csv").write_bytes(b"")
    (candidate,) = scan(tmp_path)
    assert candidate.folder == ("So-Y-Te", "smart_hospitals", "x.csv")
    assert candidate.size_bytes == 0


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert scan(tmp_path / "import") == []
    (tmp_path / "file").write_bytes(b"")
    assert scan(tmp_path / "file") == []


def test_files_come_in_the_order_of_their_arrival(tmp_path: Path) -> None:
    for name in ("c.csv", "a.csv", "b.csv"):
        (tmp_path / name).write_bytes(b"x")
        time.sleep(LATER)
    assert names(tmp_path) == ["c.csv", "a.csv", "b.csv"]
    (tmp_path / "c.csv").write_bytes(b"y")
    assert names(tmp_path) == ["a.csv", "b.csv", "c.csv"]


def test_a_time_ahead_of_us_neither_delays_nor_reorders(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_bytes(b"x")
    os.utime(tmp_path / "b.csv", (4_000_000_000, 4_000_000_000))
    time.sleep(LATER)
    (tmp_path / "a.csv").write_bytes(b"x")
    candidates = scan(tmp_path)
    assert [candidate.path.name for candidate in candidates] == ["b.csv", "a.csv"]
    assert standing_still(candidates, 0) == candidates


def test_a_file_stands_still_after_its_time_and_not_before(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"x")
    candidates = scan(tmp_path)
    assert standing_still(candidates, 30) == []
    time.sleep(LATER)
    assert standing_still(candidates, LATER) == candidates


def test_a_copy_that_keeps_the_time_of_its_source_is_as_new_as_it_is(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x")
    os.utime(source, (1_000_000_000, 1_000_000_000))
    inbox = tmp_path / "import"
    inbox.mkdir()
    subprocess.run(["/bin/cp", "-p", source, inbox / "a.csv"], check=True)
    candidates = scan(inbox)
    assert candidates[0].path.stat().st_mtime == 1_000_000_000
    assert time.time() - candidates[0].changed_at < 10
    assert standing_still(candidates, 30) == []


def test_a_file_moved_in_is_as_new_as_the_move(tmp_path: Path) -> None:
    source = tmp_path / "source.csv"
    source.write_bytes(b"x")
    time.sleep(0.3)
    inbox = tmp_path / "import"
    inbox.mkdir()
    source.rename(inbox / "a.csv")
    assert standing_still(scan(inbox), 0.25) == []


def test_a_file_that_somebody_holds_open_for_writing_waits_however_old_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"x")
    with path.open("ab"):
        assert standing_still(scan(tmp_path), 0) == []
    (candidate,) = standing_still(scan(tmp_path), 0)
    assert candidate.path == path


def test_a_reader_holds_nothing_up(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"x")
    with path.open("rb"):
        assert len(standing_still(scan(tmp_path), 0)) == 1


def test_a_file_that_vanished_or_became_a_link_is_not_ready(tmp_path: Path) -> None:
    for name in ("gone.csv", "link.csv"):
        (tmp_path / name).write_bytes(b"x")
    candidates = scan(tmp_path)
    (tmp_path / "gone.csv").unlink()
    (tmp_path / "link.csv").unlink()
    (tmp_path / "link.csv").symlink_to("/etc/hostname")
    assert standing_still(candidates, 0) == []


def test_a_file_that_may_not_be_read_waits_and_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    with ordinary_user() as folder, caplog.at_level(logging.WARNING):
        (folder / "secret.csv").write_bytes(b"x")
        (folder / "secret.csv").chmod(0)
        (folder / "good.csv").write_bytes(b"x")
        for _ in range(2):
            ready = standing_still(scan(folder), 0)
            assert [candidate.path.name for candidate in ready] == ["good.csv"]
        assert [record.getMessage() for record in caplog.records] == [
            f"{folder}/secret.csv cannot be read (Permission denied): it stays there; give the pipeline the "
            "right to read it."
        ]


def test_a_folder_that_may_not_be_read_holds_up_no_other(caplog: pytest.LogCaptureFixture) -> None:
    with ordinary_user() as folder, caplog.at_level(logging.WARNING):
        for name in ("closed", "open"):
            (folder / name).mkdir()
            (folder / name / f"{name}.csv").write_bytes(b"x")
        (folder / "closed").chmod(0)
        assert names(folder) == ["open.csv"]
        (folder / "closed").chmod(0o700)
        assert "closed cannot be read" in caplog.text


def test_a_sender_who_opens_the_file_while_it_is_looked_at_does_not_end_the_process(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"x")
    code = (
        "import sys, time; from pathlib import Path\n"
        "from dxpipeline.intake.folder import scan, standing_still\n"
        "end = time.monotonic() + 1\n"
        "while time.monotonic() < end: standing_still(scan(Path(sys.argv[1])), 0)"
    )
    watcher = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)])
    opened = 0
    while watcher.poll() is None:
        with path.open("r+b"):
            opened += 1
    assert watcher.returncode == 0
    assert opened > 100
