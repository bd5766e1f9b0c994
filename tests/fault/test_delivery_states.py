"""One attempt against every SOAP fault of the XTA table: what becomes of delivery and application.

The expected column is the fact sheet's (XTA-WS 2.1.1, code list fehlernummer 1.0; its classes are inferred):
R again later, H wait for the operator, P never as it is (dead at once), M perhaps taken, so ask first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from adapters.xta.simulator import Final, How, Mishap, Simulator, demo_simulator
from gateway.signing.pki import DemoPki
from gateway.store import tables
from gateway.store.database import moment
from tests.gateways import Running, install, running
from tests.portal_harness import captured_logs

FIRST_RETRY, RECONCILE_AFTER, HOLD = 100.0, 300.0, 2000.0
AGAIN, ASK_FIRST, WAIT_FOR_OPERATOR = "again", "ask first", "wait for the operator"
WAITS = {AGAIN: FIRST_RETRY, ASK_FIRST: RECONCILE_AFTER, WAIT_FOR_OPERATOR: HOLD}

SENDING = {
    "9000": ("unclear", ASK_FIRST, "destination"),
    "9010": ("due", WAIT_FOR_OPERATOR, "operator"),
    "9011": ("due", WAIT_FOR_OPERATOR, "operator"),
    "9012": ("due", WAIT_FOR_OPERATOR, "operator"),
    "9013": ("due", WAIT_FOR_OPERATOR, "operator"),
    "9014": ("due", WAIT_FOR_OPERATOR, "operator"),
    "9030": ("unclear", ASK_FIRST, "destination"),
    "9031": ("due", AGAIN, "destination"),
    "9032": ("unclear", ASK_FIRST, "destination"),
    "9070": ("unclear", ASK_FIRST, "destination"),
    "9080": ("due", WAIT_FOR_OPERATOR, "operator"),
    "9081": ("due", WAIT_FOR_OPERATOR, "operator"),
    "4711": ("unclear", ASK_FIRST, "destination"),
}
"""Delivery's state, when it is tried again, who has to act. 9024 depends on what was sent before."""

FINAL = {"9020": "gateway", "9021": "operator", "9022": "gateway", "9100": "gateway", "9101": "gateway"}
VERDICTS = {"9023": "portal", "9050": "gateway", "9051": "gateway", "9052": "gateway", "9060": "portal"}


@pytest.fixture(scope="module")
def authority(pki: DemoPki) -> Iterator[Simulator]:
    with demo_simulator(pki) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki, authority: Simulator) -> Iterator[Running]:
    folder = install(
        tmp_path_factory.mktemp("states") / "gateway",
        pki,
        authority,
        first_retry=FIRST_RETRY,
        longest_retry=FIRST_RETRY * 16,
        reconcile_after=RECONCILE_AFTER,
        hold=HOLD,
    )
    with running(folder, threads=False) as one:
        yield one


def attempt(gateway: Running, authority: Simulator, operation: str, number: str) -> tuple[str, dict[str, Any]]:
    """Hand in an application and attempt its delivery once, met by the fault; return its id and the log line."""
    authority.script.clear()
    authority.script.plan(operation, Mishap(how=How.FAULT, value=number))
    with captured_logs() as log:
        one = gateway.post()
        assert gateway.gateway.worker.run_once() == 1
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    (ended,) = [line for line in lines if line["event"] == "attempt ended"]
    return one, ended


def waits(gateway: Running, application_id: str) -> float:
    """Return in how many seconds the next attempt is due."""
    due = moment(gateway.delivery(application_id).next_at)
    return (due - datetime.now(UTC)).total_seconds()


@pytest.mark.parametrize("number", SENDING)
def test_a_fault_that_is_no_verdict_leaves_the_application_waiting(
    gateway: Running, authority: Simulator, number: str
) -> None:
    state, when, whose = SENDING[number]

    one, ended = attempt(gateway, authority, "sendMessage", number)

    assert (ended["code"], ended["whose"], ended["state"]) == (f"xta.{number}", whose, state)
    assert (gateway.delivery(one).state, gateway.delivery(one).owner) == (state, None)
    assert gateway.state(one) == "accepted"
    assert 0.7 * WAITS[when] < waits(gateway, one) <= WAITS[when]


