"""`dxpipeline calendar` and the reminders: what is owed is told to who can send it, once a day."""

from __future__ import annotations

import json
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dxpipeline.cli import main
from dxpipeline.contracts import contracts
from dxpipeline.indicators.refresh import refresh
from dxpipeline.reporting import expected, reminders
from dxpipeline.reporting.calendar import extend_calendar
from dxpipeline.reporting.expected import today
from dxpipeline.reporting.locks import allow_department, lock_period
from dxpipeline.reporting.reminders import RemindersHeldBack, write_reminders
from dxpipeline.settings import PROJECT_ROOT, Settings

DROPS = PROJECT_ROOT / "tests" / "data" / "drops"
HOSPITALS = DROPS / "so-y-te" / "smart_hospitals"
FIRST_QUARTER = HOSPITALS / "Benh vien thong minh Quy I-2021.xlsx"
SECOND_QUARTER = HOSPITALS / "BC benh vien quy 2 nam 2021.xlsx"
WITHOUT_COLUMN = HOSPITALS / "Benh vien Quy III-2021 thieu cot.xlsx"
BROADBAND = DROPS / "so-tt-tt" / "broadband_coverage" / "Bang rong Quy II-2021.xlsx"
FOLDER = "so-y-te/smart_hospitals"


@pytest.fixture(autouse=True)
def few_feeds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let four feeds be owed, so that each report of a day can be listed."""
    feeds = ("broadband_coverage", "health_records", "health_stations", "smart_hospitals")
    owed = {feed: contracts()[feed] for feed in feeds}
    monkeypatch.setattr(expected, "contracts", lambda: owed)


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    """Run the command and return its exit code and the document it prints."""
    code = main(["calendar", *arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def states(document: Any) -> dict[tuple[str, str], str]:
    return {(row["feed"], row["period"]): row["state"] for row in document["reports"]}


def received_on(pipeline: Any, moment: str) -> None:
    """Say that every file came at a moment, and compute the facts anew."""
    pipeline.connection.execute("update ledger.delivery set received_at = %s", [moment])
    pipeline.connection.execute("delete from mart.fct_report")


def test_the_calendar_tells_what_is_due_on_time_missing_and_complete(
    pipeline: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.drop(FIRST_QUARTER, FOLDER)
    pipeline.drop(BROADBAND, "so-tt-tt/broadband_coverage")
    pipeline.run()
    received_on(pipeline, "2021-04-14 10:00+07")
    code, document = answer(capsys, "--on", "2021-04-16")
    assert code == 1
    assert document["on"] == "2021-04-16"
    assert states(document) == {
        ("broadband_coverage", "2021-Q1"): "missing",
        ("broadband_coverage", "2021-Q2"): "partial",
        ("health_records", "2021-Q1"): "missing",
        ("health_records", "2021-Q2"): "not_due",
        ("health_stations", "2021-Q1"): "missing",
        ("health_stations", "2021-Q2"): "not_due",
        ("smart_hospitals", "2021-Q1"): "on_time",
        ("smart_hospitals", "2021-Q2"): "not_due",
    }
    assert document["counts"] == {"missing": 3, "partial": 1, "not_due": 3, "late": 0, "on_time": 1}
    (hospitals,) = [row for row in document["reports"] if row["state"] == "on_time"]
    assert (hospitals["reported_units"], hospitals["expected_units"], hospitals["rows_accepted"]) == (
        38,
        38,
        38,
    )
    (broadband,) = [row for row in document["reports"] if row["state"] == "partial"]
    # 552 rows are accepted, eight held back; 559 communes are in force.
    assert (broadband["reported_units"], broadband["expected_units"]) == (552, 559)
    assert (broadband["rows_quarantined"], broadband["completeness_pct"]) == (
        8,
        pytest.approx(98.7478, abs=1e-4),
    )
    assert broadband["department_code"] == "so-tt-tt"


def test_a_late_file_is_late_from_the_day_on_which_it_came(
    pipeline: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.drop(FIRST_QUARTER, FOLDER)
    pipeline.run()
    received_on(pipeline, "2021-05-05 10:00+07")
    only = ("--feed", "smart_hospitals", "--on")
    assert states(answer(capsys, *only, "2021-05-04")[1])["smart_hospitals", "2021-Q1"] == "missing"
    code, document = answer(capsys, *only, "2021-05-05")
    (late,) = [row for row in document["reports"] if row["period"] == "2021-Q1"]
    assert (code, late["state"], late["days_late"]) == (0, "late", 20)
    # What is settled is listed for three months, and afterwards when all is asked for.
    _, document = answer(capsys, *only, "2021-09-30")
    assert ("smart_hospitals", "2021-Q1") not in states(document)
    assert document["counts"]["late"] == 1
    _, document = answer(capsys, *only, "2021-09-30", "--all")
    assert states(document)["smart_hospitals", "2021-Q1"] == "late"


def test_the_calendar_of_a_department_is_what_it_owed_and_what_it_answers_for_today(
    pipeline: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    _, former = answer(capsys, "--department", "so-tt-tt", "--on", "2025-12-31")
    _, present = answer(capsys, "--department", "so-kh-cn", "--on", "2025-12-31")
    assert {row["department_code"] for row in former["reports"]} == {"so-tt-tt"}
    assert {row["department_code"] for row in present["reports"]} == {"so-tt-tt", "so-kh-cn"}
    assert {row["feed"] for row in present["reports"]} == {"broadband_coverage"}
    assert len(present["reports"]) == 20 + 1


def test_the_table_is_vietnamese_and_says_which_periods_are_closed(
    pipeline: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["calendar", "lock", "health_records", "2021-Q1", "--reason", "chốt số"]) == 0
    assert "health_records 2021-Q1 is locked" in capsys.readouterr().err
    assert main(["calendar", "--on", "2021-04-16", "--department", "so-y-te"]) == 1
    output = capsys.readouterr().out.splitlines()
    assert output[0].split()[:3] == ["Báo", "cáo", "Kỳ"]
    (closed,) = [line for line in output if line.startswith("health_records") and "Quý I/2021" in line]
    assert "Chưa nộp" in closed
    assert "15/04/2021" in closed
    assert closed.endswith(f"{today():%d/%m/%Y}")
    assert output[-1] == "16/04/2021: 3 chưa nộp, 0 chưa đủ, 3 chưa đến hạn, 0 trễ hạn, 0 đúng hạn"

    leave = ["calendar", "allow", "health_records", "2021-Q1", "so-y-te", "--until", "2030-01-01"]
    assert main(leave) == 0
    assert main(["calendar", "unlock", "health_records", "2021-Q1"]) == 0
    assert main(["calendar", "unlock", "health_records", "2021-Q1"]) == 3
    assert capsys.readouterr().err.splitlines() == [
        "so-y-te may send files for health_records 2021-Q1 until 2030-01-01.",
        "health_records 2021-Q1 is open again.",
        "dxpipeline: health_records 2021-Q1 is not locked: nothing was changed.",
    ]
    (row,) = pipeline.rows("select reason, locked_by, unlocked_by from ledger.period_lock")
    assert row["reason"] == "chốt số"
    assert row["locked_by"] == row["unlocked_by"] != ""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--feed", "hospitals"], "There is no feed 'hospitals': give one of broadband_coverage, "),
        (["--department", "so-y"], "There is no department 'so-y': give one of cuc-thong-ke, "),
    ],
)
@pytest.mark.usefixtures("warehouse")
def test_an_unknown_feed_or_department_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert main(["calendar", *arguments]) == 3
    assert capsys.readouterr().err.startswith(f"dxpipeline: {sentence}")


class Text(HTMLParser):
    """The words of a page, and whether every element that is opened is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"] and data.strip():
            self.words.append(" ".join(data.split()))


