"""What every adapter owes the delivery worker (gateway/ports.py), run over each one against its simulator."""

from __future__ import annotations

import dataclasses
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.errors import TransportError
from gateway.model import Incoming, OutcomeKind, Parcel, Whose
from gateway.signing.pki import DemoPki
from gateway.standards import read_answer
from tests.contract.benches import Bench


def after_an_attempt(made: Parcel) -> Parcel:
    return dataclasses.replace(made, sent_before=True)


def test_message_is_delivered_and_the_receipt_is_evidence(bench: Bench) -> None:
    made = bench.parcel()
    outcome = bench.adapter.deliver(made)
    assert outcome.kind is OutcomeKind.DELIVERED
    assert outcome.receipt is not None
    assert str(made.transport_id).encode() in outcome.receipt
    assert bench.orders(made) == 1


def test_message_bytes_arrive_unchanged(bench: Bench) -> None:
    made = bench.parcel()
    # White space that a serialiser would change, and a letter outside ASCII in decomposed quotation.
    odd = made.message.content.replace(b"?>", b"?>\r\n\r\n<!--  \xc3\x9f \t -->", 1) + b"\r\n\r\n"
    made = dataclasses.replace(made, message=dataclasses.replace(made.message, content=odd))
    assert bench.adapter.deliver(made).kind is OutcomeKind.DELIVERED
    assert bench.received() == [odd]


def test_ids_are_never_given_twice(bench: Bench) -> None:
    with ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(lambda _: bench.parcel().transport_id, range(20)))
    assert len(set(ids)) == 20


def test_several_threads_deliver_at_once(bench: Bench) -> None:
    made = [bench.parcel() for _ in range(12)]
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(bench.adapter.deliver, made))
    assert {one.kind for one in outcomes} == {OutcomeKind.DELIVERED}
    assert bench.cases() == 12


def test_unsent_message_is_not_known(bench: Bench) -> None:
    outcome = bench.adapter.reconcile(bench.parcel())
    assert outcome.kind is OutcomeKind.UNREACHABLE
    assert outcome.code.endswith("not_known")


def test_timeout_before_sending_is_unreachable_and_makes_no_case(bench: Bench) -> None:
    made = bench.parcel()
    bench.silent_before_sending()
    began = time.monotonic()
    outcome = bench.adapter.deliver(made)
    assert time.monotonic() - began > 0.5
    assert outcome.kind is OutcomeKind.UNREACHABLE
    assert bench.cases() == 0
    assert bench.adapter.deliver(after_an_attempt(made)).kind is OutcomeKind.DELIVERED
    assert bench.cases() == 1


def test_message_lost_before_storing_is_sent_again_and_makes_one_case(bench: Bench) -> None:
    made = bench.parcel()
    bench.lost_before_storing()
    assert bench.adapter.deliver(made).kind is OutcomeKind.UNCLEAR
    asked = bench.adapter.reconcile(after_an_attempt(made))
    assert asked.kind is OutcomeKind.UNREACHABLE
    assert asked.code.endswith("not_known")
    assert bench.adapter.deliver(after_an_attempt(made)).kind is OutcomeKind.DELIVERED
    assert (bench.orders(made), bench.cases()) == (1, 1)


def test_answer_lost_after_storing_is_found_by_asking_and_makes_one_case(bench: Bench) -> None:
    made = bench.parcel()
    bench.lost_after_storing()
    assert bench.adapter.deliver(made).kind is OutcomeKind.UNCLEAR
    assert bench.adapter.reconcile(after_an_attempt(made)).kind is OutcomeKind.DELIVERED
    assert (bench.orders(made), bench.cases()) == (1, 1)


def test_resending_what_is_there_makes_no_second_case(bench: Bench) -> None:
    made = bench.parcel()
    bench.lost_after_storing()
    bench.adapter.deliver(made)
    assert bench.adapter.deliver(after_an_attempt(made)).kind is OutcomeKind.DELIVERED
    assert (bench.orders(made), bench.cases()) == (1, 1)


def test_unfinished_message_is_unclear_until_it_is_delivered(bench: Bench) -> None:
    bench.still_working(2)
    made = bench.parcel()
    kinds = [bench.adapter.deliver(made).kind]
    kinds += [bench.adapter.reconcile(after_an_attempt(made)).kind for _ in range(2)]
    assert kinds == [OutcomeKind.UNCLEAR, OutcomeKind.UNCLEAR, OutcomeKind.DELIVERED]


