"""The closed list of what the audit log can say. Grammar: ``subject:action[:outcome]``, lower case, ASCII.

Auditors read these words and descriptions, so a value never changes its meaning once it was released; a new kind of
event is a new line here and in ``docs/audit.md`` (a test keeps both equal).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Event(StrEnum):
    """One kind of state change. ``description`` is the sentence that auditors are shown."""

    description: str

    def __new__(cls, value: str, description: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.description = description
        return member

    LOG_OPENED = "log:opened", "The log was created; the reference names the key that signs its checkpoints."
    APPLICATION_ACCEPTED = (
        "application:accepted",
        "A portal's application was checked and stored; the portal got its receipt only after that.",
    )
    MESSAGE_SIGNED = "message:signed", "The message for the authority was built, found valid and signed."
    DELIVERY_QUEUED = "delivery:queued", "The message waits for its delivery to the destination."
    DELIVERY_ID_RESERVED = (
        "delivery:id:reserved",
        "The transport's message id was fixed, before anything was sent; every attempt uses it.",
    )
    DELIVERY_ATTEMPT_STARTED = (
        "delivery:attempt:started",
        "An attempt began: to send the message, or to ask the destination what became of an earlier attempt.",
    )
    DELIVERY_ATTEMPT_DELIVERED = (
        "delivery:attempt:delivered",
        "The destination confirmed that it has the message; its receipt is kept.",
    )
    DELIVERY_ATTEMPT_REFUSED = (
        "delivery:attempt:refused",
        "The destination refused the message; this is its verdict and final.",
    )
    DELIVERY_ATTEMPT_UNREACHABLE = (
        "delivery:attempt:unreachable",
        "The message was certainly not delivered; it is tried again later.",
    )
    DELIVERY_ATTEMPT_UNCLEAR = (
        "delivery:attempt:unclear",
        "It is not known whether the message arrived; the destination is asked before anything is sent again.",
    )
    DELIVERY_GAVEUP = "delivery:gaveup", "The delivery ended without success; a person at the operator has to act."
    REPLY_RECEIVED = "reply:received", "A message of the authority came back and was matched to its application."
    REPLY_PARKED = (
        "reply:parked",
        "A message came in that fits no application or cannot be read; it is kept for a person to look at.",
    )
    APPLICATION_ANSWERED = "application:answered", "The authority answered with data or a document."
    APPLICATION_REFUSED = "application:refused", "The authority refused the application, with reasons."
    APPLICATION_SENT_BY_POST = (
        "application:sent_by_post",
        "The authority answered; what was ordered goes to the citizen as a letter.",
    )
    APPLICATION_WAITING_FOR_CITIZEN = (
        "application:waiting_for_citizen",
        "The authority wants something from the citizen first (payment, code, document).",
    )
    APPLICATION_UNDELIVERABLE = (
        "application:undeliverable",
        "The application did not reach the authority; a person at the operator has to act.",
    )
    CASE_CLOSED = (
        "case:closed",
        "The case is final; `count` is the number of its records, this one included.",
    )
