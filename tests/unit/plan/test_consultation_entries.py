"""A document says who is asked for comments until when, and what cannot be is named."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import yaml

from dxpipeline.plan.reader import PLAN, PlanError, load_plan


def changed(folder: Path, **changes: Any) -> Path:
    """Return a copy of the plan in which the draft has other fields; None takes one away."""
    copy = copytree(PLAN, folder / "plan")
    path = copy / "documents.yaml"
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    (draft,) = (entry for entry in entries if entry["document_code"] == "DT-2021-02-25")
    draft.update(changes)
    for name in [name for name, value in changes.items() if value is None]:
        del draft[name]
    path.write_text(yaml.safe_dump(entries, allow_unicode=True), encoding="utf-8")
    return copy


def test_the_draft_of_2021_is_drafted_by_science_and_every_other_department_is_asked() -> None:
    (draft,) = (item for item in load_plan().documents if item.comments_due_on)
    assert (draft.document_code, draft.drafted_by) == ("DT-2021-02-25", "so-kh-cn")
    assert (draft.comments_due_on, draft.consulted) == (date(2021, 3, 5), None)


def test_a_document_may_name_who_is_asked(tmp_path: Path) -> None:
    plan = load_plan(changed(tmp_path, consulted=["so-y-te", "so-kh-dt"]))
    (draft,) = (item for item in plan.documents if item.comments_due_on)
    assert draft.consulted == ("so-y-te", "so-kh-dt")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"comments_due_on": date(2021, 2, 24)}, "comments_due_on lies before dated_on"),
        ({"drafted_by": None}, "comments_due_on is given without drafted_by"),
        ({"comments_due_on": None, "consulted": ["so-y-te"]}, "consulted is given without comments_due_on"),
        ({"consulted": ["so-y-te", "so-kh-cn"]}, "drafted_by is among the consulted"),
        ({"consulted": []}, "consulted is wrong"),
        ({"drafted_by": "so-la"}, "drafted_by is 'so-la', which does not exist"),
        ({"consulted": ["so-la"]}, "consulted is 'so-la', which does not exist"),
        (
            {
                "dated_on": date(2025, 3, 1),
                "comments_due_on": date(2025, 3, 9),
                "consulted": ["so-y-te", "so-kh-dt"],
            },
            "consulted names so-kh-dt, which did not exist between dated_on and comments_due_on",
        ),
    ],
)
def test_a_consultation_that_cannot_be_is_named_by_file_and_document(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(PlanError, match=rf"documents.yaml, line \d+ \(DT-2021-02-25\): .*{message}"):
        load_plan(changed(tmp_path, **changes))
