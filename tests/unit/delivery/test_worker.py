"""What the worker owes every delivery whatever its adapter does: recorded before, settled after, never in two hands."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from gateway.delivery.attempt import Ended
from gateway.delivery.policy import RetryPolicy
from gateway.delivery.worker import Worker
from gateway.errors import TransportError
from gateway.model import ApplicationState, DeliveryState, Outcome, Parcel
from gateway.store import applications, deliveries, tables
from tests.gateways import wait_for
from tests.unit.delivery.desk import AWAY, DELIVERED, NOT_KNOWN, UNCLEAR, Desk, ToldAdapter

POLICY = RetryPolicy(first_retry=10, longest_retry=100, reconcile_after=20, hold=1000, jitter=0.0)


def worker(desk: Desk, adapter: ToldAdapter | None, **more: object) -> Worker:
    adapters = {} if adapter is None else {"one": adapter}
    made: dict[str, object] = {"database": desk.database, "adapters": adapters, "policy": POLICY, "clock": desk.clock}
    return Worker(**(made | more))  # type: ignore[arg-type]


@contextmanager
def at_work(desk: Desk, adapter: ToldAdapter, **more: object) -> Iterator[Worker]:
    made = worker(desk, adapter, **more)
    made.start()
    try:
        yield made
    finally:
        made.stop()


def broken(parcel: Parcel) -> Outcome:
    raise ZeroDivisionError(f"a defect in the adapter, with {parcel.message.content!r}")


def test_an_adapter_that_raises_while_sending_leaves_it_unclear_and_is_asked_next(desk: Desk) -> None:
    adapter = ToldAdapter(deliver_with=broken, reconcile_with=lambda parcel: DELIVERED)
    one = desk.waiting()
    hand = worker(desk, adapter)
    assert hand.run_once() == 1
    assert (desk.delivery(one).state, desk.attempts(one)) == ("unclear", [("deliver", "gateway.adapter_failed")])

    desk.clock.forward(seconds=21)
    assert hand.run_once() == 1

    assert adapter.calls == ["reserve", "deliver", "reconcile"]
    assert (desk.delivery(one).state, desk.state(one)) == ("delivered", "delivered")


def test_an_adapter_that_raises_while_asking_leaves_it_unclear(desk: Desk) -> None:
    adapter = ToldAdapter(deliver_with=lambda parcel: UNCLEAR, reconcile_with=broken)
    one = desk.waiting()
    hand = worker(desk, adapter)
    hand.run_once()
    desk.clock.forward(seconds=21)
    hand.run_once()

    assert desk.attempts(one)[-1] == ("reconcile", "gateway.adapter_failed")
    assert desk.delivery(one).state == "unclear"


def test_an_adapter_that_raises_while_reserving_an_id_is_tried_again_and_nothing_is_unclear(desk: Desk) -> None:
    adapter = ToldAdapter(reserve_with=broken)  # type: ignore[arg-type]
    one = desk.waiting()
    worker(desk, adapter).run_once()

    assert desk.attempts(one) == [("reserve", "gateway.adapter_failed")]
    assert (desk.delivery(one).state, desk.delivery(one).owner) == ("due", None)


def test_an_id_that_cannot_be_had_is_an_attempt_without_an_id(desk: Desk) -> None:
    def away(parcel: Parcel) -> str:
        raise TransportError(AWAY)

    one = desk.waiting()
    worker(desk, ToldAdapter(reserve_with=away)).run_once()

    assert desk.attempts(one) == [("reserve", "test.away")]
    assert desk.delivery(one).transport_id is None
    assert desk.events(one) == ["delivery:attempt:started", "delivery:attempt:unreachable"]


def test_a_reserved_id_is_committed_before_anything_is_sent_and_kept_for_ever(desk: Desk) -> None:
    one = desk.waiting()
    seen: list[tuple[str | None, str]] = []

    def deliver(parcel: Parcel) -> Outcome:
        seen.append((parcel.transport_id, desk.delivery(one).transport_id))
        return AWAY

    adapter = ToldAdapter(deliver_with=deliver)
    hand = worker(desk, adapter)
    hand.run_once()
    desk.clock.forward(seconds=11)
    hand.run_once()

    assert len(set(seen)) == 1
    assert seen[0][0] == seen[0][1] is not None
    assert adapter.calls == ["reserve", "deliver", "deliver"]


def test_a_connection_that_is_no_longer_configured_waits_for_the_operator(desk: Desk) -> None:
    one = desk.waiting()
    assert worker(desk, None).run_once() == 1

    assert desk.attempts(one) == [("reserve", "gateway.no_connection")]
    assert desk.delivery(one).state == "due"
    desk.clock.forward(seconds=999)
    assert worker(desk, None).run_once() == 0
    desk.clock.forward(seconds=2)
    assert worker(desk, ToldAdapter()).run_once() == 1
    assert desk.state(one) == "delivered"


def test_a_connection_that_went_away_while_it_was_unclear_leaves_it_unclear(desk: Desk) -> None:
    one = desk.waiting()
    worker(desk, ToldAdapter(deliver_with=lambda parcel: UNCLEAR)).run_once()
    desk.clock.forward(seconds=21)
    worker(desk, None).run_once()
    assert desk.delivery(one).state == "unclear"

    desk.clock.forward(seconds=1001)
    adapter = ToldAdapter()
    worker(desk, adapter).run_once()
    assert adapter.calls == ["reconcile"]


def test_a_worker_that_died_is_taken_over_when_its_lease_is_over_and_never_before(desk: Desk) -> None:
    """Two workers on one database. The first one's attempt ends after the second has taken over."""
    one = desk.waiting()
    ending = threading.Event()

    def late(parcel: Parcel) -> Outcome:
        assert ending.wait(20)
        return DELIVERED

    dying = worker(desk, ToldAdapter(deliver_with=late), lease=timedelta(seconds=60))
    thread = threading.Thread(target=dying.run_once)
    thread.start()
    wait_for(lambda: desk.attempts(one), "the first worker's attempt")
    second = ToldAdapter()
    heir = worker(desk, second, lease=timedelta(seconds=60))
    desk.clock.forward(seconds=59)
    assert heir.run_once() == 0
    desk.clock.forward(seconds=2)

    assert heir.run_once() == 1  # asks: certainly not there
    assert heir.run_once() == 1  # sends
    ending.set()
    thread.join()

    assert second.calls == ["reconcile", "deliver"]
    assert desk.attempts(one) == [
        ("deliver", "test.delivered"),
        ("reconcile", "test.not_known"),
        ("deliver", "test.delivered"),
    ]
    assert (desk.delivery(one).state, desk.delivery(one).owner) == ("delivered", None)
    assert desk.events(one).count("delivery:attempt:delivered") == 2


