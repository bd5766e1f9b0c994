"""Inserts rows given as tuples, straight at the driver, with statements compiled once a table and dialect.

What intake writes stands in the way of every application; going round SQLAlchemy's execution halves the cost there.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Table
from sqlalchemy import insert as insert_into
from sqlalchemy.exc import IntegrityError

Value = str | int | bytes | None


def insert(connection: Connection, table: Table, columns: tuple[str, ...], rows: list[tuple[Value, ...]]) -> None:
    """Insert ``rows``, whose values stand in the order of ``columns``; nothing if there are none.

    Raises sqlalchemy.exc.IntegrityError, without the values, if a row breaks a constraint.
    """
    if not rows:
        return
    sql, positional = _compiled(table, columns, connection.dialect)
    values = rows if positional else [dict(zip(columns, row, strict=True)) for row in rows]
    driver: Any = connection.connection.dbapi_connection
    cursor = driver.cursor()
    try:
        cursor.executemany(sql, values)
    except connection.dialect.loaded_dbapi.IntegrityError as error:
        raise IntegrityError(sql, None, error) from error
    finally:
        cursor.close()


def insert_row(connection: Connection, table: Table, row: Mapping[str, Value]) -> None:
    """Insert one row, given by its columns' names; see :func:`insert`."""
    insert(connection, table, tuple(row), [tuple(row.values())])


@lru_cache(maxsize=32)
def _compiled(table: Table, columns: tuple[str, ...], dialect: Dialect) -> tuple[str, bool]:
    compiled = insert_into(table).compile(dialect=dialect, column_keys=list(columns))
    return str(compiled), bool(compiled.positional)
