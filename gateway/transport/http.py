"""HTTP POST to one endpoint over kept-alive TLS with client certificate; deadlines that are really kept.

One pool an endpoint (urllib3 2). No redirects, no proxies from the environment, no retries, no compression. What a
failure means for the message depends on one question alone, whether a byte of the request may have left:
:attr:`HttpError.sent` answers it.
"""

from __future__ import annotations

import email.utils
import http.client
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlsplit

import urllib3
from urllib3 import exceptions as failures

from gateway.errors import ConfigurationError
from gateway.transport.deadlines import CALL, Limits, TimedPool, TimedSocket

__all__ = ["HttpEndpoint", "HttpError", "HttpReply", "Limits"]

_CHUNK = 65_536

_CERTIFICATE_ALERTS = frozenset(
    {
        "SSLV3_ALERT_BAD_CERTIFICATE",
        "SSLV3_ALERT_CERTIFICATE_EXPIRED",
        "SSLV3_ALERT_CERTIFICATE_REVOKED",
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
        "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
        "TLSV13_ALERT_CERTIFICATE_REQUIRED",
        "TLSV1_ALERT_ACCESS_DENIED",
        "TLSV1_ALERT_UNKNOWN_CA",
    }
)
"""OpenSSL's names of the alerts (RFC 8446, section 6.2) with which a server refuses our certificate."""

_HANDSHAKE_ALERTS = frozenset(
    {"SSLV3_ALERT_HANDSHAKE_FAILURE", "TLSV1_ALERT_INSUFFICIENT_SECURITY", "TLSV1_ALERT_PROTOCOL_VERSION"}
)
"""Alerts of a server that has no version or cipher suite in common with us (or does not say what else it refuses)."""


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
    certificate is not of the pinned CA or not for this name), ``net.certificate_refused`` (ours),
    ``net.handshake_refused`` (no TLS version or cipher suite in common), ``net.timeout``, ``net.reset``,
    ``net.protocol`` (no HTTP), ``net.reply_too_large``, ``net.reply_encoded``.
    """

    def __init__(self, code: str, *, sent: bool) -> None:
        self.code = code
        self.sent = sent
        super().__init__(code)


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
        tls.sslsocket_class = TimedSocket
        self._open = partial(
            TimedPool, parts.hostname, parts.port or 443, maxsize=connections, block=True, ssl_context=tls
        )
        self._pool = self._open()

    def post(self, body: bytes, *, content_type: str, accept: str) -> HttpReply:
        """POST ``body`` once and return the complete reply, whatever its status; raises HttpError."""
        CALL.begin(self.limits)
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
    if not CALL.written:
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
    if isinstance(cause, ssl.SSLError) and CALL.connected and not CALL.answered:
        # With TLS 1.3 the refusal arrives after our request left, but no server reads a request behind a handshake
        # that it has refused (RFC 8446, section 4.4.2.4). On a reused connection the handshake was accepted long ago:
        # there the same alert (post-handshake authentication, section 4.6.2) may come after the request was read.
        if cause.reason in _CERTIFICATE_ALERTS:
            return "net.certificate_refused"
        if cause.reason in _HANDSHAKE_ALERTS:
            return "net.handshake_refused"
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
