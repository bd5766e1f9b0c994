"""One door to the database. On SQLite there is one writer at a time, and it commits for everybody who waits.

Several writers on one SQLite file ruin the tail latency (busy waiting), so the file belongs to one process, and in it
whoever holds the writer's lock does the waiting work of all the others too, in one transaction: one fsync for all, and
no change of threads for a writer who is alone. Readers use their own connections (WAL: they never block the writer).
``synchronous=FULL``: what was committed survives a power cut.
"""

from __future__ import annotations

import fcntl
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool, QueuePool

from gateway.errors import ConfigurationError
from gateway.store.tables import VERSION, metadata

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


class _Job:
    """Work that waits for the writer, and how it ended."""

    __slots__ = ("done", "error", "result", "work")

    def __init__(self, work: Work[Any]) -> None:
        self.work = work
        self.done = False
        self.result: Any = None
        self.error: BaseException | None = None


class Database:
    """An open database. ``write`` runs work in a durable transaction, ``read`` on a consistent snapshot.

    ``url`` is a SQLAlchemy URL (``sqlite:////var/lib/gateway/gateway.sqlite``). With ``writable=False`` the file is
    opened read-only, beside a running gateway. Raises ConfigurationError if the file belongs to another process or
    cannot be used.
    """

    def __init__(self, url: str, *, writable: bool = True) -> None:
        parsed = make_url(url)
        if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
            raise ConfigurationError("database", "url", "must name a SQLite file, for example sqlite:///gateway.sqlite")
        self.path = Path(parsed.database).resolve()  # one file has one lock, whatever links lead to it
        if not writable and not self.path.is_file():
            raise ConfigurationError(str(self.path), "database.url", "there is no such file: nothing was ever stored")
        self._lock: IO[bytes] | None = _own(self.path) if writable else None
        self._reader = _engine(url, writable=False)
        self._waiting: deque[_Job] = deque()
        self._turn = threading.Lock()
        self._writer: Connection | None = None
        self.commits = 0
        try:
            if writable:
                self._writer = self._made(url)
            found = self.read(_version)
        except DatabaseError as error:
            self.close()
            reason = f"cannot be used, look at file and disk: {error.orig}"
            raise ConfigurationError(str(self.path), "database.url", reason) from error
        if found != VERSION:
            self.close()
            reason = f"has tables of version {found}, not {VERSION}: use the gateway that made it, or begin a new file"
            raise ConfigurationError(str(self.path), "database.url", reason)

    def write(self, work: Work[T]) -> T:
        """Run ``work`` in a transaction and return its result once that is durable.

        Whatever ``work`` raises is raised here and undoes only its own changes, not those of others in the batch.
        """
        job = _Job(work)
        self._waiting.append(job)
        with self._turn:
            while not job.done:
                self._commit([self._waiting.popleft() for _ in range(min(len(self._waiting), _BATCH))])
        if job.error is not None:
            raise job.error
        result: T = job.result
        return result

    def read(self, work: Work[T]) -> T:
        """Run ``work`` on a snapshot; it must not write."""
        with self._reader.connect() as connection, connection.begin():
            return work(connection)

    def close(self) -> None:
        """Let go of the file once the writer has finished."""
        with self._turn:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
        self._reader.dispose()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @staticmethod
    def _made(url: str) -> Connection:
        """Return the one connection that writes; in a new file it makes the tables first, all or none."""
        connection = _engine(url, writable=True).connect()
        with connection.begin():
            if not connection.exec_driver_sql("SELECT 1 FROM sqlite_master LIMIT 1").first():
                metadata.create_all(connection)
                connection.exec_driver_sql(f"PRAGMA user_version={VERSION}")
        return connection

    def _commit(self, jobs: list[_Job]) -> None:
        """Do the work of all jobs in one transaction; each of them knows afterwards how it ended."""
        try:
            self._transact(jobs)
        except BaseException as error:
            for job in jobs:
                job.error = job.error or error
            if not isinstance(error, Exception):
                raise
        finally:
            for job in jobs:
                job.done = True

    def _transact(self, jobs: list[_Job]) -> None:
        if self._writer is None:
            raise RuntimeError("the database was opened read-only, or is closed")
        with self._writer.begin():
            for job in jobs:
                self._do(self._writer, job, alone=len(jobs) == 1)
        self.commits += 1

    @staticmethod
    def _do(connection: Connection, job: _Job, *, alone: bool) -> None:
        if alone:
            job.result = job.work(connection)
            return
        try:
            with connection.begin_nested():
                job.result = job.work(connection)
        except Exception as error:
            raw: Any = connection.connection.dbapi_connection
            if not raw.in_transaction:
                # A full disk or an I/O error: SQLite has rolled back everything, the work of the others too.
                raise
            job.error = error


def _version(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar() or 0)


def _engine(url: str, *, writable: bool) -> Engine:
    engine = create_engine(
        url,
        poolclass=NullPool if writable else QueuePool,
        **({} if writable else {"max_overflow": -1}),  # a reader never waits for another
        pool_reset_on_return=None,  # a connection comes back after its transaction has ended
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

    begin = "BEGIN IMMEDIATE" if writable else "BEGIN"

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # Straight at the driver: this stands in the way of every application.
        raw: Any = connection.connection.dbapi_connection
        raw.execute(begin)

    return engine


def _own(path: Path) -> IO[bytes]:
    """Take the lock beside the file that keeps a second process from writing.

    Both files are readable for their own account only: there are personal data in the database. SQLite gives its
    journal the mode of the file.
    """
    beside = path.with_name(path.name + ".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for one in (path, beside):
            one.touch(mode=0o600)
        lock = beside.open("wb")
    except OSError as error:
        raise ConfigurationError(str(path), "database.url", f"cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        reason = "belongs to another running gateway; on SQLite one process writes (stop it, or use its API)"
        raise ConfigurationError(str(path), "database.url", reason) from error
    return lock
