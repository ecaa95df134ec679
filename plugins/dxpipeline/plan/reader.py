"""The only reader of include/plan/.

`documents.yaml` says which documents set targets, `indicators.yaml` what is measured and how, `targets.yaml`
how much by when, `observations.yaml` what others have published. Each file is a list of entries; what an
entry must hold, `dxpipeline.plan.entries` says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from dxpipeline import reference
from dxpipeline.contracts import contracts
from dxpipeline.plan.entries import Document, Entry, Indicator, Observation, Plan, Target
from dxpipeline.settings import INCLUDE

PLAN = INCLUDE / "plan"


class PlanError(Exception):
    """The plan cannot be used; the message names the file, the entry and what to mend."""


_Kind = TypeVar("_Kind", bound=Entry)


@cache
def load_plan(folder: Path = PLAN) -> Plan:
    """Read the plan.

    Args:
        folder: The folder with the four files.

    Raises:
        PlanError: A file is missing, an entry is wrong, comes twice or names what does not exist.
    """
    plan = Plan(
        documents=load_documents(folder),
        indicators=_entries(folder / "indicators.yaml", Indicator),
        targets=_entries(folder / "targets.yaml", Target),
        observations=_entries(folder / "observations.yaml", Observation),
    )
    _check_unique(folder / "indicators.yaml", (item.indicator_code for item in plan.indicators))
    _check_unique(
        folder / "targets.yaml",
        (
            f"{item.document_code} {item.indicator_code} {item.geography_code} {item.target_year}"
            for item in plan.targets
        ),
    )
    _check_unique(
        folder / "observations.yaml", (f"{item.indicator_code} {item.year}" for item in plan.observations)
    )
    _check_references(folder, plan)
    return plan


@cache
def load_documents(folder: Path = PLAN) -> tuple[Document, ...]:
    """Read the documents alone, which a check of comments looks up.

    Args:
        folder: The folder of the plan.

    Raises:
        PlanError: The file is missing, an entry is wrong or comes twice.
    """
    path = folder / "documents.yaml"
    documents = _entries(path, Document)
    _check_unique(path, (item.document_code for item in documents))
    return documents


def documents_version(folder: Path = PLAN) -> str:
    """Return the version of the documents: 12 hexadecimal digits over the bytes of their file.

    Raises:
        PlanError: The file is missing.
    """
    return hashlib.sha256(_read(folder / "documents.yaml")).hexdigest()[:12]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PlanError(f"{path.name}: cannot be read ({error.strerror}); restore the file.") from error


def _entries(path: Path, kind: type[_Kind]) -> tuple[_Kind, ...]:
    try:
        content = yaml.safe_load(_read(path))
    except yaml.YAMLError as error:
        first = str(error).splitlines()[0]
        raise PlanError(f"{path.name}: is not YAML ({first}); mend it.") from error
    if not isinstance(content, list) or not content:
        raise PlanError(f"{path.name}: must hold a list of entries; restore the file.")
    return tuple(_entry(path, number, item, kind) for number, item in enumerate(content, start=1))


def _entry(path: Path, number: int, item: Any, kind: type[_Kind]) -> _Kind:
    codes = (
        [item[name] for name in ("document_code", "indicator_code") if name in item]
        if isinstance(item, dict)
        else []
    )
    name = " ".join([f"entry {number}", *map(str, codes)])
    try:
        return kind.model_validate(item)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the entry"
        raise PlanError(f"{path.name}, {name}: {place} is wrong ({first['msg']}); mend it.") from error


def _check_unique(path: Path, keys: Iterable[str]) -> None:
    seen: set[str] = set()
    for number, key in enumerate(keys, start=1):
        if key in seen:
            raise PlanError(f"{path.name}, entry {number} {key}: comes a second time; keep one of them.")
        seen.add(key)


def _check_references(folder: Path, plan: Plan) -> None:
    documents = {item.document_code for item in plan.documents}
    indicators = {item.indicator_code: item for item in plan.indicators}
    departments = {item.department_code for item in reference.departments()}
    for number, indicator in enumerate(plan.indicators, start=1):
        place = f"{folder.name}/indicators.yaml, entry {number} {indicator.indicator_code}"
        _check_known(place, "owner_code", indicator.owner_code, departments)
        if indicator.feed is not None:
            _check_known(place, "feed", indicator.feed, contracts())
    for number, target in enumerate(plan.targets, start=1):
        place = f"{folder.name}/targets.yaml, entry {number} {target.document_code} {target.indicator_code}"
        _check_known(place, "document_code", target.document_code, documents)
        _check_known(place, "indicator_code", target.indicator_code, indicators)
        _check_known(place, "owner_code", target.owner_code, departments)
        if target.unit != indicators[target.indicator_code].unit:
            raise PlanError(
                f"{place}: its unit is {target.unit!r}, the indicator's is another; make them agree."
            )
    for number, observation in enumerate(plan.observations, start=1):
        place = f"{folder.name}/observations.yaml, entry {number} {observation.indicator_code}"
        _check_known(place, "indicator_code", observation.indicator_code, indicators)


def _check_known(place: str, name: str, value: str, known: Iterable[str]) -> None:
    if value not in known:
        raise PlanError(
            f"{place}: {name} is {value!r}, which does not exist; write one of {', '.join(sorted(known))}."
        )
