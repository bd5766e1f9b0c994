"""What follows an attempt: a pure function, so every rule can be tried without a network or a clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.delivery.policy import Decision, RetryPolicy, decide
from gateway.model import DeliveryState, Outcome, OutcomeKind, Whose

POLICY = RetryPolicy(first_retry=10, longest_retry=900, reconcile_after=5, hold=1800, jitter=0.25)
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
WEEK = timedelta(days=7)


def after(outcome: Outcome, *, attempts: int = 1, ask_first: bool = False, chance: float = 0.0) -> Decision:
    return decide(
        POLICY,
        attempts=attempts,
        outcome=outcome,
        ask_first=ask_first,
        now=NOW,
        deadline=NOW + WEEK,
        chance=chance,
    )


def ended(kind: OutcomeKind, code: str = "net.refused", **more: object) -> Outcome:
    return Outcome(kind=kind, code=code, **more)  # type: ignore[arg-type]


def test_delivered_and_refused_are_final_and_different() -> None:
    assert after(ended(OutcomeKind.DELIVERED)).state is DeliveryState.DELIVERED
    assert after(ended(OutcomeKind.REFUSED)).state is DeliveryState.REFUSED


def test_an_unreachable_destination_is_tried_again_later_and_later() -> None:
    waits = [after(ended(OutcomeKind.UNREACHABLE), attempts=n).next_at - NOW for n in range(1, 12)]
    assert waits[0] == timedelta(seconds=10)
    assert waits[1] == timedelta(seconds=20)
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(seconds=900)


def test_an_unclear_end_is_asked_about_before_anything_is_sent() -> None:
    decision = after(ended(OutcomeKind.UNCLEAR, "net.timeout"))
    assert decision.state is DeliveryState.UNCLEAR
    assert decision.next_at == NOW + timedelta(seconds=5)


def test_when_the_destination_cannot_be_asked_it_stays_unclear() -> None:
    assert after(ended(OutcomeKind.UNREACHABLE), ask_first=True).state is DeliveryState.UNCLEAR


def test_a_destination_that_does_not_know_the_message_gets_it_at_once() -> None:
    decision = after(ended(OutcomeKind.UNREACHABLE, "xta.not_known"), ask_first=True)
    assert decision == Decision(state=DeliveryState.DUE, next_at=NOW)


def test_a_misconfigured_route_is_tried_slowly() -> None:
    decision = after(ended(OutcomeKind.UNREACHABLE, "xta.9012", whose=Whose.OPERATOR))
    assert decision.next_at == NOW + timedelta(seconds=1800)


def test_the_destinations_own_wish_is_respected() -> None:
    decision = after(ended(OutcomeKind.UNREACHABLE, retry_after=600.0), chance=0.9)
    assert decision.next_at == NOW + timedelta(seconds=600)


def test_after_the_deadline_a_person_decides() -> None:
    late = decide(
        POLICY,
        attempts=9,
        outcome=ended(OutcomeKind.UNREACHABLE),
        ask_first=False,
        now=NOW,
        deadline=NOW,
        chance=0.0,
    )
    assert late.state is DeliveryState.DEAD


def test_what_can_never_help_is_a_persons_at_once() -> None:
    assert after(ended(OutcomeKind.UNREACHABLE, permanent=True)).state is DeliveryState.DEAD


def test_after_the_deadline_not_even_a_message_that_is_not_known_is_sent_again() -> None:
    late = decide(
        POLICY,
        attempts=9,
        outcome=ended(OutcomeKind.UNREACHABLE, "xta.not_known"),
        ask_first=True,
        now=NOW,
        deadline=NOW,
        chance=0.0,
    )
    assert late.state is DeliveryState.DEAD


def test_jitter_shortens_a_wait_by_up_to_a_quarter() -> None:
    assert after(ended(OutcomeKind.UNREACHABLE), chance=0.999_999).next_at - NOW < timedelta(seconds=7.6)
    assert after(ended(OutcomeKind.UNREACHABLE), chance=0.5).next_at - NOW == timedelta(seconds=8.75)


@given(
    kind=st.sampled_from(OutcomeKind),
    attempts=st.integers(1, 10_000),
    ask_first=st.booleans(),
    chance=st.floats(0, 1, exclude_max=True),
    whose=st.sampled_from(Whose),
    retry_after=st.none() | st.floats(0, 1e6),
)
def test_a_delivery_never_waits_past_its_deadline_nor_into_the_past(
    kind: OutcomeKind, attempts: int, ask_first: bool, chance: float, whose: Whose, retry_after: float | None
) -> None:
    outcome = Outcome(kind=kind, code="net.refused", whose=whose, retry_after=retry_after)
    decision = after(outcome, attempts=attempts, ask_first=ask_first, chance=chance)
    assert NOW <= decision.next_at <= NOW + WEEK
    if kind is OutcomeKind.UNCLEAR or (ask_first and kind is OutcomeKind.UNREACHABLE):
        assert decision.state is DeliveryState.UNCLEAR
