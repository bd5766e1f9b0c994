"""HTTPS with client certificates in front of the XTA service, and the place where scripted mishaps happen."""

from __future__ import annotations

import contextlib
import hashlib
import re
import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from adapters.xta.simulation import soap
from adapters.xta.simulation.mishaps import CONNECT, How, Mishap, Script
from adapters.xta.simulation.service import EXCEPTIONS, XtaFaultError, XtaService

PATHS = {
    "management": "/XTA210managementPort.svc",
    "send": "/XTA210sendPort.svc",
    "msgbox": "/XTA210msgBoxPort.svc",
}
_A = "http://www.xta.de/XTA/"
_B = "http://www.osci.eu/ws/2008/05/transport/urn/messageTypes/"
OPERATIONS = {
    f"{_A}CheckAccountActive": ("management", "checkAccountActive"),
    f"{_A}IsServiceAvailable": ("management", "lookupService"),
    f"{_A}CreateMessageID": ("management", "createMessageId"),
    f"{_A}GetTransportReport": ("management", "getTransportReport"),
    f"{_A}CancelMessage": ("management", "cancelMessage"),
    f"{_A}SendMessage": ("send", "sendMessage"),
    f"{_A}SendMessageSync": ("send", "sendMessageSync"),
    f"{_B}MsgBoxFetchRequest": ("msgbox", "getMessage"),
    f"{_B}MsgBoxGetNextMsgRequest": ("msgbox", "getNextMessage"),
    f"{_B}MsgBoxStatusListRequest": ("msgbox", "getStatusList"),
    f"{_B}MsgBoxGetNextListRequest": ("msgbox", "getNextStatusList"),
    f"{_B}MsgBoxCloseRequest": ("msgbox", "close"),
}
"""Port and operation by action."""

_ACTION = re.compile(r'action="?([^";]+)"?')
_MEDIA = "application/soap+xml; charset=utf-8"
_LARGEST_REQUEST = 70_000_000
_IDLE = 30.0


