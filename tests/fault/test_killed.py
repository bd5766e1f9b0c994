"""The gateway is killed at the worst moments and another process takes over: nothing is lost, nothing is doubled."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from sqlalchemy import select

from adapters.xta.simulator import How, Mishap, Simulator, demo_simulator
from gateway.client import Unreachable
from gateway.signing.pki import DemoPki
from gateway.store import tables
from tests.gateways import Served, assert_each_once, install, running, served, wait_for
from tests.portal_harness import application

pytestmark = pytest.mark.slow

_NEVER = {"collect_every": 60.0, "read_timeout": 30.0, "total_timeout": 60.0}
"""Nothing ends by itself before the kill, and a mailbox is opened at the start and after a delivery only."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A moment to kill: the call that hangs, whether the authority carried it out before, and how to notice it."""

    operation: str
    handled: bool
    reached: Callable[[Simulator], bool]


def _taken(authority: Simulator) -> bool:
    return len(authority.script) == 0


def _stored(authority: Simulator) -> bool:
    return authority.office.cases == 1


def _confirmed(authority: Simulator) -> bool:
    return _stored(authority) and authority.service.state.waiting("mbp:000000001") == 0


MOMENTS = {
    "createMessageId asked": Moment(operation="createMessageId", handled=False, reached=_taken),
    "createMessageId answered, answer lost": Moment(operation="createMessageId", handled=True, reached=_taken),
    "sendMessage asked, nothing stored": Moment(operation="sendMessage", handled=False, reached=_taken),
    "sendMessage stored, answer lost": Moment(operation="sendMessage", handled=True, reached=_stored),
    "transport report asked": Moment(operation="getTransportReport", handled=False, reached=_taken),
    "reply given out, never arrived": Moment(operation="getMessage", handled=True, reached=_taken),
    "reply kept, mailbox not closed": Moment(operation="close", handled=False, reached=_taken),
    "mailbox closed, answer lost": Moment(operation="close", handled=True, reached=_confirmed),
}


@pytest.mark.parametrize("name", MOMENTS)
def test_killed_while_a_call_hangs_and_taken_over(tmp_path: Path, pki: DemoPki, name: str) -> None:
    moment = MOMENTS[name]
    with demo_simulator(pki) as authority:
        folder = install(tmp_path / "gateway", pki, authority, **_NEVER)
        with served(folder) as first:
            wait_for(lambda: authority.service.state.iterators, "the mailbox opened at the start")
            authority.script.plan(moment.operation, Mishap(how=How.HANG, handled=moment.handled))
            one = first.post()
            wait_for(lambda: moment.reached(authority), name)
            first.kill()
        before = folder.events(one)

        with running(folder) as second:
            second.until("answered", one)
            wait_for(lambda: authority.service.state.waiting("mbp:000000001") == 0, "mailbox emptied")

        assert_each_once(folder, authority, [one])
        assert folder.events(one)[: len(before)] == before
        assert [folder.events(one).count(event) for event in ("reply:received", "application:answered")] == [1, 1]


def test_killed_right_after_the_202_of_several(tmp_path: Path, pki: DemoPki) -> None:
    with demo_simulator(pki) as authority:
        folder = install(tmp_path / "gateway", pki, authority)
        with served(folder) as first:
            ids = [first.post() for _ in range(8)]
            first.kill()

        with served(folder) as second:
            second.until("answered", *ids)
            assert second.terminate() == 0

        assert_each_once(folder, authority, ids)


