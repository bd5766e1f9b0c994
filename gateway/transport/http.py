"""HTTP POST to one endpoint over kept-alive TLS with client certificate; deadlines that are really kept.

One pool an endpoint (urllib3 2). No redirects, no proxies from the environment, no retries, no compression. The
usual socket timeout starts anew with every byte, so a server that drips could hold a call for ever; here every read
and write looks at the time that is left of the whole call. What a failure means for the message depends on one
question alone, whether a byte of the request may have left: :attr:`HttpError.sent` answers it.
"""

from __future__ import annotations

import email.utils
import errno
import http.client
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3 import exceptions as failures
from urllib3.connection import HTTPSConnection

from gateway.errors import ConfigurationError

_CHUNK = 65_536

_CERTIFICATE_ALERTS = frozenset(
    {
        "SSLV3_ALERT_BAD_CERTIFICATE",
        "SSLV3_ALERT_CERTIFICATE_EXPIRED",
        "SSLV3_ALERT_CERTIFICATE_REVOKED",
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
        "SSLV3_ALERT_HANDSHAKE_FAILURE",
        "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
        "TLSV13_ALERT_CERTIFICATE_REQUIRED",
        "TLSV1_ALERT_ACCESS_DENIED",
        "TLSV1_ALERT_UNKNOWN_CA",
    }
)
"""OpenSSL's names of the alerts (RFC 8446, section 6.2) with which a server refuses our certificate."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Seconds for the connection (name, TCP and TLS each), for a silence, and for the whole call; bytes of a reply."""

    connect: float = 10.0
    read: float = 60.0
    total: float = 120.0
    reply_bytes: int = 64_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpReply:
    """A complete reply. ``content_type`` as sent (may be empty), ``retry_after`` in seconds if the server named one."""

    status: int
    content_type: str
    body: bytes
    retry_after: float | None = None


class HttpError(Exception):
    """There is no reply. ``code`` is stable (``net.timeout``); ``sent``: part of the request may have arrived.

    Codes: ``net.busy`` (no free connection), ``net.dns``, ``net.connect``, ``net.tls``, ``net.server_untrusted`` (its
    certificate is not of the pinned CA or not for this name), ``net.certificate_refused`` (ours), ``net.timeout``,
    ``net.reset``, ``net.protocol`` (no HTTP), ``net.reply_too_large``, ``net.reply_encoded``.
    """

    def __init__(self, code: str, *, sent: bool) -> None:
        self.code = code
        self.sent = sent
        super().__init__(code)


class _Call(threading.local):
    """The call that this thread is in: its times, and how far it got."""

    limits: Limits = Limits()
    deadline: float = 0.0
    written: bool = False
    answered: bool = False

    def begin(self, limits: Limits) -> None:
        self.limits = limits
        self.deadline = time.monotonic() + limits.total
        self.written = False
        self.answered = False

    def left(self, at_most: float) -> float:
        """Return the seconds that one step may take; raises TimeoutError once the call's time is used up."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time of the whole call is used up")
        return min(left, at_most)


_call = _Call()


class _TimedSocket(ssl.SSLSocket):
    """A TLS socket whose every step is bounded by the call's deadline, and which notes the first byte each way."""

    def do_handshake(self, block: bool = False) -> None:
        self.settimeout(_call.left(_call.limits.connect))
        super().do_handshake(block)

    def send(self, data: Any, flags: int = 0) -> int:
        self.settimeout(_call.left(_call.limits.read))
        _call.written = True
        try:
            return super().send(data, flags)
        except ssl.SSLEOFError as error:
            # urllib3 goes on to read after a broken pipe; only there stands why the server hung up (an alert, a 413).
            raise BrokenPipeError(errno.EPIPE, "the server hung up") from error

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        self.settimeout(_call.left(_call.limits.read))
        count = super().recv_into(buffer, nbytes, flags)
        _call.answered = _call.answered or count > 0
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
                connected.settimeout(_call.left(_call.limits.connect))
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


class _Pool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Connection


