"""Reaches specialist procedures over XTA 2 version 3 (XTA-WS 2.1.1): ids, sending, transport reports, mailbox.

The sequence is createMessageId, sendMessage, getTransportReport; after an unclear end getTransportReport first.
``DELIVERED`` means that the transport delivered: what the authority decides comes back through the mailbox.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from adapters.xta import checks, mailbox, outcomes
from adapters.xta.description import described, description_of, party
from adapters.xta.settings import Settings
from gateway.errors import TransportError
from gateway.model import Finding, Incoming, Outcome, OutcomeKind, Parcel, Reason, Whose
from gateway.ports import Adapter, Capabilities, Reports
from gateway.transport.http import HttpEndpoint
from gateway.transport.tls import client_context
from gateway.transport.xta import faults
from gateway.transport.xta.client import Ports, XtaClient
from gateway.transport.xta.faults import XtaError

__all__ = ["Settings", "XtaAdapter", "create"]

WSDL = Path(__file__).parent / "service.wsdl"

_TOO_LARGE = Reason(
    code="xta.too_large",
    de="Die Nachricht mit ihren Anlagen ist für diesen Zustellweg zu groß; bitte kleinere Anlagen einreichen.",
    en="The message with its attachments is too large for this route; please hand in smaller attachments.",
)


def create(settings: Settings, *, name: str) -> Adapter:
    """Return the adapter for the connection ``name``; opens no connection yet.

    Raises ConfigurationError if a certificate or key file cannot be used.
    """
    return XtaAdapter(settings, name=name)


class XtaAdapter:
    """One XTA server as a destination and as a mailbox; safe for many threads."""

    def __init__(self, settings: Settings, *, name: str) -> None:
        self.name = name
        self._settings = settings
        self._collecting = threading.Lock()
        tls = client_context(settings.tls)

        def endpoint(url: object) -> HttpEndpoint:
            return HttpEndpoint(str(url), tls, limits=settings.limits, connections=settings.connections)

        ports = Ports(
            management=endpoint(settings.management_url),
            send=endpoint(settings.send_url),
            msgbox=endpoint(settings.msgbox_url),
        )
        self._client = XtaClient(ports, WSDL)
        self._capabilities = Capabilities(
            standards=frozenset(key for key in settings.messages if not key.isdigit()),
            max_bytes=settings.max_bytes,
            synchronous=False,
            reports=frozenset({Reports.RECEIPT, Reports.DECISION}),
        )

    @property
    def capabilities(self) -> Capabilities:
        """Receipt by transport report, decision by what comes into the mailbox; asynchronous."""
        return self._capabilities

    def reserve_id(self, parcel: Parcel) -> str:
        """Return a new XTA message id (createMessageId); raises TransportError if none can be had now."""
        try:
            return self._client.create_message_id(party(parcel.author, self._settings))
        except XtaError as error:
            raise TransportError(outcomes.of_failure_without_sending(error)) from error

    def deliver(self, parcel: Parcel) -> Outcome:
        """Send the parcel and look at its transport report."""
        how = description_of(parcel, self._settings)
        if how is None:
            return Outcome(kind=OutcomeKind.UNREACHABLE, code="xta.message_not_configured", whose=Whose.OPERATOR)
        order = described(parcel, _reserved(parcel), how, self._settings)
        if order.size > self._settings.max_bytes:
            return Outcome(kind=OutcomeKind.REFUSED, code="xta.too_large", reasons=(_TOO_LARGE,), whose=Whose.PORTAL)
        try:
            self._client.send_message(order.metadata, order.message, order.attachments)
        except XtaError as error:
            return self._not_sent(error, parcel)
        return self._asked(parcel, taken=True)

    def reconcile(self, parcel: Parcel) -> Outcome:
        """Ask for the transport report; sends nothing."""
        return self._asked(parcel, taken=False)

    def collect(self, keep: Callable[[Incoming], None]) -> int:
        """Empty our mailbox into ``keep`` and confirm what it kept; a second call meanwhile returns 0 at once.

        Concurrent fetchers of one account get duplicates on comparable servers, hence one at a time.
        """
        if not self._collecting.acquire(blocking=False):
            return 0
        try:
            return mailbox.collect(self._client, self._settings.account, keep, at_most=self._settings.fetch_at_most)
        except XtaError as error:
            raise TransportError(outcomes.of_failure_without_sending(error)) from error
        finally:
            self._collecting.release()

    def check(self) -> tuple[Finding, ...]:
        """Look at the certificates' dates and ask whether the account is active."""
        return (
            *checks.certificates(self._settings, datetime.now(UTC)),
            checks.account(self._client, self._settings),
        )

    def close(self) -> None:
        """Release connections."""
        self._client.disconnect()

    def _not_sent(self, error: XtaError, parcel: Parcel) -> Outcome:
        if error.code != faults.ID_USED:
            return outcomes.of_failed_send(error)
        if parcel.sent_before:
            return self._asked(parcel, taken=True)
        # Our first attempt, and the id is taken: somebody else's message has it, or our own books are older than the
        # truth. Only the report's reference can tell, and a person should know.
        return Outcome(kind=OutcomeKind.UNCLEAR, code="xta.id_reused", whose=Whose.OPERATOR)

    def _asked(self, parcel: Parcel, *, taken: bool) -> Outcome:
        xta_id = _reserved(parcel)
        try:
            report = self._client.get_transport_report(party(parcel.author, self._settings), xta_id)
        except XtaError as error:
            if taken:
                return Outcome(
                    kind=OutcomeKind.UNCLEAR,
                    code="xta.report_missing",
                    retry_after=error.retry_after,
                    whose=error.rule.whose,
                )
            return outcomes.of_failed_question(error)
        return outcomes.of_report(report, xta_id=xta_id, process=parcel.case, taken=taken)


def _reserved(parcel: Parcel) -> str:
    if parcel.transport_id is None:
        raise ValueError("reserve_id comes first: the transport id must be committed before anything is sent")
    return parcel.transport_id