@pytest.fixture
def remind(settings: Settings, warehouse: psycopg.Connection) -> Any:
    """Return a function that writes the reminders of a day and returns their names by department."""

    def write(day: date) -> list[str]:
        extend_calendar(warehouse, max(day, today()))
        refresh(warehouse)
        written = write_reminders(settings, warehouse, day)
        return sorted(str(path.relative_to(settings.outbox)) for path in written)

    return write


def outbox(settings: Settings) -> list[str]:
    return sorted(str(path.relative_to(settings.outbox)) for path in settings.outbox.rglob("*.*"))


def test_a_department_is_reminded_once_a_day_of_what_is_missing_and_due_soon(
    settings: Settings, remind: Any, warehouse: psycopg.Connection
) -> None:
    reminder = "Nhắc nộp báo cáo 2021-07-08.html"
    assert remind(date(2021, 7, 8)) == [f"so-tt-tt/{reminder}", f"so-y-te/{reminder}"]
    page = (settings.outbox / "so-y-te" / reminder).read_text(encoding="utf-8")
    text = Text(page)
    assert text.open == []
    assert "Sở Y tế" in text.words
    assert "3 báo cáo đã quá hạn chưa có số liệu được nhận; 3 báo cáo đến hạn trong 7 ngày tới." in text.words
    late = text.words.index("Quá hạn, chưa có số liệu được nhận")
    soon = text.words.index("Sắp đến hạn")
    assert late < soon
    assert text.words[late:soon].count("Quý I/2021") == 3
    assert text.words[late:soon].count("84") == 3
    assert text.words[soon:].count("15/07/2021") == 3
    assert "import/so-y-te/health_stations/" in text.words[late:soon]
    assert "Overdue" not in page
    assert (
        "3 reports are overdue without accepted figures; 3 reports are due in the next 7 days." in text.words
    )
    assert "broadband" not in page
    before = (settings.outbox / "so-y-te" / reminder).stat().st_mtime_ns

    assert remind(date(2021, 7, 8)) == []
    assert (settings.outbox / "so-y-te" / reminder).stat().st_mtime_ns == before
    # Who took the file away is not reminded again on the same day either.
    (settings.outbox / "so-y-te" / reminder).unlink()
    assert remind(date(2021, 7, 8)) == []
    assert outbox(settings) == [f"so-tt-tt/{reminder}"]
    rows = warehouse.execute(
        "select department_code, reminded_on, file_path, due_count, missing_count "
        "from ledger.reminder order by 1"
    ).fetchall()
    day = date(2021, 7, 8)
    assert rows == [
        # The second quarter of 2021 ended on 14 June for broadband.
        ("so-tt-tt", day, f"so-tt-tt/{reminder}", 0, 2),
        ("so-y-te", day, f"so-y-te/{reminder}", 3, 3),
    ]


