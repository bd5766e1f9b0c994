"""What an XTA call's end means for the delivery: pure functions from errors and reports to an Outcome.

Refused is only what is a verdict on this message (schema, profile, size, malicious code). A wrong route or account is
not the citizen's matter: the message waits, and the operator is called. What can never succeed as it is (class P on
sending, a red report) is permanent: a person decides at once, not after a week of vain attempts.
"""

from __future__ import annotations

from gateway.model import Outcome, OutcomeKind, Whose
from gateway.transport.xta import faults
from gateway.transport.xta.faults import FaultClass, XtaError
from gateway.transport.xta.records import Status, TransportReport

_ERROR_LIST = "urn:de:xta:webservice:codeliste:fehlernummer"
_KIND = {
    FaultClass.RETRY: OutcomeKind.UNREACHABLE,
    FaultClass.HOLD: OutcomeKind.UNREACHABLE,
    FaultClass.PERMANENT: OutcomeKind.UNREACHABLE,
    FaultClass.MAYBE: OutcomeKind.UNCLEAR,
}

_BY_STATUS = {
    Status.OPEN: (OutcomeKind.UNCLEAR, "xta.report_open"),
    Status.GREEN: (OutcomeKind.DELIVERED, "xta.delivered"),
    Status.YELLOW: (OutcomeKind.DELIVERED, "xta.delivered_with_warning"),
    None: (OutcomeKind.UNCLEAR, "xta.report_status_unknown"),
}


def of_failed_send(error: XtaError) -> Outcome:
    """The end of a sendMessage that was not confirmed."""
    if error.rule.reason is not None:
        return Outcome(
            kind=OutcomeKind.REFUSED,
            code=error.code,
            reasons=(error.rule.reason,),
            receipt=error.raw,
            whose=error.rule.whose,
        )
    return Outcome(
        kind=_KIND[error.rule.fault_class],
        code=error.code,
        retry_after=error.retry_after,
        whose=error.rule.whose,
        permanent=error.rule.fault_class is FaultClass.PERMANENT,
    )


def of_failure_without_sending(error: XtaError) -> Outcome:
    """The end of a call that carries no message (createMessageId, the mailbox): so nothing is unclear.

    Nor is it permanent: class P is a statement about a message that was sent. Without one the parameters refused are
    those of account and route, the same for every message, and the operator is called as for class H [I].
    """
    refused = error.rule.fault_class is FaultClass.PERMANENT
    whose = Whose.OPERATOR if refused else error.rule.whose
    return Outcome(kind=OutcomeKind.UNREACHABLE, code=error.code, retry_after=error.retry_after, whose=whose)


def of_failed_question(error: XtaError) -> Outcome:
    """The end of a getTransportReport without a report: "not known" is an answer, anything else leaves it unclear.

    Even class P: what is refused here is the question, and the message may be there.
    """
    if error.code == faults.ID_UNKNOWN:
        return Outcome(kind=OutcomeKind.UNREACHABLE, code="xta.not_known")
    return Outcome(kind=OutcomeKind.UNCLEAR, code=error.code, retry_after=error.retry_after, whose=error.rule.whose)


def of_report(report: TransportReport, *, xta_id: str, process: str, taken: bool) -> Outcome:
    """What a transport report says about our message.

    ``taken``: the server has confirmed, or says by 9024, that it has the message. Without that, an open report with no
    entries that does not even name our reference may stand for an id that was only issued: it proves nothing, and
    sending again under the same id is safe, because 9024 decides [I]. A red report is the transport's failure, not the
    authority's verdict; only entries of the fault list that are verdicts refuse the message. Otherwise it is the
    operator's matter, and final: the order is closed (XTA-WS 2.1.1, MessageStatus), and its id is used up (9024).
    """
    if _is_about_another(report, xta_id, process):
        return Outcome(kind=OutcomeKind.UNCLEAR, code="xta.report_mismatch", receipt=report.raw, whose=Whose.OPERATOR)
    if report.status is Status.RED:
        return _of_red(report)
    proven = taken or report.entries > 0 or report.process == process
    if report.status is Status.OPEN and not proven:
        return Outcome(kind=OutcomeKind.UNREACHABLE, code="xta.not_known")
    kind, code = _BY_STATUS[report.status]
    return Outcome(kind=kind, code=code, receipt=report.raw)


def _of_red(report: TransportReport) -> Outcome:
    rules = [faults.BY_CODE.get(code) for list_uri, code in report.errors if list_uri == _ERROR_LIST]
    verdicts = [rule for rule in rules if rule is not None and rule.reason is not None]
    if not verdicts:
        return Outcome(
            kind=OutcomeKind.UNREACHABLE,
            code="xta.failed_at_transport",
            receipt=report.raw,
            whose=Whose.OPERATOR,
            permanent=True,
        )
    return Outcome(
        kind=OutcomeKind.REFUSED,
        code="xta.refused_at_transport",
        reasons=tuple(rule.reason for rule in verdicts if rule.reason is not None),
        receipt=report.raw,
        whose=verdicts[0].whose,
    )


def _is_about_another(report: TransportReport, xta_id: str, process: str) -> bool:
    """Ids are compared without case; what the server left out contradicts nothing."""
    other_id = report.xta_id != "" and report.xta_id.lower() != xta_id.lower()
    return other_id or (report.process not in ("", process))
