"""The collector against mailboxes that a test makes up: what is kept, what is confirmed, what an error may cost."""

from __future__ import annotations

import dataclasses
import random
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from adapters.xta.simulation.meldebehoerde import Meldebehoerde
from gateway.errors import TransportError
from gateway.model import Answer, ApplicationState, Attachment, Incoming
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


def answer_to(desk: Desk, case: str, **changes: object) -> Answer:
    """What an authority could say to the application ``case``."""
    said: dict[str, object] = {
        "message_id": str(uuid.uuid4()),
        "message_type": "1701",
        "author": "ags:03454035",
        "reader": AUTHOR.identifier,
        "created_at": desk.clock(),
        "origin_id": desk.delivery(case).message_id,
        "origin_type": "1700",
        "state": ApplicationState.ANSWERED,
        "test": True,
    }
    return Answer(**(said | changes))  # type: ignore[arg-type]


def collect(
    desk: Desk, schemas: Schemas, monkeypatch: pytest.MonkeyPatch, *pairs: tuple[Answer, dict[str, object]]
) -> None:
    """Let the mailbox offer valid messages that are read as these answers, in this order."""
    read: dict[bytes, Answer] = {}
    offered = []
    for number, (answer, changes) in enumerate(pairs):
        content = Meldebehoerde().receive(parcel().message.content)
        assert content is not None
        read[content] = answer
        offered.append(dataclasses.replace(incoming(content, f"urn:x:{number}"), **changes))  # type: ignore[arg-type]
    monkeypatch.setattr(module, "read_answer", read.__getitem__)
    assert collector(desk, schemas, first=offering(*offered)).run_once() == len(pairs)


@pytest.mark.parametrize(
    ("said", "came", "code"),
    [
        ({}, {}, "matched"),
        ({}, {"author": "ags:03454035"}, "matched"),
        ({"origin_type": "1702"}, {}, "wrong_type"),
        ({"author": "ags:03454032"}, {}, "wrong_party"),
        ({"reader": "mbp:000000002"}, {}, "wrong_party"),
        ({}, {"author": "ags:03454032"}, "wrong_sender"),
        ({"test": False}, {}, "matched"),
    ],
)
def test_only_an_answer_that_fits_in_every_way_changes_its_application(
    desk: Desk,
    schemas: Schemas,
    monkeypatch: pytest.MonkeyPatch,
    said: dict[str, object],
    came: dict[str, object],
    code: str,
) -> None:
    one = desk.waiting()
    collect(desk, schemas, monkeypatch, (answer_to(desk, one, **said), came))
    assert (codes(desk), desk.state(one)) == ([code], "answered" if code == "matched" else "accepted")


def test_a_test_answer_never_reaches_a_real_application(
    desk: Desk, schemas: Schemas, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = desk.waiting()
    desk.database.write(lambda c: c.execute(tables.delivery.update().values(test=0)))
    collect(desk, schemas, monkeypatch, (answer_to(desk, one, test=True), {}))
    assert (codes(desk), desk.state(one)) == (["test_answer"], "accepted")


def test_what_comes_beside_an_answer_is_kept_and_recorded(
    desk: Desk, schemas: Schemas, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = desk.waiting()
    beside = Attachment(filename="anlage.pdf", media_type="application/pdf", content=b"%PDF-1.4")
    collect(desk, schemas, monkeypatch, (answer_to(desk, one), {"attachments": (beside,)}))
    c = tables.reply_attachment.c
    kept = desk.database.read(lambda d: d.execute(select(c.number, c.filename, c.media_type, c.content)).all())
    assert [tuple(row) for row in kept] == [(1, "anlage.pdf", "application/pdf", b"%PDF-1.4")]
    names = desk.database.read(lambda d: d.scalars(select(tables.audit_salt.c.name)).all())
    assert len([name for name in names if re.fullmatch(r"reply-[0-9a-f-]{36}(-1)?", name)]) == 2


def test_an_answer_that_was_written_earlier_does_not_undo_a_later_one(
    desk: Desk, schemas: Schemas, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = desk.waiting()
    later = answer_to(desk, one)
    earlier = answer_to(
        desk, one, created_at=later.created_at - timedelta(hours=1), state=ApplicationState.WAITING_FOR_CITIZEN
    )
    collect(desk, schemas, monkeypatch, (later, {}), (earlier, {}))
    assert (codes(desk), desk.state(one)) == (["matched", "matched"], "answered")
    assert [event for event in desk.events(one) if event.startswith("application:")] == ["application:answered"]
    assert desk.events(one)[-1] == "case:closed"


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
    assert not [one for one in threading.enumerate() if one.name.startswith("replies")]


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
