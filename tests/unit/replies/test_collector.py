"""The collector against mailboxes that a test makes up: what is kept, what is confirmed, what an error may cost."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from adapters.xta.simulation.meldebehoerde import Meldebehoerde
from gateway.errors import TransportError
from gateway.model import Answer, ApplicationState, Incoming
from gateway.replies import collector as module
from gateway.replies.collector import Collector
from gateway.schemas import Schemas
from gateway.standards.xmeld.codes import Zustellvariante
from gateway.store import replies, tables
from tests.portal_harness import AUTHOR, captured_logs
from tests.unit.delivery.conftest import desk
from tests.unit.delivery.desk import AWAY, Desk, ToldAdapter
from tests.xta_exchange import parcel

__all__ = ["desk"]


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    return Schemas.load()


def incoming(content: bytes, transport_id: str = "urn:de:xta:messageid:a:1") -> Incoming:
    return Incoming(transport_id=transport_id, content=content, media_type="text/xml")


def collector(desk: Desk, schemas: Schemas, **adapters: ToldAdapter) -> Collector:
    return Collector(database=desk.database, adapters=adapters, schemas=schemas, clock=desk.clock)


@contextmanager
def at_work(made: Collector) -> Iterator[None]:
    made.start()
    try:
        yield
    finally:
        made.stop()


def codes(desk: Desk) -> list[str]:
    c = tables.reply.c
    return desk.database.read(lambda connection: sorted(connection.scalars(select(c.code))))


def offering(*messages: Incoming) -> ToldAdapter:
    """A mailbox that offers these messages once; what ``keep`` raises ends it, as the port demands."""
    left = list(messages)

    def collect(keep: Callable[[Incoming], None]) -> int:
        count = 0
        while left:
            keep(left[0])
            left.pop(0)
            count += 1
        return count

    return ToldAdapter(collect_with=collect)


def away(keep: Callable[[Incoming], None]) -> int:
    raise TransportError(AWAY)


def defect(keep: Callable[[Incoming], None]) -> int:
    raise ZeroDivisionError


@pytest.mark.parametrize("trouble", [away, defect])
def test_one_mailbox_in_trouble_does_not_keep_the_others_from_being_emptied(
    desk: Desk, schemas: Schemas, trouble: Callable[[Callable[[Incoming], None]], int]
) -> None:
    made = collector(desk, schemas, first=ToldAdapter(collect_with=trouble), second=offering(incoming(b"x")))
    assert made.run_once() == 1
    assert codes(desk) == ["invalid"]


def test_that_a_mailbox_is_away_is_said_once_and_that_it_is_back(desk: Desk, schemas: Schemas) -> None:
    rounds = (away, away, away, lambda keep: 0, lambda keep: 0, away)
    box = ToldAdapter()
    made = collector(desk, schemas, first=box)
    with captured_logs() as log:
        for box.collect_with in rounds:
            made.run_once()
    words = re.findall(r'"event": "(mailbox \w+)"', log.getvalue())
    assert words == ["mailbox away", "mailbox back", "mailbox away"]


def test_what_could_not_be_stored_is_not_confirmed_and_offered_again(
    desk: Desk, schemas: Schemas, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = offering(incoming(b"x"))
    made = collector(desk, schemas, first=box)
    with monkeypatch.context() as patch:
        patch.setattr(replies, "add", _full_disk)
        assert made.run_once() == 0
    assert codes(desk) == []

    assert made.run_once() == 1
    assert codes(desk) == ["invalid"]


def _full_disk(*arguments: object) -> None:
    raise OperationalError("INSERT", {}, OSError("database or disk is full"))


def test_the_same_id_in_two_mailboxes_is_two_messages(desk: Desk, schemas: Schemas) -> None:
    made = collector(desk, schemas, first=offering(incoming(b"x")), second=offering(incoming(b"x")))
    assert made.run_once() == 2
    assert codes(desk) == ["invalid", "invalid"]


def test_ids_that_differ_in_case_only_are_one_message(desk: Desk, schemas: Schemas) -> None:
    box = offering(incoming(b"x", "urn:de:xta:messageid:a:F"), incoming(b"x", "URN:de:xta:messageid:A:f"))
    assert collector(desk, schemas, first=box).run_once() == 2
    assert codes(desk) == ["invalid"]


@pytest.mark.parametrize("transport_id", ["", " ", "<a@b>", "Müller, Erika", "x" * 5000])
def test_a_strange_transport_id_is_kept_and_blocks_nothing(desk: Desk, schemas: Schemas, transport_id: str) -> None:
    box = offering(incoming(b"x", transport_id), incoming(b"y"))
    assert collector(desk, schemas, first=box).run_once() == 2
    assert codes(desk) == ["invalid", "invalid"]


def test_a_reader_with_a_defect_parks_one_message_and_lets_the_others_through(
    desk: Desk, schemas: Schemas, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = Meldebehoerde().receive(parcel().message.content)
    assert answer is not None
    monkeypatch.setattr(module, "read_answer", defect)
    box = offering(incoming(answer), incoming(b"x", "urn:de:xta:messageid:a:2"))
    with captured_logs() as log:
        assert collector(desk, schemas, first=box).run_once() == 2
    assert codes(desk) == ["invalid", "invalid"]
    assert '"event": "reply not readable"' in log.getvalue()


def test_an_answer_that_names_our_message_with_another_number_is_parked(
    desk: Desk, schemas: Schemas, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No reader that we have lets such an answer through; the collector does not rely on that."""
    one = desk.waiting()
    answer = Answer(
        message_id="3f2504e0-4f89-41d3-9a0c-0305e82c1701",
        message_type="1701",
        author="ags:03454035",
        reader=AUTHOR.identifier,
        created_at=desk.clock(),
        origin_id=desk.delivery(one).message_id,
        origin_type="1702",
        state=ApplicationState.ANSWERED,
    )
    valid = Meldebehoerde().receive(parcel().message.content)
    assert valid is not None
    monkeypatch.setattr(module, "read_answer", lambda content: answer)
    collector(desk, schemas, first=offering(incoming(valid))).run_once()
    assert (codes(desk), desk.state(one)) == (["wrong_type"], "accepted")