def test_a_new_reminder_takes_the_place_of_the_old_one_and_of_no_other_file(
    settings: Settings, remind: Any
) -> None:
    remind(date(2021, 5, 3))
    receipt = settings.outbox / "so-y-te" / "Nhắc nộp báo cáo 2021-05-03.xlsx - ĐÃ NHẬN - 000001.html"
    receipt.write_text("a receipt")
    remind(date(2021, 5, 4))
    assert sorted(path.name for path in (settings.outbox / "so-y-te").iterdir()) == [
        "Nhắc nộp báo cáo 2021-05-03.xlsx - ĐÃ NHẬN - 000001.html",
        "Nhắc nộp báo cáo 2021-05-04.html",
    ]


def test_an_outbox_that_cannot_be_written_keeps_no_other_reminder_back(
    settings: Settings, remind: Any
) -> None:
    settings.outbox.mkdir(parents=True)
    blocked = settings.outbox / "so-tt-tt"
    blocked.write_text("not a folder")
    with pytest.raises(RemindersHeldBack, match=r"so-tt-tt \(.+\): see that each folder is writable"):
        remind(date(2021, 7, 8))
    assert outbox(settings) == ["so-y-te/Nhắc nộp báo cáo 2021-07-08.html"]

    blocked.unlink()
    assert remind(date(2021, 7, 8)) == ["so-tt-tt/Nhắc nộp báo cáo 2021-07-08.html"]


