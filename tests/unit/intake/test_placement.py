"""The folder of a file says whose it is and which feed; what fits none is told what was probably meant."""

from __future__ import annotations

import pytest

from dxpipeline.intake.placement import Placement, placement
from dxpipeline.messages import sentence

OF_HEALTH = "health_records, health_stations, plan_comments, smart_hospitals"
"""The feeds of the Department of Health, the one of every department among them."""


@pytest.mark.parametrize(
    "folder",
    [("so-y-te", "smart_hospitals"), ("So-Y-Te", "SMART_HOSPITALS"), ("SO-Y-TE", "Smart_Hospitals")],
)
def test_department_and_feed_are_read_in_any_case(folder: tuple[str, str]) -> None:
    assert placement(folder) == Placement("so-y-te", "smart_hospitals", "smart_hospitals")


@pytest.mark.parametrize("department", ["so-tt-tt", "so-kh-cn"])
def test_former_and_present_owner_report_for_the_same_unit(department: str) -> None:
    place = placement((department, "broadband_coverage"))
    assert place == Placement(department, "broadband_coverage", "broadband_coverage")


@pytest.mark.parametrize(
    ("folder", "department", "feed", "reason", "details"),
    [
        ((), None, None, "misplaced-file", {"folder": "import", "feeds": ""}),
        (
            ("so-y-te",),
            "so-y-te",
            None,
            "misplaced-file",
            {"folder": "so-y-te", "feeds": OF_HEALTH},
        ),
        (
            ("so-y-te", "smart_hospitals", "2021"),
            "so-y-te",
            None,
            "misplaced-file",
            {"folder": "so-y-te/smart_hospitals/2021", "feeds": OF_HEALTH},
        ),
        (
            ("so-yte", "smart_hospitals"),
            None,
            None,
            "unknown-folder",
            {"folder": "so-yte/smart_hospitals", "suggestion": "so-y-te"},
        ),
        (("Sở Y tế",), None, None, "unknown-folder", {"folder": "Sở Y tế", "suggestion": "so-y-te"}),
        (
            ("so-y-te", "smart_hospital"),
            "so-y-te",
            None,
            "unknown-feed",
            {"folder": "so-y-te/smart_hospital", "suggestion": "smart_hospitals"},
        ),
        (
            ("so-y-te", "broadband"),
            "so-y-te",
            None,
            "unknown-feed",
            {"folder": "so-y-te/broadband", "suggestion": OF_HEALTH},
        ),
        (
            ("so-y-te", "broadband_coverage"),
            "so-y-te",
            "broadband_coverage",
            "wrong-department",
            {"folder": "so-y-te/broadband_coverage", "owners": "so-tt-tt, so-kh-cn"},
        ),
    ],
)
def test_what_fits_no_feed_gets_a_reason_and_a_suggestion(
    folder: tuple[str, ...], department: str | None, feed: str | None, reason: str, details: dict[str, str]
) -> None:
    place = placement(folder)
    assert place == Placement(department, feed, None, reason, details)
    for language in ("vi", "en"):
        text = sentence(reason, language, **details)
        assert all(value in text for name, value in details.items() if name != "folder")


def test_a_folder_like_nothing_known_is_shown_all_departments() -> None:
    place = placement(("kho bạc", "x"))
    assert place.reason == "unknown-folder"
    assert place.details["suggestion"].split(", ") == [
        "cuc-thong-ke", "so-kh-cn", "so-kh-dt", "so-tai-chinh", "so-tt-tt", "so-xay-dung", "so-y-te",
        "vp-ubnd",
    ]  # fmt: skip


def test_a_feed_of_every_department_is_taken_from_each_as_a_unit_of_its_own() -> None:
    for department in ("so-y-te", "vp-ubnd"):
        assert placement((department, "plan_comments")) == Placement(department, "plan_comments", department)


@pytest.mark.parametrize("part", ["..", ".", "a\nb", "';--", "{{ x }}", "\ufffd", "so-y-te "])
def test_a_strange_folder_is_unknown_and_nothing_else(part: str) -> None:
    assert placement((part, "smart_hospitals")).reason == "unknown-folder"
    assert placement(("so-y-te", part)).reason == "unknown-feed"
