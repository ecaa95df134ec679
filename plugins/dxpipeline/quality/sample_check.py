"""Great Expectations for the sample of a large file, in a process of its own.

Importing it takes seconds and some 200 MB, which the process that streams the file is spared. This one is
started before the first block, gets the sample through a pipe after the last, and answers before anything is
committed.
"""

from __future__ import annotations

import logging
import os
import pickle
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType

from dxpipeline.contracts import Contract
from dxpipeline.quality.cross_check import Disagreement, cross_check, sample_rows, warm_up
from dxpipeline.quality.model import CheckedBlock
from dxpipeline.quality.suite import Suite
from dxpipeline.reading.model import FileRejected

SAMPLE_ROWS = 4_000
"""The most rows of a large file that Great Expectations checks; it gets half as many at least."""

_READY = b"ready\n"

log = logging.getLogger(__name__)


@contextmanager
def sampled(
    contract: Contract, suite: Suite, submission: int, blocks: Iterable[CheckedBlock]
) -> Iterator[Iterable[CheckedBlock]]:
    """Yield the blocks of a large file; a sample of all of them is checked by Great Expectations.

    It is asked after the last block, and its answer is awaited at the end of the `with`: what is done with
    the blocks until then is done meanwhile, and must be undone where the file is refused.

    Args:
        contract: The feed.
        suite: Its rules.
        submission: What the log calls the submission.
        blocks: The checked blocks.

    Raises:
        FileRejected: The two disagree (`cross-check-disagreement`), whatever else a file that was read to
            its end is refused for.
        RuntimeError: The process of Great Expectations failed, or the blocks were not read to their end.
    """
    refusal: FileRejected | None = None
    with SampleCheck() as check:
        try:
            yield _asking(check, contract, suite, submission, blocks)
        except FileRejected as reason:
            if not check.asked:
                raise
            refusal = reason
        disagreement = check.answer()
    if disagreement is not None:
        log.error("%s", disagreement)
        refusal = FileRejected("cross-check-disagreement", rule=disagreement.rule)
    if refusal is not None:
        raise refusal


def _asking(
    check: SampleCheck, contract: Contract, suite: Suite, submission: int, blocks: Iterable[CheckedBlock]
) -> Iterator[CheckedBlock]:
    sample = _Sample(suite)
    for block in blocks:
        sample.add(block)
        yield block
    check.ask(contract, suite, submission, sample.blocks)


class _Sample:
    """Evenly spaced rows of a file whose end is not known: where they are too many, every other one goes."""

    def __init__(self, suite: Suite) -> None:
        self.blocks: list[CheckedBlock] = []
        self._suite = suite
        self._step = 1

    def add(self, block: CheckedBlock) -> None:
        self.blocks.append(sample_rows(block, self._step, self._suite))
        # A block keeps its first row, however many there are.
        while sum(taken.rows.height for taken in self.blocks) > max(SAMPLE_ROWS, len(self.blocks)):
            self._step *= 2
            self.blocks = [sample_rows(taken, 2, self._suite) for taken in self.blocks]


class SampleCheck:
    """One process that checks one sample; to be used in a `with`, so that it never outlives its file."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __spec__.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # An error there may quote what it was given.
            stderr=subprocess.DEVNULL,
        )
        self._waiter = ThreadPoolExecutor(max_workers=1)
        self._answer: Future[tuple[bytes, bytes]] | None = None

    def __enter__(self) -> SampleCheck:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._waiter.shutdown()
        self._process.wait()

    def wait_until_ready(self) -> None:
        """Wait until the process could answer at once; whoever asks need not."""
        if self._process.stdout is not None:
            self._process.stdout.readline()

    def ask(self, contract: Contract, suite: Suite, submission: int, sample: Sequence[CheckedBlock]) -> None:
        """Hand over the sample; returns at once.

        Args:
            contract: The feed.
            suite: Its rules.
            submission: What the answer calls the submission.
            sample: Checked rows, with the columns that the rules look at.
        """
        request = pickle.dumps((contract, suite, submission, sample))
        self._answer = self._waiter.submit(self._process.communicate, request)

    @property
    def asked(self) -> bool:
        """Whether the sample was handed over."""
        return self._answer is not None

    def answer(self) -> Disagreement | None:
        """Wait for the answer.

        Returns:
            What Great Expectations and the compiled rules decide differently, or None.

        Raises:
            RuntimeError: The process gave no answer, or was not asked.
        """
        output = self._answer.result()[0].removeprefix(_READY) if self._answer is not None else b""
        if self._process.returncode != 0 or not output:
            raise RuntimeError(
                f"The process that checks a sample ended with {self._process.returncode} and no answer; "
                "see that a worker has some 300 MB of memory for it."
            )
        found: Disagreement | None = pickle.loads(output)  # noqa: S301 (our own process wrote it)
        return found


def main() -> None:
    """Be that process: read one request, write one answer."""
    warm_up()
    sys.stdout.buffer.write(_READY)
    sys.stdout.buffer.flush()
    contract, suite, submission, sample = pickle.load(sys.stdin.buffer)  # noqa: S301 (our own process wrote it)
    answer = cross_check(contract, suite, [(submission, block) for block in sample], sample=True)
    sys.stdout.buffer.write(pickle.dumps(answer))
    sys.stdout.buffer.flush()
    # Taking the libraries down takes half a second of CPU, for which the file would wait.
    os._exit(0)


if __name__ == "__main__":
    main()
