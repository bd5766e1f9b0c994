"""The HTTP pool keeps its deadlines and tells what a failure means: may the request have arrived, or certainly not?"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.xta.simulation.https import server_context
from gateway.errors import ConfigurationError
from gateway.signing.pki import DemoPki
from gateway.transport.http import HttpEndpoint, HttpError, Limits
from gateway.transport.tls import TlsFiles, client_context
from tests.unit.transport.conftest import Act, Serve, ServeWith, read_request

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
LIMITS = Limits(connect=1.0, read=0.4, total=1.0, reply_bytes=100_000)
Open = Callable[..., HttpEndpoint]


@pytest.fixture
def reach(pki: DemoPki) -> Iterator[Open]:
    """Return a function that opens an endpoint with the demo client's certificate."""
    opened: list[HttpEndpoint] = []

    def make(url: str, *, limits: Limits = LIMITS, connections: int = 2, **files: Path) -> HttpEndpoint:
        chosen = {"ca_file": pki.ca, "certificate_file": pki.client_certificate, "key_file": pki.client_key} | files
        endpoint = HttpEndpoint(url, client_context(TlsFiles(**chosen)), limits=limits, connections=connections)
        opened.append(endpoint)
        return endpoint

    yield make
    for one in opened:
        one.close()


def post(endpoint: HttpEndpoint, body: bytes = b"<x/>") -> str:
    """Return the reply's body, or the error's code and whether something was sent."""
    try:
        return endpoint.post(body, content_type="application/soap+xml", accept="text/xml").body.decode()
    except HttpError as error:
        return f"{error.code} {'sent' if error.sent else 'unsent'}"


def answering(reply: bytes) -> Act:
    def act(connection: ssl.SSLSocket) -> None:
        while read_request(connection):
            connection.sendall(reply)

    return act


def test_request_goes_out_as_given(serve: Serve, reach: Open) -> None:
    seen: list[bytes] = []

    def act(connection: ssl.SSLSocket) -> None:
        seen.append(read_request(connection))
        connection.sendall(OK)

    post(reach(serve(act)), b"body \r\n")
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /service?x=1 HTTP/1.1\r\n")
    assert b"\r\nContent-Type: application/soap+xml\r\n" in head
    assert b"\r\nAccept-Encoding: identity\r\n" in head
    assert body == b"body \r\n"


def test_connection_is_kept(serve: Serve, reach: Open) -> None:
    connections: list[int] = []

    def act(connection: ssl.SSLSocket) -> None:
        connections.append(1)
        answering(OK)(connection)

    endpoint = reach(serve(act))
    assert [post(endpoint) for _ in range(3)] == ["ok", "ok", "ok"]
    assert len(connections) == 1


def test_connection_that_the_server_closed_in_the_pause_is_replaced(serve: Serve, reach: Open) -> None:
    def act(connection: ssl.SSLSocket) -> None:
        read_request(connection)
        connection.sendall(OK)

    endpoint = reach(serve(act))
    first = post(endpoint)
    time.sleep(0.2)
    assert [first, post(endpoint)] == ["ok", "ok"]


def test_close_ends_idle_connections_and_not_the_endpoint(serve: Serve, reach: Open) -> None:
    connections: list[int] = []

    def act(connection: ssl.SSLSocket) -> None:
        connections.append(1)
        answering(OK)(connection)

    endpoint = reach(serve(act))
    first = post(endpoint)
    endpoint.close()
    assert [first, post(endpoint)] == ["ok", "ok"]
    assert len(connections) == 2


def test_nobody_listens(reach: Open) -> None:
    assert post(reach("https://127.0.0.1:9/")) == "net.connect unsent"


def test_name_that_does_not_exist(reach: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such_name(*_: object, **__: object) -> None:
        raise OSError(-2, "Name or service not known")

    monkeypatch.setattr("gateway.transport.deadlines.socket.getaddrinfo", no_such_name)
    assert post(reach("https://registry.invalid/")) == "net.dns unsent"


def test_server_that_takes_the_connection_and_says_nothing(reach: Open, pki: DemoPki) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        began = time.monotonic()
        assert post(reach(f"https://127.0.0.1:{listener.getsockname()[1]}/")) == "net.connect unsent"
        assert 0.5 < time.monotonic() - began < 4


def test_server_that_speaks_no_tls(reach: Open) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def plain() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=plain)
        thread.start()
        assert post(reach(f"https://127.0.0.1:{listener.getsockname()[1]}/")) == "net.tls unsent"
        thread.join()


