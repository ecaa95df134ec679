"""A worker of its own process, which on demand kills itself at a chosen moment of its way.

    python -m tests.integration.worker small|large [MOMENT]

Great Expectations is left out: its import would take most of the time.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dxpipeline import durable, pipeline, preparation
from dxpipeline.feedback import archive, outbox
from dxpipeline.loading import load, settle, upsert
from dxpipeline.loading.load import Load
from dxpipeline.loading.staging import Staging
from dxpipeline.settings import PROJECT_ROOT, get_settings

from .records import FEED
from .streaming import stream_from

LARGE_BYTES, BLOCK_BYTES = "TEST_LARGE_BYTES", "TEST_BLOCK_BYTES"
"""Variables: from which size on a file is streamed, and in blocks of which size."""


@dataclass(frozen=True)
class Moment:
    """When a worker dies: at the n-th call of a function, before it or once it has returned."""

    owner: Any
    name: str
    call: int = 1
    returned: bool = False

    def arm(self, patch: pytest.MonkeyPatch) -> None:
        """Let the process be killed there, without a chance to clean up."""
        original: Callable[..., Any] = getattr(self.owner, self.name)
        calls = 0

        def deadly(*arguments: Any, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == self.call and not self.returned:
                os.kill(os.getpid(), signal.SIGKILL)
            result = original(*arguments, **named)
            if calls == self.call:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        patch.setattr(self.owner, self.name, deadly)


IN_THE_LOAD: Mapping[str, Moment] = {
    "before-reading": Moment(preparation, "open_document"),
    "before-the-first-block": Moment(Load, "add"),
    "inside-a-block": Moment(load, "record_issues", call=3),
    "after-a-block": Moment(Load, "add", call=4, returned=True),
    "after-the-last-block": Moment(Load, "finish"),
    "before-publishing": Moment(upsert, "hold_back"),
    "while-publishing": Moment(upsert, "hold_back", returned=True),
    "after-publishing": Moment(Staging, "drop"),
    "before-the-commit": Moment(settle, "_record", returned=True),
}
AFTER_THE_LOAD: Mapping[str, Moment] = {
    "after-the-commit": Moment(pipeline, "finish"),
    "in-the-marked-copy": Moment(durable, "sync"),
    "between-copy-and-receipt": Moment(outbox, "render_receipt"),
    "before-the-answer-is-noted": Moment(pipeline, "write_answer", returned=True),
    "in-the-archive": Moment(archive, "decrypt"),
    "before-the-archive-is-noted": Moment(pipeline, "archive", returned=True),
    "before-the-work-copy-goes": Moment(pipeline, "drop_archived_work"),
}
MOMENTS = {**IN_THE_LOAD, **AFTER_THE_LOAD}


def start(
    kind: str, moment: str = "", *, large_bytes: int = 1, block_bytes: int = 40_000
) -> subprocess.Popen[str]:
    """Start a worker for the small or the large files of the feed, in the test's environment."""
    arguments = [sys.executable, "-m", "tests.integration.worker", kind, *([moment] if moment else [])]
    path = os.pathsep.join([str(PROJECT_ROOT), str(PROJECT_ROOT / "plugins")])
    environment = {
        **os.environ, "PYTHONPATH": path,
        LARGE_BYTES: str(large_bytes), BLOCK_BYTES: str(block_bytes),
    }  # fmt: skip
    return subprocess.Popen(
        arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path("/")
    )


def leave_out_great_expectations(patch: pytest.MonkeyPatch) -> None:
    """Let the compiled rules decide alone."""
    patch.setattr(preparation, "cross_check", lambda *arguments, **named: None)
    patch.setattr(preparation, "sampled", lambda contract, suite, submission, blocks: nullcontext(blocks))


def main() -> None:
    """Take the files and print the peak of the memory used, in megabytes."""
    kind, *moments = sys.argv[1:]
    with pytest.MonkeyPatch.context() as patch:
        stream_from(patch, int(os.environ[LARGE_BYTES]), int(os.environ[BLOCK_BYTES]))
        leave_out_great_expectations(patch)
        for name in moments:
            MOMENTS[name].arm(patch)
        pipeline.drain(get_settings(), FEED, FEED, large=kind == "large")
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000)


if __name__ == "__main__":
    main()
