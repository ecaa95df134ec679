"""Rules on the numbers of targets: repeated, contradicting, met before, out of reach."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from dxpipeline.messages import label
from dxpipeline.plan.audit.facts import PlanFacts, Progress
from dxpipeline.plan.audit.model import (
    Detail,
    Found,
    Words,
    about,
    amount,
    document_label,
    in_both,
    in_words,
    listed,
    pace,
    subject_of,
)
from dxpipeline.plan.entries import Indicator, Target
from dxpipeline.plan.goal import is_met

_SENTENCES = {"final-value": "out-of-reach-final", "single-point-bound": "out-of-reach-bound"}
"""What is said where there is no pace to speak of: the year is over, or only a bound is known."""

_PROGRESS = (
    "period",
    "vintage",
    "value",
    "required_pace",
    "observed_pace",
    "projected_value",
    "projected_high",
    "projection_method",
    "point_count",
)


_IN_SENTENCE = {
    "required_pace": pace,
    "observed_pace": pace,
    "projected_value": amount,
    "projected_high": amount,
}
"""Figures of a sentence, and how each is written with its unit."""

_POINT = ("origin", "method", "period_end_on", "vintage", "value", "submission_ids")


def repeated_targets(facts: PlanFacts) -> Iterator[Found]:
    """Find targets that several documents set alike: same indicator, area, year, direction and value."""
    for same in _same_quantity(facts):
        by_value: dict[Decimal | None, list[Target]] = defaultdict(list)
        for target in same:
            by_value[target.target_value].append(target)
        for value, targets in by_value.items():
            if len(targets) > 1 and value is not None:
                yield Found(
                    subject=f"{_quantity(targets[0])} {value}",
                    details={
                        **_about_all(facts, targets),
                        "value": amount(value, _indicator(facts, targets[0])),
                    },
                    evidence={"target_value": value, "target_year": targets[0].target_year},
                    targets=targets,
                )


def contradicting_targets(facts: PlanFacts) -> Iterator[Found]:
    """Find targets of several documents for the same indicator and area that do not go together.

    These are different values of one year and direction, a floor above the ceiling of its year, and an
    earlier year that asks for more than a later one of another document. Targets that hang together by such
    pairs make one finding.
    """
    groups: dict[tuple[str, str], list[Target]] = defaultdict(list)
    for target in facts.targets:
        if target.target_value is not None:
            groups[target.indicator_code, target.geography_code].append(target)
    for group in groups.values():
        for targets in _contradictions(group):
            alike = len({_quantity(target) for target in targets}) == 1
            value_of = _value_of_document if alike else _bound_of_document
            yield Found(
                subject=_quantity(targets[0]) if alike else subject_of(targets[0]),
                details={
                    **_about_all(facts, targets),
                    "values": listed(value_of(facts, target) for target in targets),
                },
                evidence={
                    "target_year": targets[0].target_year,
                    "values": {target.document_code: target.target_value for target in targets},
                }
                if alike
                else {
                    "values": {
                        f"{target.document_code} {target.target_year}": {
                            target.direction: target.target_value
                        }
                        for target in targets
                    }
                },
                targets=targets,
                sentence=None if alike else "contradicting-targets-bounds",
            )


def already_met_when_set(facts: PlanFacts) -> Iterator[Found]:
    """Find targets that a value of a year before their document meets already.

    Looked at are the baseline and what was published of the indicator, and of those that measure the same
    thing otherwise.
    """
    for target in facts.targets:
        own = facts.indicators[target.indicator_code]
        for indicator in (own, *_companions(facts, own)):
            known = _latest_before(facts, target, indicator)
            if known is None or not _meets(target, known[1]):
                continue
            year, value, source = known
            details: dict[str, Detail] = {
                **about(facts, target),
                "target_value": amount(target.target_value or Decimal(0), own),
                "value": amount(value, indicator),
                "year": str(year),
            }
            if indicator is not own:
                details["measured"] = Words(indicator.name_vi, indicator.name_en)
            yield Found(
                subject=f"{subject_of(target)} {indicator.indicator_code}",
                details=details,
                evidence={
                    "indicator_code": indicator.indicator_code,
                    "year": year,
                    "value": value,
                    "target_value": target.target_value,
                    "source": source,
                },
                targets=[target],
            )


def out_of_reach(facts: PlanFacts) -> Iterator[Found]:
    """Find targets that the observed pace cannot reach, as their progress says.

    The evidence holds all that the verdict is reckoned from: what is asked, the baseline, and every value up
    to the period.
    """
    for target in facts.targets:
        progress = facts.progress_of(target)
        if progress is not None and progress.verdict == "out_of_reach" and progress.value is not None:
            yield _out_of_reach(facts, target, progress, progress.value)


def _out_of_reach(facts: PlanFacts, target: Target, progress: Progress, value: Decimal) -> Found:
    indicator = facts.indicators[target.indicator_code]
    details: dict[str, Detail] = {
        **about(facts, target),
        "target_value": amount(target.target_value or Decimal(0), indicator),
        "target_year": str(target.target_year),
        "value": amount(value, indicator),
        "period": progress.period or "",
    }
    for name, with_unit in _IN_SENTENCE.items():
        number = getattr(progress, name)
        if number is not None:
            details[name] = with_unit(number, indicator)
    return Found(
        subject=subject_of(target),
        details=details,
        evidence={
            **{name: getattr(progress, name) for name in _PROGRESS},
            "target_value": target.target_value,
            "target_year": target.target_year,
            "direction": target.direction,
            "document_dated_on": facts.documents[target.document_code].dated_on,
            "baseline": None
            if target.baseline is None
            else {"year": target.baseline.year, "value": target.baseline.value},
            "points": {
                point.period: {name: getattr(point, name) for name in _POINT}
                for point in facts.points_of(target)
            },
        },
        targets=[target],
        sentence=_out_of_reach_sentence(facts, target, progress),
    )


def _out_of_reach_sentence(facts: PlanFacts, target: Target, progress: Progress) -> str:
    method = progress.projection_method or ""
    if method != "final-value" and facts.on > date(target.target_year, 12, 31):
        return "out-of-reach-over"
    return _SENTENCES.get(method, "out-of-reach")


def _contradictions(targets: Sequence[Target]) -> Iterator[list[Target]]:
    """Return the targets that contradict each other, those that hang together as one group."""
    left = list(targets)
    while left:
        group = [left.pop(0)]
        for member in group:
            # The group grows while it is walked through: what contradicts a new member belongs to it too.
            joined = [other for other in left if _contradict(member, other)]
            group += joined
            left = [other for other in left if other not in joined]
        if len(group) > 1:
            yield [target for target in targets if target in group]


def _contradict(one: Target, other: Target) -> bool:
    """Say whether targets with numbers, of the same indicator and area, do not go together."""
    if one.document_code == other.document_code or one.target_value is None or other.target_value is None:
        return False
    if one.direction != other.direction:
        floor, ceiling = (one, other) if one.direction == "at_least" else (other, one)
        return one.target_year == other.target_year and not _meets(ceiling, floor.target_value)
    if one.target_year == other.target_year:
        return one.target_value != other.target_value
    earlier, later = sorted((one, other), key=lambda target: target.target_year)
    # Asks for more: what the later one wants does not reach the earlier one.
    return not _meets(earlier, later.target_value)


def _meets(target: Target, value: Decimal | None) -> bool:
    return value is not None and is_met(value, target.target_value, target.direction)


def _same_quantity(facts: PlanFacts) -> list[list[Target]]:
    """Return the targets that speak of the same indicator, area, year and direction, group by group."""
    groups: dict[str, list[Target]] = defaultdict(list)
    for target in facts.targets:
        groups[_quantity(target)].append(target)
    return [targets for targets in groups.values() if len(targets) > 1]


def _quantity(target: Target) -> str:
    return f"{target.indicator_code} {target.geography_code} {target.target_year} {target.direction}"


def _indicator(facts: PlanFacts, target: Target) -> Indicator:
    return facts.indicators[target.indicator_code]


def _about_all(facts: PlanFacts, targets: list[Target]) -> dict[str, Detail]:
    indicator = _indicator(facts, targets[0])
    return {
        "target": Words(indicator.name_vi, indicator.name_en),
        "documents": listed(document_label(facts.documents[target.document_code]) for target in targets),
        "year": str(targets[0].target_year),
    }


def _value_of_document(facts: PlanFacts, target: Target) -> Words:
    value = amount(target.target_value or Decimal(0), _indicator(facts, target))
    document = document_label(facts.documents[target.document_code])
    return in_both(lambda language: f"{value.in_language(language)} ({document.in_language(language)})")


def _bound_of_document(facts: PlanFacts, target: Target) -> Words:
    value = amount(target.target_value or Decimal(0), _indicator(facts, target))
    document = document_label(facts.documents[target.document_code])
    details: dict[str, Detail] = {"value": value, "year": str(target.target_year), "document": document}
    return in_both(lambda language: label("audit", target.direction, language, **in_words(details, language)))


def _companions(facts: PlanFacts, own: Indicator) -> list[Indicator]:
    """Return the indicators that measure the same thing otherwise, in the same unit."""
    return [
        indicator
        for indicator in facts.plan.indicators
        if indicator.companion_of == own.indicator_code and indicator.unit == own.unit
    ]


def _latest_before(facts: PlanFacts, target: Target, indicator: Indicator) -> tuple[int, Decimal, str] | None:
    """Return year, value and source of what was known last before the document of a target."""
    limit = facts.documents[target.document_code].dated_on.year
    known = [
        (item.year, item.value, item.source)
        for item in facts.plan.observations
        if item.indicator_code == indicator.indicator_code and item.year < limit
    ]
    baseline = target.baseline
    if indicator.indicator_code == target.indicator_code and baseline and baseline.year < limit:
        known.append((baseline.year, baseline.value, target.source))
    return max(known, key=lambda item: item[0], default=None)
