"""Empties an XTA mailbox with at-least-once delivery: confirmed is only what was kept (XTA-WS 2.1.1, OSCI 2 mailbox).

getMessage opens an iterator, getNextMessage walks on and confirms, close ends it. What was not confirmed is offered
again, and the keeper recognises it by its id; so a lost confirmation costs a repetition, never a message.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

import structlog

from gateway.model import Incoming, Whose
from gateway.transport.xta import faults
from gateway.transport.xta.client import XtaClient
from gateway.transport.xta.faults import FaultClass, Rule, XtaError
from gateway.transport.xta.records import Fetched, FetchedMessage, XtaParty

log = structlog.get_logger(room="adapter")

_ORDINARY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+=-]{0,127}")
_SEARCH_REFUSED = Rule(fault_class=FaultClass.HOLD, whose=Whose.GATEWAY)


def collect(client: XtaClient, account: XtaParty, keep: Callable[[Incoming], None], *, at_most: int) -> int:
    """Hand every waiting message to ``keep``; return how many it kept.

    Raises XtaError if the mailbox fails, and whatever ``keep`` raises; in both cases what was kept before is
    confirmed first. ``at_most`` messages a call keep a box that never ends from holding the caller for ever.
    """
    answer = client.get_message(account)
    iterator = answer.request_id
    kept: dict[str, str] = {}  # compared in lower case, sent back exactly as they came
    try:
        while (message := _message(answer)) is not None and message.xta_id.lower() not in kept:
            keep(_incoming(message))
            kept[message.xta_id.lower()] = message.xta_id
            if not answer.pending or len(kept) >= at_most:
                break
            answer = client.get_next_message(account, iterator, [message.xta_id])
    except BaseException:
        _confirm_quietly(client, account, iterator, list(kept.values()))
        raise
    _confirm(client, account, iterator, list(kept.values()))
    return len(kept)


def _message(answer: Fetched) -> FetchedMessage | None:
    """Return the fetched message, or None at the end; a reason that no empty box has is an error."""
    if answer.reason == "SearchArgsInvalid":
        raise XtaError("xta.search_refused", _SEARCH_REFUSED)
    return answer.message


def _incoming(message: FetchedMessage) -> Incoming:
    transport_id = message.xta_id.lower()
    if not message.readable:
        log.warning(
            "message kept unopened: encrypted end to end, or not decodable", transport_id=_loggable(transport_id)
        )
    return Incoming(
        transport_id=transport_id,
        author=message.author,
        content=message.content,
        media_type=message.media_type,
        attachments=message.attachments,
        metadata=message.metadata,
    )


def _loggable(transport_id: str) -> str:
    """Return an id that another system chose as a log may hold it: free text becomes ``sha256:<hex>``.

    The form is that of the audit log's ``transport`` reference, so that the two can be compared.
    """
    if _ORDINARY_ID.fullmatch(transport_id):
        return transport_id
    return "sha256:" + hashlib.sha256(transport_id.encode("utf-8", "surrogatepass")).hexdigest()


def _confirm(client: XtaClient, account: XtaParty, iterator: str, kept: list[str]) -> None:
    if not kept:
        return
    try:
        client.close(account, iterator, kept)
    except XtaError as error:
        if error.code != faults.ID_UNKNOWN:
            raise
        # The iterator is gone; everything is kept, so nothing is lost.
        log.info("mailbox iterator was gone at close", count=len(kept))


def _confirm_quietly(client: XtaClient, account: XtaParty, iterator: str, kept: list[str]) -> None:
    """Confirm on the way out of an error, which must not be hidden by a second one."""
    try:
        _confirm(client, account, iterator, kept)
    except XtaError as error:
        log.warning("mailbox close failed", code=error.code, count=len(kept))
