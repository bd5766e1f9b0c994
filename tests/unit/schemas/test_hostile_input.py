"""Bytes that no honest peer sends: refused before anything is expanded, fetched or exhausted."""

from __future__ import annotations

import time
from datetime import date

import pytest
from lxml import etree

from gateway.errors import InvalidMessageError
from gateway.schemas import SchemaPackage, Schemas, parsing
from tests.unit.schemas import messages
from tests.unit.schemas.messages import content, find

DAY = date(2026, 3, 2)
VALID = content(messages.order())
BODY = VALID.split(b"?>\n", 1)[1]
LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))


def rules(package: SchemaPackage, message: bytes) -> list[str]:
    with pytest.raises(InvalidMessageError) as caught:
        package.validate(message)
    return [one.rule for one in caught.value.violations]


@pytest.mark.parametrize(
    ("message", "rule"),
    [
        (b"", "xml.not_well_formed"),
        (b"<a>", "xml.not_well_formed"),
        (b"\x00" + VALID, "xml.not_well_formed"),
        (VALID + VALID, "xml.not_well_formed"),
        (VALID.replace(b"Musterfrau", b"&unknown;"), "xml.not_well_formed"),
        (VALID.replace(b"Musterfrau", b"&#2;"), "xml.not_well_formed"),
        (b"<!DOCTYPE a>" + BODY, "xml.doctype"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]>' + BODY.replace(b"Musterfrau", b"&x;"), "xml.doctype"),
        (b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd">' + BODY, "xml.doctype"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "xml.doctype"),
        (b'<!DOCTYPE a [<!ENTITY l0 "ha">' + LAUGHS + b"]><a>&l9;</a>", "xml.doctype"),
        (VALID.decode().encode("utf-16"), "xml.not_utf8"),
        (VALID.replace(b"Musterfrau", "Müller".encode("latin-1")), "xml.not_utf8"),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?>' + BODY, "xml.not_utf8"),
        (b'<?xml version="1.0" encoding="US-ASCII"?><a/>', "xml.not_utf8"),
        (b"<a>" * 100 + b"</a>" * 100, "xml.too_deep"),
        (b"<a>" * 100_000 + b"</a>" * 100_000, "xml.limit"),
        (VALID.replace(b'produkt="p"', b'produkt="' + b"p" * 300_000 + b'"'), "xml.limit"),
        (VALID.replace(b'produkt="p"', b'produkt="' + b"p" * 11_000_000 + b'"'), "xml.limit"),
        (VALID.replace(b"Musterfrau", b"a-b" * 200_000), "xml.limit"),
        (b" " * (parsing.MAX_BYTES + 1), "xml.too_large"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_hostile_bytes_are_refused_quickly(sending: SchemaPackage, message: bytes, rule: str) -> None:
    began = time.process_time()
    assert rules(sending, message) == [rule]
    assert time.process_time() - began < 2


def test_what_cannot_be_read_gets_no_package_either(schemas: Schemas) -> None:
    with pytest.raises(InvalidMessageError, match=r"xml\.doctype"):
        schemas.for_reading(b"<!DOCTYPE a>" + BODY, DAY)


def test_xinclude_is_not_followed(sending: SchemaPackage) -> None:
    message = messages.order()
    name = find(message, "//xmeld:vornamen/name")
    include = etree.SubElement(
        name, "{http://www.w3.org/2001/XInclude}include", href="file:///etc/passwd", parse="text"
    )
    name.text = None
    assert include.get("href")
    assert rules(sending, content(message)) == ["xsd.unexpected_element"]


def test_comments_and_processing_instructions_do_not_change_the_verdict(sending: SchemaPackage) -> None:
    sending.validate(VALID.replace(b"Musterfrau", b"Muster<!-- x --><?y z?>frau"))
    assert set(rules(sending, VALID.replace(b"49716<", b"497<!-- x -->1<"))) == {"rule.postleitzahl"}


def test_a_byte_order_mark_is_utf_8(sending: SchemaPackage) -> None:
    sending.validate(b"\xef\xbb\xbf" + VALID)


def test_many_siblings_do_not_stall_the_explanation(sending: SchemaPackage) -> None:
    message = VALID.replace(b"</xmeld:datenumfang>", b"<x/>" * 60_000 + b"</xmeld:datenumfang>")
    began = time.process_time()
    assert set(rules(sending, message)) == {"xsd.unexpected_element"}
    assert time.process_time() - began < 5


def test_a_document_of_some_megabytes_passes(sending: SchemaPackage) -> None:
    sending.validate(content(messages.document_answer("JVBE" * 1_500_000)))


def test_an_endless_refused_text_is_refused_in_time(sending: SchemaPackage) -> None:
    """The pattern of DIN 91379 keeps ways back for each character; the bound on texts keeps that short."""
    message = messages.order()
    find(message, "//xmeld:konkateniert").text = "K" * (parsing.MAX_TEXT - 1) + "–"
    began = time.process_time()
    assert rules(sending, content(message)) == ["xsd.pattern"]
    assert time.process_time() - began < 2
