"""XTA replies become records; an element whose value decides something must be there, the rest may be left out."""

from __future__ import annotations

import pytest
from lxml import etree

from gateway.transport.soap.envelope import WSA
from gateway.transport.soap.reply import SoapReply
from gateway.transport.xta import replies
from gateway.transport.xta.faults import FaultClass, XtaError
from gateway.transport.xta.records import Status
from gateway.transport.xta.service import BOX, META, XTA

NS = f'xmlns:x="{XTA}" xmlns:m="{META}" xmlns:b="{BOX}" xmlns:w="{WSA}"'
IDENTIFIED = "<m:MsgIdentification><w:MessageID> urn:i </w:MessageID></m:MsgIdentification>"
META_BLOCK = f"<m:MessageMetaData {NS}>{IDENTIFIED}</m:MessageMetaData>"
ONE_LEFT = f'<b:MsgBoxResponse {NS} MsgBoxRequestID="urn:b"><b:ItemsPending>1</b:ItemsPending></b:MsgBoxResponse>'
REASON = "http://www.osci.eu/ws/2008/05/transport/MsgBox/reasons/NoMatch"
NOTHING = f'<b:MsgBoxResponse {NS} MsgBoxRequestID="urn:b"><b:NoMessageAvailable reason="{REASON}"/></b:MsgBoxResponse>'


def reply(*body: str, header: tuple[str, ...] = ()) -> SoapReply:
    def read(texts: tuple[str, ...]) -> tuple[etree._Element, ...]:
        return tuple(etree.fromstring(one) for one in texts)

    return SoapReply(header=read(header), body=read(body), fault=None, raw=b"<raw/>")


def message(content: str) -> str:
    inner = f"<x:ContentContainer>{content}</x:ContentContainer>"
    return f"<x:GenericContentContainer {NS}>{inner}</x:GenericContentContainer>"


def unreadable(error: pytest.ExceptionInfo[XtaError]) -> bool:
    return error.value.code == "xta.unreadable" and error.value.rule.fault_class is FaultClass.MAYBE


def test_message_id_is_kept_verbatim() -> None:
    made = f"<w:MessageID {NS}>urn:de:xta:messageid:Gov_01:ABC</w:MessageID>"
    assert replies.message_id(reply(made)) == "urn:de:xta:messageid:Gov_01:ABC"


@pytest.mark.parametrize("text", ["", " ", "a b", "x" * 101, "urn:ä", "a\tb"])
def test_message_id_that_is_none(text: str) -> None:
    with pytest.raises(XtaError) as raised:
        replies.message_id(reply(f"<w:MessageID {NS}>{text}</w:MessageID>"))
    assert unreadable(raised)


@pytest.mark.parametrize("body", [(), (f"<x:Other {NS}/>",), (META_BLOCK, META_BLOCK)])
def test_body_that_is_not_the_expected_one(body: tuple[str, ...]) -> None:
    with pytest.raises(XtaError) as raised:
        replies.message_id(reply(*body))
    assert unreadable(raised)


def test_unexpected_body_of_an_empty_reply() -> None:
    with pytest.raises(XtaError) as raised:
        replies.expect_empty(reply(META_BLOCK))
    assert unreadable(raised)


@pytest.mark.parametrize(
    ("status", "expected"), [("0", Status.OPEN), (" 3 ", Status.RED), ("4", None), ("-1", None), ("+1", None)]
)
def test_status_of_a_report(status: str, expected: Status | None) -> None:
    state = f"<x:MessageStatus><x:Status>{status}</x:Status></x:MessageStatus>"
    made = replies.transport_report(reply(f"<x:TransportReport {NS}>{state}</x:TransportReport>"))
    assert (made.status, made.xta_id, made.entries) == (expected, "", 0)


@pytest.mark.parametrize(
    "inside",
    [
        "",
        "<x:MessageStatus/>",
        *(
            f"<x:MessageStatus><x:Status>{number}</x:Status></x:MessageStatus>"
            for number in ("x", "²", "٣", "+", "--1", "1" * 5000)
        ),
    ],
)
def test_report_without_a_status(inside: str) -> None:
    with pytest.raises(XtaError) as raised:
        replies.transport_report(reply(f"<x:TransportReport {NS}>{inside}</x:TransportReport>"))
    assert unreadable(raised)


