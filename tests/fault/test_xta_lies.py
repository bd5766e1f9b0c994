"""The XTA server breaks off, stalls, lies and refuses in every way of the fact sheet: nothing is lost or doubled."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import pytest

from adapters.xta.adapter import XtaAdapter
from adapters.xta.simulation.service import EICAR
from adapters.xta.simulator import Account, Final, How, Mishap, Simulator
from gateway.errors import TransportError
from gateway.model import Attachment, OutcomeKind, Whose
from gateway.signing.pki import DemoPki
from tests.xta_exchange import adapter_for, again, parcel, reserved

DELIVERED, REFUSED = OutcomeKind.DELIVERED, OutcomeKind.REFUSED
UNREACHABLE, UNCLEAR = OutcomeKind.UNREACHABLE, OutcomeKind.UNCLEAR


@pytest.mark.parametrize(
    ("number", "kind", "whose", "permanent"),
    [
        ("9000", UNCLEAR, Whose.DESTINATION, False),
        *((one, UNREACHABLE, Whose.OPERATOR, False) for one in ("9010", "9011", "9012", "9013", "9014")),
        ("9020", UNREACHABLE, Whose.GATEWAY, True),
        ("9021", UNREACHABLE, Whose.OPERATOR, True),
        ("9022", UNREACHABLE, Whose.GATEWAY, True),
        ("9023", REFUSED, Whose.PORTAL, False),
        ("9030", UNCLEAR, Whose.DESTINATION, False),
        ("9031", UNREACHABLE, Whose.DESTINATION, False),
        ("9032", UNCLEAR, Whose.DESTINATION, False),
        *((one, REFUSED, Whose.GATEWAY, False) for one in ("9050", "9051", "9052")),
        ("9060", REFUSED, Whose.PORTAL, False),
        ("9080", UNREACHABLE, Whose.OPERATOR, False),
        ("9081", UNREACHABLE, Whose.OPERATOR, False),
        *((one, UNREACHABLE, Whose.GATEWAY, True) for one in ("9100", "9101")),
        ("4711", UNCLEAR, Whose.DESTINATION, False),
    ],
)
def test_fault_on_sending(
    adapter: XtaAdapter, simulator: Simulator, number: str, kind: OutcomeKind, whose: Whose, permanent: bool
) -> None:
    made = reserved(adapter, parcel())
    simulator.script.plan("sendMessage", Mishap(how=How.FAULT, value=number))
    outcome = adapter.deliver(made)
    assert (outcome.kind, outcome.code, outcome.whose) == (kind, f"xta.{number}", whose)
    assert outcome.permanent is permanent
    assert [one.code for one in outcome.reasons] == ([f"xta.{number}"] if kind is REFUSED else [])
    assert (outcome.receipt is not None) is (kind is REFUSED)


LIES = [
    pytest.param(Mishap(how=How.BARE_FAULT, value="Receiver"), UNCLEAR, "soap.fault.Receiver", id="bare Receiver"),
    pytest.param(Mishap(how=How.BARE_FAULT, value="Sender"), UNREACHABLE, "soap.fault.Sender", id="bare Sender"),
    pytest.param(Mishap(how=How.STATUS, value="503"), UNCLEAR, "http.503", id="503"),
    pytest.param(Mishap(how=How.STATUS, value="302"), UNREACHABLE, "http.302", id="302"),
    pytest.param(Mishap(how=How.STATUS, value="404"), UNREACHABLE, "http.404", id="404"),
    pytest.param(Mishap(how=How.STATUS, value="413"), UNREACHABLE, "http.413", id="413"),
    pytest.param(Mishap(how=How.STATUS, value="200"), UNCLEAR, "soap.media_type", id="a web page"),
    pytest.param(Mishap(how=How.GARBAGE, value="<a>"), UNCLEAR, "soap.xml", id="broken XML"),
    pytest.param(Mishap(how=How.GARBAGE, value="<a/>"), UNCLEAR, "soap.structure", id="other XML"),
    pytest.param(Mishap(how=How.NO_HTTP), UNCLEAR, "net.protocol", id="no HTTP"),
    pytest.param(Mishap(how=How.DROP), UNCLEAR, "net.reset", id="dropped before storing"),
    pytest.param(Mishap(how=How.DROP, handled=True), UNCLEAR, "net.reset", id="dropped after storing"),
    pytest.param(Mishap(how=How.HANG), UNCLEAR, "net.timeout", id="silent before storing"),
    pytest.param(Mishap(how=How.HANG, handled=True), UNCLEAR, "net.timeout", id="silent after storing"),
    pytest.param(Mishap(how=How.DELAY, handled=True, seconds=1.2), UNCLEAR, "net.timeout", id="too slow"),
    pytest.param(Mishap(how=How.DRIP, handled=True, seconds=0.1), UNCLEAR, "net.timeout", id="dripping"),
    pytest.param(Mishap(how=How.WRONG_RELATES_TO, handled=True), UNCLEAR, "soap.relates_to", id="another's answer"),
    pytest.param(Mishap(how=How.TRUNCATED, handled=True), UNCLEAR, "net.reset", id="truncated"),
    pytest.param(Mishap(how=How.MULTIPART, handled=True), UNCLEAR, "soap.multipart", id="MTOM"),
    pytest.param(Mishap(how=How.ENDLESS, handled=True), UNCLEAR, "net.", id="endless"),
]


@pytest.mark.parametrize(("mishap", "kind", "code"), LIES)
def test_lie_on_sending_ends_as_its_class_says_and_the_next_try_makes_one_case(
    adapter: XtaAdapter, simulator: Simulator, mishap: Mishap, kind: OutcomeKind, code: str
) -> None:
    made = reserved(adapter, parcel())
    simulator.script.plan("sendMessage", mishap)
    began = time.monotonic()
    outcome = adapter.deliver(made)
    assert time.monotonic() - began < 5
    assert outcome.kind is kind
    assert outcome.code.startswith(code)
    if adapter.reconcile(again(made)).kind is not DELIVERED:
        assert adapter.deliver(again(made)).kind is DELIVERED
    assert (simulator.office.orders(made.message.id), simulator.office.cases) == (1, 1)


@pytest.mark.parametrize(("mishap", "kind", "code"), LIES)
def test_lie_in_the_report_after_sending_is_unclear(
    adapter: XtaAdapter, simulator: Simulator, mishap: Mishap, kind: OutcomeKind, code: str
) -> None:
    made = reserved(adapter, parcel())
    simulator.script.plan("getTransportReport", mishap)
    outcome = adapter.deliver(made)
    assert (outcome.kind, outcome.code) == (UNCLEAR, "xta.report_missing")
    assert adapter.reconcile(again(made)).kind is DELIVERED


@pytest.mark.parametrize(("mishap", "kind", "code"), LIES)
def test_lie_on_asking_never_counts_as_an_answer(
    adapter: XtaAdapter, simulator: Simulator, mishap: Mishap, kind: OutcomeKind, code: str
) -> None:
    made = reserved(adapter, parcel())
    simulator.script.plan("getTransportReport", mishap)
    assert adapter.reconcile(again(made)).kind is UNCLEAR


@pytest.mark.parametrize(("mishap", "kind", "code"), LIES)
def test_lie_on_reserving_is_unreachable_because_nothing_was_sent(
    adapter: XtaAdapter, simulator: Simulator, mishap: Mishap, kind: OutcomeKind, code: str
) -> None:
    simulator.script.plan("createMessageId", mishap)
    with pytest.raises(TransportError) as raised:
        adapter.reserve_id(parcel())
    assert raised.value.outcome.kind is UNREACHABLE


def test_used_id_on_a_second_attempt_is_reconciled(adapter: XtaAdapter) -> None:
    made = reserved(adapter, parcel())
    adapter.deliver(made)
    assert adapter.deliver(again(made)).code == "xta.delivered"


def test_used_id_on_a_first_attempt_raises_the_alarm(adapter: XtaAdapter, simulator: Simulator) -> None:
    other = reserved(adapter, parcel())
    adapter.deliver(other)
    ours = parcel(transport_id=other.transport_id)
    outcome = adapter.deliver(ours)
    assert (outcome.kind, outcome.code, outcome.whose) == (UNCLEAR, "xta.id_reused", Whose.OPERATOR)
    asked = adapter.reconcile(again(ours))
    assert (asked.kind, asked.code, asked.whose) == (UNCLEAR, "xta.report_mismatch", Whose.OPERATOR)
    assert simulator.office.orders(ours.message.id) == 0


def test_used_id_without_a_report_stays_unclear(adapter: XtaAdapter, simulator: Simulator) -> None:
    made = reserved(adapter, parcel())
    adapter.deliver(made)
    simulator.script.plan("getTransportReport", Mishap(how=How.FAULT, value="9070"))
    outcome = adapter.deliver(again(made))
    assert (outcome.kind, outcome.code) == (UNCLEAR, "xta.report_missing")


def test_open_report_of_an_id_that_was_only_issued_proves_nothing(adapter: XtaAdapter, simulator: Simulator) -> None:
    simulator.service.knows_issued_ids = True
    made = reserved(adapter, parcel())
    outcome = adapter.reconcile(again(made))
    assert (outcome.kind, outcome.code) == (UNREACHABLE, "xta.not_known")


def test_open_report_of_a_message_on_its_way_is_unclear(adapter: XtaAdapter, simulator: Simulator) -> None:
    simulator.service.open_polls = 1
    made = reserved(adapter, parcel())
    outcome = adapter.deliver(made)
    assert (outcome.kind, outcome.code) == (UNCLEAR, "xta.report_open")


@pytest.mark.parametrize(
    ("final", "kind", "code", "whose"),
    [
        (Final.GREEN, DELIVERED, "xta.delivered", Whose.DESTINATION),
        (Final.YELLOW, DELIVERED, "xta.delivered_with_warning", Whose.DESTINATION),
        (Final.RED, UNREACHABLE, "xta.failed_at_transport", Whose.OPERATOR),
        (Final.REFUSED, REFUSED, "xta.refused_at_transport", Whose.GATEWAY),
    ],
)
def test_closed_report(
    adapter: XtaAdapter, simulator: Simulator, final: Final, kind: OutcomeKind, code: str, whose: Whose
) -> None:
    simulator.service.final = final
    outcome = adapter.deliver(reserved(adapter, parcel()))
    assert (outcome.kind, outcome.code, outcome.whose) == (kind, code, whose)
    assert outcome.permanent is (final is Final.RED)
    assert outcome.receipt is not None
    assert b"MessageStatus" in outcome.receipt


def test_size_is_checked_before_anything_is_built(adapter: XtaAdapter, simulator: Simulator) -> None:
    big = Attachment(filename="plan.pdf", media_type="application/pdf", content=b"x" * 40_000_000)
    made = reserved(adapter, parcel(attachments=(big,)))
    before = simulator.connections
    outcome = adapter.deliver(made)
    assert (outcome.kind, outcome.code, outcome.whose) == (REFUSED, "xta.too_large", Whose.PORTAL)
    assert simulator.connections == before


def test_large_attachment_arrives(simulator: Simulator, pki: DemoPki) -> None:
    adapter = adapter_for(simulator, pki, read_timeout=30, total_timeout=60)
    big = Attachment(filename="plan.pdf", media_type="application/pdf", content=b"\r\n" * 10_000_000)
    assert adapter.deliver(reserved(adapter, parcel(attachments=(big,)))).kind is DELIVERED
    adapter.close()


def test_server_finds_malicious_code(adapter: XtaAdapter) -> None:
    bad = Attachment(filename="a.txt", media_type="text/plain", content=EICAR)
    outcome = adapter.deliver(reserved(adapter, parcel(attachments=(bad,))))
    assert (outcome.kind, outcome.code) == (REFUSED, "xta.9060")


def test_server_refuses_a_message_of_another_type_than_announced(adapter: XtaAdapter) -> None:
    made = parcel()
    made = dataclasses.replace(made, message=dataclasses.replace(made.message, root="something.else.1701"))
    assert adapter.deliver(reserved(adapter, made)).code == "xta.9052"


def test_author_that_the_certificate_does_not_cover(adapter: XtaAdapter, simulator: Simulator) -> None:
    made = reserved(adapter, parcel())
    other = dataclasses.replace(made.author, identifier="mbp:999999999")
    outcome = adapter.deliver(dataclasses.replace(made, author=other))
    assert (outcome.kind, outcome.code, outcome.whose) == (UNREACHABLE, "xta.9014", Whose.OPERATOR)


def test_blocked_account(adapter: XtaAdapter, simulator: Simulator) -> None:
    made = reserved(adapter, parcel())
    for certificate, account in simulator.service.accounts.items():
        simulator.service.accounts[certificate] = Account(authors=account.authors, blocked=True)
    assert adapter.deliver(made).code == "xta.9011"
    assert [one.text[:8] for one in adapter.check() if one.level == "error"] == ["xta.9011"]


def test_foreign_certificate_is_refused_in_the_handshake(simulator: Simulator, pki: DemoPki) -> None:
    foreign = adapter_for(
        simulator, pki, client_certificate_file=pki.foreign_certificate, client_key_file=pki.foreign_key
    )
    with pytest.raises(TransportError) as raised:
        foreign.reserve_id(parcel())
    outcome = raised.value.outcome
    assert (outcome.kind, outcome.code, outcome.whose) == (UNREACHABLE, "net.certificate_refused", Whose.OPERATOR)
    foreign.close()


def test_server_that_only_impersonates_is_not_spoken_to(simulator: Simulator, pki: DemoPki) -> None:
    pinned = adapter_for(simulator, pki, ca_file=pki.foreign_ca)
    outcome = pinned.deliver(parcel(transport_id="urn:de:xta:messageid:x:00000000-0000-4000-8000-000000000000"))
    assert (outcome.kind, outcome.code, outcome.whose) == (UNREACHABLE, "net.server_untrusted", Whose.OPERATOR)
    pinned.close()


def test_message_type_without_configuration_is_the_operators_matter(adapter: XtaAdapter) -> None:
    made = reserved(adapter, parcel())
    outcome = adapter.deliver(
        dataclasses.replace(made, message=dataclasses.replace(made.message, standard="xpersonenstand"))
    )
    assert (outcome.kind, outcome.code, outcome.whose) == (UNREACHABLE, "xta.message_not_configured", Whose.OPERATOR)


def test_nothing_personal_is_in_what_the_adapter_raises_or_returns(
    adapter: XtaAdapter, simulator: Simulator, tmp_path: Path
) -> None:
    made = reserved(adapter, parcel(familienname="Geheimname"))
    simulator.script.plan("sendMessage", Mishap(how=How.GARBAGE, value="<Geheimname/>"))
    outcome = adapter.deliver(made)
    assert "Geheimname" not in repr(outcome)
