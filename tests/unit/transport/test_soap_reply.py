"""A reply is taken only if it is exactly one SOAP 1.2 answer to our request; a fault may be briefer."""

from __future__ import annotations

import pytest

from gateway.transport.http import HttpReply
from gateway.transport.soap.envelope import S12, WSA, request
from gateway.transport.soap.parsing import XmlLimits
from gateway.transport.soap.reply import NoSoapReplyError, SoapReply, read_reply

ASKED = request(to="https://xta.example/send", action="urn:do", prefixes={})
RELATES = f"<w:RelatesTo>{ASKED.attempt_id}</w:RelatesTo>"
ACTION = "<w:Action>urn:do</w:Action>"
SOAP = "application/soap+xml; charset=utf-8"
FAULT = "<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code><s:Reason/></s:Fault>"


def envelope(header: str = ACTION + RELATES, body: str = "<x/>", *, ns: str = S12) -> str:
    head = f"<s:Header>{header}</s:Header>"
    return f'<s:Envelope xmlns:s="{ns}" xmlns:w="{WSA}">{head}<s:Body>{body}</s:Body></s:Envelope>'


def read(text: str, *, status: int = 200, media: str = SOAP) -> SoapReply:
    http = HttpReply(status=status, content_type=media, body=text.encode())
    return read_reply(http, ASKED, understood=frozenset({"urn:known"}), limits=XmlLimits())


def code(text: str, *, status: int = 200, media: str = SOAP) -> str:
    with pytest.raises(NoSoapReplyError) as raised:
        read(text, status=status, media=media)
    return raised.value.code


def test_answer_to_our_request_is_taken() -> None:
    reply = read(envelope())
    assert [one.tag for one in reply.body] == ["x"]
    assert reply.fault is None


def test_request_carries_the_addressing_headers_of_the_standard() -> None:
    made = request(to="https://xta.example/send", action="urn:do", prefixes={})
    texts = {str(one.tag).rpartition("}")[2]: "".join(str(part) for part in one.itertext()) for one in made.header}
    assert texts == {
        "To": "https://xta.example/send",
        "Action": "urn:do",
        "MessageID": made.attempt_id,
        "ReplyTo": "http://www.w3.org/2005/08/addressing/anonymous",
    }
    assert made.attempt_id.startswith("urn:uuid:")
    assert made.attempt_id != ASKED.attempt_id
    assert made.content_type == 'application/soap+xml; charset=utf-8; action="urn:do"'


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param(ACTION, "soap.relates_to", id="no RelatesTo"),
        pytest.param(f"{ACTION}<w:RelatesTo>urn:uuid:0</w:RelatesTo>", "soap.relates_to", id="another request's"),
        pytest.param(ACTION + RELATES + RELATES, "soap.relates_to", id="two RelatesTo"),
        pytest.param(
            ACTION + RELATES.replace("RelatesTo>", 'RelatesTo RelationshipType="urn:other">', 1),
            "soap.relates_to",
            id="related otherwise",
        ),
        pytest.param(RELATES, "soap.action", id="no Action"),
        pytest.param(f"<w:Action>urn:other</w:Action>{RELATES}", "soap.action", id="another Action"),
        pytest.param(ACTION + ACTION + RELATES, "soap.action", id="two Actions"),
        pytest.param(
            f'{ACTION}{RELATES}<k:b xmlns:k="urn:unknown" s:mustUnderstand="true"/>',
            "soap.must_understand",
            id="demanded",
        ),
    ],
)
def test_header_that_does_not_fit(header: str, expected: str) -> None:
    assert code(envelope(header)) == expected


def test_header_block_that_is_known_or_optional_is_no_obstacle() -> None:
    blocks = '<k:b xmlns:k="urn:known" s:mustUnderstand="1"/><k:b xmlns:k="urn:unknown"/>'
    assert read(envelope(ACTION + RELATES + blocks)).body


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(envelope().replace("</s:Body>", "</s:Body><s:Body/>"), id="two bodies"),
        pytest.param(envelope().replace("</s:Header>", "</s:Header><s:Header/>"), id="two headers"),
        pytest.param(envelope().replace("<s:Body>", "<t/><s:Body>"), id="something between"),
        pytest.param(f'<s:Envelope xmlns:s="{S12}"><s:Body/><s:Header/></s:Envelope>', id="header after body"),
        pytest.param(f'<s:Envelope xmlns:s="{S12}"/>', id="empty envelope"),
        pytest.param("<html/>", id="no envelope"),
        pytest.param(envelope(ns="http://schemas.xmlsoap.org/soap/envelope/"), id="SOAP 1.1"),
        pytest.param(envelope(body=FAULT + "<x/>"), id="fault and more"),
        pytest.param(envelope(body="<s:Fault/>"), id="fault without code"),
    ],
)
def test_structure_that_is_not_soap_1_2(text: str) -> None:
    assert code(text) == "soap.structure"


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        ("text/xml", "soap.media_type"),
        ("text/html", "soap.media_type"),
        ("", "soap.media_type"),
        ("application/soap+xml; charset=iso-8859-1", "soap.media_type"),
        ('multipart/related; type="application/xop+xml"; boundary="B"', "soap.multipart"),
    ],
)
def test_media_type_that_is_not_soap_1_2(media: str, expected: str) -> None:
    assert code(envelope(), media=media) == expected


@pytest.mark.parametrize("media", ["application/soap+xml", 'Application/SOAP+XML; Charset="UTF-8"; action="urn:do"'])
def test_media_type_in_other_spelling_is_taken(media: str) -> None:
    assert read(envelope(), media=media).body


@pytest.mark.parametrize("text", ["not xml", "<!DOCTYPE a><a/>", envelope()[:-20], ""])
def test_body_that_cannot_be_parsed(text: str) -> None:
    assert code(text) == "soap.xml"


@pytest.mark.parametrize("status", [400, 401, 404, 500, 503])
@pytest.mark.parametrize("media", ["text/html", SOAP])
def test_error_status_without_a_fault_is_named_by_its_status(status: int, media: str) -> None:
    assert code("<html></html>" if media == "text/html" else "no xml", status=status, media=media) == f"http.{status}"


def test_error_status_with_an_answer_is_no_answer() -> None:
    assert code(envelope(), status=500) == "http.500"


def test_soap_1_1_refusal_is_recognised() -> None:
    assert (
        code(envelope(ns="http://schemas.xmlsoap.org/soap/envelope/"), status=500, media="text/xml") == "soap.version"
    )


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize(
    "header",
    [
        pytest.param(ACTION + RELATES, id="as the standard wants"),
        pytest.param("", id="without addressing"),
        pytest.param(f"<w:Action>{WSA}/soap/fault</w:Action>{RELATES}", id="general fault action"),
    ],
)
def test_fault_is_taken(status: int, header: str) -> None:
    reply = read(envelope(header, FAULT), status=status)
    assert reply.fault is not None
    assert (reply.fault.code, reply.body) == ("Receiver", ())


def test_fault_for_another_request_is_not_ours() -> None:
    assert code(envelope(f"{ACTION}<w:RelatesTo>urn:uuid:0</w:RelatesTo>", FAULT), status=500) == "soap.relates_to"


def test_error_quotes_nothing_of_the_reply() -> None:
    with pytest.raises(NoSoapReplyError) as raised:
        read(envelope(body="<name>Mustermann</name>").replace(RELATES, ""))
    assert "Mustermann" not in str(raised.value)
