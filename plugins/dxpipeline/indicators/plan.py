"""The plan as data: the only reader of include/plan/.

`documents.yaml` says which documents set targets, `indicators.yaml` what is measured and how, `targets.yaml`
how much by when, `observations.yaml` what others have published. Each file is a list of entries; what an
entry must hold, the classes below say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from dxpipeline import reference
from dxpipeline.contracts import contracts
from dxpipeline.settings import INCLUDE

PLAN = INCLUDE / "plan"
PROVINCE_CODE = "38"
"""Thanh Hóa: the area that a target speaks of unless it says otherwise."""

Code = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_-]*$")]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Year = Annotated[int, Field(ge=1990, le=2100)]
Sureness = Literal["read", "derived", "general_knowledge"]
Unit = Literal["enterprise", "hospital", "pct", "person_per_10k", "rank", "record_per_person", "urban_area"]
Measure = Literal["stock", "flow", "cumulative", "growth", "rank"]
"""What a value says of time: a state on the period's last day, what happened in the period, what happened
since the plan began, a change from one year to another, a place among others."""


class PlanError(Exception):
    """The plan cannot be used; the message names the file, the entry and what to mend."""


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Document(_Entry):
    """A document that sets targets.

    Attributes:
        document_code: What other entries and feeds call it.
        number: Its official number; None for a draft.
        title_vi: Title.
        title_en: Title in English.
        status: Whether it is a draft, in force or replaced.
        dated_on: Day of issue; for a draft the day on which it was heard.
        comments_due_on: Last day for comments on a draft; None where none are asked for.
        source: Where this is from.
        sureness: How it is known.
    """

    document_code: Code
    number: Text | None = None
    title_vi: Text
    title_en: Text
    status: Literal["draft", "in_force", "replaced"]
    dated_on: date
    comments_due_on: date | None = None
    source: Text
    sureness: Sureness


class Indicator(_Entry):
    """What is measured: one definition, computed by the model in include/sql/marts/ that names it.

    Attributes:
        indicator_code: Its code.
        name_vi: Name.
        name_en: Name in English.
        unit: Unit of its values: `enterprise`, `hospital` or `urban_area` (a number of them), `pct` (per
            hundred), `person_per_10k` (full-time equivalents per 10,000 inhabitants), `rank` or
            `record_per_person`.
        unit_vi: The unit as people read it.
        feed: The feed it is computed from; None when no feed brings it: others publish it, or it is about the
            reports themselves.
        numerator: What is counted above the line, in both languages.
        denominator: What is counted below the line, in both languages.
        aggregation: How the parts of an area or a year make the whole: `count` adds numerators,
            `ratio_of_sums` divides sums, `geometric_mean` is the yearly rate that leads from the first year
            to the last, `growth_accounting` splits the growth of a year, `none` is published as it is;
            shares are never averaged.
        measure: What a value says of time; values of different measures are never added.
        vintages: Whether values come as `reported`, as `estimate_preliminary_final` side by side, or are
            `published` by others.
        definition_vi: The definition in words.
        definition_en: The same in English.
        legal_basis: The regulation that defines it.
        owner_code: The department that answers for it.
        direction: Which way is better.
    """

    indicator_code: Code
    name_vi: Text
    name_en: Text
    unit: Unit
    unit_vi: Text
    feed: Text | None = None
    numerator: Text
    denominator: Text
    aggregation: Literal["count", "ratio_of_sums", "geometric_mean", "growth_accounting", "none"]
    measure: Measure
    vintages: Literal["reported", "estimate_preliminary_final", "published"] = "reported"
    definition_vi: Text
    definition_en: Text
    legal_basis: Text
    owner_code: Text
    direction: Literal["higher_is_better", "lower_is_better"]


class Baseline(_Entry):
    """Where a target starts from: a value in the target's unit, its year, and how it is known."""

    value: Decimal = Field(strict=False)
    year: Year
    sureness: Sureness


class Target(_Entry):
    """What a document wants an indicator to be, and by when.

    Attributes:
        document_code: The document that sets it.
        indicator_code: The indicator.
        geography_code: The area: `38` is the whole province.
        target_year: The year by whose end it is to be reached.
        target_value: The value, in `unit`.
        unit: The indicator's unit.
        direction: Whether the value is a floor or a ceiling.
        baseline: Where it starts from; None where nothing is known.
        owner_code: The department that answers for it.
        legal_basis: What the target rests on.
        source: Where this is from.
        sureness: How it is known.
    """

    document_code: Code
    indicator_code: Code
    geography_code: Text = PROVINCE_CODE
    target_year: Year
    target_value: Decimal = Field(strict=False)
    unit: Unit
    direction: Literal["at_least", "at_most"]
    baseline: Baseline | None = None
    owner_code: Text
    legal_basis: Text
    source: Text
    sureness: Sureness


class Observation(_Entry):
    """A value of an indicator that others have published.

    Attributes:
        indicator_code: The indicator.
        year: The year that it describes.
        value: The value, in the indicator's unit.
        method: How it was made; years of different methods make no series.
        source: Where this is from.
        sureness: How it is known.
    """

    indicator_code: Code
    year: Year
    value: Decimal = Field(strict=False)
    method: Text
    source: Text
    sureness: Sureness


@dataclass(frozen=True)
class Plan:
    """All documents, indicators, targets and observations, in the order of their files."""

    documents: tuple[Document, ...]
    indicators: tuple[Indicator, ...]
    targets: tuple[Target, ...]
    observations: tuple[Observation, ...]


_Kind = TypeVar("_Kind", bound=_Entry)


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
