"""The documentation names every setting, and what it links to exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dxpipeline import settings
from dxpipeline.settings import PROJECT_ROOT

DOCS = PROJECT_ROOT / "docs"
SERVER = DOCS / "how-to" / "server.md"
RUNBOOKS = DOCS / "runbooks"
PAGES = sorted([PROJECT_ROOT / "README.md", *DOCS.rglob("*.md")])

OWN_VARIABLE = re.compile(r"\b(?:DX|WAREHOUSE)_[A-Z_]*[A-Z]\b")


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose(page: Path) -> str:
    """Return a page without its blocks and spans of code, where brackets mean something else."""
    without_blocks = re.sub(r"^```.*?^```$", "", text_of(page), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", "code", without_blocks)


def settings_of_the_program() -> set[str]:
    return set(OWN_VARIABLE.findall(text_of(Path(settings.__file__))))


def settings_of_the_compose_file() -> set[str]:
    example = text_of(PROJECT_ROOT / ".env.example")
    return set(re.findall(r"^([A-Z_]+)=", example, flags=re.MULTILINE))


def settings_table() -> list[str]:
    """Return the variables that have a row in the table of settings."""
    section = text_of(SERVER).partition("\n## 3. Settings\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([A-Z_]+)` \|", section, flags=re.MULTILINE)


def link_targets(page: Path) -> list[str]:
    """Return what a page links to inside the project, without places inside a page."""
    targets = re.findall(r"\]\(<?([^)>\s]+)>?(?:\s+\"[^\"]*\")?\)", prose(page))
    inside = [target for target in targets if not re.match(r"[a-z][a-z0-9+.-]*:|#", target)]
    return [target.partition("#")[0] for target in inside]


def test_every_setting_has_one_row_in_the_table() -> None:
    rows = settings_table()
    assert len(rows) == len(set(rows))
    wanted = settings_of_the_program() | settings_of_the_compose_file()
    assert {"DX_HOME", "WAREHOUSE_URL", "POSTGRES_PASSWORD"} <= wanted
    assert wanted - set(rows) == set()


def test_the_table_names_no_setting_that_nothing_reads() -> None:
    known = settings_of_the_program() | settings_of_the_compose_file()
    named = {name for name in settings_table() if OWN_VARIABLE.fullmatch(name)}
    assert named - known == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT_ROOT)))
def test_a_page_names_no_setting_that_nothing_reads(page: Path) -> None:
    known = settings_of_the_program() | settings_of_the_compose_file()
    assert set(OWN_VARIABLE.findall(text_of(page))) - known == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT_ROOT)))
def test_what_a_page_links_to_exists(page: Path) -> None:
    missing = [target for target in link_targets(page) if not (page.parent / target).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT_ROOT)))
def test_links_stay_inside_the_project(page: Path) -> None:
    for target in link_targets(page):
        assert (page.parent / target).resolve().is_relative_to(PROJECT_ROOT), target


def test_the_index_of_runbooks_is_complete() -> None:
    runbooks = {path.name for path in RUNBOOKS.glob("*.md")} - {"README.md"}
    assert len(runbooks) >= 10
    assert runbooks == {target for target in link_targets(RUNBOOKS / "README.md") if "/" not in target}