def test_nothing_is_written_when_nothing_is_due(
    settings: Settings, remind: Any, warehouse: psycopg.Connection
) -> None:
    # The first report of the plan is that of broadband, due on 29 March.
    assert remind(date(2021, 3, 21)) == []
    assert remind(date(2021, 3, 22)) == ["so-tt-tt/Nhắc nộp báo cáo 2021-03-22.html"]
    # The reminder of the day before goes when nothing of it is to be sent any more.
    lock_period(warehouse, "broadband_coverage", "2021-Q1", None)
    assert remind(date(2021, 3, 23)) == []
    assert outbox(settings) == []


def test_a_report_that_came_is_not_asked_for_and_one_that_was_refused_is(
    pipeline: Any, settings: Settings, remind: Any
) -> None:
    pipeline.drop(FIRST_QUARTER, FOLDER)
    pipeline.drop(SECOND_QUARTER, FOLDER)
    pipeline.drop(WITHOUT_COLUMN, FOLDER)
    pipeline.run()
    received_on(pipeline, "2021-10-01 08:00+07")
    remind(date(2021, 10, 20))
    page = (settings.outbox / "so-y-te" / "Nhắc nộp báo cáo 2021-10-20.html").read_text(encoding="utf-8")
    rows = [row for row in page.split("<tr>") if "Bệnh viện thông minh" in row]
    assert len(rows) == 1
    assert "Quý III/2021" in rows[0]
    assert "Đã gửi 1 tệp nhưng chưa tệp nào được nhận: xem phiếu trả lời." in rows[0]


def test_the_department_that_does_the_work_today_is_reminded_of_what_its_forerunner_owed(
    settings: Settings, remind: Any
) -> None:
    day = date(2025, 4, 1)
    assert f"so-kh-cn/Nhắc nộp báo cáo {day}.html" in remind(day)
    assert not (settings.outbox / "so-tt-tt").exists()
    page = (settings.outbox / "so-kh-cn" / f"Nhắc nộp báo cáo {day}.html").read_text(encoding="utf-8")
    assert "Quý I/2021" in page
    assert "Quý I/2025" in page
    assert page.count("import/so-kh-cn/broadband_coverage/") == 17


def test_nobody_is_asked_for_a_file_that_would_be_refused(
    settings: Settings, remind: Any, warehouse: psycopg.Connection
) -> None:
    day = date(2021, 7, 1)
    lock_period(warehouse, "broadband_coverage", "2021-Q1", None)
    lock_period(warehouse, "broadband_coverage", "2021-Q2", None)
    assert remind(day) == [f"so-y-te/Nhắc nộp báo cáo {day}.html"]
    allow_department(warehouse, "broadband_coverage", "2021-Q1", "so-tt-tt", day, None)
    assert remind(day) == [f"so-tt-tt/Nhắc nộp báo cáo {day}.html"]
    page = (settings.outbox / "so-tt-tt" / f"Nhắc nộp báo cáo {day}.html").read_text(encoding="utf-8")
    assert page.count("import/so-tt-tt/broadband_coverage/") == 1
    page = (settings.outbox / "so-y-te" / f"Nhắc nộp báo cáo {day}.html").read_text(encoding="utf-8")
    assert page.count("import/so-y-te/health_records/") == 1
    # Closing a period of a feed of versions closes those before it.
    lock_period(warehouse, "health_records", "2021-Q2", None)
    following = day + timedelta(days=1)
    assert remind(following) == [f"so-y-te/Nhắc nộp báo cáo {following}.html"]
    page = (settings.outbox / "so-y-te" / f"Nhắc nộp báo cáo {following}.html").read_text(encoding="utf-8")
    assert "import/so-y-te/health_records/" not in page
    assert "import/so-y-te/health_stations/" in page


def test_a_reminder_that_cannot_be_written_is_written_by_the_next_run(
    settings: Settings, remind: Any, monkeypatch: pytest.MonkeyPatch, warehouse: psycopg.Connection
) -> None:
    def full(target: Path, page: str) -> None:
        raise OSError(28, "No space left on device", str(target))

    day = date(2021, 5, 3)
    with monkeypatch.context() as patched:
        patched.setattr(reminders, "_write", full)
        with pytest.raises(RemindersHeldBack, match="No space left"):
            remind(day)
    assert warehouse.execute("select count(*) from ledger.reminder").fetchone() == (0,)
    assert len(remind(day)) == 2
