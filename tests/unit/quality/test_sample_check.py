"""Great Expectations checks a sample of a large file in a process that does not outlive it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dxpipeline.contracts import contracts
from dxpipeline.quality import sample_check
from dxpipeline.quality.checker import Checker
from dxpipeline.quality.model import CheckedBlock
from dxpipeline.quality.sample_check import SampleCheck, sampled
from dxpipeline.quality.suite import load_suite
from dxpipeline.reading.model import Block, FileRejected

Record = dict[str, str | None]
CONTRACT = contracts()["health_stations"]
SUITE = load_suite(CONTRACT)


@pytest.fixture
def blocks(
    make_checker: Callable[..., Checker], make_block: Callable[..., Block], good: dict[str, Record]
) -> list[CheckedBlock]:
    checker = make_checker("health_stations")
    station = good["health_stations"]
    bad = {**station, "station_code": "38102", "population_managed": "-1"}
    other = {**station, "station_code": "38103"}
    return [checker.check(make_block([station, bad])), checker.check(make_block([other], first_row=30))]


def children() -> list[str]:
    """Return the command lines of the processes that this one started and that still run."""
    own = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text()
    tasks = [Path(f"/proc/{child}/cmdline").read_bytes().decode() for child in own.split()]
    return [task for task in tasks if "sample_check" in task]


def test_blocks_pass_where_the_two_agree_and_the_process_ends(blocks: list[CheckedBlock]) -> None:
    with sampled(CONTRACT, SUITE, 7, blocks) as passed:
        assert list(passed) == blocks
        assert len(children()) == 1
    assert children() == []
    with sampled(CONTRACT, SUITE, 7, []) as passed:
        assert list(passed) == []


def take(blocks: Iterable[CheckedBlock], most: int = 9, failure: Exception | None = None) -> None:
    """Take some blocks of a file, see that the process runs, and end as the load of the file would."""
    with sampled(CONTRACT, SUITE, 7, blocks) as passed:
        for _ in itertools.islice(passed, most):
            assert len(children()) == 1
        if failure is not None:
            raise failure


@pytest.mark.parametrize("other", [None, FileRejected("no-row-accepted")], ids=["loaded", "refused"])
def test_a_disagreement_is_said_at_the_end_whatever_else_the_file_is_refused_for(
    blocks: list[CheckedBlock], other: FileRejected | None, caplog: pytest.LogCaptureFixture
) -> None:
    silent = CheckedBlock(blocks[0].rows, blocks[0].derived, blocks[0].issues.clear())
    with pytest.raises(FileRejected) as refused:
        take([silent, blocks[1]], failure=other)
    rule = "expect_column_values_to_be_between(population_managed)"
    assert (refused.value.code, refused.value.details) == ("cross-check-disagreement", {"rule": rule})
    assert "1 only by Great Expectations (rows 11 of submission 7)" in caplog.text
    assert children() == []


@pytest.mark.parametrize("most", [1, 9], ids=["while it is read", "at its end"])
def test_a_file_on_which_the_two_agree_is_refused_for_its_own_reason(
    blocks: list[CheckedBlock], most: int
) -> None:
    reason = FileRejected("no-row-accepted")
    with pytest.raises(FileRejected) as refused:
        take(blocks, most, reason)
    assert refused.value is reason
    assert children() == []


def test_the_sample_is_spread_over_the_whole_file(
    make_checker: Callable[..., Checker],
    make_block: Callable[..., Block],
    good: dict[str, Record],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[list[int]] = []
    monkeypatch.setattr(sample_check, "SAMPLE_ROWS", 10)
    monkeypatch.setattr(
        SampleCheck,
        "ask",
        lambda self, contract, suite, submission, sample: asked.append(
            [row for block in sample for row in block.rows["source_row"]]
        ),
    )
    monkeypatch.setattr(SampleCheck, "answer", lambda self: None)
    checker = make_checker("health_stations")
    stations = [{**good["health_stations"], "station_code": f"38{number}"} for number in range(100, 116)]
    for number_of_blocks in (1, 3, 12):
        blocks = (checker.check(make_block(stations, first_row=16 * at)) for at in range(number_of_blocks))
        with sampled(CONTRACT, SUITE, 7, blocks) as passed:
            assert len(list(passed)) == number_of_blocks
    assert asked == [list(range(0, 16, 2)), list(range(0, 48, 8)), list(range(0, 192, 16))]


def test_the_process_ends_when_the_file_is_given_up(blocks: list[CheckedBlock]) -> None:
    def broken() -> Iterator[CheckedBlock]:
        yield blocks[0]
        raise ValueError("the file ends here")

    with pytest.raises(ValueError, match="the file ends here"):
        take(broken())
    assert children() == []


def test_a_process_without_an_answer_is_a_failure_not_an_agreement(blocks: list[CheckedBlock]) -> None:
    with SampleCheck() as check:
        check.wait_until_ready()
        unfit: Any = CheckedBlock(blocks[0].rows.drop("accepted"), pl.DataFrame(), pl.DataFrame())
        check.ask(CONTRACT, SUITE, 7, [unfit])
        with pytest.raises(RuntimeError, match="ended with 1 and no answer"):
            check.answer()
    # Nor is a file agreed upon that was not read to its end.
    with pytest.raises(RuntimeError, match="no answer"):
        take(blocks, 1)
