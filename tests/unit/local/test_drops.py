"""Files are dropped as a department does it: whole, under their own names."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from dxpipeline.local.drops import drop_files, droppable_files
from dxpipeline.local.processes import LocalRunError


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree of drops with the things that lie beside them."""
    folder = tmp_path / "tệp mẫu"
    for name in (
        "README.md",
        "so-y-te/health_stations/Hồ sơ quý I.xlsx",
        "so-y-te/health_stations/Hồ sơ quý I.xlsx.expected.json",
        "so-y-te/health_stations/.hidden",
        "so-y-te/README.md",
        "so-tt-tt/broadband_coverage/b.csv",
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    return folder


def test_only_files_of_feeds_are_dropped(tree: Path) -> None:
    assert [path.as_posix() for path in droppable_files(tree)] == [
        "so-tt-tt/broadband_coverage/b.csv",
        "so-y-te/health_stations/Hồ sơ quý I.xlsx",
    ]


def test_dropped_files_have_their_name_and_bytes_and_leave_nothing_else(tree: Path, tmp_path: Path) -> None:
    files = droppable_files(tree)
    drops = drop_files(tree, files, tmp_path / "import")
    lying = sorted(path for path in (tmp_path / "import").rglob("*") if path.is_file())
    assert lying == [tmp_path / "import" / path for path in files]
    for drop, path in zip(drops, files, strict=True):
        content = (tree / path).read_bytes()
        assert (tmp_path / "import" / path).read_bytes() == content
        assert drop.sha256 == hashlib.sha256(content).hexdigest()


def test_a_name_of_255_bytes_can_be_dropped(tmp_path: Path) -> None:
    name = "x" * 251 + ".csv"
    source = tmp_path / "tree" / "so-y-te" / "health_stations" / name
    source.parent.mkdir(parents=True)
    source.write_text("a")
    drop_files(tmp_path / "tree", droppable_files(tmp_path / "tree"), tmp_path / "import")
    assert (tmp_path / "import/so-y-te/health_stations" / name).exists()


def test_a_missing_or_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(LocalRunError, match=r"There is no folder .*nowhere"):
        droppable_files(tmp_path / "nowhere")
    with pytest.raises(LocalRunError, match="no file to drop"):
        droppable_files(tmp_path)
