"""What a receipt says is read from the ledger alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from dxpipeline.contracts import contracts
from dxpipeline.feedback import answer as room
from dxpipeline.feedback.answer import (
    Issue,
    IssueCount,
    NotDecided,
    RelatedDelivery,
    SheetLayout,
    SkippedRows,
    load_answer,
)
from dxpipeline.feedback.receipt import render_receipt


def test_an_answer_holds_what_the_ledger_says(warehouse: psycopg.Connection, ledger: Any) -> None:
    submission = ledger.submission()
    delivery = ledger.delivery(submission, rows_unchanged=5)
    ledger.issue(submission, 13, "his_level", "out-of-range", details=json.dumps({"limit": "1–7"}))
    answer = load_answer(warehouse, delivery)
    assert (answer.delivery_id, answer.file_name) == (delivery, "bao cao 1.xlsx")
    assert answer.received_at == datetime(2021, 7, 1, 3, 5, tzinfo=UTC)
    assert answer.verdict == "partially_accepted"
    assert (answer.rows_read, answer.rows_accepted, answer.rows_unchanged) == (42, 32, 5)
    assert (answer.rows_quarantined, answer.rows_skipped) == (7, 3)
    assert (answer.period, answer.period_source) == ("2021-Q2", "title")
    assert answer.layouts == (SheetLayout("Biểu báo cáo", 6, {"hospital_code": 1, "his_level": 5}),)
    assert answer.skipped_rows == {"group": SkippedRows(2, (9, 21)), "total": SkippedRows(1, (50,))}
    assert answer.notes == ("Trang ẩn / Hidden sheet",)
    assert answer.contract is not None
    assert answer.contract.feed == "smart_hospitals"
    assert answer.issues == (
        Issue("Biểu báo cáo", 13, "his_level", "out-of-range", "critical", "contract", "9", {"limit": "1–7"}),
    )
    assert answer.issue_counts == (IssueCount("critical", "his_level", "out-of-range", 1),)
    assert answer.wants_marked_file
    assert "F13" in render_receipt(answer)


def test_issues_come_in_the_order_of_the_rows_the_whole_file_s_first(
    warehouse: psycopg.Connection, ledger: Any
) -> None:
    submission = ledger.submission()
    delivery = ledger.delivery(submission)
    for row in (33, 13, None, 23, 13):
        ledger.issue(submission, row, "his_level", "out-of-range")
    answer = load_answer(warehouse, delivery)
    assert [issue.source_row for issue in answer.issues] == [None, 13, 13, 23, 33]


def test_rows_with_errors_come_before_those_with_warnings_only_and_stay_whole(
    warehouse: psycopg.Connection, ledger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "KEPT_ISSUES", 5)
    submission = ledger.submission()
    delivery = ledger.delivery(submission)
    given = [(10, "warning"), (None, "warning"), (12, "critical"), (11, "warning"), (30, "critical")]
    for row, severity in [*given, (12, "warning"), (9, "warning")]:
        ledger.issue(submission, row, "his_level", "out-of-range", severity=severity)
    answer = load_answer(warehouse, delivery)
    assert [(issue.source_row, issue.severity) for issue in answer.issues] == [
        (None, "warning"), (12, "critical"), (12, "warning"), (30, "critical"), (9, "warning"),
    ]  # fmt: skip


def test_more_issues_than_are_kept_are_still_counted(
    warehouse: psycopg.Connection, ledger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "KEPT_ISSUES", 3)
    submission = ledger.submission()
    delivery = ledger.delivery(submission)
    for row in range(10, 15):
        ledger.issue(submission, row, "his_level", "out-of-range", severity="warning")
    answer = load_answer(warehouse, delivery)
    assert [issue.source_row for issue in answer.issues] == [10, 11, 12]
    assert (answer.issues_total, answer.warnings_total) == (5, 5)


def test_the_reason_that_a_rule_states_comes_with_its_issues(
    warehouse: psycopg.Connection, ledger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_rule_reasons", lambda _: {"a rule": "Vì sao."})
    submission = ledger.submission()
    delivery = ledger.delivery(submission)
    ledger.issue(
        submission, 13, "his_level", "out-of-range", rule="a rule", details=json.dumps({"limit": "1–7"})
    )
    ledger.issue(submission, 14, "his_level", "out-of-range", rule="another")
    answer = load_answer(warehouse, delivery)
    assert [issue.details for issue in answer.issues] == [{"why": "Vì sao.", "limit": "1–7"}, None]


def test_every_rule_of_every_suite_has_a_reason_to_show() -> None:
    for contract in contracts().values():
        assert room._rule_reasons(contract), contract.feed


def test_a_delivery_without_verdict_has_no_answer(warehouse: psycopg.Connection, ledger: Any) -> None:
    delivery = ledger.delivery(None, verdict=None, decided_at=None)
    with pytest.raises(NotDecided, match=f"Delivery {delivery} has no verdict"):
        load_answer(warehouse, delivery)
    with pytest.raises(NotDecided):
        load_answer(warehouse, 987_654)


def test_a_file_that_fits_no_feed_is_answered_without_submission(
    warehouse: psycopg.Connection, ledger: Any
) -> None:
    delivery = ledger.delivery(
        None,
        verdict="rejected",
        department_code=None,
        feed=None,
        reporting_unit=None,
        reason_code="unknown-folder",
        reason="Thư mục lạ.",
        rows_read=0,
        rows_accepted=0,
        rows_quarantined=0,
        rows_skipped=0,
    )
    answer = load_answer(warehouse, delivery)
    assert (answer.contract, answer.layouts, answer.issues, answer.period) == (None, (), (), None)
    assert not answer.wants_marked_file
    assert "Thư mục lạ." in render_receipt(answer)


def test_a_duplicate_leads_to_the_first_file_and_its_issues(
    warehouse: psycopg.Connection, ledger: Any
) -> None:
    submission = ledger.submission()
    ledger.issue(submission, 13, "his_level", "out-of-range")
    first = ledger.delivery(submission)
    ledger.delivery(submission, verdict="duplicate")
    answer = load_answer(warehouse, ledger.delivery(submission, verdict="duplicate"))
    assert answer.repeats == RelatedDelivery(first, "bao cao 1.xlsx", datetime(2021, 7, 1, 3, 5, tzinfo=UTC))
    assert len(answer.issues) == 1
    assert not answer.wants_marked_file, "the marked copy lies beside the first receipt"


def test_a_replacement_names_what_it_replaced_and_the_keys_now_absent(
    warehouse: psycopg.Connection, ledger: Any
) -> None:
    earlier = ledger.submission()
    first = ledger.delivery(earlier)
    ledger.change(earlier, is_current=False, state="superseded")
    later = ledger.submission()
    ledger.change(earlier, superseded_by=later)
    delivery = ledger.delivery(later)
    ledger.quarantined(later, 20, ["38021"])
    ledger.quarantined(later, 13, ["38005"])
    ledger.quarantined(later, 21, ["38021"])
    ledger.quarantined(later, 28, None)
    ledger.quarantined(later, 29, ["38033"], closed_by=later, closed_at=datetime(2021, 8, 1, tzinfo=UTC))
    answer = load_answer(warehouse, delivery)
    assert [other.delivery_id for other in answer.supersedes] == [first]
    assert answer.absent_keys == ("38005", "38021")
    old = load_answer(warehouse, first)
    assert old.superseded_by is not None
    assert old.superseded_by.delivery_id == delivery
    assert old.absent_keys == ()


def test_a_first_file_has_no_absent_keys(warehouse: psycopg.Connection, ledger: Any) -> None:
    submission = ledger.submission()
    delivery = ledger.delivery(submission)
    ledger.quarantined(submission, 13, ["38005"])
    assert load_answer(warehouse, delivery).absent_keys == ()


def test_a_mend_names_the_file_it_completes(warehouse: psycopg.Connection, ledger: Any) -> None:
    base = ledger.submission()
    first = ledger.delivery(base)
    mend = ledger.submission(is_current=False, mends_submission_id=base)
    answer = load_answer(warehouse, ledger.delivery(mend, verdict="accepted"))
    assert answer.mends is not None
    assert answer.mends.delivery_id == first
    assert answer.supersedes == ()


def test_millions_of_skipped_rows_are_counted_and_a_thousand_read(
    warehouse: psycopg.Connection, ledger: Any
) -> None:
    skipped = {"superseded-in-file": list(range(2, 1_000_002, 2)), "blank": [7]}
    answer = load_answer(warehouse, ledger.delivery(ledger.submission(skipped_rows=json.dumps(skipped))))
    assert answer.skipped_rows == {
        "blank": SkippedRows(1, (7,)),
        "superseded-in-file": SkippedRows(500_000, tuple(range(2, 2_002, 2))),
    }


def test_the_answer_to_records_says_what_they_changed_and_asks_for_no_keys(
    warehouse: psycopg.Connection, ledger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    read_sql = room.read_sql
    monkeypatch.setattr(room, "read_sql", lambda name: asked.append(name) or read_sql(name))
    submission = ledger.submission(feed="health_records", is_current=False)
    counts = {"rows_new": 20, "rows_replaced": 7, "rows_unchanged": 4, "rows_older": 1}
    answer = load_answer(warehouse, ledger.delivery(submission, feed="health_records", **counts))
    assert {name: getattr(answer, name) for name in counts} == counts
    assert (answer.absent_keys, answer.lost_keys) == ((), ())
    assert "feedback/absent_keys" not in asked
    of_snapshot = load_answer(warehouse, ledger.delivery(ledger.submission()))
    assert (of_snapshot.rows_new, of_snapshot.rows_unchanged) == (None, 0)
    assert "feedback/absent_keys" in asked