def test_server_certificate_of_another_ca_is_not_trusted(serve: Serve, reach: Open, pki: DemoPki) -> None:
    assert post(reach(serve(answering(OK)), ca_file=pki.foreign_ca)) == "net.server_untrusted unsent"


def test_server_certificate_for_another_name_is_not_trusted(
    serve: Serve, reach: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, **more: resolve("127.0.0.1", port, **more))
    url = serve(answering(OK)).replace("127.0.0.1", "registry.example")
    assert post(reach(url)) == "net.server_untrusted unsent"


def test_client_certificate_of_a_foreign_ca_is_refused(serve: Serve, reach: Open, pki: DemoPki) -> None:
    endpoint = reach(serve(answering(OK)), certificate_file=pki.foreign_certificate, key_file=pki.foreign_key)
    assert post(endpoint) == "net.certificate_refused unsent"


def test_certificate_refused_on_a_reused_connection_may_have_come_after_the_request(pki: DemoPki) -> None:
    """The server asks for our certificate only once it has read the second request (RFC 8446, section 4.6.2)."""
    context = server_context(pki.server_certificate, pki.server_key, pki.foreign_ca)
    context.post_handshake_auth = True
    seen: list[bytes] = []

    def serve_two(listener: socket.socket) -> None:
        raw, _ = listener.accept()
        raw.settimeout(5)
        with contextlib.suppress(OSError), context.wrap_socket(raw, server_side=True) as connection:
            seen.append(read_request(connection))
            connection.sendall(OK)
            seen.append(read_request(connection))
            connection.verify_client_post_handshake()
            connection.do_handshake()
            connection.recv(1)

    ours = client_context(TlsFiles(ca_file=pki.ca, certificate_file=pki.client_certificate, key_file=pki.client_key))
    ours.post_handshake_auth = True
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve_two, args=(listener,))
        thread.start()
        endpoint = HttpEndpoint(f"https://127.0.0.1:{listener.getsockname()[1]}/", ours, limits=LIMITS)
        assert [post(endpoint), post(endpoint, b"<second/>")] == ["ok", "net.reset sent"]
        thread.join()
        endpoint.close()
    assert seen[1].endswith(b"<second/>")


@pytest.mark.parametrize(
    ("suites", "expected"),
    [
        ("ECDHE+AES+SHA256:ECDHE+AES+SHA384:ECDHE+AES+SHA1:!AESGCM:!AESCCM", "net.handshake_refused unsent"),
        ("ECDHE+CHACHA20", "net.handshake_refused unsent"),
        ("ECDHE+AESGCM", "ok"),
    ],
)
def test_tls_1_2_is_spoken_with_forward_secrecy_and_aead_only(
    pki: DemoPki, serve_with: ServeWith, reach: Open, suites: str, expected: str
) -> None:
    context = server_context(pki.server_certificate, pki.server_key, pki.ca)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(suites)
    assert post(reach(serve_with(context, answering(OK)))) == expected


def test_silence_after_the_request_is_a_timeout_after_sending(serve: Serve, reach: Open) -> None:
    began = time.monotonic()
    assert post(reach(serve(lambda connection: connection.recv(1) and time.sleep(2)))) == "net.timeout sent"
    assert time.monotonic() - began < 1.8


@pytest.mark.parametrize("where", ["status line", "body"])
def test_dripping_server_gains_no_time(serve: Serve, reach: Open, where: str) -> None:
    """Each byte comes well within the read timeout; only the deadline of the whole call can end this."""

    def act(connection: ssl.SSLSocket) -> None:
        read_request(connection)
        head = b"" if where == "status line" else OK.replace(b"Content-Length: 2", b"Content-Length: 9000")
        connection.sendall(head)
        for byte in OK * 100:
            time.sleep(0.05)
            connection.sendall(bytes([byte]))

    began = time.monotonic()
    assert post(reach(serve(act))) == "net.timeout sent"
    assert 0.9 < time.monotonic() - began < 3


