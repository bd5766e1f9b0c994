"""DIN 91379 type C: our table against the shipped schema type and, where it is here, the publisher's."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.resources import resource
from gateway.standards import din91379
from tests.official import OFFICIAL, needs_official
from tests.strategies import COMBINED, UNITS, lines

NAMESPACE = "urn:xoev-de:kosit:xoev:datentyp:din-91379_2022-08"
MARKS = sorted({mark for marks, _ in din91379.SEQUENCES for mark in marks} | {"\u0301", "\u0327", "\u0330", "\u0338"})


def _type_c(location: str) -> etree.XMLSchema:
    return etree.XMLSchema(
        etree.fromstring(
            f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:d="{NAMESPACE}">'
            f'<xs:import namespace="{NAMESPACE}" schemaLocation="{location}"/>'
            '<xs:element name="t" type="d:datatypeC"/></xs:schema>'
        )
    )


def _differences(schema: etree.XMLSchema) -> list[str]:
    """Texts on which the table and the schema type disagree: every BMP character, every letter with every mark."""
    characters = [chr(point) for point in range(0x20, 0xFFFE) if not 0xD800 <= point <= 0xDFFF]
    characters += ["\t", "\n", "\r", "\U0001f600"]
    letters = [one for one in characters if one.isalpha() and ord(one) < 0x2000]
    texts = characters + [letter + mark for letter in letters for mark in MARKS]
    texts += [*COMBINED, *(one + "\u0304" for one in COMBINED), "K\u035f", "K\u035fhK\u035fH"]
    element = etree.Element("t")
    found = []
    for text in texts:
        element.text = text
        if schema.validate(element) != din91379.allowed(text):
            found.append(ascii(text))
    return found


def test_table_and_our_schema_type_agree() -> None:
    file = resource("xsd", "din-91379", "2022-08", "din-91379.xsd")
    assert _differences(_type_c(file.as_uri())) == []


@needs_official
def test_table_and_official_schema_type_agree() -> None:
    file = OFFICIAL / "common" / "din-91379" / "2022-08" / "din-norm-91379-datatypes.xsd"
    assert _differences(_type_c(file.as_uri())) == []


def test_every_allowed_letter_is_normalised() -> None:
    assert [one for one in UNITS if not unicodedata.is_normalized("NFC", one)] == []


@given(lines(60))
def test_what_is_allowed_is_in_nfc(text: str) -> None:
    assert din91379.allowed(text)
    assert unicodedata.is_normalized("NFC", text)


@given(st.text(st.sampled_from([*"aK\u0308\u035fhH \u00a0\t–Ä"]), max_size=8))
def test_a_line_is_allowed_text_without_blank_edges(text: str) -> None:
    one_line = din91379.allowed(text) and not set(text) & set(din91379.CONTROLS)
    trimmed = bool(text) and text == text.strip(din91379.BLANKS)
    assert bool(re.fullmatch(din91379.LINE, text)) == (one_line and trimmed)


@pytest.mark.parametrize("text", ["Mu\u0308ller", "A\u030angström", "e\u0301"])
def test_decomposed_letters_only_need_normalising(text: str) -> None:
    assert din91379.only_needs_normalising(text)


@pytest.mark.parametrize("text", ["Müller", "12–14", "„Muster“", "Αθήνα", "Москва", "a\u0330", "\ufb01", "\u00ad"])
def test_other_texts_do_not(text: str) -> None:
    assert not din91379.only_needs_normalising(text)