def test_killed_while_portals_hand_in_and_asked_again_with_the_same_keys(tmp_path: Path, pki: DemoPki) -> None:
    """What got its 202 is there, what got none is not half there, and repeating everything doubles nothing."""
    wishes = {f"key-{number}": application(portal_case=f"OR-2026-{number:06}") for number in range(40)}
    promised: dict[str, str] = {}
    one_at_a_time = threading.Lock()

    def hand_in(server: Served, key: str) -> None:
        try:
            answer = server.post(wishes[key], key=key)
        except Unreachable:
            return
        with one_at_a_time:
            promised[key] = answer
            if len(promised) == 12:
                server.kill()

    with demo_simulator(pki) as authority:
        folder = install(tmp_path / "gateway", pki, authority)
        with served(folder) as first, ThreadPoolExecutor(4) as pool:
            for handed_in in [pool.submit(hand_in, first, key) for key in wishes]:
                handed_in.result()
        assert 12 <= len(promised) < len(wishes)
        kept = {row.id for row in folder.rows(select(tables.application.c.id))}
        assert set(promised.values()) <= kept

        with served(folder) as second:
            again = {key: second.post(body, key=key) for key, body in wishes.items()}
            second.until("answered", *again.values())
            assert second.terminate() == 0

        assert {key: again[key] for key in promised} == promised
        assert_each_once(folder, authority, again.values())


def test_stopped_during_a_delivery_hands_it_back_and_exits_well(tmp_path: Path, pki: DemoPki) -> None:
    with demo_simulator(pki) as authority:
        folder = install(tmp_path / "gateway", pki, authority, read_timeout=1.5, collect_every=60.0)
        with served(folder) as first:
            authority.script.plan("sendMessage", Mishap(how=How.HANG, handled=True))
            one = first.post()
            wait_for(lambda: authority.office.cases == 1, "stored")
            assert first.terminate() == 0
        delivery = folder.rows(select(tables.delivery.c.owner, tables.delivery.c.state))
        assert [tuple(row) for row in delivery] == [(None, "unclear")]
        assert folder.events(one)[-1] == "delivery:attempt:unclear"
        assert (folder.audit().verdict.value, folder.audit().pending) == ("valid", 0)

        with running(folder) as second:
            second.until("answered", one)

        assert_each_once(folder, authority, [one])


def test_stopped_with_a_queue_finishes_what_is_in_hand_and_loses_nothing(tmp_path: Path, pki: DemoPki) -> None:
    with demo_simulator(pki) as authority:
        folder = install(tmp_path / "gateway", pki, authority)
        with served(folder) as first:
            authority.script.plan("sendMessage", Mishap(how=How.DELAY, handled=True, seconds=0.4), times=12)
            ids = [first.post() for _ in range(12)]
            assert first.terminate() == 0
        held = folder.rows(select(tables.delivery.c.id).where(tables.delivery.c.owner.is_not(None)))
        assert held == []
        authority.script.clear()

        with running(folder) as second:
            second.until("answered", *ids)

        assert_each_once(folder, authority, ids)


def test_a_worker_that_dies_alone_ends_the_command_so_that_it_is_started_again(tmp_path: Path, pki: DemoPki) -> None:
    with demo_simulator(pki) as authority:
        folder = install(tmp_path / "gateway", pki, authority)
        with served(folder) as first:
            (worker,) = psutil.Process(first.process.pid).children()
            os.kill(worker.pid, signal.SIGKILL)
            assert first.process.wait(20) != 0
        with running(folder) as second:
            second.until("answered", second.post())


def test_a_parent_that_dies_alone_takes_its_worker_with_it(tmp_path: Path, pki: DemoPki) -> None:
    """``kill -9`` on the process that an operator knows: the successor must find port and database free."""
    with demo_simulator(pki) as authority:
        folder = install(tmp_path / "gateway", pki, authority, **_NEVER)
        with served(folder) as first:
            (worker,) = psutil.Process(first.process.pid).children()
            authority.script.plan("sendMessage", Mishap(how=How.HANG, handled=True))
            one = first.post()
            wait_for(lambda: authority.office.cases == 1, "stored")
            first.process.kill()
            first.process.wait(10)
            worker.wait(10)

        with served(folder) as second:
            second.until("answered", one)
            assert second.terminate() == 0

        assert_each_once(folder, authority, [one])


def test_a_second_gateway_on_the_same_database_is_refused(tmp_path: Path, pki: DemoPki) -> None:
    folder = install(tmp_path / "gateway", pki)
    with running(folder, threads=False):
        ended = folder.command("serve")
    assert ended.returncode == 2
    assert "belongs to another running gateway" in ended.stderr
