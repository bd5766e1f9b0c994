"""A demo PKI, and a TLS server of a few lines that does on a connection whatever a test wants."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest

from adapters.xta.simulation.https import server_context
from gateway.signing.pki import DemoPki
from tests.xta_exchange import pki

__all__ = ["pki"]

Act = Callable[[ssl.SSLSocket], None]
Serve = Callable[[Act], str]
ServeWith = Callable[[ssl.SSLContext, Act], str]


@pytest.fixture
def serve(pki: DemoPki, serve_with: ServeWith) -> Serve:
    """Return a function that starts a server for connections that ``act`` handles, and returns its URL."""
    context = server_context(pki.server_certificate, pki.server_key, pki.ca)
    return lambda act: serve_with(context, act)


@pytest.fixture
def serve_with() -> Iterator[ServeWith]:
    """Like ``serve``, with a TLS context of the test's own."""
    listeners: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def start(context: ssl.SSLContext, act: Act) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        thread = threading.Thread(target=_accept, args=(listener, context, act))
        thread.start()
        threads.append(thread)
        return f"https://127.0.0.1:{listener.getsockname()[1]}/service?x=1"

    yield start
    for one in listeners:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def _accept(listener: socket.socket, context: ssl.SSLContext, act: Act) -> None:
    while True:
        try:
            raw, _ = listener.accept()
        except OSError:
            return
        raw.settimeout(5)
        with contextlib.suppress(OSError, ValueError), context.wrap_socket(raw, server_side=True) as connection:
            act(connection)
        raw.close()


def read_request(connection: ssl.SSLSocket) -> bytes:
    """Read one HTTP request with Content-Length; empty if the client hung up."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    length = int(lengths[0].split(b":")[1])
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
