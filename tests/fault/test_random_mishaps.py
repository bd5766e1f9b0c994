"""Fifteen applications against a server on which every operation may fail in every way, in a random order."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from adapters.xta.simulator import DEMO_AUTHOR, How, Mishap, Simulator, demo_simulator
from gateway.signing.pki import DemoPki
from gateway.store.deliveries import open_count
from tests.gateways import assert_each_once, install, running, wait_for

pytestmark = pytest.mark.slow

OPERATIONS = ("createMessageId", "sendMessage", "getTransportReport", "getMessage", "getNextMessage", "close")
EITHER_WAY = (
    Mishap(how=How.DROP),
    Mishap(how=How.HANG),
    Mishap(how=How.BARE_FAULT, value="Receiver"),
    Mishap(how=How.BARE_FAULT, value="Sender"),
    Mishap(how=How.STATUS, value="502"),
    Mishap(how=How.STATUS, value="404"),
    Mishap(how=How.STATUS, value="302"),
    Mishap(how=How.GARBAGE, value="<a><b></a>"),
    Mishap(how=How.GARBAGE, value='<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
    Mishap(how=How.NO_HTTP),
    *(
        Mishap(how=How.FAULT, value=number)
        for number in ("9000", "9011", "9024", "9030", "9031", "9032", "9070", "9080", "4711")
    ),
)
"""What can happen whether or not the order was carried out before.

9020 to 9023 and 9050 to 9060 are missing: they end the delivery.
"""
PROPERLY = (
    Mishap(how=How.DELAY, handled=True, seconds=0.2),
    Mishap(how=How.DELAY, handled=True, seconds=0.6),
    Mishap(how=How.DRIP, handled=True, seconds=0.01),
    Mishap(how=How.WRONG_RELATES_TO, handled=True),
    Mishap(how=How.TRUNCATED, handled=True),
    Mishap(how=How.MULTIPART, handled=True),
)
"""What happens to a proper answer."""
MANY, APPLICATIONS = 60, 15


def plan(chance: random.Random, authority: Simulator) -> None:
    for _ in range(MANY):
        mishap = chance.choice(EITHER_WAY + PROPERLY)
        if mishap in EITHER_WAY and chance.random() < 0.5:
            mishap = Mishap(how=mishap.how, handled=True, value=mishap.value)
        authority.script.plan(chance.choice(OPERATIONS), mishap)
    for how in (How.DROP, How.HANG):
        authority.script.plan("connect", Mishap(how=how), times=3)


@pytest.mark.parametrize("seed", range(3))
def test_every_application_ends_well_and_none_is_doubled(tmp_path: Path, pki: DemoPki, seed: int) -> None:
    chance = random.Random(seed)
    with demo_simulator(pki) as authority:
        authority.service.knows_issued_ids = chance.random() < 0.5
        authority.service.open_polls = chance.randrange(3)
        folder = install(
            tmp_path / "gateway", pki, authority, read_timeout=0.4, connect_timeout=0.4, total_timeout=1.0, hold=0.2
        )
        plan(chance, authority)
        planned = len(authority.script)
        with running(folder) as gateway:
            ids = [gateway.post() for _ in range(APPLICATIONS)]
            gateway.until("answered", *ids, seconds=60)
            wait_for(lambda: gateway.gateway.database.read(open_count) == 0, "deliveries settled")
            wait_for(lambda: authority.service.state.waiting(DEMO_AUTHOR) == 0, "mailbox emptied", seconds=60)
        assert planned - len(authority.script) > planned // 3, "too few mishaps were met to mean something"
        assert_each_once(folder, authority, ids)