def test_server_that_does_not_read_gains_no_time(serve: Serve, reach: Open) -> None:
    began = time.monotonic()
    assert post(reach(serve(lambda connection: time.sleep(3))), b"x" * 30_000_000) == "net.timeout sent"
    assert time.monotonic() - began < 2.8


def test_connection_cut_after_the_request(serve: Serve, reach: Open) -> None:
    assert post(reach(serve(lambda connection: read_request(connection) and None))) == "net.reset sent"


def test_connection_cut_in_the_middle_of_the_request(serve: Serve, reach: Open) -> None:
    assert post(reach(serve(lambda connection: connection.recv(100) and None)), b"x" * 5_000_000) == "net.reset sent"


def test_truncated_reply(serve: Serve, reach: Open) -> None:
    def act(connection: ssl.SSLSocket) -> None:
        read_request(connection)
        connection.sendall(OK.replace(b"Content-Length: 2", b"Content-Length: 20"))

    assert post(reach(serve(act))) == "net.reset sent"


def test_reply_that_is_no_http(serve: Serve, reach: Open) -> None:
    assert post(reach(serve(answering(b"\x00\x01 hello\r\n\r\n")))) == "net.protocol sent"


@pytest.mark.parametrize("announced", [b"Content-Length: 100001", b"Transfer-Encoding: chunked"])
def test_reply_beyond_the_limit(serve: Serve, reach: Open, announced: bytes) -> None:
    def act(connection: ssl.SSLSocket) -> None:
        read_request(connection)
        body = b"x" * 100_001
        if b"chunked" in announced:
            body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + announced + b"\r\n\r\n" + body)

    assert post(reach(serve(act))) == "net.reply_too_large sent"


def test_compressed_reply_is_not_unpacked(serve: Serve, reach: Open) -> None:
    reply = OK.replace(b"Content-Length", b"Content-Encoding: gzip\r\nContent-Length")
    assert post(reach(serve(answering(reply)))) == "net.reply_encoded sent"


def test_redirect_is_an_answer_and_not_followed(serve: Serve, reach: Open) -> None:
    elsewhere: list[bytes] = []
    other = serve(lambda connection: elsewhere.append(read_request(connection)))
    moved = b"HTTP/1.1 307 Moved\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % other.encode()
    endpoint = reach(serve(answering(moved)))
    assert endpoint.post(b"", content_type="text/xml", accept="*/*").status == 307
    assert elsewhere == []


def test_proxy_of_the_environment_is_ignored(serve: Serve, reach: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert post(reach(serve(answering(OK)))) == "ok"


def test_pool_that_is_used_up_says_so_and_sends_nothing(serve: Serve, reach: Open) -> None:
    release = threading.Event()

    def act(connection: ssl.SSLSocket) -> None:
        read_request(connection)
        release.wait(5)
        connection.sendall(OK)

    limits = Limits(connect=0.3, read=3, total=3)
    endpoint = reach(serve(act), limits=limits, connections=1)
    first: list[str] = []
    thread = threading.Thread(target=lambda: first.append(post(endpoint)))
    thread.start()
    time.sleep(0.3)
    assert post(endpoint) == "net.busy unsent"
    release.set()
    thread.join()
    assert first == ["ok"]


def test_error_says_nothing_of_what_was_sent(serve: Serve, reach: Open) -> None:
    endpoint = reach(serve(lambda connection: read_request(connection) and None))
    with pytest.raises(HttpError) as raised:
        endpoint.post(b"<name>Mustermann</name>", content_type="text/xml", accept="*/*")
    assert "Mustermann" not in repr(raised.value) + repr(raised.value.__cause__)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("999999", 86_400.0),
        ("soon", None),
        ("-3", None),
        ("²", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
    ],
)
def test_retry_after_is_read(serve: Serve, reach: Open, header: str, seconds: float | None) -> None:
    reply = b"HTTP/1.1 503 Busy\r\nRetry-After: %b\r\nContent-Length: 0\r\n\r\n" % header.encode("latin-1")
    assert reach(serve(answering(reply))).post(b"", content_type="a/b", accept="*/*").retry_after == seconds


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "https://user:secret@host/", "https:///x", "https://host/#part"])
def test_url_must_be_plain_https(reach: Open, url: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        reach(url)
    assert "secret" not in str(raised.value)
