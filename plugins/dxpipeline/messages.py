"""Every sentence a person reads about a file, from include/messages/: Vietnamese first, English beside it.

A message is a text with `{placeholders}`. What stands in `[ ]` is left out when one of its placeholders has
no detail. Where a placeholder outside is without its detail, the message's `plain` text is used instead and a
`MissingDetail` warning is raised: an error in tests, never a crash for a clerk.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, Literal

import yaml

from dxpipeline.contracts import Column, Contract
from dxpipeline.settings import INCLUDE
from dxpipeline.text import clean

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")
MESSAGES = INCLUDE / "messages"

_PLACEHOLDER = re.compile(r"\{([a-z_0-9]+)\}")
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_ISO_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_VIETNAMESE_MARKS = str.maketrans(",.", ".,")
_LONGEST_DETAIL = 400
_LONGEST_VALUE = 80

_SENTENCES = ("issues", "reasons", "notes")
# Issues whose rule the column's own description tells.
_EXPLAINED_BY_COLUMN = frozenset({"bad-format", "out-of-range", "inconsistent-values", "inconsistent-total"})
# Details that are codes themselves, and the section with their words.
_CODED_DETAILS: Mapping[tuple[str, str], str] = {
    ("unreadable-file", "kind"): "kinds",
    ("unknown-encoding", "kind"): "kinds",
    ("wrong-period-kind", "expected"): "frequencies",
}


class MissingDetail(UserWarning):
    """A sentence was asked for without a detail it needs, or by a code that has no sentence."""


@dataclass(frozen=True)
class Message:
    """One message: its text, and the text for want of details."""

    text: str
    plain: str | None = None

    @property
    def required(self) -> frozenset[str]:
        """Return the placeholders outside the optional parts."""
        return frozenset(_PLACEHOLDER.findall(_OPTIONAL.sub("", self.text)))

    @property
    def placeholders(self) -> frozenset[str]:
        """Return every placeholder of the text."""
        return frozenset(_PLACEHOLDER.findall(self.text))

    def fill(self, details: Mapping[str, str]) -> str:
        """Return the text with its details; a value is never read as part of the text.

        Raises:
            KeyError: A placeholder outside the optional parts has no detail.
        """
        parts = []
        for position, part in enumerate(_OPTIONAL.split(self.text)):
            optional = position % 2 == 1
            if optional and not all(name in details for name in _PLACEHOLDER.findall(part)):
                continue
            parts.append(_PLACEHOLDER.sub(lambda match: details[match[1]], part))
        return "".join(parts)


@cache
def catalogue(language: Language) -> Mapping[str, Mapping[str, Message]]:
    """Return every message of a language, by section and key."""
    content = yaml.safe_load((MESSAGES / f"{language}.yaml").read_text(encoding="utf-8"))
    return {
        section: {
            key: Message(value) if isinstance(value, str) else Message(value["text"], value["plain"])
            for key, value in entries.items()
        }
        for section, entries in content.items()
    }


def codes() -> frozenset[str]:
    """Return every code that has a sentence: those of issues, of refused files, and of notes."""
    return frozenset(key for section in _SENTENCES for key in catalogue("vi")[section])


def issue_codes() -> frozenset[str]:
    """Return the codes an issue at a cell or line may have."""
    return frozenset(catalogue("vi")["issues"])


def sentence(code: str, /, language: Language = "vi", **details: object) -> str:
    """Return the sentence of a code: what happened, where, and what to do.

    Codes of issues also stand for rules over a whole file, which have no column: the plain text is theirs.

    Args:
        code: A code of `codes()`.
        language: `vi` or `en`.
        details: Values of the sentence's placeholders; an empty one counts as absent. Dates in ISO form are
            written day first, and what is longer than 400 characters is shortened.
    """
    found = _find(code, language)
    if found is None:
        _warn(f"No sentence in include/messages/{language}.yaml has the code {code!r}: add it.")
        return _fill("unexplained", catalogue(language)["notes"]["unexplained"], {"code": code})
    if code in catalogue(language)["issues"] and "column" in found.required and not details.get("column"):
        return found.plain or found.text
    shown = {name: text for name, value in details.items() if (text := as_shown(value))}
    for (coded, name), section in _CODED_DETAILS.items():
        if coded == code and name in shown:
            words = catalogue(language)[section].get(shown[name])
            if words is None:
                del shown[name]
            else:
                shown[name] = words.text
    return _fill(code, found, shown)


def plain_sentence(code: str, language: Language = "vi") -> str:
    """Return the sentence of a code as it reads without any detail, for a summary."""
    found = _find(code, language)
    return sentence(code, language) if found is None else found.plain or found.fill({})


def issue_sentence(contract: Contract | None, issue: Mapping[str, Any], language: Language = "vi") -> str:
    """Return the sentence of one issue, naming its column by the Vietnamese label.

    Args:
        contract: The feed's contract; None where it cannot be read, then columns go by their own names.
        issue: `code`, `column_name`, `value` and `details` of the issue (a mapping, JSON text, or None).
        language: `vi` or `en`.
    """
    given = issue.get("details")
    details: dict[str, Any] = dict(json.loads(given) if isinstance(given, str) else given or {})
    name = issue.get("column_name")
    column = contract.by_name.get(name) if contract and name else None
    details = {**_expectations(column, issue["code"], language), **details}
    if name is not None:
        details["column"] = column.label if column else name
    other = contract.by_name.get(details.get("other_column", "")) if contract else None
    if other is not None:
        details["other_column"] = other.label
    if issue.get("value") is not None:
        details["value"] = as_shown(issue["value"], _LONGEST_VALUE)
    if language != "vi":
        # What a suite says about its rules is Vietnamese; the contract's description has both languages.
        details["why"] = _description(column, issue["code"], language)
    details["why"] = str(details["why"]).strip().rstrip(".")
    return sentence(issue["code"], language, **details)


def label(section: str, key: str, language: Language = "vi", /, **details: object) -> str:
    """Return a label or a short text of another section, such as `receipt` or `actions`.

    A key without text gives the key itself and a `MissingDetail` warning.
    """
    found = catalogue(language)[section].get(key)
    if found is None:
        _warn(f"Section {section} of include/messages/{language}.yaml has no {key!r}: add it.")
        return key
    given = {name: as_shown(value) for name, value in details.items() if value is not None}
    return _fill(f"{section}.{key}", found, given)


def verdict_label(verdict: str, language: Language = "vi") -> str:
    """Return a verdict in words, such as `NHẬN MỘT PHẦN`."""
    return label("verdicts", verdict, language)


def skip_reason(why: str, language: Language = "vi") -> str:
    """Return in words why a line inside the table was no record."""
    return label("skipped", why, language)


def in_language(text: str, language: Language) -> str:
    """Return one half of a text written in both languages, as in `Ngày đánh giá. / Day assessed.`."""
    vietnamese, separator, english = text.partition(" / ")
    return (english if separator and language == "en" else vietnamese).strip()


def as_shown(value: object, longest: int = _LONGEST_DETAIL) -> str:
    """Return a value of others as one clean line for a person; a date in ISO form is written day first."""
    text = clean("" if value is None else str(value))
    text = "".join(character for character in text if character.isprintable())
    iso = _ISO_DATE.fullmatch(text)
    if iso:
        return f"{iso[3]}/{iso[2]}/{iso[1]}"
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def grouped(value: int | Decimal, language: Language = "vi") -> str:
    """Return a number with its thousands apart and at most two decimals: `2.236,5`, in English `2,236.5`."""
    written = f"{value:,}" if isinstance(value, int) else f"{value:,.2f}".rstrip("0").rstrip(".")
    return written if language == "en" else written.translate(_VIETNAMESE_MARKS)


def _find(code: str, language: Language) -> Message | None:
    messages = catalogue(language)
    return next((messages[section][code] for section in _SENTENCES if code in messages[section]), None)


def _expectations(column: Column | None, code: str, language: Language) -> dict[str, str]:
    forms = catalogue(language)["forms"]
    kind = column.kind if column and column.kind in forms else "number"
    choices = ", ".join(choice.label for choice in column.choices) if column else ""
    if column and column.kind == "boolean":
        choices = forms["boolean"].text
    return {"form": forms[kind].text, "choices": choices, "why": _description(column, code, language)}


def _description(column: Column | None, code: str, language: Language) -> str:
    if column is None or code not in _EXPLAINED_BY_COLUMN:
        return ""
    return in_language(column.description, language).rstrip(".")


def _fill(code: str, message: Message, details: Mapping[str, str]) -> str:
    missing = message.required - details.keys()
    if not missing:
        return message.fill(details)
    _warn(f"The message {code} was written without {', '.join(sorted(missing))}.")
    return message.plain or message.fill({**details, **dict.fromkeys(missing, "…")})


def _warn(text: str) -> None:
    warnings.warn(text, MissingDetail, stacklevel=3)
