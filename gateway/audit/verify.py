"""Verifies the audit log without trusting it: from an exported bundle or the database's file, and the public key.

Needs nothing of a running gateway: only the pure modules of this room, the standard library and ``cryptography``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from gateway.audit.bundle_reader import CHECKPOINT, BundleError, BundleLog, BundleReader
from gateway.audit.checkpoint import Checkpoint, open_checkpoint
from gateway.audit.database_log import MAGIC, DatabaseLog
from gateway.audit.faults import Fault
from gateway.audit.note import NoteError, VerifierKey
from gateway.audit.report import Finding, Report
from gateway.audit.verify_case import verify_case
from gateway.audit.verify_log import Progress, verify_log

_ZIP = b"PK\x03\x04"


def verify(
    path: Path, key: VerifierKey, *, published: Iterable[Path] = (), progress: Progress = lambda checked: None
) -> Report:
    """Verify a database file, a bundle of the whole log or a bundle of one case.

    ``key`` is the log's public key, got from elsewhere than the log. ``published`` are files with checkpoints that
    were kept elsewhere (``checkpoint.txt``, or an earlier bundle): the log must still contain what they prove.
    ``progress`` hears now and then how many records of a whole log have been checked.
    Whatever is wrong with the file at ``path`` is a finding in the report. Raises OSError if a file cannot be opened,
    NoteError (with the file's name) if a published checkpoint is not signed by ``key``.
    """
    kept = [read_published(one, key) for one in published]
    try:
        return _verify(path, key, kept, progress)
    except (BundleError, sqlite3.Error) as error:
        detail = str(error) if isinstance(error, BundleError) else f"SQLite: {error}"
        return Report(kind="", origin=key.name, finding=Finding(fault=Fault.UNREADABLE, detail=detail))


def _verify(path: Path, key: VerifierKey, published: list[Checkpoint], progress: Progress) -> Report:
    with path.open("rb") as file:
        magic = file.read(len(MAGIC))
    if magic == MAGIC:
        with closing(DatabaseLog(path)) as log:
            return verify_log(log, key, published, progress)
    if not magic.startswith(_ZIP):
        raise BundleError("neither a ZIP file nor an SQLite database")
    with closing(BundleReader(path)) as bundle:
        if bundle.kind == "log":
            return verify_log(BundleLog(bundle), key, published, progress)
        if bundle.kind == "case":
            return verify_case(bundle, key, published)
        raise BundleError("a bundle of an unknown kind")


def read_published(path: Path, key: VerifierKey) -> Checkpoint:
    """Return the checkpoint of a note or of a bundle. Raises OSError, or NoteError if it is not one of this key."""
    data = path.read_bytes()
    try:
        if data.startswith(_ZIP):
            with closing(BundleReader(path)) as bundle:
                data = bundle.file(CHECKPOINT)
        return open_checkpoint(data, key)
    except ValueError as error:
        raise NoteError(f"{path.name}: {error}") from error
