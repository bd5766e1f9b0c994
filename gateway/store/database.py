"""One door to the database. On SQLite every write goes through one thread that commits waiting writes together.

Several writers on one SQLite file ruin the tail latency (busy waiting), so the file belongs to one process, and in
it to one writing thread; a group commit costs one fsync for everybody who waits. Readers use their own connections
(WAL: they never block the writer). ``synchronous=FULL``: what was committed survives a power cut.
"""

from __future__ import annotations

import fcntl
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool, QueuePool

from gateway.errors import ConfigurationError
from gateway.store.tables import metadata

T = TypeVar("T")
Work = Callable[[Connection], T]

_BATCH = 64
"""Writes that share one commit at most; more would only lengthen the wait of the first."""


def timestamp(moment: datetime) -> str:
    """Return an aware datetime as the store's text: UTC, always milliseconds, ``2026-05-01T10:00:00.123Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def moment(text: str) -> datetime:
    """Return the aware datetime of the store's text."""
    return datetime.fromisoformat(text)


class Database:
    """An open database. ``write`` runs work in a durable transaction, ``read`` on a consistent snapshot.

    ``url`` is a SQLAlchemy URL (``sqlite:////var/lib/gateway/gateway.sqlite``). With ``writable=False`` the file is
    opened read-only, beside a running gateway. Raises ConfigurationError if the file belongs to another process.
    """

    def __init__(self, url: str, *, writable: bool = True) -> None:
        parsed = make_url(url)
        if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
            raise ConfigurationError("database", "url", "must name a SQLite file, for example sqlite:///gateway.sqlite")
        self.path = Path(parsed.database)
        self._lock: IO[bytes] | None = _own(self.path) if writable else None
        self._reader = _engine(url, writable=False)
        self._queue: queue.SimpleQueue[tuple[Work[Any], Future[Any]] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self.commits = 0
        if writable:
            self._engine = _engine(url, writable=True)
            metadata.create_all(self._engine)
            self._thread = threading.Thread(target=self._serve, name="store-writer", daemon=True)
            self._thread.start()

    def write(self, work: Work[T]) -> T:
        """Run ``work`` in a transaction and return its result once that is durable.

        Whatever ``work`` raises is raised here and undoes only its own changes, not those of others in the batch.
        """
        if self._thread is None:
            raise RuntimeError("the database was opened read-only, or is closed")
        future: Future[T] = Future()
        self._queue.put((work, future))
        return future.result()

    def read(self, work: Work[T]) -> T:
        """Run ``work`` on a snapshot; it must not write."""
        with self._reader.connect() as connection, connection.begin():
            return work(connection)

    def close(self) -> None:
        """Commit what waits, then let go of the file."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None
            self._engine.dispose()
        self._reader.dispose()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _serve(self) -> None:
        with self._engine.connect() as connection:
            while (first := self._queue.get()) is not None:
                batch = [first]
                stop = False
                while len(batch) < _BATCH:
                    try:
                        following = self._queue.get_nowait()
                    except queue.Empty:
                        break
                    if following is None:
                        stop = True
                        break
                    batch.append(following)
                self._commit(connection, batch)
                if stop:
                    return

    def _commit(self, connection: Connection, batch: list[tuple[Work[Any], Future[Any]]]) -> None:
        done: list[tuple[Future[Any], Any]] = []
        try:
            with connection.begin():
                for work, future in batch:
                    try:
                        if len(batch) == 1:
                            result = work(connection)
                        else:
                            with connection.begin_nested():
                                result = work(connection)
                    except Exception as error:
                        future.set_exception(error)
                        if len(batch) == 1:
                            raise
                    else:
                        done.append((future, result))
        except Exception as error:  # noqa: BLE001 - the waiting callers get it, the writer must live on
            for future, _ in done:
                future.set_exception(error)
            return
        self.commits += 1
        for future, result in done:
            future.set_result(result)


def _engine(url: str, *, writable: bool) -> Engine:
    engine = create_engine(
        url,
        poolclass=NullPool if writable else QueuePool,
        connect_args={"check_same_thread": False, "timeout": 10, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def _configure(raw: sqlite3.Connection, _record: object) -> None:
        cursor = raw.cursor()
        cursor.execute("PRAGMA foreign_keys=ON")
        if writable:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute("PRAGMA secure_delete=ON")
        else:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writable else "BEGIN")

    return engine


def _own(path: Path) -> IO[bytes]:
    """Take the lock beside the file that keeps a second process from writing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(path.name + ".lock").open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        reason = "belongs to another running gateway; on SQLite one process writes (stop it, or use its API)"
        raise ConfigurationError(str(path), "database.url", reason) from error
    return lock
