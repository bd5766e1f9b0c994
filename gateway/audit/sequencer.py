"""Gives records their places: moves them from the outbox into the log, extends the tree, signs a checkpoint.

One sequencer a log. A batch is one transaction, with its checkpoint: killed at any point, the log is as before or as
after, and what was not moved still waits in the outbox. It runs beside the business at most a second later, so that
writers of records never wait for each other. A batch is worked out on a read snapshot (rows of the outbox never
change, and nobody else extends the log), so that the one writer is held only while rows go in.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection, bindparam, select, update

from gateway.audit.canonical import canonical
from gateway.audit.checkpoint import Checkpoint
from gateway.audit.events import Event
from gateway.audit.logkey import LogKey
from gateway.audit.merkle import EMPTY_ROOT, Tree, leaf_hash
from gateway.audit.records import LOG_CASE, Entry, write
from gateway.audit.storage import AuditError, check_stored, heads, load_tree, store_checkpoint
from gateway.store.database import Database
from gateway.store.insertion import Value, insert
from gateway.store.tables import audit_node, audit_record, event

RECORD_VERSION = 1
"""The format of a record, its member ``v``."""

_BATCH = 250
"""Records a transaction: enough to share the commit, few enough (under 10 ms) for the writers that wait."""

_OUTBOX = tuple(event.c[name] for name in ("id", "case_id", "at", "event", "actor", "peer", "ref", "dig", "err"))
_PENDING = select(*_OUTBOX).where(event.c.seq.is_(None)).order_by(event.c.id).limit(_BATCH)
_RECORD_COLUMNS = ("seq", "at", "case_id", "cseq", "bytes", "leaf_hash")
_NODE_COLUMNS = ("level", "number", "hash")
_NUMBER = update(event).where(event.c.id == bindparam("event_id")).values(seq=bindparam("place"))

_log = structlog.get_logger(room="audit")


def _now() -> datetime:
    return datetime.now(UTC)


class Sequencer:
    """The one sequencer of a log; the log's origin is that of its key.

    Making one checks the stored log against its last checkpoint and, in an empty log, writes ``log:opened``. If log and
    checkpoint contradict each other, :attr:`failure` says so and nothing is ever signed: records wait in the outbox
    until a person has looked, and no application waits with them. ``clock`` dates the checkpoints.
    """

    def __init__(
        self, database: Database, key: LogKey, *, clock: Callable[[], datetime] = _now, interval: float = 1.0
    ) -> None:
        self._database = database
        self._key = key
        self._clock = clock
        self._interval = interval
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self.failure: str | None = None
        """Why nothing is signed any more; a person has to act. Delivery goes on, records wait in the outbox."""
        self._last = Checkpoint(origin=key.origin, size=0, root=EMPTY_ROOT)
        try:
            self._last = database.read(lambda connection: check_stored(connection, key))
        except AuditError as error:
            self._give_up(error)
        if self._last.size == 0 and self.failure is None:
            database.write(self._open)

    def run_once(self) -> int:
        """Move everything that waits, in batches, and return how many records that were.

        Raises AuditError if the stored tree is not the one that this sequencer left: somebody changed it, or a second
        sequencer is at work; and always after :attr:`failure` was set.
        """
        if self.failure is not None:
            raise AuditError(self.failure)
        moved = 0
        with self._lock:
            while batch := self._database.read(self._next_batch):
                self._last = self._database.write(partial(self._store, batch))
                moved += len(batch.records)
        return moved

    def start(self) -> None:
        """Run in a thread, once an interval (a second) and when poked."""
        if self._thread is not None:
            raise RuntimeError("the sequencer runs already")
        self._stopping = False
        self._thread = threading.Thread(target=self._serve, name="audit-sequencer", daemon=True)
        self._thread.start()

    def poke(self) -> None:
        """Ask the thread to run now."""
        self._wake.set()

    def stop(self) -> None:
        """Move what waits, then end the thread. The database must still be open."""
        if self._thread is not None:
            self._stopping = True
            self._wake.set()
            self._thread.join()
            self._thread = None

    def _serve(self) -> None:
        last_time = False
        while not last_time and self.failure is None:
            self._wake.wait(self._interval)
            self._wake.clear()
            last_time = self._stopping
            try:
                self.run_once()
            except AuditError as error:
                self._give_up(error)
            except Exception as error:  # noqa: BLE001 - a full disk must not end the thread; it tries again
                _log.error("audit records could not be sequenced now", origin=self._key.origin, exc_info=error)

    def _give_up(self, error: AuditError) -> None:
        self.failure = str(error)
        _log.critical("the audit log is not continued", origin=self._key.origin, reason=self.failure)

    def _open(self, connection: Connection) -> None:
        """Write the first record, unless an earlier start was killed right after it did."""
        opened = select(event.c.id).where(event.c.case_id == LOG_CASE, event.c.event == Event.LOG_OPENED.value)
        if connection.execute(opened).first() is None:
            first = Entry(case=LOG_CASE, event=Event.LOG_OPENED, ref={"key": self._key.verifier.key_id.hex()})
            write(connection, [first], at=self._clock())

    def _next_batch(self, connection: Connection) -> _Batch | None:
        """Work out the records of the rows that have waited longest; None if none wait."""
        pending = connection.execute(_PENDING).all()
        if not pending:
            return None
        batch = _Batch(load_tree(connection, self._last.size))
        if batch.tree.root() != self._last.root:
            raise AuditError(f"the stored tree does not give the root that was signed at size {self._last.size}")
        known = heads(connection, {row.case_id for row in pending})
        chain = {case: _Head(cseq, leaf) for case, (cseq, leaf) in known.items()}
        for row in pending:
            batch.add(row, self._key.origin, chain.setdefault(row.case_id, _Head()))
        return batch

    def _store(self, batch: _Batch, connection: Connection) -> Checkpoint:
        checkpoint = store_checkpoint(connection, self._key, batch.tree, after=self._last, at=self._clock())
        insert(connection, audit_record, _RECORD_COLUMNS, batch.records)
        insert(connection, audit_node, _NODE_COLUMNS, batch.nodes)
        connection.execute(_NUMBER, batch.places)
        return checkpoint


@dataclass(slots=True)
class _Head:
    """The last record of a case: its running number and leaf hash; -1 and nothing before the first."""

    cseq: int = -1
    leaf: bytes = b""


@dataclass(slots=True)
class _Batch:
    """Rows for the tables, and the tree with them in it."""

    tree: Tree
    records: list[tuple[Value, ...]] = field(default_factory=list)
    nodes: list[tuple[Value, ...]] = field(default_factory=list)
    places: list[dict[str, int]] = field(default_factory=list)

    def add(self, row: Sequence[Any], origin: str, head: _Head) -> None:
        """Give the row of the outbox the next place in the log and in its case."""
        seq = self.tree.size
        head.cseq += 1
        row_id, case, at, *_ = row
        data = _record(row, origin, seq, head)
        head.leaf = leaf_hash(data)
        self.records.append((seq, at, case, head.cseq, data, head.leaf))
        self.places.append({"event_id": row_id, "place": seq})
        self.nodes += self.tree.append(head.leaf)


def _record(row: Sequence[Any], origin: str, seq: int, head: _Head) -> bytes:
    """Fix the bytes of a record; ``head`` has its running number and still its predecessor's hash."""
    row_id, case, at, event_name, actor, peer, ref, dig, err = row
    kind, _, account = actor.partition(":")
    try:
        record: dict[str, object] = {
            "v": RECORD_VERSION,
            "seq": seq,
            "ts": at,
            "log": origin,
            "case": case,
            "cseq": head.cseq,
            "cprev": head.leaf.hex(),
            "event": event_name,
            "actor": {"kind": kind, "id": account},
            "peer": peer,
            "ref": json.loads(ref),
            "dig": json.loads(dig),
            "err": json.loads(err),
        }
        if event_name == Event.CASE_CLOSED.value:
            record["count"] = head.cseq + 1
        return canonical(record)
    except ValueError as error:
        raise AuditError(f"row {row_id} of the outbox cannot be read: it was not written by this program") from error
