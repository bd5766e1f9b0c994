"""What each way of failing means for the message: the fault table of XTA-WS 2.1.1 and its neighbours, as data.

Source: code list ``urn:de:xta:webservice:codeliste:fehlernummer`` 1.0 and the exceptions of XTA-WS 2.1.1; the sorting
into classes is inferred. The decision is made by detail element and code, never by Sender/Receiver or HTTP status.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateway.model import Reason, Whose


class FaultClass(StrEnum):
    """What to do: the letters of the fact sheet."""

    RETRY = "R"
    """Certainly not taken: again later, under the same id."""
    HOLD = "H"
    """Certainly not taken, and will not be before somebody changes the route or the account."""
    PERMANENT = "P"
    """Certainly not taken, and never will be as it is."""
    MAYBE = "M"
    """Perhaps taken: ask before anything is sent again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """``reason`` is set where the failure is a verdict on the message that the portal should hear."""

    fault_class: FaultClass
    whose: Whose
    reason: Reason | None = None


class XtaError(Exception):
    """A call ended without its result. ``code`` is stable (``xta.9030``, ``net.timeout``, ``http.503``).

    ``raw`` is the reply as received, if there was one (it may hold personal data: evidence, never a log line).
    """

    def __init__(self, code: str, rule: Rule, *, raw: bytes | None = None, retry_after: float | None = None) -> None:
        self.code = code
        self.rule = rule
        self.raw = raw
        self.retry_after = retry_after
        super().__init__(code)


def _verdict(code: str, whose: Whose, de: str, en: str) -> Rule:
    return Rule(fault_class=FaultClass.PERMANENT, whose=whose, reason=Reason(code=code, de=de, en=en))


_R, _H, _P, _M = FaultClass.RETRY, FaultClass.HOLD, FaultClass.PERMANENT, FaultClass.MAYBE
_RETRY = Rule(fault_class=_R, whose=Whose.DESTINATION)
_HOLD = Rule(fault_class=_H, whose=Whose.OPERATOR)
_MAYBE = Rule(fault_class=_M, whose=Whose.DESTINATION)
_DEFECT = Rule(fault_class=_P, whose=Whose.GATEWAY)

ID_UNKNOWN = "xta.9070"
ID_USED = "xta.9024"

BY_CODE: dict[str, Rule] = {
    "9000": _MAYBE,
    "9010": _HOLD,
    "9011": _HOLD,
    "9012": _HOLD,
    "9013": _HOLD,
    "9014": _HOLD,
    "9020": _DEFECT,
    "9021": Rule(fault_class=_P, whose=Whose.OPERATOR),
    "9022": _DEFECT,
    "9023": _verdict(
        "xta.9023",
        Whose.PORTAL,
        "Die Nachricht mit ihren Anlagen ist für die Empfängerseite zu groß; bitte kleinere Anlagen einreichen.",
        "The message with its attachments is too large for the recipient; please hand in smaller attachments.",
    ),
    "9024": _MAYBE,
    "9030": _MAYBE,
    "9031": _RETRY,
    "9032": _MAYBE,
    "9050": _verdict(
        "xta.9050",
        Whose.GATEWAY,
        "Die Empfängerseite hat die Nachricht als nicht schemagerecht abgewiesen; der Betreiber muss das prüfen.",
        "The recipient refused the message as not valid against its schema; the operator has to look into it.",
    ),
    "9051": _verdict(
        "xta.9051",
        Whose.GATEWAY,
        "Die Empfängerseite hat die Zeichenkodierung der Nachricht abgewiesen; der Betreiber muss das prüfen.",
        "The recipient refused the character encoding of the message; the operator has to look into it.",
    ),
    "9052": _verdict(
        "xta.9052",
        Whose.GATEWAY,
        "Die Nachricht verletzt das Dienstprofil der Empfängerseite; der Betreiber muss das prüfen.",
        "The message violates the recipient's service profile; the operator has to look into it.",
    ),
    "9060": _verdict(
        "xta.9060",
        Whose.PORTAL,
        "Die Empfängerseite hat Schadcode gefunden und die Nachricht abgewiesen; bitte die Anlagen prüfen.",
        "The recipient found malicious code and refused the message; please check the attachments.",
    ),
    "9070": _MAYBE,
    "9080": _HOLD,
    "9081": _HOLD,
    "9100": _DEFECT,
    "9101": _DEFECT,
}

BY_EXCEPTION: dict[str, Rule] = {
    "PermissionDeniedException": _HOLD,
    "ParameterIsNotValidException": Rule(fault_class=_P, whose=Whose.OPERATOR),
    "XTAWSTechnicalProblemException": _MAYBE,
    "MessageSchemaViolationException": Rule(fault_class=_P, whose=Whose.OPERATOR),
    "MessageVirusDetectionException": Rule(fault_class=_P, whose=Whose.OPERATOR),
    "InvalidMessageIDException": _MAYBE,
    "SyncAsyncException": _HOLD,
    "CancelDeniedException": _DEFECT,
}
"""For codes that are not in the list. None of these is a verdict: an unknown code goes to the operator."""

_BY_SOAP_CODE: dict[str, Rule] = {
    "Receiver": _MAYBE,
    "Sender": _HOLD,
    "MustUnderstand": _HOLD,
    "VersionMismatch": _HOLD,
    "DataEncodingUnknown": _HOLD,
}

_BY_NET_CODE: dict[str, Rule] = {
    "net.certificate_refused": _HOLD,
    "net.handshake_refused": _HOLD,
    "net.server_untrusted": _HOLD,
}

_BY_STATUS: dict[int, Rule] = {
    401: _HOLD,
    403: _HOLD,
    404: _HOLD,
    405: _HOLD,
    413: _HOLD,
    429: _RETRY,
}


def for_code(code: str, exception: str) -> Rule:
    """Return the rule of an XTA error number, or of the exception's name where the number is not in the list."""
    return BY_CODE.get(code) or BY_EXCEPTION.get(exception, _MAYBE)


def for_soap_code(code: str) -> Rule:
    """Return the rule of a fault without XTA detail."""
    return _BY_SOAP_CODE.get(code, _MAYBE)


def for_status(status: int) -> Rule:
    """Return the rule of an HTTP status that came without a SOAP envelope. A redirect is never followed.

    413 is held, not refused: with a size below the agreed 40 MB it is a proxy's setting, not the recipient's verdict.
    """
    if 300 <= status < 400:
        return _HOLD
    return _BY_STATUS.get(status, _MAYBE)


def for_network(code: str, *, sent: bool) -> Rule:
    """Return the rule of a call without any reply: what left this machine may have arrived."""
    return _MAYBE if sent else _BY_NET_CODE.get(code, _RETRY)


def for_unusable_reply(code: str) -> Rule:
    """Return the rule of a reply that is not one: a SOAP 1.1 refusal shows a wrong route, the rest proves nothing."""
    return _HOLD if code == "soap.version" else _MAYBE