_TOKENS = (
    b"<x/>", b"\x00", b"\xff", b"&#0;", b"&lt;", b"<![CDATA[x]]>", b"<!-- -->", b"", b"9" * 40, b"24:00:00", b"-1",
    b"\xed\xa0\x80", "Ä€𝄞".encode(), b"0000-00-00", b"9999-12-31T23:59:59-14:00", b"0001-01-01T00:00:00+14:00",
    b"--02-30", b"Zwiebelmarkus",
)  # fmt: skip
_PLACES = (rb">([^<]+)<", rb'="([^"]*)"', rb"(<[^>]+>)", rb"(<([\w.:]+)[^>]*>[^<]*</\2>)", rb"(.)")


def mutilated(answer: bytes, chance: random.Random) -> bytes:
    """Change one to three places of an answer: texts, attributes, tags, whole elements, single bytes."""
    for _ in range(chance.randint(1, 3)):
        spans = [found.span(1) for found in re.finditer(chance.choice(_PLACES), answer, re.DOTALL)]
        start, end = chance.choice(spans)
        new = chance.choice((*_TOKENS, answer[start:end] * 2))
        answer = answer[:start] + new + answer[end:]
    return answer


def test_whatever_the_mailbox_holds_everything_is_kept_and_recorded(desk: Desk, schemas: Schemas) -> None:
    chance = random.Random(1701)
    answers = [Meldebehoerde().receive(parcel(zustellung=one).message.content) for one in Zustellvariante]
    messages = [incoming(mutilated(chance.choice(answers) or b"", chance), f"urn:x:{number}") for number in range(400)]
    with captured_logs() as log:
        assert collector(desk, schemas, first=offering(*messages)).run_once() == 400
    assert set(codes(desk)) == {"invalid", "unknown_origin"}
    e = tables.event.c
    recorded = select(func.count()).where(e.event == "reply:parked")
    assert desk.database.read(lambda c: c.scalar(recorded)) == len(codes(desk)) == 400
    assert [one for one in ("Zwiebelmarkus", "Mustermann", "Erika", "1984-08-12") if one in log.getvalue()] == []


def test_it_looks_into_the_mailbox_at_its_start_when_poked_and_now_and_then(desk: Desk, schemas: Schemas) -> None:
    looked = threading.Semaphore(0)

    def look(keep: Callable[[Incoming], None]) -> int:
        looked.release()
        return 0

    box = ToldAdapter(collect_with=look)
    patient = Collector(database=desk.database, adapters={"first": box}, schemas=schemas, every=600)
    with at_work(patient):
        assert looked.acquire(timeout=10)
        patient.poke()
        assert looked.acquire(timeout=10)
    often = Collector(database=desk.database, adapters={"first": box}, schemas=schemas, every=0.01)
    with at_work(often):
        for _ in range(5):
            assert looked.acquire(timeout=10)
    assert not [one for one in threading.enumerate() if one.name == "replies"]


def test_stopping_finishes_the_mailbox_in_hand(desk: Desk, schemas: Schemas) -> None:
    begun, going_on = threading.Event(), threading.Event()

    def slow(keep: Callable[[Incoming], None]) -> int:
        keep(incoming(b"x", "urn:x:1"))
        begun.set()
        assert going_on.wait(10)
        keep(incoming(b"y", "urn:x:2"))
        return 2

    made = collector(desk, schemas, first=ToldAdapter(collect_with=slow))
    made.start()
    assert begun.wait(10)
    stopping = threading.Thread(target=made.stop)
    stopping.start()
    going_on.set()
    stopping.join(10)
    assert codes(desk) == ["invalid", "invalid"]


def test_a_collector_that_was_never_started_can_be_stopped(desk: Desk, schemas: Schemas) -> None:
    collector(desk, schemas).stop()
