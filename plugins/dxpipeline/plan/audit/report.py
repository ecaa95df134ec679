"""The audit as a page for leaders: findings by rule, then by document and target with their evidence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from dxpipeline import __version__, feedback
from dxpipeline.durable import write_whole
from dxpipeline.messages import as_shown, catalogue, grouped, label
from dxpipeline.plan.audit.model import SEVERITIES, Finding, document_label
from dxpipeline.plan.audit.store import RuleCount
from dxpipeline.plan.entries import Document, Plan
from dxpipeline.warehouse.seed import definition_digest

_HIDDEN = ".audit-"
_EVIDENCE, _FUNDS = "audit_evidence", "funds"
_UNSHOWN = frozenset({"synthetic", "statement_en"})
"""Evidence that the sentence tells already."""
_NAMES = re.compile(r"(year|_ids?)$")
"""Numbers that are names: of years and deliveries."""


@dataclass(frozen=True)
class _Evidence:
    """A piece of evidence: its name, and a text or a table whose cells are lines of text."""

    name: str
    text: str = ""
    header: Sequence[str] = ()
    rows: Sequence[Sequence[Sequence[str]]] = ()


@dataclass(frozen=True)
class _Line:
    """A finding as the page shows it."""

    severity: str
    severity_label: str
    title: str
    message: str
    evidence: Sequence[_Evidence]


@dataclass(frozen=True)
class _Section:
    """The findings about one document, target by target."""

    title: str
    subtitle: str
    targets: Mapping[str, Sequence[_Line]]


def write_report(
    path: Path, plan: Plan, findings: Sequence[Finding], counts: Sequence[RuleCount], day: date
) -> None:
    """Write the report; a file that is there is replaced at once.

    Raises:
        OSError: The folder cannot be written.
    """
    page = render_report(plan, findings, counts, day)

    def write(draft: Path) -> None:
        draft.write_text(page, encoding="utf-8")

    write_whole(path, write, hidden_prefix=_HIDDEN)


def render_report(plan: Plan, findings: Sequence[Finding], counts: Sequence[RuleCount], day: date) -> str:
    """Return the report as a self-contained HTML page that prints on A4.

    Args:
        plan: The plan that was audited.
        findings: What was found, the gravest first.
        counts: Every rule with the number of its findings.
        day: The day of the audit.
    """
    by_severity = Counter(finding.severity for finding in findings)
    return _template().render(
        text=lambda key, **details: label("audit_report", key, "vi", **details),
        office=label("receipt", "office"),
        day=as_shown(day.isoformat()),
        version=f"{__version__} · {definition_digest()}",
        worst=next((severity for severity in SEVERITIES if by_severity[severity]), None),
        totals=[
            (severity, label("audit_severities", severity), grouped(by_severity[severity]))
            for severity in SEVERITIES
        ],
        rules=[{**count, "label": label("audit_severities", count["severity"])} for count in counts],
        sections=_sections(plan, findings),
    )


def _sections(plan: Plan, findings: Sequence[Finding]) -> list[_Section]:
    """Return the findings by document, in the order of the plan; those about none come last."""
    sections = []
    for document in plan.documents:
        about = [finding for finding in findings if document.document_code in finding.documents]
        if about and document.kind == "plan":
            targets = _by_target(plan, document, about)
            status = label("audit_report", document.status)
            sections.append(_Section(document_label(document).vi, f"{document.title_vi} ({status})", targets))
    general = [finding for finding in findings if not finding.documents]
    if general:
        heading = label("audit_report", "general")
        sections.append(_Section(heading, "", {"": [_line(finding) for finding in general]}))
    return sections


def _by_target(plan: Plan, document: Document, findings: Sequence[Finding]) -> dict[str, list[_Line]]:
    """Return the findings about a document by the names of its targets; those about none of them first."""
    names = {indicator.indicator_code: indicator.name_vi for indicator in plan.indicators}
    own = {
        f"{target.document_code} {target.indicator_code}": names[target.indicator_code]
        for target in plan.targets
        if target.document_code == document.document_code
    }
    groups: dict[str, list[_Line]] = {"": [], **{name: [] for name in own.values()}}
    for finding in findings:
        about = [own[target] for target in finding.targets if target in own]
        # What concerns several targets of a document is told once, for the document.
        groups[about[0] if len(about) == 1 else ""].append(_line(finding))
    return {name: lines for name, lines in groups.items() if lines}


def _line(finding: Finding) -> _Line:
    return _Line(
        severity=finding.severity,
        severity_label=label("audit_severities", finding.severity),
        title=label("audit_titles", finding.rule),
        message=finding.message_vi,
        evidence=[
            _evidence(key, value)
            for key, value in _in_order(finding.evidence)
            if key not in _UNSHOWN and _lines(key, value)
        ],
    )


def _evidence(key: str, value: Any) -> _Evidence:
    """Return a piece of evidence; what is known of several years, or in several ways, as a table."""
    if isinstance(value, Mapping) and all(isinstance(item, Mapping) for item in value.values()):
        return _table(key, [("", name, item) for name, item in value.items()])
    if isinstance(value, list) and isinstance(value[0], Mapping):
        ways = [("closed_by", item["closed_by"], _without(item, "closed_by")) for item in value]
        return _table(key, ways)
    return _Evidence(_name(key), text="; ".join(_lines(key, value)))


def _table(key: str, items: Sequence[tuple[str, str, Mapping[str, Any]]]) -> _Evidence:
    """Return a table with a row for each item: its heading, then what it holds."""
    names = dict(_in_order(dict.fromkeys(name for _, _, item in items for name in item)))
    return _Evidence(
        _name(key),
        header=["", *map(_name, names)],
        rows=[
            [_lines(kind, heading), *(_lines(name, item.get(name)) for name in names)]
            for kind, heading, item in items
        ],
    )


def _lines(key: str, value: Any) -> list[str]:
    """Return a value as lines of text; none for what is not known."""
    if isinstance(value, list):
        return [line for item in value for line in _lines(key, item)]
    if isinstance(value, Mapping):
        if "source_row" in value:
            return [label("audit_report", "row", row=value["source_row"], submission=value["submission_id"])]
        return [f"{_name(name)}: {line}" for name, item in _in_order(value) for line in _lines(name, item)]
    if value is None or value == "":
        return []
    if isinstance(value, bool):
        return [label("audit_report", "yes" if value else "no")]
    if isinstance(value, int | float):
        return [str(value) if _NAMES.search(key) else grouped(Decimal(str(value)))]
    if key == "closed_by" and value in catalogue("vi")[_FUNDS]:
        return [label("audit_report", "one_pays", fund=_name(value))]
    return [_name(value) if key == "closed_by" else as_shown(value)]


def _name(key: str) -> str:
    """Return what a piece of evidence is called: in words, or by the code or year that it is."""
    words = catalogue("vi")
    for section in (_EVIDENCE, _FUNDS):
        if key in words[section]:
            return label(section, key)
    return key


def _in_order(values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return names and values in the order in which the messages list the names; codes and years by name."""
    words = catalogue("vi")
    order = {name: place for place, name in enumerate([*words[_EVIDENCE], *words[_FUNDS]])}
    return sorted(values.items(), key=lambda item: (order.get(item[0], len(order)), item[0]))


def _without(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != name}


@cache
def _template() -> Template:
    # The receipt's looks are those of every page.
    folders = [Path(__file__).parent, Path(feedback.__file__).parent]
    environment = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2")