class HttpEndpoint:
    """One URL of one server, reached through a pool of at most ``connections``; safe for many threads.

    Takes over ``tls``, a client context, for its own kind of socket; several endpoints may share one. Raises
    ConfigurationError if the URL is not a plain ``https`` URL. Name resolution is the resolver's own time: the
    operating system offers no way to cut it short; everything after it keeps ``limits``.
    """

    def __init__(self, url: str, tls: ssl.SSLContext, *, limits: Limits | None = None, connections: int = 8) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or parts.username is not None or parts.fragment:
            raise ConfigurationError("connection", "url", "must be an https URL without user and fragment")
        self.url = url
        self.limits = limits or Limits()
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        tls.sslsocket_class = _TimedSocket
        self._open = partial(_Pool, parts.hostname, parts.port or 443, maxsize=connections, block=True, ssl_context=tls)
        self._pool = self._open()

    def post(self, body: bytes, *, content_type: str, accept: str) -> HttpReply:
        """POST ``body`` once and return the complete reply, whatever its status; raises HttpError."""
        _call.begin(self.limits)
        headers = {
            "Content-Type": content_type,
            "Accept": accept,
            "Accept-Encoding": "identity",
            "User-Agent": "xoev-gateway",
        }
        response = None
        try:
            response = self._pool.urlopen(
                "POST",
                self._target,
                body=body,
                headers=headers,
                retries=False,
                redirect=False,
                timeout=urllib3.Timeout(connect=self.limits.connect, read=self.limits.read),
                pool_timeout=self.limits.connect,  # type: ignore[arg-type]  # queue.get takes seconds as a float
                preload_content=False,
                decode_content=False,
            )
            return self._read(response)
        except HttpError:
            raise
        except (failures.HTTPError, OSError, http.client.HTTPException, ValueError) as error:
            raise _explained(error) from error
        finally:
            if response is not None:
                _release(response)

    def close(self) -> None:
        """Close the idle connections now and the busy ones when their call ends; a later call opens new ones."""
        closing, self._pool = self._pool, self._open()
        closing.close()

    def _read(self, response: urllib3.BaseHTTPResponse) -> HttpReply:
        if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            raise HttpError("net.reply_encoded", sent=True)
        parts: list[bytes] = []
        size = 0
        for part in response.stream(_CHUNK, decode_content=False):
            size += len(part)
            if size > self.limits.reply_bytes:
                raise HttpError("net.reply_too_large", sent=True)
            parts.append(part)
        return HttpReply(
            status=response.status,
            content_type=response.headers.get("Content-Type", ""),
            body=b"".join(parts),
            retry_after=_seconds(response.headers.get("Retry-After")),
        )


def _release(response: urllib3.BaseHTTPResponse) -> None:
    """Give the connection back if the reply was read to its end; otherwise it is good for nothing more."""
    if not response.closed:
        response.close()
    response.release_conn()


def _explained(error: Exception) -> HttpError:
    """Turn what urllib3 raised into a code and the answer to "may it have arrived?"."""
    cause = _innermost(error)
    refused = _refused(cause)
    if refused is not None:
        return HttpError(refused, sent=False)
    if not _call.written:
        return HttpError("net.tls" if isinstance(cause, ssl.SSLError) else "net.connect", sent=False)
    if isinstance(cause, TimeoutError | failures.TimeoutError):
        return HttpError("net.timeout", sent=True)
    cut_off = isinstance(cause, http.client.RemoteDisconnected | http.client.IncompleteRead)
    garbage = isinstance(cause, http.client.HTTPException) and not cut_off
    return HttpError("net.protocol" if garbage else "net.reset", sent=True)


def _refused(cause: Exception) -> str | None:
    """Name a failure that by its kind proves that no server worked on the request, or return None."""
    if isinstance(cause, failures.EmptyPoolError):
        return "net.busy"
    if isinstance(cause, failures.NameResolutionError):
        return "net.dns"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return "net.server_untrusted"
    if isinstance(cause, ssl.SSLError) and cause.reason in _CERTIFICATE_ALERTS and not _call.answered:
        # With TLS 1.3 the refusal arrives after our request left, but no server reads a request behind a handshake
        # that it has refused (RFC 8446, section 4.4.2.4).
        return "net.certificate_refused"
    return None


def _innermost(error: Exception) -> Exception:
    """Unwrap urllib3's wrappers, which carry the first cause as their last argument."""
    while isinstance(error, failures.SSLError | failures.ProtocolError) and error.args:
        inner = error.args[-1]
        if not isinstance(inner, Exception):
            break
        error = inner
    return error


def _seconds(text: str | None) -> float | None:
    """Read Retry-After (RFC 9110, section 10.2.3): seconds or a date; nonsense counts as absent, a day is the most."""
    if not text:
        return None
    if text.strip().isascii() and text.strip().isdigit():
        return min(float(text.strip()[:9]), 86_400.0)
    try:
        until = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        return None
    return min(max((until - datetime.now(UTC)).total_seconds(), 0.0), 86_400.0)
