"""A portal that sends its applications byte by byte takes no thread that others need: the real server, real sockets."""

from __future__ import annotations

import json
import select
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import urllib3

from gateway.client import PortalClient, Reply
from gateway.portal.access import new_token
from gateway.signing.pki import DemoPki
from tests.gateways import Installation, Served, install, served, wait_for
from tests.portal_harness import application

pytestmark = pytest.mark.slow

_AT_ONCE = 5.0
"""Seconds in which whoever is not slow has an answer, on a busy machine."""


def add_portal(folder: Installation, name: str) -> str:
    """Add a portal for Meppen to the configuration; return its token."""
    token, digest = new_token()
    (folder.directory / "tokens" / f"{name}.sha256").write_text(digest + "\n", encoding="ascii")
    with folder.config.open("a", encoding="utf-8") as config:
        config.write(f'\n[[portal]]\nid = "{name}"\ntoken_hash_files = ["tokens/{name}.sha256"]\n')
        config.write('tenants = ["034540035"]\n')
    return token


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Installation:
    """A gateway with four threads: two for the bodies of one portal."""
    folder = install(tmp_path_factory.mktemp("slow") / "gateway", pki)
    folder.change(f"port = {folder.port}", f"port = {folder.port}\nthreads = 4")
    return folder


@pytest.fixture(scope="module")
def others(folder: Installation) -> str:
    """The token of another portal."""
    return add_portal(folder, "other")


@pytest.fixture(scope="module")
def server(folder: Installation, others: str) -> Iterator[Served]:
    with served(folder) as one:
        yield one


def begin_upload(folder: Installation, path: str = "/v1/applications") -> socket.socket:
    """Announce an application of 1,000 bytes and send one of them."""
    sender = socket.create_connection(("127.0.0.1", folder.port), timeout=_AT_ONCE)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {folder.token}\r\n"
        f"Idempotency-Key: {uuid.uuid4()}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    )
    sender.sendall(head.encode("ascii") + b"{")
    return sender


def answered(senders: list[socket.socket]) -> list[socket.socket]:
    return select.select(senders, [], [], 0)[0]


def submit(server: Served, token: str) -> Reply:
    return PortalClient(server.client.url, token).submit(json.dumps(application()).encode(), str(uuid.uuid4()))


def within(seconds: float, call: Callable[[], int]) -> int:
    begun = time.monotonic()
    status = call()
    assert time.monotonic() - begun < seconds
    return status


def test_slow_uploads_of_one_portal_leave_everybody_else_alone(
    folder: Installation, server: Served, others: str
) -> None:
    http = urllib3.PoolManager(retries=False, timeout=_AT_ONCE)
    paths = ("/v1/applications", "/v1/applications/validate")
    with ExitStack() as stack:
        slow = [stack.enter_context(begin_upload(folder, paths[number % 2])) for number in range(12)]
        wait_for(lambda: len(answered(slow)) == 10, "all but as many as half of the threads are refused")

        assert within(_AT_ONCE, lambda: http.request("GET", f"{folder.url}/healthz").status) == 200
        assert within(_AT_ONCE, lambda: http.request("GET", f"{folder.url}/readyz").status) == 200
        assert within(_AT_ONCE, lambda: submit(server, others).status) == 202
        refused = submit(server, folder.token)
        figures = http.request("GET", f"{folder.url}/metrics").data.decode()
        assert len(answered(slow)) == 10

    assert refused.status == 429
    assert {name.lower(): value for name, value in refused.headers.items()}["retry-after"] == "1"
    assert (refused.data["code"], refused.data["retry"]) == ("request.too_many_uploads", True)
    assert 'gateway_applications_refused_total{code="request.too_many_uploads"}' in figures
    wait_for(lambda: submit(server, folder.token).status == 202, "the places are free when the senders have gone")


def test_a_slow_upload_that_is_finished_is_judged_like_any_other(folder: Installation, server: Served) -> None:
    with begin_upload(folder) as sender:
        for _ in range(3):
            time.sleep(0.05)
            sender.sendall(b" ")
        sender.sendall(b" " * 996)

        assert sender.recv(100).startswith(b"HTTP/1.1 400 ")
