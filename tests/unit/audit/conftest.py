"""A log in a real database, with a key made of a fixed seed so that vectors can be compared."""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from gateway import logs
from gateway.audit.events import Event
from gateway.audit.logkey import LogKey
from gateway.audit.records import Entry, write
from gateway.audit.sequencer import Sequencer
from gateway.store.database import Database

NOW = datetime(2026, 5, 1, 10, 0, 0, 123000, UTC)
ORIGIN = "gateway.example.org/audit"
CASES = [f"00000000-0000-4000-8000-{number:012d}" for number in range(20)]


def make_key(origin: str = ORIGIN, seed: bytes = bytes(range(32))) -> LogKey:
    return LogKey(Ed25519PrivateKey.from_private_bytes(seed), origin)


def entry(case: str, event: Event = Event.APPLICATION_ACCEPTED, **members: object) -> Entry:
    return Entry(case=case, event=event, **members)  # type: ignore[arg-type]


@dataclass
class Log:
    """A gateway's log at work: write entries, give them their places, look into the tables."""

    database: Database
    sequencer: Sequencer
    key: LogKey

    def write(self, *entries: Entry, at: datetime = NOW) -> None:
        self.database.write(lambda connection: write(connection, entries, at=at))

    def add(self, *entries: Entry) -> int:
        """Write the entries and give them their places: one batch, one checkpoint."""
        self.write(*entries)
        return self.sequencer.run_once()

    def rows(self, query: str) -> list[tuple[object, ...]]:
        return self.database.read(lambda connection: [tuple(row) for row in connection.execute(text(query))])

    def case(self, number: int = 0, *, closed: bool = True) -> str:
        """Add the records of a case, in two batches."""
        case = CASES[number]
        self.add(
            entry(case, digests=(("application", b"{}"),)),
            entry(case, Event.MESSAGE_SIGNED, digests=(("message", b"<m/>"),), ref={"message": case}),
        )
        self.write(entry(case, Event.DELIVERY_ATTEMPT_UNREACHABLE, err_code="net.timeout", err_class="unreachable"))
        self.add(*[entry(case, Event.CASE_CLOSED)] * closed)
        return case


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gateway.sqlite"


@pytest.fixture
def log_lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Configure log lines as the gateway does; the function returns those written so far."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    stream = io.StringIO()
    logs.configure("INFO", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def log(path: Path) -> Iterator[Log]:
    database = Database(f"sqlite:///{path}")
    key = make_key()
    yield Log(database, Sequencer(database, key, clock=lambda: NOW), key)
    database.close()
