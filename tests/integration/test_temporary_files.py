"""A workbook of persons is marked by way of temporary files, which a killed worker must not leave to all."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from dxpipeline.feedback.archive import open_archived
from dxpipeline.intake.claim import claim_ready_files

from .canaries import workbook
from .records import FEED
from .watch import Watch, family

KILLED = f"""
import os, signal, sys
from openpyxl.worksheet._writer import WorksheetWriter
from dxpipeline.feedback import marked_file
from dxpipeline.pipeline import drain
from dxpipeline.settings import get_settings
marked_file.LARGEST_WORKBOOK = int(sys.argv[1])
# The sheet is written, and its temporary file about to be removed.
WorksheetWriter.cleanup = lambda self: os.kill(os.getpid(), signal.SIGKILL)
drain(get_settings(), {FEED!r}, {FEED!r})
"""


@pytest.mark.parametrize("largest", [20_000_000, 0], ids=["own-looks", "values-only"])
def test_a_worker_killed_while_it_marks_a_workbook_leaves_persons_in_its_work_folder_only(
    watch: Watch, largest: int
) -> None:
    content = workbook(family(watch.canary))
    watch.drop(content, "bảng tính.xlsx")
    settings = watch.pipeline.settings
    claim_ready_files(settings, watch.pipeline.connection)
    command = [sys.executable, "-c", KILLED, str(largest)]
    done = subprocess.run(command, check=False, capture_output=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr

    assert list(watch.temporary.iterdir()) == []
    (delivery,) = watch.pipeline.deliveries()
    own = settings.work_folder / delivery["claim_token"]
    (left,) = [path for path in own.rglob("openpyxl.*") if path.is_file()]
    assert watch.canary.is_in(left.read_bytes())
    assert left.parent.stat().st_mode & 0o777 == 0o700

    watch.run()
    assert watch.leaks() == set()
    assert list(settings.work_folder.iterdir()) == []
    assert len(watch.own_copies()) == 1
    with open_archived(settings, delivery["sha256"]) as file:
        assert file.read() == content
