"""The mailbox is emptied with at-least-once delivery: confirmed is only what was kept; no mishap loses a message."""

from __future__ import annotations

import copy
import hashlib
import json
import threading

import pytest
from lxml import etree

from adapters.xta.adapter import XtaAdapter
from adapters.xta.simulation.state import Post
from adapters.xta.simulator import How, Mishap, Simulator
from gateway.errors import TransportError
from gateway.model import Incoming, Whose
from gateway.signing.pki import DemoPki
from gateway.transport.xta.service import META
from tests.portal_harness import captured_logs
from tests.xta_exchange import AUTHOR, READER, adapter_for, parcel, reserved

XENC = "http://www.w3.org/2001/04/xmlenc#"


def fill(adapter: XtaAdapter, count: int) -> None:
    """Order ``count`` certificates, so that as many answers wait."""
    for _ in range(count):
        adapter.deliver(reserved(adapter, parcel()))


def waiting(simulator: Simulator) -> int:
    return simulator.service.state.waiting(AUTHOR.identifier)


def test_all_waiting_messages_are_fetched_and_confirmed(adapter: XtaAdapter, simulator: Simulator) -> None:
    fill(adapter, 5)
    kept: list[Incoming] = []
    assert adapter.collect(kept.append) == 5
    assert len({one.transport_id for one in kept}) == 5
    assert waiting(simulator) == 0


def test_message_comes_with_type_metadata_and_an_id_in_lower_case(adapter: XtaAdapter) -> None:
    fill(adapter, 1)
    kept: list[Incoming] = []
    adapter.collect(kept.append)
    (one,) = kept
    assert one.transport_id == one.transport_id.lower()
    assert one.media_type == "text/xml"
    assert etree.fromstring(one.metadata).tag.endswith("MessageMetaData")


def test_message_is_only_confirmed_after_it_was_kept(adapter: XtaAdapter, simulator: Simulator) -> None:
    fill(adapter, 2)
    seen: list[int] = []
    adapter.collect(lambda _: seen.append(waiting(simulator)))
    assert seen == [2, 2]
    assert waiting(simulator) == 0


def test_one_call_takes_no_more_than_configured(simulator: Simulator, pki: DemoPki) -> None:
    adapter = adapter_for(simulator, pki, fetch_at_most=2)
    fill(adapter, 3)
    assert [adapter.collect(lambda _: None) for _ in range(3)] == [2, 1, 0]
    adapter.close()


def test_lost_confirmation_costs_a_repetition(adapter: XtaAdapter, simulator: Simulator) -> None:
    fill(adapter, 1)
    simulator.script.plan("close", Mishap(how=How.DROP))
    kept: list[Incoming] = []
    with pytest.raises(TransportError):
        adapter.collect(kept.append)
    assert adapter.collect(kept.append) == 1
    assert len({one.transport_id for one in kept}) == 1


def test_iterator_that_is_gone_at_close_is_no_error(adapter: XtaAdapter, simulator: Simulator) -> None:
    fill(adapter, 1)
    simulator.script.plan("close", Mishap(how=How.FAULT, value="9070"))
    assert adapter.collect(lambda _: None) == 1


def test_failure_half_way_confirms_what_was_kept(adapter: XtaAdapter, simulator: Simulator) -> None:
    fill(adapter, 3)
    simulator.script.plan("getNextMessage", Mishap(how=How.STATUS, value="503"))
    kept: list[Incoming] = []
    with pytest.raises(TransportError) as raised:
        adapter.collect(kept.append)
    assert raised.value.outcome.code == "http.503"
    assert (len(kept), waiting(simulator)) == (1, 2)


def test_iterator_that_is_gone_half_way_ends_quietly(adapter: XtaAdapter, simulator: Simulator) -> None:
    fill(adapter, 2)

    def forget(_: Incoming) -> None:
        simulator.service.state.iterators.clear()

    assert adapter.collect(forget) == 1
    assert waiting(simulator) == 2


def test_unreadable_message_is_kept_whole_and_does_not_block_the_box(adapter: XtaAdapter, simulator: Simulator) -> None:
    fill(adapter, 2)
    box = simulator.service.state.boxes[AUTHOR.identifier]
    first = next(iter(box))
    sealed = etree.Element("{http://xoev.de/transport/xta/211}GenericContentContainer")
    etree.SubElement(etree.SubElement(sealed, f"{{{XENC}}}EncryptedData"), f"{{{XENC}}}CipherData").text = "AAAA"
    box[first] = Post(xta_id=box[first].xta_id, metadata=box[first].metadata, container=sealed)
    kept: list[Incoming] = []
    assert adapter.collect(kept.append) == 2
    assert kept[0].media_type == "application/xml"
    assert b"EncryptedData" in kept[0].content
    assert waiting(simulator) == 0


