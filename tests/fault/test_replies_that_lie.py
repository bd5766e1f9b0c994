"""What comes out of the mailbox may be anything: it is kept, parked or matched, recorded, and never blocks the box."""

from __future__ import annotations

import gzip
import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, func, select

from adapters.xta.simulation import documents
from adapters.xta.simulation.meldebehoerde import Meldebehoerde
from adapters.xta.simulation.state import Post
from adapters.xta.simulator import DEMO_AUTHOR, Simulator, demo_simulator
from gateway.audit.bundle import export_case
from gateway.audit.verify import verify
from gateway.signing.pki import DemoPki
from gateway.store import tables
from tests.gateways import Installation, Running, install, running

ANSWER = "onlinedienste.meldebescheinigungAntwort.1701"
NAMESPACE = "http://www.osci.de/xmeld2511a"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A gateway that does only what it is told, and its authority."""

    folder: Installation
    gateway: Running
    authority: Simulator

    def delivered(self) -> str:
        """Hand in an application and deliver it; its answer waits in the mailbox. Returns its id."""
        one = self.gateway.post()
        assert self.gateway.gateway.worker.run_once() == 1
        assert self.gateway.state(one) == "delivered"
        return one

    def answered(self) -> str:
        one = self.delivered()
        self.collect()
        assert self.gateway.state(one) == "answered"
        return one

    def collect(self) -> int:
        """Empty the mailbox once; afterwards nothing may be left in it."""
        count = self.gateway.gateway.collector.run_once()
        assert self.authority.service.state.waiting(DEMO_AUTHOR) == 0
        return count

    def answer_to(self, application_id: str) -> bytes:
        """Let another clerk of the same office answer: a valid 1701 with a nachrichtenUUID of its own."""
        wanted = self.gateway.message_id(application_id)
        m = tables.message.c
        order = self.folder.rows(select(m.content).where(m.id == wanted))[0].content
        answer = Meldebehoerde().receive(order)
        assert answer is not None
        return answer

    def mail(self, content: bytes, *, xta_id: str = "") -> str:
        """Put bytes into our mailbox, announced as an answer; return the XTA id under which they lie there."""
        state = self.authority.service.state
        xta_id = xta_id or state.issue("")
        question = next(iter(state.orders.values())).metadata
        metadata = documents.answer_metadata(
            question, xta_id, root_name=ANSWER, namespace=NAMESPACE, size=max(len(content), 1)
        )
        container = documents.container(content, "1701.xml")
        state.post(DEMO_AUTHOR, Post(xta_id=xta_id, metadata=metadata, container=container))
        return xta_id

    def reply(self, xta_id: str) -> Row[Any]:
        """Return what was kept under this id."""
        r = tables.reply.c
        (row,) = self.folder.rows(select(tables.reply).where(r.transport_id == xta_id.lower()))
        return row

    def parked(self) -> list[Row[Any]]:
        e = tables.event.c
        return self.folder.rows(select(e.err, e.dig, e.ref).where(e.event == "reply:parked").order_by(e.id))

    def documents(self, application_id: str) -> int:
        d = tables.document.c
        count = select(func.count()).select_from(tables.document).where(d.application_id == application_id)
        return int(self.folder.rows(count)[0][0])

    def assert_log_valid(self) -> None:
        self.gateway.gateway.sequencer.run_once()
        assert (self.folder.audit().verdict.value, self.folder.audit().pending) == ("valid", 0)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[Place]:
    with demo_simulator(pki) as authority:
        folder = install(tmp_path_factory.mktemp("replies") / "gateway", pki, authority)
        with running(folder, threads=False) as gateway:
            yield Place(folder=folder, gateway=gateway, authority=authority)


def changed(answer: bytes, pattern: str, new: str) -> bytes:
    """Replace exactly one text of an answer."""
    text, count = re.subn(pattern, new, answer.decode(), count=1, flags=re.DOTALL)
    assert count == 1
    return text.encode()


def refusal(code: str) -> str:
    reasons = "urn:xoev-de:xmeld:codeliste:onlinedienste.nichterstellung.grund"
    reason = f'<xmeld:grundDerRueckweisung listURI="{reasons}" listVersionID="1"><code>{code}</code>'
    return f"{reason}</xmeld:grundDerRueckweisung>"


UNREADABLE = {
    "nothing at all": lambda answer: b"",
    "no XML": lambda answer: b"Sehr geehrte Damen und Herren,",
    "cut off": lambda answer: answer[: len(answer) // 2],
    "compressed": gzip.compress,
    "a DTD": lambda answer: b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    "another namespace": lambda answer: answer.replace(b"xmeld2511a", b"xmeld9911a"),
    "another message of the standard": lambda answer: answer.replace(ANSWER.encode(), b"freieSuche.antwort.1333"),
    "an element too much": lambda answer: answer.replace(b"</nachrichtenkopf.g2g>", b"<x/></nachrichtenkopf.g2g>"),
    "an unknown reason for a refusal": lambda answer: changed(
        answer, "<xmeld:auskunft>.*</xmeld:auskunft>", refusal("99")
    ),
    "the type of another message": lambda answer: changed(answer, "<code>1701</code>", "<code>1707</code>"),
    "an answer to another kind of order": lambda answer: changed(answer, "<code>1700</code>", "<code>1702</code>"),
    "no time of creation": lambda answer: changed(answer, "(<erstellungszeitpunkt>)[^<]*", r"\g<1>gestern"),
    "UTF-16 announced as UTF-8": lambda answer: answer.decode().encode("utf-16"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_reply_that_cannot_be_read_is_parked_and_blocks_nothing(place: Place, name: str) -> None:
    one = place.delivered()
    content = UNREADABLE[name](place.answer_to(one))
    before = place.parked()
    good, place.authority.service.state.boxes[DEMO_AUTHOR] = place.authority.service.state.boxes[DEMO_AUTHOR], {}
    bad = place.mail(content)
    place.authority.service.state.boxes[DEMO_AUTHOR] |= good

    assert place.collect() == 2

    kept = place.reply(bad)
    assert (kept.code, kept.application_id, kept.content) == ("invalid", None, content)
    new = place.parked()[len(before) :]
    assert [json.loads(row.err)["code"] for row in new] == ["reply.invalid"]
    assert place.gateway.state(one) == "answered"
    place.assert_log_valid()


def test_an_answer_to_a_message_that_was_never_sent_is_parked(place: Place) -> None:
    one = place.answered()
    stranger = place.mail(changed(place.answer_to(one), place.gateway.message_id(one), str(uuid.uuid4())))
    history = place.gateway.get(one)["history"]

    assert place.collect() == 1

    assert (place.reply(stranger).code, place.reply(stranger).application_id) == ("unknown_origin", None)
    assert json.loads(place.parked()[-1].err)["code"] == "reply.unknown_origin"
    assert place.gateway.get(one)["history"] == history


@pytest.mark.parametrize(
    ("role", "known", "other"),
    [("autor", "ags:03454035", "ags:03454032"), ("leser", "mbp:000000001", "mbp:000000002")],
)
def test_an_answer_of_or_to_somebody_else_is_parked(place: Place, role: str, known: str, other: str) -> None:
    one = place.delivered()
    place.authority.service.state.boxes[DEMO_AUTHOR].clear()
    false = place.mail(changed(place.answer_to(one), f"(<{role}>.*?<kennung>){known}", rf"\g<1>{other}"))

    assert place.collect() == 1

    assert (place.reply(false).code, place.gateway.state(one)) == ("wrong_party", "delivered")
    assert json.loads(place.parked()[-1].err)["code"] == "reply.wrong_party"
    place.assert_log_valid()


def test_a_strangers_name_for_itself_stays_out_of_the_log_and_blocks_nothing(place: Place) -> None:
    one = place.delivered()
    place.authority.service.state.boxes[DEMO_AUTHOR].clear()
    false = place.mail(
        changed(place.answer_to(one), "(<autor>.*?<kennung>)[^<]*", r"\g<1>Frau Zwiebelmarkus, Zimmer 3")
    )

    place.collect()

    assert place.reply(false).code in ("wrong_party", "invalid")
    place.assert_log_valid()
    found = select(func.count()).where(tables.audit_record.c.bytes.contains(b"Zwiebelmarkus"))
    assert place.folder.rows(found)[0][0] == 0


def test_the_same_message_offered_twice_is_taken_once(place: Place) -> None:
    one = place.delivered()
    box = dict(place.authority.service.state.boxes[DEMO_AUTHOR])
    place.collect()
    events = place.folder.events(one)
    place.authority.service.state.boxes[DEMO_AUTHOR] |= box

    assert place.collect() == 1

    assert (place.folder.events(one), place.documents(one)) == (events, 1)


def test_the_same_answer_under_another_transport_id_is_taken_once(place: Place) -> None:
    """A server that lost our confirmation together with its books delivers again under a new id."""
    one = place.answered()
    r = tables.reply.c
    content = place.folder.rows(select(r.content).where(r.application_id == one))[0].content
    events = place.folder.events(one)
    place.mail(content)

    assert place.collect() == 1

    assert (place.folder.events(one), place.documents(one)) == (events, 1)


def test_another_answer_under_a_known_message_id_is_parked(place: Place) -> None:
    one = place.answered()
    r = tables.reply.c
    content = place.folder.rows(select(r.content).where(r.application_id == one))[0].content
    false = place.mail(changed(content, "Musterverfahren", "Musterverfahren B"))

    place.collect()

    assert (place.reply(false).code, place.documents(one)) == ("id_reused", 1)
    assert json.loads(place.parked()[-1].err)["code"] == "reply.id_reused"
    place.assert_log_valid()


def test_a_second_answer_to_a_closed_case_is_recorded_and_closes_it_again(place: Place, tmp_path: Path) -> None:
    one = place.answered()
    place.gateway.gateway.sequencer.run_once()
    events = place.folder.events(one)
    second = place.mail(place.answer_to(one))

    assert place.collect() == 1

    assert (place.reply(second).code, place.reply(second).application_id) == ("matched", one)
    assert place.folder.events(one) == [*events, "reply:received", "application:answered", "case:closed"]
    assert place.documents(one) == 2
    place.assert_log_valid()
    key = place.gateway.gateway.parts.log_key
    export_case(place.gateway.gateway.database, tmp_path / "case.zip", key, one)
    report = verify(tmp_path / "case.zip", key.verifier)
    assert (report.verdict.value, report.records) == ("valid", len(events) + 3)


def test_a_later_refusal_is_what_the_portal_is_told(place: Place) -> None:
    one = place.answered()
    place.mail(changed(place.answer_to(one), "<xmeld:auskunft>.*</xmeld:auskunft>", refusal("03")))

    place.collect()

    told = place.gateway.get(one)
    assert (told["state"], [reason["code"] for reason in told["reasons"]]) == ("refused", ["xmeld.nichterstellung.03"])