def test_what_is_in_hand_is_held_on_to_however_long_it_takes(desk: Desk) -> None:
    """An attempt that outlasts its lease is not begun a second time beside the first."""
    one = desk.waiting()
    begun, ending = threading.Event(), threading.Event()

    def slow(parcel: Parcel) -> Outcome:
        begun.set()
        assert ending.wait(20)
        return DELIVERED

    adapter = ToldAdapter(deliver_with=slow)
    with at_work(desk, adapter, lease=timedelta(seconds=60)) as hand:
        assert begun.wait(10)
        for _ in range(6):
            lease = desk.delivery(one).lease_until
            desk.clock.forward(seconds=40)
            hand.poke()
            wait_for(lambda lease=lease: desk.delivery(one).lease_until > lease, "lease renewed")  # type: ignore[misc]
        ending.set()
        wait_for(lambda: desk.delivery(one).state == "delivered", "delivered")
    assert adapter.calls == ["reserve", "deliver"]
    assert desk.attempts(one) == [("deliver", "test.delivered")]


def test_a_delivery_whose_attempt_could_not_be_recorded_is_free_after_its_lease(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = desk.waiting()
    adapter = ToldAdapter()
    hand = worker(desk, adapter, lease=timedelta(seconds=60))
    with monkeypatch.context() as patch:
        patch.setattr(deliveries, "begin_attempt", _full_disk)
        assert hand.run_once() == 1
    assert adapter.calls == ["reserve"]
    assert desk.attempts(one) == []

    desk.clock.forward(seconds=61)
    assert hand.run_once() == 1
    assert desk.state(one) == "delivered"


def test_an_end_that_could_not_be_recorded_is_asked_about(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    one = desk.waiting()
    adapter = ToldAdapter(reconcile_with=lambda parcel: DELIVERED)
    hand = worker(desk, adapter, lease=timedelta(seconds=60))
    with monkeypatch.context() as patch:
        patch.setattr(deliveries, "end_attempt", _full_disk)
        hand.run_once()
    assert desk.attempts(one) == [("deliver", None)]

    desk.clock.forward(seconds=61)
    hand.run_once()

    assert adapter.calls == ["reserve", "deliver", "reconcile"]
    assert desk.state(one) == "delivered"


def _full_disk(*arguments: object, **more: object) -> None:
    raise OperationalError("INSERT", {}, OSError("database or disk is full"))


def test_what_a_dead_process_held_is_free_at_the_start(desk: Desk) -> None:
    one = desk.waiting()
    held = {"owner": "worker-dead", "lease_until": "2999-01-01T00:00:00.000Z"}
    desk.database.write(lambda c: c.execute(update(tables.delivery).values(**held)))
    with at_work(desk, ToldAdapter()):
        wait_for(lambda: desk.state(one) == "delivered", "delivered")


def test_an_answer_that_comes_during_the_attempt_settles_it_and_the_case_is_closed_last(desk: Desk) -> None:
    one = desk.waiting()

    def answered_meanwhile(parcel: Parcel) -> Outcome:
        def settle(c: object) -> None:
            deliveries.proven(c, parcel.delivery_id)  # type: ignore[arg-type]
            applications.set_state(c, one, ApplicationState.ANSWERED, at=desk.clock())  # type: ignore[arg-type]

        desk.database.write(settle)
        return UNCLEAR

    worker(desk, ToldAdapter(deliver_with=answered_meanwhile)).run_once()

    assert (desk.delivery(one).state, desk.state(one)) == ("delivered", "answered")
    assert desk.events(one)[-2:] == ["delivery:attempt:unclear", "case:closed"]


def test_a_refusal_by_the_transport_does_not_overrule_an_answer(desk: Desk) -> None:
    one = desk.waiting()

    def refused_after_answer(parcel: Parcel) -> Outcome:
        desk.database.write(lambda c: applications.set_state(c, one, ApplicationState.ANSWERED, at=desk.clock()))
        return replace(DELIVERED, kind=type(DELIVERED.kind).REFUSED, code="test.refused")

    worker(desk, ToldAdapter(deliver_with=refused_after_answer)).run_once()

    assert desk.state(one) == "answered"
    assert "application:refused" not in desk.events(one)


def test_who_listens_hears_of_every_attempt_and_of_deliveries(desk: Desk) -> None:
    heard: list[Ended] = []
    delivered: list[int] = []
    answers = iter([UNCLEAR, DELIVERED])
    adapter = ToldAdapter(deliver_with=lambda parcel: next(answers), reconcile_with=lambda parcel: NOT_KNOWN)
    hand = worker(desk, adapter, on_attempt=heard.append, on_delivered=lambda: delivered.append(len(heard)))
    desk.waiting()
    hand.run_once()
    desk.clock.forward(seconds=21)
    hand.run_once()
    hand.run_once()

    assert [one.act for one in heard] == ["deliver", "reconcile", "deliver"]
    assert heard[-1].decision.state is DeliveryState.DELIVERED
    assert delivered == [3]


def test_one_delivery_in_trouble_does_not_hold_up_the_others(desk: Desk) -> None:
    bad = desk.waiting()
    good = [desk.waiting() for _ in range(3)]
    adapter = ToldAdapter(deliver_with=lambda parcel: broken(parcel) if parcel.case == bad else DELIVERED)
    assert worker(desk, adapter).run_once() == 4
    assert {desk.state(one) for one in good} == {"delivered"}


def test_an_idle_worker_commits_nothing(desk: Desk) -> None:
    hand = worker(desk, ToldAdapter())
    before = desk.database.commits
    assert hand.run_once() == 0
    assert desk.database.commits == before


def test_a_worker_that_was_never_started_can_be_stopped(desk: Desk) -> None:
    worker(desk, ToldAdapter()).stop()
    assert not [one for one in threading.enumerate() if one.name.startswith("delivery")]


def test_stopping_waits_for_what_is_in_hand_and_claims_nothing_more(desk: Desk) -> None:
    ids = [desk.waiting() for _ in range(4)]
    begun, ending = threading.Event(), threading.Event()

    def slow(parcel: Parcel) -> Outcome:
        begun.set()
        assert ending.wait(20)
        return DELIVERED

    hand = worker(desk, ToldAdapter(deliver_with=slow), threads=1)
    hand.start()
    assert begun.wait(10)
    stopping = threading.Thread(target=hand.stop)
    stopping.start()
    ending.set()
    stopping.join(20)

    assert not stopping.is_alive()
    states = sorted(desk.delivery(one).state for one in ids)
    assert states.count("delivered") >= 1
    assert {desk.delivery(one).owner for one in ids} == {None}


def test_a_silent_server_leaves_the_others_a_way_however_much_waits_for_it(desk: Desk) -> None:
    silent = [desk.waiting() for _ in range(40)]
    healthy = [desk.waiting(connection="two") for _ in range(5)]
    ending = threading.Event()
    hands: set[str] = set()

    def hang(parcel: Parcel) -> Outcome:
        hands.add(parcel.delivery_id)
        assert ending.wait(20)
        return DELIVERED

    adapters = {"one": ToldAdapter(deliver_with=hang), "two": ToldAdapter()}
    with at_work(desk, adapters["one"], adapters=adapters, threads=4):
        wait_for(lambda: {desk.state(one) for one in healthy} == {"delivered"}, "the healthy server's deliveries")
        assert len(hands) <= 3
        ending.set()
        wait_for(lambda: {desk.state(one) for one in silent} == {"delivered"}, "the rest")
