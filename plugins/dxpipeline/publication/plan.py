"""What is published, as data: the only reader of include/publication.yaml."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from dxpipeline.settings import INCLUDE

PUBLICATION = INCLUDE / "publication.yaml"

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Columns = Annotated[tuple[Name, ...], Field(min_length=1, strict=False)]


class PublicationError(Exception):
    """The publication cannot be made; the message names the place and what to mend."""


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class License(_Entry):
    """A licence: its SPDX identifier, the address of its text, its title."""

    name: Text
    path: Text
    title: Text


class Source(_Entry):
    """Where the data come from."""

    title: Text


class ForeignKey(_Entry):
    """Columns whose values are found in the columns of another resource.

    Attributes:
        fields: The columns here.
        resource: The other resource.
        references: Its columns, in the same order.
    """

    fields: Columns
    resource: Name
    references: Columns


class Resource(_Entry):
    """A table or view of schema mart that is published under its own name.

    Attributes:
        name: The relation of schema mart, and the resource.
        title: What it holds, in both languages.
        columns: The columns that are published, each with its constraints as Table Schema names them.
        primary_key: The columns that tell its rows apart; the rows are in their order.
        foreign_keys: What leads to other resources.
        published_columns_only: Of the dictionary: leave out what is said of columns that are not published.
    """

    name: Name
    title: Text
    columns: dict[Name, dict[str, Any]] = Field(min_length=1)
    primary_key: Columns
    foreign_keys: tuple[ForeignKey, ...] = Field(default=(), strict=False)
    published_columns_only: bool = False

    @model_validator(mode="after")
    def _keys_are_columns(self) -> Resource:
        named = {*self.primary_key, *(name for key in self.foreign_keys for name in key.fields)}
        missing = sorted(named - self.columns.keys())
        if missing:
            raise ValueError(f"its keys name columns that it does not publish: {', '.join(missing)}")
        return self


class Publication(_Entry):
    """The data package: its description, licences, sources and resources."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
    title: Text
    description: Text
    licenses: tuple[License, ...] = Field(min_length=1, strict=False)
    sources: tuple[Source, ...] = Field(min_length=1, strict=False)
    resources: tuple[Resource, ...] = Field(min_length=1, strict=False)

    @model_validator(mode="after")
    def _references_are_resources(self) -> Publication:
        published = {resource.name: resource for resource in self.resources}
        for resource in self.resources:
            for key in resource.foreign_keys:
                other = published.get(key.resource)
                if other is None or not set(key.references) <= other.columns.keys():
                    raise ValueError(
                        f"{resource.name} refers to {key.resource} ({', '.join(key.references)}), "
                        "which is not published"
                    )
        return self


@cache
def load_publication(path: Path = PUBLICATION) -> Publication:
    """Read what is published.

    Raises:
        PublicationError: The file is missing, no YAML, or says something that cannot be.
    """
    try:
        return Publication.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise PublicationError(f"{path.name} cannot be read: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise PublicationError(f"{path.name}, {place}: {first['msg']}; mend it there.") from error
