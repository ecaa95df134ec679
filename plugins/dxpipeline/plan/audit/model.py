"""What a rule is, what it finds, and how a finding is told to people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from dxpipeline.messages import LANGUAGES, Language, grouped, label
from dxpipeline.plan.audit.facts import PlanFacts, key_of
from dxpipeline.plan.entries import Document, Indicator, Target

Severity = Literal["critical", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")
"""From what keeps a plan from being decided to what is good to know."""


class Words(NamedTuple):
    """A detail of a sentence that has words of its own in each language."""

    vi: str
    en: str

    def in_language(self, language: Language) -> str:
        """Return the words of a language."""
        return self.vi if language == "vi" else self.en


Detail = str | int | Decimal | date | Words


@dataclass(frozen=True)
class Found:
    """What a rule has found once.

    Attributes:
        subject: What tells it from the other findings of its rule.
        details: What the sentence says, by placeholder.
        evidence: What the finding rests on: values with their units in the names, and where they are from.
        targets: The targets that it is about.
        documents: The codes of the documents that it is about, beside those of the targets.
        sentence: Key of its sentence in section `audit` of the messages; that of the rule by default.
        synthetic: Whether it rests on solutions that are examples; sentence and evidence say so.
    """

    subject: str
    details: Mapping[str, Detail]
    evidence: Mapping[str, Any]
    targets: Sequence[Target] = ()
    documents: Sequence[str] = ()
    sentence: str | None = None
    synthetic: bool = False


@dataclass(frozen=True)
class Rule:
    """A rule of the audit.

    Attributes:
        name: Its name, also the key of its title and of its sentence in the messages.
        severity: How grave what it finds is.
        find: Looks for it; a pure function of the facts.
    """

    name: str
    severity: Severity
    find: Callable[[PlanFacts], Iterable[Found]]

    def title(self, language: Language = "vi") -> str:
        """Return the rule's short name for people."""
        return label("audit_titles", self.name, language)


@dataclass(frozen=True)
class Finding:
    """A finding as it is stored and told.

    Attributes:
        rule: The rule's name.
        subject: What tells it from the other findings of the rule.
        severity: The rule's severity.
        targets: The targets that it is about, each `DOCUMENT INDICATOR`.
        documents: The documents that it is about.
        message_vi: The sentence.
        message_en: The same in English.
        evidence: What it rests on, as JSON has it.
    """

    rule: str
    subject: str
    severity: Severity
    targets: list[str]
    documents: list[str]
    message_vi: str
    message_en: str
    evidence: dict[str, Any] = field(hash=False)


def told(rule: Rule, found: Found) -> Finding:
    """Return a finding with its sentences."""
    key = found.sentence or rule.name
    sentences = {
        language: label("audit", key, language, **in_words(found.details, language)) for language in LANGUAGES
    }
    evidence = dict(found.evidence)
    if found.synthetic:
        evidence["synthetic"] = True
        for language in LANGUAGES:
            sentences[language] += f" {label('audit', 'synthetic', language)}"
    documents = [*(target.document_code for target in found.targets), *found.documents]
    return Finding(
        rule=rule.name,
        subject=found.subject,
        severity=rule.severity,
        targets=_once(f"{target.document_code} {target.indicator_code}" for target in found.targets),
        documents=_once(documents),
        message_vi=sentences["vi"],
        message_en=sentences["en"],
        evidence=_plain(evidence),
    )


def in_both(write: Callable[[Language], str]) -> Words:
    """Return words that are made for each language."""
    return Words(write("vi"), write("en"))


def amount(value: Decimal, indicator: Indicator) -> Words:
    """Return a value of an indicator with its unit."""
    english = " %" if indicator.unit == "pct" else ""
    return Words(f"{grouped(value)} {indicator.unit_vi}", f"{grouped(value, 'en')}{english}")


def pace(value: Decimal, indicator: Indicator) -> Words:
    """Return what an indicator changes by in a year, with its unit; a share changes by points."""
    if indicator.unit != "pct":
        return amount(value, indicator)
    if indicator.aggregation == "geometric_mean":
        return Words(f"{grouped(value)} %", f"{grouped(value, 'en')} %")
    return Words(f"{grouped(value)} điểm phần trăm", f"{grouped(value, 'en')} percentage points")


def document_label(document: Document) -> Words:
    """Return what people call a document: its number, or the day of a draft."""
    if document.number is not None:
        return Words(document.number, document.number)
    return in_both(lambda language: label("audit", "draft", language, day=document.dated_on.isoformat()))


def number(value: Decimal) -> Words:
    """Return a number as each language writes it."""
    return in_both(lambda language: grouped(value, language))


def in_words(details: Mapping[str, Detail], language: Language) -> dict[str, str]:
    """Return details as a language writes them."""
    return {name: _written(value, language) for name, value in details.items()}


def listed(items: Iterable[Words], separator: str = "; ") -> Words:
    """Return several words as one."""
    parts = list(items)
    return in_both(lambda language: separator.join(part.in_language(language) for part in parts))


def about(facts: PlanFacts, target: Target) -> dict[str, Detail]:
    """Return the details with which every sentence about one target begins: its name and its document."""
    indicator = facts.indicators[target.indicator_code]
    return {
        "target": Words(indicator.name_vi, indicator.name_en),
        "document": document_label(facts.documents[target.document_code]),
    }


def subject_of(target: Target) -> str:
    """Return what tells a finding about one target from those about others."""
    return " ".join(map(str, key_of(target)))


def _written(value: Detail, language: Language) -> str:
    if isinstance(value, Words):
        return value.in_language(language)
    if isinstance(value, int | Decimal):
        return grouped(value, language)
    return value.isoformat() if isinstance(value, date) else value


def _once(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))


def _plain(value: Any) -> Any:
    """Return evidence as JSON has it: decimals as numbers, dates as ISO text."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else round(float(value), 6)
    return value.isoformat() if isinstance(value, date) else value
