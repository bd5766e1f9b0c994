"""The fault table says for every number of the list, and for every neighbour of it, what is to be done."""

from __future__ import annotations

import pytest

from gateway.model import Whose
from gateway.transport.xta.faults import (
    BY_CODE,
    BY_EXCEPTION,
    for_code,
    for_network,
    for_soap_code,
    for_status,
    for_unusable_reply,
)

CLASSES = {
    **dict.fromkeys(("9010", "9011", "9012", "9013", "9014", "9080", "9081"), "H"),
    **dict.fromkeys(("9020", "9021", "9022", "9023", "9050", "9051", "9052", "9060", "9100", "9101"), "P"),
    **dict.fromkeys(("9000", "9024", "9030", "9032", "9070"), "M"),
    "9031": "R",
}


def test_every_number_has_the_class_of_the_fact_sheet() -> None:
    assert {number: rule.fault_class.value for number, rule in BY_CODE.items()} == CLASSES


def test_only_verdicts_on_the_message_are_told_to_the_portal() -> None:
    verdicts = {number for number, rule in BY_CODE.items() if rule.reason is not None}
    assert verdicts == {"9023", "9050", "9051", "9052", "9060"}


def test_reasons_carry_their_own_code_and_both_languages() -> None:
    for number, rule in BY_CODE.items():
        if rule.reason is not None:
            assert rule.reason.code == f"xta.{number}"
            assert rule.reason.de != rule.reason.en


@pytest.mark.parametrize(
    ("exception", "expected"),
    [
        ("PermissionDeniedException", "H"),
        ("ParameterIsNotValidException", "P"),
        ("XTAWSTechnicalProblemException", "M"),
        ("MessageSchemaViolationException", "P"),
        ("MessageVirusDetectionException", "P"),
        ("SyncAsyncException", "H"),
        ("InvalidMessageIDException", "M"),
        ("CancelDeniedException", "P"),
        ("SomethingNewException", "M"),
    ],
)
def test_unknown_number_goes_by_the_exception(exception: str, expected: str) -> None:
    assert for_code("9999", exception).fault_class.value == expected


def test_unknown_number_is_never_a_verdict() -> None:
    assert all(rule.reason is None for rule in BY_EXCEPTION.values())


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        *((status, "H") for status in (302, 307, 401, 403, 404, 405, 413)),
        (429, "R"),
        *((status, "M") for status in (400, 500, 502, 503, 504)),
    ],
)
def test_http_status_without_soap(status: int, expected: str) -> None:
    assert for_status(status).fault_class.value == expected


@pytest.mark.parametrize(
    ("code", "sent", "expected"),
    [
        ("net.dns", False, "R"),
        ("net.connect", False, "R"),
        ("net.tls", False, "R"),
        ("net.busy", False, "R"),
        ("net.certificate_refused", False, "H"),
        ("net.server_untrusted", False, "H"),
        ("net.handshake_refused", False, "H"),
        ("net.timeout", True, "M"),
        ("net.reset", True, "M"),
        ("net.protocol", True, "M"),
        ("net.reply_too_large", True, "M"),
    ],
)
def test_call_without_reply(code: str, sent: bool, expected: str) -> None:
    assert for_network(code, sent=sent).fault_class.value == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [("Receiver", "M"), ("Sender", "H"), ("MustUnderstand", "H"), ("VersionMismatch", "H"), ("Other", "M")],
)
def test_fault_without_detail(code: str, expected: str) -> None:
    assert for_soap_code(code).fault_class.value == expected


def test_unusable_reply_proves_nothing_unless_it_is_a_refusal() -> None:
    assert for_unusable_reply("soap.relates_to").fault_class.value == "M"
    assert for_unusable_reply("soap.version").fault_class.value == "H"


def test_hold_always_calls_the_operator() -> None:
    assert {rule.whose for rule in BY_CODE.values() if rule.fault_class.value == "H"} == {Whose.OPERATOR}
