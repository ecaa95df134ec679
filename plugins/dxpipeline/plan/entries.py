"""The plan as data: what an entry of each file in include/plan/ must hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

PROVINCE_CODE = "38"
"""Thanh Hóa: the area that a target speaks of unless it says otherwise."""

Code = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_-]*$")]
SolutionCode = Annotated[str, StringConstraints(pattern=r"^GP[0-9]{2,3}$")]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Year = Annotated[int, Field(ge=1990, le=2100)]
Sureness = Literal["read", "derived", "general_knowledge"]
Unit = Literal["enterprise", "hospital", "pct", "person_per_10k", "rank", "record_per_person", "urban_area"]
Fund = Literal["ngân sách trung ương", "tỉnh", "huyện", "doanh nghiệp", "khác"]
"""Who pays, in the words of the feed plan_budget."""
Measure = Literal["stock", "flow", "cumulative", "growth", "rank"]
"""What a value says of time: a state on the period's last day, what happened in the period, what happened
since the plan began, a change from one year to another, a place among others."""


class PlanError(Exception):
    """The plan cannot be used; the message names the file, the line and what to mend."""


class Entry(BaseModel):
    """What every entry of the plan obeys: no unknown field, no conversion, no change after reading.

    Attributes:
        key: The fields that tell the entries of a file apart.
        place: The file and the line where it begins.
    """

    key: ClassVar[tuple[str, ...]] = ()
    place: str = Field(default="", exclude=True, repr=False)

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Document(Entry):
    """A document that sets targets, or that targets rest on.

    Attributes:
        document_code: What other entries and feeds call it.
        number: Its official number; None for a draft.
        title_vi: Title.
        title_en: Title in English.
        kind: Whether it sets targets (`plan`) or is what they rest on (`regulation`).
        level: Who issued it: the province or the state.
        status: Whether it is a draft, in force or replaced.
        dated_on: Day of issue; for a draft the day on which it was heard.
        replaced_on: From this day on another document stands in its place; None while it stands.
        replaced_by: That other document; None where it is not known.
        comments_due_on: Last day for comments on a draft; None where none are asked for.
        drafted_by: The department that drafts it and takes the comments; None where nobody has said it.
        consulted: The departments that are asked for comments; None for every department that existed
            between `dated_on` and `comments_due_on`, except the drafting one.
        source: Where this is from.
        sureness: How it is known.
    """

    key: ClassVar[tuple[str, ...]] = ("document_code",)

    document_code: Code
    number: Text | None = None
    title_vi: Text
    title_en: Text
    kind: Literal["plan", "regulation"]
    level: Literal["provincial", "national"]
    status: Literal["draft", "in_force", "replaced"]
    dated_on: date
    replaced_on: date | None = None
    replaced_by: Code | None = None
    comments_due_on: date | None = None
    drafted_by: Text | None = None
    consulted: tuple[Text, ...] | None = Field(default=None, strict=False, min_length=1)
    source: Text
    sureness: Sureness

    @property
    def year(self) -> int:
        """Return the year of issue, in which its number is alone."""
        return self.dated_on.year

    @property
    def name(self) -> str:
        """Return what people call it: its number, or its title when it has none."""
        return self.number or self.title_vi

    @model_validator(mode="after")
    def _replaced_as_a_whole(self) -> Document:
        if (self.status == "replaced") != (self.replaced_on is not None):
            raise ValueError("the status replaced and replaced_on stand together or not at all")
        if self.replaced_by is not None and self.replaced_on is None:
            raise ValueError("replaced_by is given without replaced_on")
        if self.replaced_on is not None and self.replaced_on <= self.dated_on:
            raise ValueError("replaced_on is not after dated_on")
        return self

    @model_validator(mode="after")
    def _consultation_is_whole(self) -> Document:
        if self.comments_due_on is None:
            if self.consulted is not None:
                raise ValueError("consulted is given without comments_due_on, the last day for comments")
            return self
        if self.comments_due_on < self.dated_on:
            raise ValueError("comments_due_on lies before dated_on")
        if self.drafted_by is None:
            raise ValueError("comments_due_on is given without drafted_by, who takes the comments")
        if self.drafted_by in (self.consulted or ()):
            raise ValueError("drafted_by is among the consulted, who comment on the draft of another")
        return self


class Indicator(Entry):
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
        legal_basis: The documents that define it.
        owner_code: The department that answers for it.
        direction: Which way is better.
        companion_of: The indicator that measures the same thing otherwise; None for one that stands alone.
    """

    key: ClassVar[tuple[str, ...]] = ("indicator_code",)

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
    legal_basis: tuple[Code, ...] = Field(strict=False)
    owner_code: Text
    direction: Literal["higher_is_better", "lower_is_better"]
    companion_of: Code | None = None


class Baseline(Entry):
    """Where a target starts from: a value in the target's unit, its year, and how it is known."""

    value: Decimal = Field(strict=False)
    year: Year
    sureness: Sureness


class Owner(Entry):
    """Who answers for a target: from `valid_from` on, and before `valid_to`; None where it is open."""

    department_code: Text
    valid_from: date | None = None
    valid_to: date | None = None


