"""What an operator meets: the authority is away, the certificate is wrong, the account is blocked, the time is over."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from sqlalchemy import select

from adapters.xta.simulator import DEMO_AUTHOR, Account, How, Mishap, Simulator, demo_simulator
from gateway.signing.pki import DemoPki
from gateway.store import tables
from tests.gateways import Running, assert_each_once, free_port, install, running, wait_for
from tests.portal_harness import LINGEN, captured_logs, elsewhere


def ended_attempts(log: StringIO) -> list[dict[str, str]]:
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    return [line for line in lines if line["event"] == "attempt ended"]


def tried(gateway: Running, application_id: str, times: int) -> None:
    wait_for(lambda: gateway.delivery(application_id).attempts >= times, f"{times} attempts")


def test_an_authority_that_is_away_is_tried_until_it_is_back(tmp_path: Path, pki: DemoPki) -> None:
    port = free_port()
    folder = install(tmp_path / "gateway", pki, port)
    with running(folder) as gateway:
        ids = [gateway.post() for _ in range(5)]
        for one in ids:
            tried(gateway, one, 3)
        assert {gateway.state(one) for one in ids} == {"accepted"}
        with demo_simulator(pki, port=port) as authority:
            gateway.until("answered", *ids)
            wait_for(lambda: authority.service.state.waiting(DEMO_AUTHOR) == 0, "mailbox emptied")
    assert_each_once(folder, authority, ids)


@pytest.mark.parametrize(
    ("certificate", "code"),
    [("tls-client-stranger", "xta.9012"), ("tls-client-foreign", "net.certificate_refused")],
)
def test_a_wrong_certificate_waits_for_the_operator_and_is_no_refusal(
    tmp_path: Path, pki: DemoPki, certificate: str, code: str
) -> None:
    with demo_simulator(pki) as authority:
        folder = install(tmp_path / "gateway", pki, authority)
        folder.change("pki/tls-client.pem", f"pki/{certificate}.pem")
        folder.change("pki/tls-client.key", f"pki/{certificate}.key")
        with captured_logs() as log, running(folder) as gateway:
            one = gateway.post()
            tried(gateway, one, 3)
            assert (gateway.state(one), gateway.delivery(one).state) == ("accepted", "due")
        assert {(line["code"], line["whose"], line["state"]) for line in ended_attempts(log)} == {
            (code, "operator", "due")
        }
        assert authority.office.cases == 0

        folder.change(f"pki/{certificate}.pem", "pki/tls-client.pem")
        folder.change(f"pki/{certificate}.key", "pki/tls-client.key")
        with running(folder) as gateway:
            gateway.until("answered", one)
        assert_each_once(folder, authority, [one])


def set_blocked(authority: Simulator, *, blocked: bool) -> None:
    for certificate in authority.service.accounts:
        authority.service.accounts[certificate] = Account(authors=frozenset({DEMO_AUTHOR}), blocked=blocked)


def test_a_blocked_account_waits_for_the_operator_and_goes_on_by_itself(tmp_path: Path, pki: DemoPki) -> None:
    with demo_simulator(pki) as authority:
        folder = install(tmp_path / "gateway", pki, authority)
        set_blocked(authority, blocked=True)
        with captured_logs() as log, running(folder) as gateway:
            ids = [gateway.post() for _ in range(3)]
            for one in ids:
                tried(gateway, one, 2)
            assert {gateway.delivery(one).state for one in ids} == {"due"}
            set_blocked(authority, blocked=False)
            gateway.until("answered", *ids)
        held = [line for line in ended_attempts(log) if line["code"] == "xta.9011"]
        assert {line["whose"] for line in held} == {"operator"}
        assert_each_once(folder, authority, ids)


def test_a_blocked_account_does_not_lose_what_the_authority_already_has(tmp_path: Path, pki: DemoPki) -> None:
    with demo_simulator(pki) as authority:
        folder = install(tmp_path / "gateway", pki, authority, collect_every=60.0)
        authority.script.plan("sendMessage", Mishap(how=How.HANG, handled=True))
        with running(folder) as gateway:
            one = gateway.post()
            wait_for(lambda: authority.office.cases == 1, "stored")
            set_blocked(authority, blocked=True)
            tried(gateway, one, 3)
            assert gateway.delivery(one).state == "unclear"
            set_blocked(authority, blocked=False)
            gateway.until("answered", one)
        assert_each_once(folder, authority, [one])


def test_at_the_deadline_a_person_is_called(tmp_path: Path, pki: DemoPki) -> None:
    folder = install(tmp_path / "gateway", pki, deadline=0.8)
    with running(folder) as gateway:
        one = gateway.post()
        gateway.until("undeliverable", one)
        told = gateway.get(one)
        assert [reason["code"] for reason in told["reasons"]] == ["delivery.gave_up"]
        assert gateway.delivery(one).state == "dead"
        figures = gateway.portal.get("/metrics").text
        assert 'gateway_deliveries{state="dead"} 1.0' in figures
    assert folder.events(one)[-3:] == ["delivery:gaveup", "application:undeliverable", "case:closed"]
    assert folder.audit().verdict.value == "valid"


def test_an_answer_after_the_deadline_still_counts(tmp_path: Path, pki: DemoPki) -> None:
    """The authority had the order all the time; only its server's answers got lost."""
    with demo_simulator(pki) as authority:
        folder = install(tmp_path / "gateway", pki, authority, deadline=1.0)
        authority.script.plan("sendMessage", Mishap(how=How.DROP, handled=True))
        for operation in ("getTransportReport", "getMessage"):
            authority.script.plan(operation, Mishap(how=How.DROP), times=500)
        with running(folder) as gateway:
            one = gateway.post()
            gateway.until("undeliverable", one)
            authority.script.clear()
            gateway.until("answered", one)
            assert gateway.get(one)["reasons"] == []
        assert_each_once(folder, authority, [one])
        assert folder.events(one).count("case:closed") == 2


def test_one_connection_in_trouble_holds_up_no_other(tmp_path: Path, pki: DemoPki) -> None:
    """Meppen's server says nothing at all, and every thread has met it; Lingen's applications still get there."""
    with demo_simulator(pki) as silent, demo_simulator(pki) as well:
        folder = install(tmp_path / "gateway", pki, well)
        text = folder.config.read_text(encoding="utf-8")
        start, end = text.index("[connection.xta-demo]"), text.index("[[destination]]")
        second = text[start:end].replace("xta-demo", "xta-meppen").replace(well.send_url[:24], silent.send_url[:24])
        meppen = text.index('id = "meppen"')
        text = text[:meppen] + text[meppen:].replace('connection = "xta-demo"', 'connection = "xta-meppen"', 1)
        folder.config.write_text(text.replace("[[destination]]", second + "[[destination]]", 1), encoding="utf-8")
        silent.script.plan("createMessageId", Mishap(how=How.HANG), times=500)
        with running(folder) as gateway:
            waiting = [gateway.post() for _ in range(8)]
            served = [gateway.post(elsewhere(LINGEN)) for _ in range(4)]
            gateway.until("answered", *served, seconds=15)
            assert {gateway.state(one) for one in waiting} == {"accepted"}
    rows = folder.rows(select(tables.delivery.c.connection).distinct())
    assert {row.connection for row in rows} == {"xta-demo", "xta-meppen"}