@pytest.mark.parametrize("body", [(), (f"<x:GenericContentContainer {NS}/>",)])
def test_empty_box_may_come_with_or_without_a_body(body: tuple[str, ...]) -> None:
    made = replies.fetched(reply(*body, header=(NOTHING,)))
    assert (made.message, made.pending, made.reason) == (None, None, "NoMatch")


def test_message_of_the_box_is_decoded() -> None:
    parts = (
        '<x:Message contentType="text/xml" filename="1701.xml"> QUJD\n REVG </x:Message>'
        '<x:Attachment contentType="a/b" contentDescription="d"/>'
    )
    made = replies.fetched(reply(message(parts), header=(META_BLOCK, ONE_LEFT))).message
    assert made is not None
    assert (made.xta_id, made.content, made.media_type, made.readable) == ("urn:i", b"ABCDEF", "text/xml", True)
    assert [(one.filename, one.content, one.description) for one in made.attachments] == [("1", b"", "d")]


@pytest.mark.parametrize(
    "content",
    [
        "",
        '<x:Message contentType="a/b">!</x:Message>',
        '<x:Message contentType="a/b">QUJ</x:Message>',
        '<x:Message contentType="a/b"><i href="cid:1"/></x:Message>',
        '<x:Message contentType="a/b">QUJD</x:Message><x:Message contentType="a/b">QUJD</x:Message>',
    ],
)
def test_message_that_cannot_be_opened_is_passed_on_whole(content: str) -> None:
    made = replies.fetched(reply(message(content), header=(META_BLOCK, ONE_LEFT))).message
    assert made is not None
    assert not made.readable
    assert b"GenericContentContainer" in made.content


@pytest.mark.parametrize(
    "header",
    [
        (META_BLOCK,),
        (ONE_LEFT,),
        (META_BLOCK, ONE_LEFT, ONE_LEFT),
        (META_BLOCK.replace(" urn:i ", " "), ONE_LEFT),
        *((META_BLOCK, ONE_LEFT.replace(">1<", f">{count}<")) for count in ("-1", "²", "١", "1" * 5000)),
        (META_BLOCK, ONE_LEFT.replace("urn:b", "")),
    ],
)
def test_message_that_cannot_be_identified_or_confirmed_is_no_reply(header: tuple[str, ...]) -> None:
    content = '<x:Message contentType="a/b">QUJD</x:Message>'
    with pytest.raises(XtaError) as raised:
        replies.fetched(reply(message(content), header=header))
    assert unreadable(raised)


def by(*identifiers: str) -> str:
    """MessageMetaData of a message with these authors; the standard allows one."""
    authors = "".join(f"<m:Author><m:Identifier>{one}</m:Identifier></m:Author>" for one in identifiers)
    return META_BLOCK.replace(IDENTIFIED, f"<m:Originators>{authors}</m:Originators>{IDENTIFIED}")


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        (by(" ags:03454035 "), "ags:03454035"),
        (by(""), ""),
        (by(), ""),
        (META_BLOCK, ""),
        (by("ags:03454035", "ags:03454032"), ""),
    ],
)
@pytest.mark.parametrize("content", ['<x:Message contentType="a/b">QUJD</x:Message>', ""])
def test_author_of_a_message_is_the_only_one_of_its_metadata(metadata: str, expected: str, content: str) -> None:
    made = replies.fetched(reply(message(content), header=(metadata, ONE_LEFT))).message
    assert made is not None
    assert made.author == expected


def test_free_text_of_the_server_stays_out_of_the_record() -> None:
    entry = (
        "<x:Error><x:Timestamp>2026-05-01T10:00:00Z</x:Timestamp>"
        '<x:Code listURI="urn:l" listVersionID="1"><code>c</code></x:Code><x:Reason>Mustermann</x:Reason></x:Error>'
    )
    state = f"<x:MessageStatus><x:Status>3</x:Status><x:ErrorList>{entry}</x:ErrorList></x:MessageStatus>"
    made = replies.transport_report(reply(f"<x:TransportReport {NS}>{state}</x:TransportReport>"))
    assert made.errors == (("urn:l", "c"),)
    assert made.entries == 1
    assert "Mustermann" not in repr(made)