class Target(Entry):
    """What a document wants an indicator to be, and by when.

    Attributes:
        document_code: The document that sets it.
        indicator_code: The indicator.
        geography_code: The area: `38` is the whole province.
        target_year: The year by whose end it is to be reached.
        target_value: The value, in `unit`; None where the document names no number.
        statement_vi: What it wants, in words; needed where it names no number.
        statement_en: The same in English.
        unit: The indicator's unit.
        direction: Whether the value is a floor or a ceiling.
        baseline: Where it starts from; None where nothing is known.
        owners: The departments that answer for it, one after the other, without gap or overlap.
        legal_basis: The documents that it rests on; none where it names none.
        source: Where this is from.
        sureness: How it is known.
    """

    key: ClassVar[tuple[str, ...]] = ("document_code", "indicator_code", "geography_code", "target_year")

    document_code: Code
    indicator_code: Code
    geography_code: Text = PROVINCE_CODE
    target_year: Year
    target_value: Decimal | None = Field(default=None, strict=False)
    statement_vi: Text | None = None
    statement_en: Text | None = None
    unit: Unit
    direction: Literal["at_least", "at_most"]
    baseline: Baseline | None = None
    owners: tuple[Owner, ...] = Field(strict=False, min_length=1)
    legal_basis: tuple[Code, ...] = Field(default=(), strict=False)
    source: Text
    sureness: Sureness

    @property
    def owner_code(self) -> str:
        """Return the last department that answers for it."""
        return self.owners[-1].department_code

    @property
    def name(self) -> str:
        """Return how findings and errors call it: its document and its indicator."""
        return f"{self.document_code} {self.indicator_code}"

    @model_validator(mode="after")
    def _says_what_it_wants(self) -> Target:
        if self.target_value is None and (self.statement_vi is None or self.statement_en is None):
            raise ValueError("without target_value it must have statement_vi and statement_en")
        if self.baseline is not None and self.baseline.year > self.target_year:
            raise ValueError("the baseline is younger than the target")
        return self

    @model_validator(mode="after")
    def _owners_follow_each_other(self) -> Target:
        for former, owner in pairwise(self.owners):
            if former.valid_to is None or owner.valid_from is None or owner.valid_from < former.valid_to:
                raise ValueError(f"the dates of {former.department_code} and {owner.department_code} overlap")
            if owner.valid_from > former.valid_to:
                raise ValueError(
                    f"nobody owns it between {former.department_code} and {owner.department_code}"
                )
        for owner in self.owners:
            if owner.valid_from and owner.valid_to and owner.valid_to <= owner.valid_from:
                raise ValueError(f"{owner.department_code} ends before it begins")
        return self


class Observation(Entry):
    """A value of an indicator that others have published.

    Attributes:
        indicator_code: The indicator.
        year: The year that it describes.
        value: The value, in the indicator's unit.
        method: How it was made; years of different methods make no series.
        source: Where this is from.
        sureness: How it is known.
    """

    key: ClassVar[tuple[str, ...]] = ("indicator_code", "year")

    indicator_code: Code
    year: Year
    value: Decimal = Field(strict=False)
    method: Text
    source: Text
    sureness: Sureness


class Cost(Entry):
    """What a solution needs in a year, in million VND."""

    year: Year
    needed_vnd_m: Decimal = Field(strict=False, gt=0)


class Solution(Entry):
    """What is done to reach targets, and what it needs.

    Attributes:
        solution_code: What budgets and the feed plan_budget call it, `GP01`.
        document_code: The document whose targets it serves.
        name_vi: Name.
        name_en: Name in English.
        indicator_codes: The targets of the document that it serves, by their indicators; none for a solution
            that serves no target.
        led_by: Whether a department or enterprises lead it.
        owner_code: The department that answers for it.
        costs: What it needs, by year; none where nobody has said it.
        source: Where this is from.
        sureness: How it is known; `synthetic` for an example that no document holds.
    """

    key: ClassVar[tuple[str, ...]] = ("solution_code",)

    solution_code: SolutionCode
    document_code: Code
    name_vi: Text
    name_en: Text
    indicator_codes: tuple[Code, ...] = Field(strict=False)
    led_by: Literal["department", "enterprise"]
    owner_code: Text
    costs: tuple[Cost, ...] = Field(default=(), strict=False)
    source: Text
    sureness: Literal[Sureness, "synthetic"]


class BudgetLine(Entry):
    """Money that a source is to give for a solution in a year.

    Attributes:
        solution_code: The solution.
        year: The year.
        fund: Who pays, as the feed plan_budget calls it.
        amount_vnd_m: Amount in million VND.
        source: Where this is from.
        sureness: How it is known; `synthetic` for an example that no document holds.
    """

    key: ClassVar[tuple[str, ...]] = ("solution_code", "year", "fund")

    solution_code: SolutionCode
    year: Year
    fund: Fund
    amount_vnd_m: Decimal = Field(strict=False, ge=0)
    source: Text
    sureness: Literal[Sureness, "synthetic"]


@dataclass(frozen=True)
class Plan:
    """All entries of the plan, in the order of their files."""

    documents: tuple[Document, ...]
    indicators: tuple[Indicator, ...]
    targets: tuple[Target, ...]
    observations: tuple[Observation, ...]
    solutions: tuple[Solution, ...] = ()
    budget_lines: tuple[BudgetLine, ...] = ()
