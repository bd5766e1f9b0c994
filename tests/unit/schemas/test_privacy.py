"""Refusals may be logged and shown: whatever a message says, nothing of it is in them."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.errors import InvalidMessageError
from gateway.schemas import SchemaPackage
from tests.unit.schemas import messages
from tests.unit.schemas.messages import content

MARKER = "Geheimnis"
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


def spoil(element: etree._Element, way: int, secret: str) -> None:
    """Put the secret somewhere where it does not belong."""
    match way:
        case 0:
            element.text = secret
        case 1:
            element.set("produkt", secret)
        case 2:
            element.set(MARKER, secret)
        case 3:
            element.tag = f"{{urn:{MARKER}}}{MARKER}"
        case 4:
            etree.SubElement(element, f"{{{messages.NAMESPACE}}}{MARKER}", nsmap={MARKER: messages.NAMESPACE})
        case _:
            element.set(XSI_TYPE, MARKER)


def refuse(sending: SchemaPackage, message: bytes) -> None:
    with pytest.raises(InvalidMessageError) as caught:
        sending.validate(message)
    assert MARKER not in repr((caught.value.violations, caught.value.args))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None, "a parser's words hang on the exception"


@given(
    make=st.sampled_from([messages.order, messages.refusal_answer, messages.document_answer]),
    seed=st.integers(0, 2**32),
    ways=st.lists(st.integers(0, 5), min_size=1, max_size=3),
    bad=st.sampled_from(["–", "„", "\u0308", "1" * 50, "]]>", "04"]),
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_value_and_no_foreign_name_gets_into_a_refusal(
    sending: SchemaPackage, make: object, seed: int, ways: list[int], bad: str
) -> None:
    assert callable(make)
    message = make()
    # The order is refused for its code in any case; the rest may or may not add reasons.
    codes = message.findall(".//{*}code")
    codes[0].text = MARKER
    for way, element in zip(ways, Random(seed).sample(list(message.iter()), len(ways)), strict=True):
        spoil(element, way, MARKER + bad)
    refuse(sending, content(message))


@pytest.mark.parametrize(
    "broken",
    [f"<{MARKER}></x>", f'<a b="{MARKER}', f"<a>&{MARKER};</a>", f"<a x:{MARKER}='1'/>", f"<!DOCTYPE {MARKER}><a/>"],
)
def test_the_parsers_words_are_not_passed_on(sending: SchemaPackage, broken: str) -> None:
    refuse(sending, broken.encode())
