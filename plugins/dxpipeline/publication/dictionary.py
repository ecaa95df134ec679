"""The dictionary of schema mart, read from the comments in the catalogue, and its page in docs/."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import psycopg
from psycopg.rows import class_row

from dxpipeline.warehouse.sql_files import read_sql

_PREFACE = """\
# Từ điển dữ liệu / Data dictionary

Mọi bảng, khung nhìn và cột của lược đồ `mart`: mỗi dòng là gì, mỗi cột nghĩa là gì. Trang này được tạo từ chú
thích trong cơ sở dữ liệu bằng `dxpipeline dictionary --output docs/tu-dien-du-lieu.md`; sửa chú thích, không
sửa trang này. Trong cơ sở dữ liệu, cùng nội dung nằm ở khung nhìn `dictionary`.

Every table, view and column of schema `mart`, made from the comments in the database by the command above:
mend the comments, not this page. In the database the view `dictionary` says the same.
"""
_KINDS = {"table": "Bảng / Tables", "view": "Khung nhìn / Views"}
_HEAD = "| cột / column | kiểu / type | khóa / key | ý nghĩa | meaning |\n|---|---|---|---|---|\n"


@dataclass(frozen=True)
class Entry:
    """One column of schema mart.

    Attributes:
        relation_name: The table or view.
        relation_kind: `table` or `view`.
        relation_vi: What one row of it is, in Vietnamese.
        relation_en: The same in English.
        column_name: The column.
        data_type: Its type in PostgreSQL.
        is_key: Whether it is part of the key; views have none.
        column_vi: What it means, in Vietnamese.
        column_en: The same in English.
    """

    relation_name: str
    relation_kind: str
    relation_vi: str
    relation_en: str
    column_name: str
    data_type: str
    is_key: bool
    column_vi: str
    column_en: str


def read_dictionary(connection: psycopg.Connection) -> list[Entry]:
    """Return every column of schema mart, tables before views, each with its columns in their order.

    Args:
        connection: As any role that may read schema mart.

    Raises:
        psycopg.Error: The database refuses.
    """
    with connection.cursor(row_factory=class_row(Entry)) as cursor:
        return cursor.execute(read_sql("publication/dictionary")).fetchall()


def page(entries: Sequence[Entry]) -> str:
    """Return the dictionary as a page in Markdown."""
    return _PREFACE + "".join(_parts(entries))


def _parts(entries: Iterable[Entry]) -> Iterator[str]:
    for kind, of_kind in groupby(entries, key=lambda entry: entry.relation_kind):
        yield f"\n## {_KINDS[kind]}\n"
        for name, group in groupby(of_kind, key=lambda entry: entry.relation_name):
            columns = list(group)
            yield f"\n### `{name}`\n\n{columns[0].relation_vi}\n\n{columns[0].relation_en}\n\n{_HEAD}"
            for column in columns:
                cells = (
                    f"`{column.column_name}`",
                    column.data_type,
                    "×" if column.is_key else "",
                    column.column_vi,
                    column.column_en,
                )
                yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