def test_content_that_is_no_base64_is_kept_whole(adapter: XtaAdapter, simulator: Simulator) -> None:
    fill(adapter, 1)
    (post,) = simulator.service.state.boxes[AUTHOR.identifier].values()
    next(post.container.iter("{http://xoev.de/transport/xta/211}Message")).text = "not base64!"
    kept: list[Incoming] = []
    assert adapter.collect(kept.append) == 1
    assert kept[0].media_type == "application/xml"


def test_box_that_offers_the_same_message_for_ever_is_left(adapter: XtaAdapter, simulator: Simulator) -> None:
    fill(adapter, 2)
    first = next(iter(simulator.service.state.boxes[AUTHOR.identifier]))

    def rewind(_: Incoming) -> None:
        for iterator in simulator.service.state.iterators.values():
            iterator.left[:] = [first, first]

    assert adapter.collect(rewind) == 1
    assert waiting(simulator) == 1


def test_only_one_collection_at_a_time(adapter: XtaAdapter) -> None:
    fill(adapter, 1)
    inside, leave = threading.Event(), threading.Event()

    def slow(_: Incoming) -> None:
        inside.set()
        leave.wait(5)

    thread = threading.Thread(target=adapter.collect, args=(slow,))
    thread.start()
    assert inside.wait(5)
    second = adapter.collect(lambda _: None)
    leave.set()
    thread.join()
    assert second == 0


def test_mailbox_of_another_is_closed_to_us(simulator: Simulator, pki: DemoPki) -> None:
    adapter = adapter_for(simulator, pki, author={"identifier": "mbp:999999999"})
    with pytest.raises(TransportError) as raised:
        adapter.collect(lambda _: None)
    assert (raised.value.outcome.code, raised.value.outcome.whose) == ("xta.9014", Whose.OPERATOR)
    adapter.close()


def test_message_names_its_author_as_the_transport_vouches_for_it(adapter: XtaAdapter) -> None:
    """The author is that of the metadata, whatever the message inside says of itself."""
    fill(adapter, 1)
    kept: list[Incoming] = []
    adapter.collect(kept.append)
    assert [one.author for one in kept] == [READER.identifier]


def test_author_is_read_from_the_metadata_and_not_from_the_message(adapter: XtaAdapter, simulator: Simulator) -> None:
    fill(adapter, 1)
    (post,) = simulator.service.state.boxes[AUTHOR.identifier].values()
    next(post.metadata.iter(f"{{{META}}}Author"))[0].text = " ags:99999999 "
    kept: list[Incoming] = []
    adapter.collect(kept.append)
    assert [one.author for one in kept] == ["ags:99999999"]
    assert READER.identifier.removeprefix("ags:").encode() in kept[0].content


@pytest.mark.parametrize(
    ("transport_id", "logged"),
    [
        ("urn:de:xta:messageid:Simulator_01:1", "urn:de:xta:messageid:simulator_01:1"),
        ("Erika Mustermann", f"sha256:{hashlib.sha256(b'erika mustermann').hexdigest()}"),
        ("a" * 129, f"sha256:{hashlib.sha256(b'a' * 129).hexdigest()}"),
    ],
)
def test_id_of_an_unopened_message_is_logged_in_a_safe_form(
    adapter: XtaAdapter, simulator: Simulator, transport_id: str, logged: str
) -> None:
    fill(adapter, 1)
    box = simulator.service.state.boxes[AUTHOR.identifier]
    ((old, post),) = box.items()
    next(post.container.iter("{http://xoev.de/transport/xta/211}Message")).text = "not base64!"
    metadata = copy.deepcopy(post.metadata)
    next(metadata.iter("{http://www.w3.org/2005/08/addressing}MessageID")).text = transport_id
    del box[old]
    box[transport_id.lower()] = Post(xta_id=transport_id, metadata=metadata, container=post.container)
    with captured_logs() as log:
        assert adapter.collect(lambda _: None) == 1
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["transport_id"] for line in lines if line["event"].startswith("message kept unopened")] == [logged]
    assert "mustermann" not in log.getvalue().lower()
