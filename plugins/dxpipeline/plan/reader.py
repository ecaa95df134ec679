"""The only reader of include/plan/: all of it is right, or none is used.

Each file is a list of entries; what an entry must hold, `dxpipeline.plan.entries` says, and what entries of
different files must agree on, `dxpipeline.plan.checks`. An error names the file and the line.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from dxpipeline.plan.checks import check_plan, check_unique
from dxpipeline.plan.entries import (
    BudgetLine,
    Document,
    Entry,
    Indicator,
    Observation,
    Plan,
    PlanError,
    Solution,
    Target,
)
from dxpipeline.settings import INCLUDE

PLAN = INCLUDE / "plan"

_Kind = TypeVar("_Kind", bound=Entry)


class _Mapping(dict[Any, Any]):
    """A mapping of a file that knows the line on which it and each of its keys begins, from 1."""

    line: int
    lines: dict[Any, int]


class _Loader(yaml.SafeLoader):
    """Reads YAML without losing the lines, and takes no key twice."""


def _mapping(loader: Any, node: yaml.MappingNode) -> _Mapping:
    mapping = _Mapping()
    mapping.line = node.start_mark.line + 1
    mapping.lines = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise yaml.MarkedYAMLError(None, None, f"{key} is no name of a field", key_node.start_mark)
        if key in mapping:
            raise yaml.MarkedYAMLError(None, None, f"{key} comes twice", key_node.start_mark)
        try:
            mapping[key] = loader.construct_object(value_node, deep=True)
        except ValueError as error:  # a day that no calendar has
            raise yaml.MarkedYAMLError(None, None, f"{key}: {error}", value_node.start_mark) from error
        mapping.lines[key] = key_node.start_mark.line + 1
    return mapping


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


@cache
def load_plan(folder: Path = PLAN) -> Plan:
    """Read the plan.

    Args:
        folder: The folder with the files.

    Raises:
        PlanError: A file is missing, an entry is wrong, comes twice, names what does not exist or contradicts
            another.
    """
    plan = Plan(
        documents=load_documents(folder),
        indicators=_entries(folder / "indicators.yaml", Indicator),
        targets=_entries(folder / "targets.yaml", Target),
        observations=_entries(folder / "observations.yaml", Observation),
        solutions=_entries(folder / "solutions.yaml", Solution, may_be_empty=True),
        budget_lines=_entries(folder / "budget.yaml", BudgetLine, may_be_empty=True),
    )
    check_plan(plan)
    return plan


@cache
def load_documents(folder: Path = PLAN) -> tuple[Document, ...]:
    """Read the documents alone, which a check of comments looks up.

    Args:
        folder: The folder of the plan.

    Raises:
        PlanError: The file is missing, an entry is wrong or comes twice.
    """
    documents = _entries(folder / "documents.yaml", Document)
    check_unique(documents)
    return documents


def plan_codes_version(folder: Path = PLAN) -> str:
    """Return the version of the codes that checks of feeds look up: documents and solutions (12 hex digits).

    Raises:
        PlanError: A file is missing.
    """
    digest = hashlib.sha256()
    for name in ("documents.yaml", "solutions.yaml"):
        digest.update(hashlib.sha256(_read(folder / name)).digest())
    return digest.hexdigest()[:12]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PlanError(f"{path.name}: cannot be read ({error.strerror}); restore the file.") from error


def _entries(path: Path, kind: type[_Kind], *, may_be_empty: bool = False) -> tuple[_Kind, ...]:
    try:
        # The loader makes nothing but plain values: it is a SafeLoader.
        content = yaml.load(_read(path), _Loader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        line = "" if error.problem_mark is None else f", line {error.problem_mark.line + 1}"
        raise PlanError(f"{path.name}{line}: is not a list of entries ({error.problem}); mend it.") from error
    except yaml.YAMLError as error:
        raise PlanError(f"{path.name}: is not YAML ({str(error).splitlines()[0]}); mend it.") from error
    if not isinstance(content, list) or not (content or may_be_empty):
        raise PlanError(f"{path.name}: must hold a list of entries; restore the file.")
    return tuple(_entry(path, number, item, kind) for number, item in enumerate(content, start=1))


def _entry(path: Path, number: int, item: Any, kind: type[_Kind]) -> _Kind:
    if not isinstance(item, _Mapping):
        raise PlanError(f"{path.name}, entry {number}: is no mapping of fields; mend it.")
    try:
        entry = kind.model_validate({**item, "place": f"{path.name}, line {item.line}"})
    except ValidationError as error:
        first = error.errors()[0]
        at = item.lines.get(first["loc"][0], item.line) if first["loc"] else item.line
        codes = [str(item[name]) for name in kind.key if name in item]
        field = ".".join(map(str, first["loc"])) or "the entry"
        said = first["msg"].removeprefix("Value error, ")
        raise PlanError(
            f"{path.name}, line {at} ({' '.join(codes)}): {field} is wrong ({said}); mend it."
        ) from error
    return entry
