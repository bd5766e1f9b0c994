"""Exports the log, or the records of one case, into one file that an auditor can check without us.

The file is a ZIP with plain text inside; its format (version 1) is described in ``docs/audit.md`` and, for whoever
opens it, in its own ``README.txt``. Everything in it is as of the last signed checkpoint.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from gateway.audit import bundle_reader as names
from gateway.audit.bundle_readme import README
from gateway.audit.checkpoint import Checkpoint
from gateway.audit.logkey import LogKey
from gateway.audit.merkle import consistency_proof, inclusion_proof
from gateway.audit.statement import Statement
from gateway.audit.storage import AuditError, last_checkpoint, node_source
from gateway.store.database import Database
from gateway.store.tables import audit_checkpoint, audit_record

_CHUNK = 5_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Exported:
    """What was written: the checkpoint's size and the number of records in the bundle."""

    path: Path
    size: int
    records: int


def export_log(database: Database, path: Path, key: LogKey) -> Exported:
    """Write the whole log to ``path`` (replaced if it exists). Raises AuditError if nothing is signed yet."""
    return database.read(lambda connection: _write(path, _LogExport(connection, key)))


def export_case(
    database: Database, path: Path, key: LogKey, case: str, *, published: Iterable[Checkpoint] = ()
) -> Exported:
    """Write all records of ``case`` with their proofs and the signed statement that these are all.

    ``published`` are checkpoints that the auditor holds; the bundle then proves that the log still contains them.
    Raises AuditError if the case has no record in the log yet, or a published checkpoint is not of this log.
    """
    return database.read(lambda connection: _write(path, _CaseExport(connection, key, case, published)))


class _LogExport:
    """All records, their hashes and all checkpoints."""

    kind = "log"
    case = ""

    def __init__(self, connection: Connection, key: LogKey) -> None:
        self._connection = connection
        self.checkpoint, self.note = _signed(connection, key)
        self.records = self.checkpoint.size

    def files(self) -> Iterator[tuple[str, Iterable[str | bytes]]]:
        """Yield each file's name and lines."""
        record, checkpoint = audit_record.c, audit_checkpoint.c
        covered = record.seq < self.checkpoint.size
        yield names.RECORDS, _column(self._connection, record.bytes, covered, record.seq)
        leaves = _column(self._connection, record.leaf_hash, covered, record.seq)
        yield names.HASHES, (leaf.hex() for leaf in leaves)
        notes = _column(self._connection, checkpoint.note, checkpoint.size < self.checkpoint.size, checkpoint.size)
        yield names.EARLIER, (json.dumps(note, ensure_ascii=False) for note in notes)


class _CaseExport:
    """The records of one case, their proofs, the statement, and proofs towards published checkpoints."""

    kind = "case"

    def __init__(self, connection: Connection, key: LogKey, case: str, published: Iterable[Checkpoint]) -> None:
        self.case = case
        self.checkpoint, self.note = _signed(connection, key)
        self._key = key
        self._node = node_source(connection)
        record = audit_record.c
        covered = (record.case_id == case) & (record.seq < self.checkpoint.size)
        rows = connection.execute(
            select(record.seq, record.bytes, record.leaf_hash).where(covered).order_by(record.seq)
        )
        self._rows = rows.all()
        self._published = sorted({one.size for one in published if _comparable(one, self.checkpoint)})
        if not self._rows:
            raise AuditError("the log has no record of this case (yet)")
        self.records = len(self._rows)

    def files(self) -> Iterator[tuple[str, Iterable[str | bytes]]]:
        """Yield each file's name and lines."""
        size = self.checkpoint.size
        yield names.RECORDS, [row.bytes for row in self._rows]
        proofs = [{"seq": row.seq, "hashes": _hex(inclusion_proof(row.seq, size, self._node))} for row in self._rows]
        yield names.PROOFS, [json.dumps(proofs, indent=1)]
        if self._published:
            paths = [{"size": one, "hashes": _hex(consistency_proof(one, size, self._node))} for one in self._published]
            yield names.CONSISTENCY, [json.dumps(paths, indent=1)]
        last = self._rows[-1].leaf_hash
        statement = Statement(log=self._key.origin, case=self.case, size=size, records=self.records, last=last)
        yield names.STATEMENT, str(self._key.sign(statement.text())).removesuffix("\n").split("\n")


def _write(path: Path, content: _LogExport | _CaseExport) -> Exported:
    """Write beside the target first, so that a half-written file never has its name."""
    unfinished = path.with_name(path.name + ".part")
    checkpoint = content.checkpoint
    manifest = {
        "format": names.FORMAT,
        "version": names.VERSION,
        "kind": content.kind,
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "records": content.records,
        "exported_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    if content.case:
        manifest["case"] = content.case
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("README.txt", README)
            archive.writestr(names.MANIFEST, json.dumps(manifest, indent=1) + "\n")
            archive.writestr(names.CHECKPOINT, content.note)
            for name, lines in content.files():
                with archive.open(name, "w", force_zip64=True) as file:
                    for line in lines:
                        file.write((line if isinstance(line, bytes) else line.encode()) + b"\n")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return Exported(path=path, size=checkpoint.size, records=content.records)


def _signed(connection: Connection, key: LogKey) -> tuple[Checkpoint, str]:
    """Return the last checkpoint and its note as stored (which may carry signatures of others)."""
    checkpoint = last_checkpoint(connection, key)
    note = connection.scalar(select(audit_checkpoint.c.note).where(audit_checkpoint.c.size == checkpoint.size))
    if note is None:
        raise AuditError("the log has no signed record yet")
    return checkpoint, str(note)


def _column(
    connection: Connection, column: ColumnElement[Any], covered: ColumnElement[bool], order: ColumnElement[int]
) -> Iterator[Any]:
    query = select(column).where(covered).order_by(order)
    return iter(connection.execution_options(yield_per=_CHUNK).scalars(query))


def _comparable(published: Checkpoint, checkpoint: Checkpoint) -> bool:
    if published.origin != checkpoint.origin:
        raise AuditError("a published checkpoint is of another log")
    return 0 < published.size <= checkpoint.size


def _hex(values: Iterable[bytes]) -> list[str]:
    return [value.hex() for value in values]
