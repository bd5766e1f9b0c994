"""The simulator refuses what a strict XTA server refuses, and can be started and stopped at will."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.xta.simulation.mishaps import Script
from adapters.xta.simulator import How, Mishap, Simulator, demo_simulator
from gateway.signing.pki import DemoPki
from gateway.transport.soap.envelope import S12, WSA
from gateway.transport.tls import TlsFiles, client_context
from gateway.transport.xta.service import META

ACTION = "http://www.xta.de/XTA/CreateMessageID"
AUTHOR = f'<m:Author xmlns:m="{META}"><m:Identifier type="xoev">mbp:000000001</m:Identifier></m:Author>'
Post = Callable[..., tuple[int, str]]


@pytest.fixture
def post(simulator: Simulator, pki: DemoPki) -> Post:
    """Return a function that posts raw bytes to the management port with the demo client's certificate."""

    def send(
        body: str, *, action: str = ACTION, path: str = "/XTA210managementPort.svc", method: str = "POST"
    ) -> tuple[int, str]:
        files = TlsFiles(ca_file=pki.ca, certificate_file=pki.client_certificate, key_file=pki.client_key)
        port = int(simulator.management_url.split(":")[2].split("/")[0])
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=client_context(files))
        try:
            media = f'application/soap+xml; charset=utf-8; action="{action}"'
            connection.request(method, path, body.encode(), {"Content-Type": media})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    return send


def envelope(header: str = AUTHOR, body: str = "", **changes: str) -> str:
    blocks = {"To": "urn:to", "Action": ACTION, "MessageID": f"urn:uuid:{uuid.uuid4()}"} | changes
    addressing = "".join(f"<w:{name}>{text}</w:{name}>" for name, text in blocks.items() if text)
    inside = f"<s:Header>{addressing}{header}</s:Header><s:Body>{body}</s:Body>"
    return f'<s:Envelope xmlns:s="{S12}" xmlns:w="{WSA}">{inside}</s:Envelope>'


def test_proper_request_is_answered(post: Post) -> None:
    status, text = post(envelope())
    assert status == 200
    assert "urn:de:xta:messageid:Simulator_01:" in text


@pytest.mark.parametrize(
    "request_text",
    [
        pytest.param("no xml", id="no XML"),
        pytest.param("<a/>", id="no envelope"),
        pytest.param(envelope(Action="urn:other"), id="action differs from the HTTP header"),
        pytest.param(envelope(MessageID=""), id="no MessageID"),
        pytest.param(envelope(To=""), id="no To"),
        pytest.param(envelope(AUTHOR + AUTHOR), id="author twice"),
        pytest.param(envelope(body="<a/><b/>"), id="two bodies"),
        pytest.param(
            envelope(f"{AUTHOR}<w:ReplyTo><w:Address>http://else/</w:Address></w:ReplyTo>"), id="reply to elsewhere"
        ),
    ],
)
def test_request_that_is_not_xta_gets_a_bare_fault(post: Post, request_text: str) -> None:
    status, text = post(request_text)
    assert status == 400
    assert "<s12:Fault>" in text
    assert "Exception" not in text


@pytest.mark.parametrize(
    ("header", "number"),
    [
        (AUTHOR.replace("xoev", ""), "9022"),
        (AUTHOR.replace("mbp:000000001", "mbp:000000002"), "9014"),
        ("", "9020"),
    ],
)
def test_request_with_wrong_parameters_gets_its_number(post: Post, header: str, number: str) -> None:
    status, text = post(envelope(header))
    assert status == 500
    assert f"<code>{number}</code>" in text


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"action": "urn:other"}, 404), ({"path": "/other"}, 404), ({"method": "GET"}, 405)],
)
def test_wrong_address_or_method(post: Post, changes: dict[str, str], status: int) -> None:
    assert post(envelope(), **changes)[0] == status


def test_nobody_gets_in_without_a_client_certificate(simulator: Simulator, pki: DemoPki) -> None:
    context = ssl.create_default_context(cafile=str(pki.ca))
    port = int(simulator.management_url.split(":")[2].split("/")[0])
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=context)

    def knock() -> None:
        connection.request("POST", "/XTA210managementPort.svc", b"")
        connection.getresponse()

    with pytest.raises(OSError, match=r"(?i)certificate required|reset|broken pipe|EOF"):
        knock()
    connection.close()


def test_mishap_that_answers_properly_must_be_handled() -> None:
    with pytest.raises(ValueError, match="handled=True"):
        Script().plan("sendMessage", Mishap(how=How.DELAY, seconds=1))


def test_stop_ends_every_thread_even_with_connections_open(pki: DemoPki) -> None:
    before = threading.active_count()
    simulator = demo_simulator(pki).start()
    port = int(simulator.management_url.split(":")[2].split("/")[0])
    files = TlsFiles(ca_file=pki.ca, certificate_file=pki.client_certificate, key_file=pki.client_key)
    raw = socket.create_connection(("127.0.0.1", port))
    with client_context(files).wrap_socket(raw, server_hostname="localhost") as connection:
        assert connection.version()
        simulator.stop()
    assert threading.active_count() == before


def test_command_runs_until_it_is_told_to_end(pki: DemoPki) -> None:
    root = Path(__file__).resolve().parents[3]
    command = [sys.executable, "-m", "adapters.xta.simulator", "--pki", str(pki.directory), "--port", "0"]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(20) == 0
    assert line.startswith("XTA simulator: https://127.0.0.1:")
