"""Sockets and connections for urllib3 that keep the deadline of the whole call, and note how far the call got.

The usual socket timeout starts anew with every byte, so a server that drips could hold a call for ever. Here every read
and write looks at the time that is left. Whether a byte of the request may have left, and whether one of the reply has
come, decides later what a failure means; so does whether the call made a handshake of its own or reused a connection.
"""

from __future__ import annotations

import errno
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from typing import Any

import urllib3
from urllib3 import exceptions as failures
from urllib3.connection import HTTPSConnection


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Seconds for the connection (name, TCP and TLS each), for a silence, and for the whole call; bytes of a reply."""

    connect: float = 10.0
    read: float = 60.0
    total: float = 120.0
    reply_bytes: int = 64_000_000


class _Call(threading.local):
    """The call that this thread is in: its times, and how far it got."""

    limits: Limits = Limits()
    deadline: float = 0.0
    connected: bool = False
    written: bool = False
    answered: bool = False

    def begin(self, limits: Limits) -> None:
        self.limits = limits
        self.deadline = time.monotonic() + limits.total
        self.connected = False
        self.written = False
        self.answered = False

    def left(self, at_most: float) -> float:
        """Return the seconds that one step may take; raises TimeoutError once the call's time is used up."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time of the whole call is used up")
        return min(left, at_most)


CALL = _Call()
"""One for each thread; a pool's call never leaves the thread that makes it."""


class TimedSocket(ssl.SSLSocket):
    """A TLS socket whose every step is bounded by the call's deadline, and which notes the first byte each way."""

    def do_handshake(self, block: bool = False) -> None:
        self.settimeout(CALL.left(CALL.limits.connect))
        CALL.connected = True
        super().do_handshake(block)

    def send(self, data: Any, flags: int = 0) -> int:
        self.settimeout(CALL.left(CALL.limits.read))
        CALL.written = True
        try:
            return super().send(data, flags)
        except ssl.SSLEOFError as error:
            # urllib3 goes on to read after a broken pipe; only there stands why the server hung up (an alert, a 413).
            raise BrokenPipeError(errno.EPIPE, "the server hung up") from error

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        self.settimeout(CALL.left(CALL.limits.read))
        count = super().recv_into(buffer, nbytes, flags)
        CALL.answered = CALL.answered or count > 0
        return count


class _Connection(HTTPSConnection):
    """Connects within the call's deadline even if a name has many addresses; not reused after a long pause."""

    idle_seconds = 30.0
    used_at = 0.0

    def _new_conn(self) -> socket.socket:
        try:
            addresses = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise failures.NameResolutionError(self.host, self, socket.gaierror(str(error))) from error
        for family, kind, protocol, _, address in addresses:
            connected = socket.socket(family, kind, protocol)
            try:
                connected.settimeout(CALL.left(CALL.limits.connect))
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connected.connect(address)
            except OSError:
                connected.close()
                continue
            return connected
        raise failures.NewConnectionError(self, "no address answered")

    @property
    def is_connected(self) -> bool:
        """Whether the kept connection may be used again; servers drop idle ones, often just as we would write."""
        return super().is_connected and time.monotonic() - self.used_at < self.idle_seconds

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]
        response = super().getresponse()
        self.used_at = time.monotonic()
        return response


class TimedPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Connection
