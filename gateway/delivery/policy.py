"""The retry policy as data: a pure function from what happened to what happens next.

Refused is not failed; unclear is not failed either, it is asked about before anything is sent again. An unreachable
destination is tried with exponential backoff and jitter until the delivery's deadline, then a person decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.model import DeliveryState, Outcome, OutcomeKind, Whose

NOT_KNOWN = "not_known"
"""Ending of the outcome code of a reconciliation that proves the destination does not have the message."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryPolicy:
    """Times in seconds. ``jitter`` is the largest share by which a wait is shortened, so that waiters spread."""

    first_retry: float = 10
    longest_retry: float = 900
    reconcile_after: float = 10
    hold: float = 1800
    jitter: float = 0.25


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """The delivery's next state and, if it stays open, when its next attempt is due."""

    state: DeliveryState
    next_at: datetime


def decide(
    policy: RetryPolicy,
    *,
    attempts: int,
    outcome: Outcome,
    ask_first: bool,
    now: datetime,
    deadline: datetime,
    chance: float,
) -> Decision:
    """Return what follows an attempt.

    ``attempts`` counts the attempts so far (this one included), ``chance`` is a random number in [0, 1), given in so
    that the function stays pure. ``ask_first`` says that the message may already be there from before: then an
    unreachable destination leaves the delivery unclear, because only a reconciliation may end that.
    """
    if outcome.kind is OutcomeKind.DELIVERED:
        return Decision(state=DeliveryState.DELIVERED, next_at=now)
    if outcome.kind is OutcomeKind.REFUSED:
        return Decision(state=DeliveryState.REFUSED, next_at=now)
    if outcome.permanent or now >= deadline:
        return Decision(state=DeliveryState.DEAD, next_at=now)
    if outcome.kind is OutcomeKind.UNREACHABLE and outcome.code.endswith(NOT_KNOWN):
        return Decision(state=DeliveryState.DUE, next_at=now)
    unclear = outcome.kind is OutcomeKind.UNCLEAR or ask_first
    wait = _wait(policy, attempts, outcome, unclear=unclear) * (1 - policy.jitter * chance)
    if outcome.retry_after is not None:
        wait = max(wait, outcome.retry_after)
    state = DeliveryState.UNCLEAR if unclear else DeliveryState.DUE
    return Decision(state=state, next_at=min(now + timedelta(seconds=wait), deadline))


def _wait(policy: RetryPolicy, attempts: int, outcome: Outcome, *, unclear: bool) -> float:
    if outcome.whose is Whose.OPERATOR:
        return policy.hold
    first = policy.reconcile_after if unclear else policy.first_retry
    return min(first * 2.0 ** min(attempts - 1, 30), policy.longest_retry)
