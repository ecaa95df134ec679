"""Open data: indicators, targets and their dictionary as a Frictionless Data Package.

Everything is read from schema mart in one snapshot, with the rights of BI, so that nothing can be published
that the marts withhold. The folder is written whole or not at all, and byte for byte the same for the same
data.

The descriptor follows the Data Package standard 2.0, https://datapackage.org/standard/data-package/.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from dxpipeline.durable import sync
from dxpipeline.publication.dictionary import Entry, read_dictionary
from dxpipeline.publication.plan import Publication, PublicationError, Resource, load_publication

DESCRIPTOR = "datapackage.json"

_PROFILE = "https://datapackage.org/profiles/2.0"
_TYPES: Mapping[str, str] = {
    "text": "string",
    "smallint": "integer",
    "integer": "integer",
    "bigint": "integer",
    "numeric": "number",
    "double precision": "number",
    "boolean": "boolean",
    "date": "date",
}
_BOOLEANS = {"trueValues": ["t"], "falseValues": ["f"]}
_END_OF_TITLE = re.compile(r"[;:.(]")


@dataclass(frozen=True)
class Published:
    """A file that was written.

    Attributes:
        name: The resource.
        path: The file, relative to the folder of the package.
        rows: Its rows, without the header.
        bytes: Its size.
        sha256: Hash of its bytes, hexadecimal.
    """

    name: str
    path: str
    rows: int
    bytes: int
    sha256: str


def publish(connection: psycopg.Connection, folder: Path) -> list[Published]:
    """Write the open data into a folder, in the place of an earlier publication.

    Args:
        connection: As dx_bi_reader, outside any transaction.
        folder: A folder that does not exist, is empty, or holds an earlier publication and nothing else.

    Returns:
        The data files in the order of the publication.

    Raises:
        PublicationError: The folder holds something else, or what is to be published is not in schema mart.
        OSError: The folder cannot be written; what was there before stays.
        psycopg.Error: The database refuses.
    """
    publication = load_publication()
    folder = folder.absolute()
    _refuse_foreign(folder, publication)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Beside the folder, so that one rename puts it into its place.
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as temporary:
        draft = Path(temporary, "new")
        draft.mkdir()
        files = _write(connection, publication, draft)
        # Somebody may have put a file there meanwhile.
        _refuse_foreign(folder, publication)
        _put_in_place(draft, folder, Path(temporary, "old"))
    sync(folder.parent)
    return files


def _write(connection: psycopg.Connection, publication: Publication, draft: Path) -> list[Published]:
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        meaning = {(entry.relation_name, entry.column_name): entry for entry in read_dictionary(connection)}
        _require_columns(publication, meaning)
        files = [_write_rows(connection, publication, one, meaning, draft) for one in publication.resources]
    text = json.dumps(_descriptor(publication, files, meaning), ensure_ascii=False, indent=2)
    (draft / DESCRIPTOR).write_text(f"{text}\n", encoding="utf-8")
    for path in (*draft.iterdir(), draft):
        sync(path)
    return files


def _require_columns(publication: Publication, meaning: Mapping[tuple[str, str], Entry]) -> None:
    for resource in publication.resources:
        for column in resource.columns:
            entry = meaning.get((resource.name, column))
            if entry is None or entry.data_type not in _TYPES:
                what = "is not in schema mart" if entry is None else f"is of the type {entry.data_type}"
                raise PublicationError(
                    f"The column {column} of {resource.name} {what}: correct include/publication.yaml."
                )


def _write_rows(
    connection: psycopg.Connection,
    publication: Publication,
    resource: Resource,
    meaning: Mapping[tuple[str, str], Entry],
    draft: Path,
) -> Published:
    path = draft / f"{resource.name}.csv"
    digest = hashlib.sha256()
    with connection.cursor() as cursor, path.open("wb") as file:
        with cursor.copy(_copy(publication, resource, meaning)) as rows:
            for block in rows:
                digest.update(block)
                file.write(block)
        return Published(resource.name, path.name, cursor.rowcount, file.tell(), digest.hexdigest())


def _copy(
    publication: Publication, resource: Resource, meaning: Mapping[tuple[str, str], Entry]
) -> sql.Composed:
    """Return the COPY of a resource: PostgreSQL's own CSV, numbers without zeros at their end."""

    def shown(column: str) -> sql.Composable:
        name = sql.Identifier(column)
        exact = meaning[resource.name, column].data_type == "numeric"
        return sql.SQL("trim_scale({0}) as {0}").format(name) if exact else name

    condition: sql.Composable = sql.SQL("")
    if resource.published_columns_only:
        published = [(one.name, column) for one in publication.resources for column in one.columns]
        condition = sql.SQL("where (relation_name, column_name) in ({})").format(
            sql.SQL(", ").join(sql.SQL("({}, {})").format(*pair) for pair in published)
        )
    return sql.SQL("copy (select {} from {} {} order by {}) to stdout with (format csv, header)").format(
        sql.SQL(", ").join(map(shown, resource.columns)),
        sql.Identifier("mart", resource.name),
        condition,
        sql.SQL(", ").join(map(sql.Identifier, resource.primary_key)),
    )


