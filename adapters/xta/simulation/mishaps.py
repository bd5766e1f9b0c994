"""What can go wrong on purpose: scripted, per operation, so that tests can lie to the gateway one call at a time."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import Enum, auto

ANY = "*"
CONNECT = "connect"


class How(Enum):
    """The ways to fail. Those marked (handles) may carry the order out first, see :attr:`Mishap.handled`."""

    DROP = auto()
    """Close the connection without a reply (handles)."""
    HANG = auto()
    """Keep the connection open and say nothing (handles); for ``connect``: take the TCP connection, no TLS."""
    DELAY = auto()
    """Wait ``seconds``, then answer properly (always handled)."""
    DRIP = auto()
    """Send the proper answer byte by byte, one every ``seconds`` (always handled)."""
    FAULT = auto()
    """Answer with the SOAP fault of the error number ``value`` (handles)."""
    BARE_FAULT = auto()
    """Answer with a SOAP fault without detail, Code/Value ``value`` (``Sender``, ``Receiver``) (handles)."""
    STATUS = auto()
    """Answer with the HTTP status ``value`` and a short page (handles)."""
    GARBAGE = auto()
    """Answer 200 with ``value`` as a SOAP body that is none (handles)."""
    NO_HTTP = auto()
    """Answer with bytes that are not HTTP (handles)."""
    WRONG_RELATES_TO = auto()
    """Answer properly, but to another request (always handled)."""
    TRUNCATED = auto()
    """Announce the whole answer, send half of it, close (always handled)."""
    MULTIPART = auto()
    """Wrap the proper answer in MTOM (always handled)."""
    ENDLESS = auto()
    """Answer 200 and send spaces until the client has enough (handles)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mishap:
    """One misbehaviour. ``handled``: the order is carried out before it happens (the "timeout after send")."""

    how: How
    handled: bool = False
    seconds: float = 0.0
    value: str = ""


_ALWAYS_HANDLED = frozenset({How.DELAY, How.DRIP, How.WRONG_RELATES_TO, How.TRUNCATED, How.MULTIPART})


class Script:
    """A queue of mishaps per operation; thread-safe. What is not in it goes well."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[tuple[str, Mishap]] = []

    def plan(self, operation: str, mishap: Mishap, *, times: int = 1) -> None:
        """Let the next ``times`` calls of ``operation`` (``*``: of any, ``connect``: of TCP) go wrong like this."""
        if mishap.how in _ALWAYS_HANDLED and not mishap.handled:
            raise ValueError(f"{mishap.how.name} answers properly first: handled=True")
        with self._lock:
            self._planned.extend([(operation, mishap)] * times)

    def take(self, operation: str) -> Mishap | None:
        """Return and use up what is planned for this call."""
        with self._lock:
            for index, (planned, mishap) in enumerate(self._planned):
                if planned == operation or (planned == ANY and operation != CONNECT):
                    del self._planned[index]
                    return mishap
        return None

    def clear(self) -> None:
        """Forget everything that is planned."""
        with self._lock:
            self._planned.clear()

    def __len__(self) -> int:
        with self._lock:
            return len(self._planned)
