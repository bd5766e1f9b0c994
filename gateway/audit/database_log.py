"""Reads the log from a copy of the gateway's SQLite file, without the gateway: for verification only.

The file is opened read-only and read in one snapshot, so that it may be in use. Nothing here is trusted: every value
is compared with the records, whose bytes are what the checkpoints sign.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.audit.chain import Record
from gateway.audit.faults import Fault
from gateway.audit.log_source import StoredCheckpoint, StoredRecord
from gateway.audit.merkle import Node
from gateway.audit.report import Finding

MAGIC = b"SQLite format 3\0"

_RECORDS = "SELECT seq, bytes, leaf_hash, case_id, at, cseq FROM audit_record ORDER BY seq"
_CHECKPOINTS = "SELECT size, root, note FROM audit_checkpoint ORDER BY size"
_NODES = "SELECT number, hash FROM audit_node WHERE level = ? ORDER BY number"
_OUTBOX = (
    "SELECT seq, case_id, at, event, actor, peer, ref, dig, err FROM event WHERE typeof(seq) = 'integer' ORDER BY seq"
)
_BEYOND = "SELECT seq FROM event WHERE typeof(seq) NOT IN ('integer', 'null') OR seq >= ? ORDER BY seq LIMIT 1"


class DatabaseLog:
    """The log's tables. Raises sqlite3.DatabaseError where the file is damaged or has no such tables."""

    kind = "database"

    def __init__(self, path: Path) -> None:
        self._connection = _open(path)
        self._cursors: list[sqlite3.Cursor] = []
        self._outbox = self._rows(_OUTBOX)
        self._row = next(self._outbox, None)
        self._columns: tuple[Any, ...] = ()
        self._levels: dict[int, Iterator[tuple[Any, ...]]] = {}
        self._nodes = 0
        self.pending: int = next(self._rows("SELECT count(*) FROM event WHERE seq IS NULL"))[0]

    def close(self) -> None:
        """Let go of the file; SQLite holds its lock while a query is not at its end."""
        for cursor in self._cursors:
            cursor.close()
        self._connection.close()

    def records(self) -> Iterator[StoredRecord]:
        for seq, data, leaf, case, at, cseq in self._rows(_RECORDS):
            if not isinstance(seq, int):
                raise sqlite3.DataError("a place in the log is not a number")
            self._columns = (case, at, cseq)
            while self._row is not None and self._row[0] < seq:
                self._row = next(self._outbox, None)
            yield StoredRecord(place=seq, data=data, leaf=leaf)

    def checkpoints(self) -> Iterator[StoredCheckpoint]:
        for size, root, note in self._rows(_CHECKPOINTS):
            yield StoredCheckpoint(size=size, root=root, note=str(note).encode("utf-8", "surrogatepass"))

    def contradicts(self, record: Record) -> Fault | None:
        """Compare the columns beside the record, and the row of the outbox that it was made from if that is there."""
        if self._columns != (record.case, record.ts, record.cseq):
            return Fault.COLUMNS_CHANGED
        if self._row is not None and self._row[0] == record.seq and not _same(self._row, record):
            return Fault.OUTBOX_CHANGED
        return None

    def known(self, place: int) -> tuple[str, str]:
        row = next(self._rows("SELECT case_id, event FROM event WHERE seq = ?", place), None)
        if row is None:
            row = next(self._rows("SELECT case_id, '' FROM audit_record WHERE seq = ?", place), ("", ""))
        return str(row[0]), str(row[1])

    def holds(self, node: Node) -> bool:
        level, number, value = node
        if level not in self._levels:
            self._levels[level] = self._rows(_NODES, level)
        self._nodes += 1
        return next(self._levels[level], None) == (number, value)

    def surplus(self, size: int) -> Finding | None:
        """Return what the tables hold beyond the ``size`` records that there are."""
        beyond = next(self._rows(_BEYOND, size), None)
        if beyond is not None:
            return Finding(fault=Fault.RECORD_MISSING, seq=beyond[0] if isinstance(beyond[0], int) else None)
        if next(self._rows("SELECT count(*) FROM audit_node"))[0] != self._nodes:
            return Finding(fault=Fault.NODE_CHANGED, detail="hashes that belong to no record")
        return None

    def _rows(self, query: str, *values: int) -> Iterator[tuple[Any, ...]]:
        cursor = self._connection.execute(query, values)
        self._cursors.append(cursor)
        return cursor


def _open(path: Path) -> sqlite3.Connection:
    """Open read-only; on a read-only medium SQLite can only do that if told that nobody writes."""
    address = path.resolve().as_uri()
    for mode in ("mode=ro", "immutable=1"):
        connection = sqlite3.connect(f"{address}?{mode}", uri=True, isolation_level=None)
        try:
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.OperationalError:
            connection.close()
            log = path.with_name(path.name + "-wal")
            if mode == "immutable=1" or (log.exists() and log.stat().st_size):
                raise
        except sqlite3.DatabaseError:
            connection.close()
            raise
        else:
            return connection
    raise AssertionError


def _same(row: tuple[Any, ...], record: Record) -> bool:
    body = record.body
    actor = body["actor"]
    try:
        structured = [json.loads(text) for text in row[6:9]]
    except (TypeError, ValueError):
        return False
    texts = (record.case, record.ts, record.event)
    return (
        row[1:4] == texts
        and isinstance(actor, dict)
        and row[4] == f"{actor['kind']}:{actor['id']}"
        and row[5] == body["peer"]
        and structured == [body["ref"], body["dig"], body["err"]]
    )