def test_refusal_is_final_and_gives_our_own_words(bench: Bench) -> None:
    made = bench.parcel()
    bench.refusing()
    outcome = bench.adapter.deliver(made)
    assert outcome.kind is OutcomeKind.REFUSED
    assert [bool(one.de and one.en) for one in outcome.reasons] == [True]
    assert bench.cases() == 0


def test_overload_of_a_proxy_is_unclear_and_names_the_wait(bench: Bench) -> None:
    made = bench.parcel()
    bench.overloaded()
    outcome = bench.adapter.deliver(made)
    assert outcome.kind is OutcomeKind.UNCLEAR
    assert outcome.retry_after == 7.0


def test_closed_route_is_the_operators_matter_and_no_refusal(bench: Bench) -> None:
    made = bench.parcel()
    bench.route_closed()
    outcome = bench.adapter.deliver(made)
    assert (outcome.kind, outcome.whose, outcome.reasons) == (OutcomeKind.UNREACHABLE, Whose.OPERATOR, ())


def test_certificate_without_account_is_the_operators_matter(bench: Bench, pki: DemoPki) -> None:
    made = bench.parcel()
    stranger = bench.adapter_with(pki.stranger_certificate, pki.stranger_key)
    outcome = stranger.deliver(made)
    assert (outcome.kind, outcome.whose) == (OutcomeKind.UNREACHABLE, Whose.OPERATOR)
    assert bench.cases() == 0


def test_certificate_of_a_foreign_ca_gets_no_connection(bench: Bench, pki: DemoPki) -> None:
    foreign = bench.adapter_with(pki.foreign_certificate, pki.foreign_key)
    with pytest.raises(TransportError) as raised:
        foreign.reserve_id(bench.parcel())
    assert raised.value.outcome.kind is OutcomeKind.UNREACHABLE
    assert bench.cases() == 0


def test_reserving_from_a_procedure_that_is_away_is_a_transport_error(bench: Bench) -> None:
    made = dataclasses.replace(bench.parcel(), transport_id=None)
    bench.go_away()
    with pytest.raises(TransportError) as raised:
        bench.adapter.reserve_id(made)
    assert raised.value.outcome.kind is OutcomeKind.UNREACHABLE


def test_answer_is_collected_once_and_fits_the_order(bench: Bench) -> None:
    made = bench.parcel()
    bench.adapter.deliver(made)
    kept: list[Incoming] = []
    assert bench.adapter.collect(kept.append) == 1
    assert bench.adapter.collect(kept.append) == 0
    answer = read_answer(kept[0].content)
    assert (answer.origin_id, answer.message_type) == (made.message.id, "1701")


def test_message_that_could_not_be_kept_is_offered_again(bench: Bench) -> None:
    bench.adapter.deliver(bench.parcel())

    def full_disk(_: Incoming) -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        bench.adapter.collect(full_disk)
    kept: list[Incoming] = []
    assert bench.adapter.collect(kept.append) == 1


def test_what_was_kept_before_a_failure_is_confirmed(bench: Bench) -> None:
    for _ in range(3):
        bench.adapter.deliver(bench.parcel())
    kept: list[Incoming] = []

    def keep_two(incoming: Incoming) -> None:
        if len(kept) == 2:
            raise OSError("no space left")
        kept.append(incoming)

    with pytest.raises(OSError, match="no space left"):
        bench.adapter.collect(keep_two)
    first = {one.transport_id for one in kept}
    kept.clear()
    bench.adapter.collect(kept.append)
    assert len(kept) == 1
    assert kept[0].transport_id not in first


def test_mailbox_that_is_away_is_a_transport_error(bench: Bench) -> None:
    bench.go_away()
    with pytest.raises(TransportError):
        bench.adapter.collect(lambda _: None)


def test_check_is_green_where_all_is_well(bench: Bench) -> None:
    assert {one.level for one in bench.adapter.check()} == {"ok"}


def test_check_names_what_is_wrong_and_never_raises(bench: Bench, pki: DemoPki) -> None:
    stranger = bench.adapter_with(pki.stranger_certificate, pki.stranger_key)
    assert [one.level for one in stranger.check()].count("error") == 1


def test_silent_procedure_holds_a_call_no_longer_than_configured(bench: Bench) -> None:
    made = bench.parcel()
    bench.lost_before_storing()
    began = time.monotonic()
    bench.adapter.deliver(made)
    assert time.monotonic() - began < 5.0


def test_adapter_says_what_it_can_carry(bench: Bench) -> None:
    can = bench.adapter.capabilities
    assert can.standards
    assert can.max_bytes > 0