class XtaHttpServer(ThreadingHTTPServer):
    """One thread a connection; TLS is negotiated in that thread, so that a silent client holds up nobody else."""

    daemon_threads = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], tls: ssl.SSLContext, service: XtaService, script: Script) -> None:
        super().__init__(address, _Handler)
        self.tls = tls
        self.service = service
        self.script = script
        self.stopping = threading.Event()
        self.connections = 0
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()

    def remember(self, connection: socket.socket) -> None:
        """Note an open connection, so that :meth:`cut` finds it; raises OSError if that is over."""
        with self._guard:
            if self.stopping.is_set():
                raise ConnectionAbortedError("the server stops")
            self._open.add(connection)

    def count(self) -> None:
        """Count a TCP connection."""
        with self._guard:
            self.connections += 1

    def forget(self, connection: socket.socket) -> None:
        """Note that a connection is closed, or that another object stands for it now."""
        with self._guard:
            self._open.discard(connection)

    def cut(self) -> None:
        """Wake and close every connection, so that their threads end."""
        with self._guard:
            self.stopping.set()
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that breaks off is part of the play."""


def server_context(certificate: Path, key: Path, client_ca: Path) -> ssl.SSLContext:
    """Return a context that demands a client certificate of ``client_ca``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(client_ca)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65_536
    server: XtaHttpServer
    connection: ssl.SSLSocket

    def setup(self) -> None:
        """Negotiate TLS, unless the script says to stay silent before."""
        raw: socket.socket = self.request
        self.server.count()
        try:
            self.server.remember(raw)
            mishap = self.server.script.take(CONNECT)
            if mishap is not None:
                if mishap.how is How.HANG:
                    self._wait_for_the_client(raw)
                raise ConnectionAbortedError("scripted")
            raw.settimeout(_IDLE)
            self.request = self.server.tls.wrap_socket(raw, server_side=True)
            self.server.remember(self.request)
        except OSError:
            self.server.forget(raw)
            raw.close()
            raise
        self.server.forget(raw)
        certificate = self.request.getpeercert(binary_form=True) or b""
        self.certificate = hashlib.sha256(certificate).hexdigest()
        super().setup()

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()
        self.server.forget(self.request)
        self.request.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""

    def do_GET(self) -> None:
        """XTA has no GET."""
        self._send(405, b"", "text/plain")

    def do_POST(self) -> None:
        """Carry out one operation, or what the script has for it."""
        length = int(self.headers.get("Content-Length") or "0")
        if length > _LARGEST_REQUEST:
            self.close_connection = True
            self._send(413, b"", "text/plain")
            return
        data = self.rfile.read(length)
        found = _ACTION.search(self.headers.get("Content-Type") or "")
        action = found[1] if found else ""
        port, operation = OPERATIONS.get(action, ("", ""))
        if not port or self.path != PATHS[port]:
            self._send(404, b"", "text/plain")
            return
        mishap = self.server.script.take(operation)
        if mishap is None:
            self._send(*self._answer(data, action, operation))
        else:
            self._go_wrong(mishap, data, action, operation)

    def _answer(self, data: bytes, action: str, operation: str) -> tuple[int, bytes]:
        attempt_id = ""
        try:
            request = soap.read(data, action)
            attempt_id = request.attempt_id
            reply = self.server.service.handle(operation, request, self.certificate)
        except soap.RequestRefusedError as error:
            return 400, soap.write_fault(error.code, action=action, relates_to=attempt_id)
        except XtaFaultError as error:
            return 500, _fault(error.number, action, attempt_id)
        return 200, soap.write(reply, action=action, relates_to=attempt_id)

    def _go_wrong(self, mishap: Mishap, data: bytes, action: str, operation: str) -> None:
        status, body = self._answer(data, action, operation) if mishap.handled else (200, b"")
        if mishap.how in (How.FAULT, How.BARE_FAULT, How.STATUS, How.GARBAGE, How.WRONG_RELATES_TO, How.MULTIPART):
            self._send(*_distorted(mishap, status, body, action, soap.read(data, action).attempt_id))
            return
        match mishap.how:
            case How.DROP:
                self._break_off()
            case How.HANG:
                self._wait_for_the_client(self.request)
                self._break_off()
            case How.DELAY:
                self.server.stopping.wait(mishap.seconds)
                self._send(status, body)
            case How.DRIP:
                self._drip(body, mishap.seconds)
            case How.NO_HTTP:
                self._raw(b"\x00\x01\x02 nothing that a browser knows\r\n\r\n")
            case How.TRUNCATED:
                self._head(status, _MEDIA, len(body))
                self._raw(body[: len(body) // 2])
            case How.ENDLESS:
                self._endless()

    def _send(self, status: int, body: bytes, media_type: str = _MEDIA) -> None:
        self._head(status, media_type, len(body))
        self.wfile.write(body)

    def _head(self, status: int, media_type: str, length: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(length))
        if status == 302:
            self.send_header("Location", "https://127.0.0.1:9/elsewhere")
        if status == 503:
            self.send_header("Retry-After", "7")
        self.end_headers()

    def _raw(self, data: bytes) -> None:
        self.wfile.write(data)
        self.wfile.flush()
        self._break_off()

    def _drip(self, body: bytes, pause: float) -> None:
        self._head(200, _MEDIA, len(body))
        for position in range(len(body)):
            if self.server.stopping.wait(pause):
                break
            self.wfile.write(body[position : position + 1])
            self.wfile.flush()

    def _endless(self) -> None:
        self._head(200, _MEDIA, 10**12)
        while not self.server.stopping.is_set():
            self.wfile.write(b" " * 65_536)

    def _break_off(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.request.shutdown(socket.SHUT_RDWR)

    def _wait_for_the_client(self, connection: socket.socket) -> None:
        """Stay silent until the client hangs up or the server stops."""
        ends = time.monotonic() + _IDLE
        connection.settimeout(0.05)
        while time.monotonic() < ends and not self.server.stopping.is_set():
            try:
                if not connection.recv(4096):
                    return
            except TimeoutError:
                continue
            except OSError:
                return


def _distorted(mishap: Mishap, status: int, body: bytes, action: str, attempt_id: str) -> tuple[int, bytes, str]:
    """Return a complete HTTP reply that is not the one expected: status, body, media type."""
    match mishap.how:
        case How.FAULT:
            return 500, _fault(mishap.value, action, attempt_id), _MEDIA
        case How.BARE_FAULT:
            return 500, soap.write_fault(mishap.value, action=action, relates_to=attempt_id), _MEDIA
        case How.STATUS:
            return int(mishap.value), b"<html></html>", "text/html"
        case How.WRONG_RELATES_TO:
            return status, body.replace(attempt_id.encode(), b"urn:uuid:00000000-0000-4000-8000-000000000000"), _MEDIA
        case How.MULTIPART:
            return status, *_mtom(body, action)
        case _:
            return 200, mishap.value.encode(), _MEDIA


def _fault(number: str, action: str, attempt_id: str) -> bytes:
    # A number outside the list travels in the exception that its shape suggests to nobody: the technical one.
    exception = EXCEPTIONS.get(number, "XTAWSTechnicalProblemException")
    code = "Receiver" if exception == "XTAWSTechnicalProblemException" else "Sender"
    detail = soap.xta_fault(exception, number, f"Fehler {number} (Simulator)")
    return soap.write_fault(code, action=action, relates_to=attempt_id, detail=detail)


def _mtom(body: bytes, action: str) -> tuple[bytes, str]:
    start = b'--B\r\nContent-Type: application/xop+xml; charset=UTF-8; type="application/soap+xml"\r\n'
    part = start + b"Content-ID: <root@simulator>\r\n\r\n" + body + b"\r\n--B--\r\n"
    media = 'multipart/related; type="application/xop+xml"; boundary="B"; start="<root@simulator>"'
    return part, f'{media}; start-info="application/soap+xml"; action="{action}"'
