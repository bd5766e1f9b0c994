"""Gives every contract test one bench per adapter: adding an adapter means adding a bench here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapters.xta.simulator import demo_simulator
from gateway.signing.pki import DemoPki
from tests.contract.benches import Bench, XtaBench
from tests.xta_exchange import pki

__all__ = ["pki"]


@pytest.fixture(params=["xta"])
def bench(request: pytest.FixtureRequest, pki: DemoPki) -> Iterator[Bench]:
    assert request.param == "xta"
    with demo_simulator(pki) as simulator:
        made = XtaBench(simulator, pki)
        yield made
        made.close()
