"""The SQL models in include/sql/marts/: what each makes, of which feeds, and in which order they run.

A model is one INSERT … SELECT. The comment lines above it say

    -- grain: what one row is
    -- stage: dimension, fact, indicator or evidence; the order in which the models of a feed run
    -- feeds: whose change makes it run
    -- parameters: the named parameters of the statement, or none
    -- replaces: the rows it makes again, as they follow DELETE FROM, or nothing
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from dxpipeline.contracts import contracts
from dxpipeline.settings import INCLUDE

MARTS = INCLUDE / "sql" / "marts"
STAGES = ("dimension", "fact", "indicator", "evidence")

_HEADER = re.compile(r"-- (grain|stage|feeds|parameters|replaces): (.+)")
_PARAMETER = re.compile(r"%\((\w+)\)s")


class ModelError(Exception):
    """A model cannot be used; the message names the file and what to mend."""


@dataclass(frozen=True)
class Model:
    """One statement that fills one table of schema mart.

    Attributes:
        name: The file's name without its ending.
        grain: What one row is.
        stage: One of `STAGES`.
        feeds: The feeds whose change makes it run.
        parameters: The names of the statement's parameters.
        replaces: What is deleted first, as it follows DELETE FROM; None when nothing is.
        statement: The INSERT … SELECT.
    """

    name: str
    grain: str
    stage: str
    feeds: frozenset[str]
    parameters: frozenset[str]
    replaces: str | None
    statement: str

    def run(self, connection: psycopg.Connection, parameters: Mapping[str, Any]) -> int:
        """Make the model's rows again, in the caller's transaction.

        Args:
            connection: As a role that may write schema mart.
            parameters: A value for each of the model's parameters; others are ignored.

        Returns:
            The number of rows the statement inserted into its table.

        Raises:
            psycopg.Error: The database refuses.
        """
        own = {name: parameters[name] for name in self.parameters}
        if self.replaces is not None:
            connection.execute(sql.SQL("delete from {}").format(sql.SQL(self.replaces)), own)
        return connection.execute(self.statement, own).rowcount


def load_model(path: Path) -> Model:
    """Read one model.

    Raises:
        ModelError: Its header is incomplete, or says something else than its statement.
    """
    statement = path.read_text(encoding="utf-8")
    header = dict(_HEADER.findall(statement.partition("\ninsert ")[0].partition("\nwith ")[0]))
    missing = [name for name in ("grain", "stage", "feeds", "parameters", "replaces") if name not in header]
    if missing:
        raise ModelError(
            f"{path.name}: its header lacks {', '.join(missing)}; write each as `-- name: value`."
        )
    if header["stage"] not in STAGES:
        raise ModelError(f"{path.name}: its stage is {header['stage']!r}; write one of {', '.join(STAGES)}.")
    feeds = frozenset(header["feeds"].split(", "))
    unknown = feeds - contracts().keys()
    if unknown:
        raise ModelError(f"{path.name}: names unknown feeds: {', '.join(sorted(unknown))}.")
    declared = frozenset() if header["parameters"] == "none" else frozenset(header["parameters"].split(", "))
    if declared != frozenset(_PARAMETER.findall(statement)):
        raise ModelError(
            f"{path.name}: its header names other parameters than its statement; make them agree."
        )
    replaces = None if header["replaces"] == "nothing" else header["replaces"]
    return Model(path.stem, header["grain"], header["stage"], feeds, declared, replaces, statement)


@cache
def models(folder: Path = MARTS) -> tuple[Model, ...]:
    """Read every model of a folder, in the order in which they run.

    Raises:
        ModelError: One of them cannot be used.
    """
    loaded = map(load_model, folder.glob("*.sql"))
    return tuple(sorted(loaded, key=lambda model: (STAGES.index(model.stage), model.name)))
