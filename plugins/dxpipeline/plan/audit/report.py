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
# Numbers that are names: of years, deliveries and rows.
_NAMES = re.compile(r"(year|_ids?|_row)$")


@dataclass(frozen=True)
class _Line:
    """A finding as the page shows it."""

    severity: str
    severity_label: str
    title: str
    message: str
    evidence: Sequence[tuple[str, str]]


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
            (_name(key), written)
            for key, value in finding.evidence.items()
            if not key.endswith("_en") and (written := _written(key, value))
        ],
    )


def _name(key: str) -> str:
    """Return what a piece of evidence is called: in words, or by the code or year that it is."""
    words = catalogue("vi")
    for section in (_EVIDENCE, _FUNDS):
        if key in words[section]:
            return label(section, key)
    return key


def _written(key: str, value: Any) -> str:
    """Return a piece of evidence as text; nothing for what is not known."""
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, Mapping):
        parts = ((_name(name), _written(name, item)) for name, item in value.items())
        return ", ".join(f"{name}: {text}" for name, text in parts if text)
    if isinstance(value, list):
        separator = "; " if isinstance(value[0], Mapping) else ", "
        return separator.join(_written(key, item) for item in value)
    if isinstance(value, bool):
        return label("audit_report", "yes" if value else "no")
    if isinstance(value, int | float):
        return str(value) if _NAMES.search(key) else grouped(Decimal(str(value)))
    return as_shown(value) if key != "closed_by" else _name(value)


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