def assert_given_up(gateway: Running, application_id: str) -> None:
    """The delivery is dead, and the portal is told that the operator has to act, not that it was refused."""
    assert gateway.delivery(application_id).state == "dead"
    told = gateway.get(application_id)
    assert (told["state"], [reason["code"] for reason in told["reasons"]]) == ("undeliverable", ["delivery.gave_up"])


@pytest.mark.parametrize("number", FINAL)
def test_a_fault_that_no_repetition_can_heal_calls_a_person_at_once(
    gateway: Running, authority: Simulator, number: str
) -> None:
    one, ended = attempt(gateway, authority, "sendMessage", number)

    assert (ended["code"], ended["outcome"], ended["whose"]) == (f"xta.{number}", "unreachable", FINAL[number])
    assert_given_up(gateway, one)


def test_a_red_report_that_is_no_verdict_calls_a_person_at_once(
    gateway: Running, authority: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authority.service, "final", Final.RED)
    authority.script.clear()
    one = gateway.post()
    assert gateway.gateway.worker.run_once() == 1

    t = tables.attempt.c
    found = select(t.outcome, t.code).where(t.delivery_id == gateway.delivery(one).id)
    rows = gateway.gateway.database.read(lambda c: c.execute(found).all())
    assert [tuple(row) for row in rows] == [("unreachable", "xta.failed_at_transport")]
    assert_given_up(gateway, one)


@pytest.mark.parametrize("number", VERDICTS)
def test_a_verdict_on_the_message_refuses_the_application_with_its_reason(
    gateway: Running, authority: Simulator, number: str
) -> None:
    one, ended = attempt(gateway, authority, "sendMessage", number)

    assert (ended["code"], ended["whose"], ended["state"]) == (f"xta.{number}", VERDICTS[number], "refused")
    told = gateway.get(one)
    assert (told["state"], [reason["code"] for reason in told["reasons"]]) == ("refused", [f"xta.{number}"])
    assert [entry["event"] for entry in told["history"]][-3:] == [
        "delivery:attempt:refused",
        "application:refused",
        "case:closed",
    ]


@pytest.mark.parametrize("number", [*SENDING, *FINAL, *VERDICTS])
def test_a_fault_on_reserving_an_id_is_never_unclear_never_final_and_never_a_verdict(
    gateway: Running, authority: Simulator, number: str
) -> None:
    one, ended = attempt(gateway, authority, "createMessageId", number)

    assert (ended["act"], ended["state"], gateway.state(one)) == ("reserve", "due", "accepted")
    assert gateway.delivery(one).transport_id is None
    if number in FINAL:
        assert ended["whose"] == "operator"
        assert 0.7 * HOLD < waits(gateway, one) <= HOLD


@pytest.mark.parametrize("number", ["9000", "9011", "9030", "9070"])
def test_a_message_that_was_taken_stays_unclear_while_its_report_is_refused(
    gateway: Running, authority: Simulator, number: str
) -> None:
    one, ended = attempt(gateway, authority, "getTransportReport", number)

    assert (ended["code"], ended["state"], gateway.state(one)) == ("xta.report_missing", "unclear", "accepted")
    assert authority.office.orders(gateway.message_id(one)) == 1


def test_an_id_that_is_taken_at_the_first_attempt_calls_the_operator(gateway: Running, authority: Simulator) -> None:
    one, ended = attempt(gateway, authority, "sendMessage", "9024")

    assert (ended["code"], ended["whose"], ended["state"]) == ("xta.id_reused", "operator", "unclear")
    assert 0.7 * HOLD < waits(gateway, one) <= HOLD


def test_every_attempt_has_its_row_with_its_end(gateway: Running, authority: Simulator) -> None:
    one, _ = attempt(gateway, authority, "sendMessage", "9031")

    t = tables.attempt.c
    found = select(t.number, t.act, t.outcome, t.code).where(t.delivery_id == gateway.delivery(one).id)
    rows = gateway.gateway.database.read(lambda c: c.execute(found).all())
    assert [tuple(row) for row in rows] == [(1, "deliver", "unreachable", "xta.9031")]
