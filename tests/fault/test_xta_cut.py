"""The line to the XTA server is cut at every place: in the handshake, in the request, in the reply. One case each time.

A relay stands before the send port and lets so many bytes through, one way or the other, before it cuts both.
"""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from adapters.xta.adapter import XtaAdapter
from adapters.xta.simulator import Simulator
from gateway.model import Outcome, OutcomeKind, Parcel
from gateway.signing.pki import DemoPki
from tests.xta_exchange import adapter_for, again, parcel

UP, DOWN = "up", "down"
EVERYTHING = 10**9


@dataclass
class Relay:
    """Forwards connections to a port; ``allowed`` bytes per direction, for the next connection only."""

    port: int
    allowed: dict[str, int]
    passed: dict[str, int]


@pytest.fixture
def relay(simulator: Simulator) -> Iterator[Relay]:
    target = int(simulator.send_url.split(":")[2].split("/")[0])
    listener = socket.create_server(("127.0.0.1", 0))
    made = Relay(port=listener.getsockname()[1], allowed={}, passed={})
    threads: list[threading.Thread] = []

    def pump(source: socket.socket, sink: socket.socket, way: str, allowed: int) -> None:
        with contextlib.suppress(OSError):
            while allowed > 0:
                data = source.recv(min(4096, allowed))
                if not data:
                    break
                sink.sendall(data)
                allowed -= len(data)
                made.passed[way] = made.passed.get(way, 0) + len(data)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", target))
            made.passed.clear()
            limits = {way: made.allowed.pop(way, EVERYTHING) for way in (UP, DOWN)}
            pair = [
                threading.Thread(target=pump, args=(near, far, UP, limits[UP])),
                threading.Thread(target=pump, args=(far, near, DOWN, limits[DOWN])),
            ]
            for thread in pair:
                thread.start()
            for thread in pair:
                thread.join()
            near.close()
            far.close()

    threads.append(threading.Thread(target=accept))
    threads[0].start()
    yield made
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    threads[0].join(10)
    assert not threads[0].is_alive()


@pytest.fixture
def adapter(simulator: Simulator, pki: DemoPki, relay: Relay) -> Iterator[XtaAdapter]:
    """Every attempt opens a new connection through the relay, because the last one was cut or closed."""
    url = simulator.send_url.replace(simulator.send_url.split(":")[2].split("/")[0], str(relay.port))
    made = adapter_for(simulator, pki, send_url=url)
    yield made
    made.close()


def attempt(adapter: XtaAdapter, made: Parcel) -> tuple[Outcome, int]:
    """Deliver, then do as the worker does until the message is there; return the first outcome and the attempts."""
    first = outcome = adapter.deliver(made)
    attempts = 1
    while outcome.kind is not OutcomeKind.DELIVERED:
        assert attempts < 5
        asked = adapter.reconcile(again(made))
        if asked.kind is OutcomeKind.DELIVERED:
            break
        assert asked.code == "xta.not_known"
        outcome = adapter.deliver(again(made))
        attempts += 1
    return first, attempts


def measured(adapter: XtaAdapter, relay: Relay) -> dict[str, int]:
    """How many bytes one undisturbed delivery takes each way."""
    made = parcel()
    adapter.deliver(dataclasses.replace(made, transport_id=adapter.reserve_id(made)))
    adapter.close()
    return dict(relay.passed)


@pytest.mark.parametrize("way", [UP, DOWN])
def test_cut_at_any_place_makes_exactly_one_case(
    adapter: XtaAdapter, simulator: Simulator, relay: Relay, way: str
) -> None:
    whole = measured(adapter, relay)[way]
    assert whole > 2_000
    places = sorted({0, 1, whole - 1, *range(0, whole, max(whole // 30, 1))})
    kinds = set()
    for number, place in enumerate(places, 1):
        made = parcel()
        made = dataclasses.replace(made, transport_id=adapter.reserve_id(made))
        relay.allowed[way] = place
        first, _ = attempt(adapter, made)
        kinds.add(first.kind)
        adapter.close()
        assert simulator.office.orders(made.message.id) == 1, f"cut after {place} of {whole} bytes"
        assert simulator.office.cases == number + 1
    assert {OutcomeKind.UNREACHABLE, OutcomeKind.UNCLEAR} <= kinds