def _descriptor(
    publication: Publication, files: Sequence[Published], meaning: Mapping[tuple[str, str], Entry]
) -> dict[str, Any]:
    return {
        "$schema": f"{_PROFILE}/datapackage.json",
        **publication.model_dump(include={"name", "title", "description"}),
        "licenses": [one.model_dump() for one in publication.licenses],
        "sources": [one.model_dump() for one in publication.sources],
        "resources": [
            {
                "$schema": f"{_PROFILE}/dataresource.json",
                "name": resource.name,
                "type": "table",
                "path": file.path,
                "title": resource.title,
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "bytes": file.bytes,
                "hash": f"sha256:{file.sha256}",
                "schema": _schema(resource, meaning),
            }
            for resource, file in zip(publication.resources, files, strict=True)
        ],
    }


def _schema(resource: Resource, meaning: Mapping[tuple[str, str], Entry]) -> dict[str, Any]:
    foreign_keys = [
        {
            "fields": list(key.fields),
            "reference": {"resource": key.resource, "fields": list(key.references)},
        }
        for key in resource.foreign_keys
    ]
    return {
        "$schema": f"{_PROFILE}/tableschema.json",
        "fields": [
            _field(meaning[resource.name, column], constraints)
            for column, constraints in resource.columns.items()
        ],
        "primaryKey": list(resource.primary_key),
        **({"foreignKeys": foreign_keys} if foreign_keys else {}),
        "missingValues": [""],
    }


def _field(entry: Entry, constraints: Mapping[str, Any]) -> dict[str, Any]:
    kind = _TYPES[entry.data_type]
    return {
        "name": entry.column_name,
        "type": kind,
        **(_BOOLEANS if kind == "boolean" else {}),
        "title": _END_OF_TITLE.split(entry.column_vi)[0].strip(),
        "description": f"{entry.column_vi} / {entry.column_en}",
        **({"constraints": dict(constraints)} if constraints else {}),
    }


def _refuse_foreign(folder: Path, publication: Publication) -> None:
    """Refuse a folder that holds anything but an earlier publication, which may be replaced."""
    if not folder.exists() and not folder.is_symlink():
        return
    if folder.is_symlink() or not folder.is_dir():
        raise PublicationError(f"{folder} is no folder: give the path of a new or empty one.")
    present = {path.name for path in folder.iterdir()}
    foreign = sorted(present - _files_of(folder / DESCRIPTOR, publication))
    if foreign:
        raise PublicationError(
            f"{folder} holds {foreign[0]}, which is of no earlier publication: give a new or empty folder."
        )


def _files_of(descriptor: Path, publication: Publication) -> set[str]:
    """Return the files of the publication that a descriptor describes; none where it is another's."""
    try:
        document = json.loads(descriptor.read_bytes())
        if document["name"] != publication.name:
            return set()
        return {DESCRIPTOR, *(str(resource["path"]) for resource in document["resources"])}
    except (OSError, ValueError, LookupError, TypeError):
        return set()


def _put_in_place(draft: Path, folder: Path, old: Path) -> None:
    if not folder.exists():
        draft.rename(folder)
        return
    folder.rename(old)
    try:
        draft.rename(folder)
    except OSError:
        old.rename(folder)
        raise
