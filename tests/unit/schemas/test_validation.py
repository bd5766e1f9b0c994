"""What the profile says about a message: accepted, or the place and the rule."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from gateway.errors import InvalidMessageError, Violation
from gateway.resources import resource
from gateway.schemas import SchemaPackage, Schemas
from gateway.schemas.compiled import CompiledSchema
from gateway.schemas.paths import Names
from gateway.schemas.second_opinion import SecondOpinion
from tests.unit.schemas import messages
from tests.unit.schemas.messages import E, X, content, find

DAY = date(2026, 3, 2)
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
ROOT = "/xmeld:onlinedienste.abrufanfrage.meldebescheinigung.1700"
IDENTITY = f"{ROOT}/xmeld:identifikation"
STREET = f"{IDENTITY}/xmeld:anschrift/xmeld:strasseUndHausnummer"


def violations(package: SchemaPackage, message: etree._Element) -> list[tuple[str, str]]:
    with pytest.raises(InvalidMessageError) as caught:
        package.validate(content(message))
    return [(one.path, one.rule) for one in caught.value.violations]


@pytest.mark.parametrize("make", [messages.order, messages.refusal_answer, messages.document_answer])
def test_valid_messages_pass_for_sending_and_for_reading(schemas: Schemas, make: Callable[[], etree._Element]) -> None:
    message = content(make())
    schemas.for_sending("xmeld", DAY).validate(message)
    schemas.for_reading(message, DAY).validate(message)


def remove(path: str) -> Callable[[etree._Element], None]:
    def change(message: etree._Element) -> None:
        victim = find(message, path)
        victim.getparent().remove(victim)  # type: ignore[union-attr]

    return change


def text(path: str, value: str) -> Callable[[etree._Element], None]:
    return lambda message: setattr(find(message, path), "text", value)


def attribute(path: str, name: str, value: str | None) -> Callable[[etree._Element], None]:
    def change(message: etree._Element) -> None:
        if value is None:
            del find(message, path).attrib[name]
        else:
            find(message, path).set(name, value)

    return change


def append(path: str, child: etree._Element) -> Callable[[etree._Element], None]:
    return lambda message: find(message, path).append(child)


@pytest.mark.parametrize(
    ("change", "path", "rule"),
    [
        (remove("//erreichbarkeit"), f"{ROOT}/nachrichtenkopf.g2g/autor/erreichbarkeit", "missing_element"),
        (remove("//xmeld:konkateniert"), f"{STREET}/xmeld:konkateniert|xmeld:strukturiert", "missing_element"),
        (remove("//xmeld:vornamen"), f"{IDENTITY}/xmeld:geburt", "unexpected_element"),
        (append("//autor", E.name("x")), f"{ROOT}/nachrichtenkopf.g2g/autor/name[2]", "unexpected_element"),
        (append("//xmeld:geburt", X.fremd("x")), f"{IDENTITY}/xmeld:geburt/*", "unexpected_element"),
        (append("//jahrMonatTag", E.code("x")), "jahrMonatTag", "unexpected_element"),
        (text("//xmeld:geburt", "x"), f"{IDENTITY}/xmeld:geburt", "unexpected_text"),
        (text("//xmeld:konkateniert", "a – b"), f"{STREET}/xmeld:konkateniert", "pattern"),
        (text("//xmeld:zustellvariante/code", "04"), "xmeld:zustellvariante/code", "enumeration"),
        (text("//jahrMonatTag", "2026-02-30"), "teilbekanntesDatum/jahrMonatTag", "type"),
        (text("//xmeld:meldebescheinigungMindestumfang", "false"), "xmeld:meldebescheinigungMindestumfang", "fixed"),
        (text("//xmeld:postleitzahl", "497161"), "xmeld:postleitzahl", "length"),
        (attribute("/*", "version", "26.05"), f"{ROOT}/@version", "fixed"),
        (attribute("/*", "produkt", None), f"{ROOT}/@produkt", "missing_attribute"),
        (attribute("/*", "produkt", "–"), f"{ROOT}/@produkt", "pattern"),
        (attribute("/*", "fremd", "x"), f"{ROOT}/@*", "unexpected_attribute"),
        (attribute("//xmeld:zustellvariante", "listURI", "x"), "xmeld:zustellvariante/@listURI", "fixed"),
        (attribute("//xmeld:gemeindeschluessel", "listVersionID", None), "/@listVersionID", "missing_attribute"),
        (attribute("//xmeld:geburt", XSI_TYPE, "x"), f"{IDENTITY}/xmeld:geburt", "xsi_type"),
    ],
)
def test_a_refusal_names_place_and_rule(
    sending: SchemaPackage, change: Callable[[etree._Element], None], path: str, rule: str
) -> None:
    message = messages.order()
    change(message)
    [(found, broken)] = violations(sending, message)
    assert broken == f"xsd.{rule}"
    assert found.endswith(path), found


def test_a_child_of_an_xinneres_type_must_not_carry_the_namespace(sending: SchemaPackage) -> None:
    message = messages.order()
    find(message, "//xmeld:vornamen/name").tag = f"{{{messages.NAMESPACE}}}name"
    assert violations(sending, message) == [(f"{IDENTITY}/xmeld:vornamen/xmeld:name", "xsd.unexpected_element")]


def test_every_broken_place_is_named(sending: SchemaPackage) -> None:
    message = messages.order()
    find(message, "//xmeld:konkateniert").text = "„"
    find(message, "//xmeld:zustellvariante/code").text = "09"
    assert [rule for _, rule in violations(sending, message)] == ["xsd.pattern", "xsd.enumeration"]


def test_the_line_is_named(sending: SchemaPackage) -> None:
    broken = content(messages.order()).replace(b"<xmeld:zustellvariante>", b"\n\n<xmeld:zustellvariante>\n")
    with pytest.raises(InvalidMessageError) as caught:
        sending.validate(broken.replace(b"<code>01</code></xmeld:zust", b"<code>09</code></xmeld:zust"))
    assert [one.line for one in caught.value.violations] == [5]


def test_where_the_second_opinion_differs_the_message_stays_refused(sending: SchemaPackage) -> None:
    """ "1" is the value true, as XML Schema has it; libxml2 compares fixed values by their letters."""
    message = messages.order()
    find(message, "//xmeld:meldebescheinigungMindestumfang").text = "1"
    assert [rule for _, rule in violations(sending, message)] == ["xsd.fixed", "xsd.opinions_differ"]


def test_large_messages_are_refused_without_the_second_opinion(sending: SchemaPackage) -> None:
    message = messages.document_answer("AAAA" * 100_000 + "=A")
    [(path, rule)] = violations(sending, message)
    assert (path.rpartition("/")[2], rule) == ("xmeld:pdfDokument", "xsd.type")
    root = etree.fromstring(content(messages.order()).replace(b">01<", b">09<"))
    small = sending.profile.violations(root, 3000)
    large = sending.profile.violations(root, 300_000)
    assert [(one.path, one.rule) for one in small] == [(one.path, one.rule) for one in large]


def test_a_schema_that_libxml2_cannot_finish_counts_as_refused() -> None:
    class Broken:
        def validate(self, _root: etree._Element) -> bool:
            raise etree.XMLSchemaValidateError("Internal error in XML Schema validation.")

    names = Names(namespace="urn:x", prefix="x", declared=frozenset())
    schema = CompiledSchema(Broken, names, label="xsd")  # type: ignore[arg-type]
    assert schema.violations(etree.Element("x"), 4) == (Violation(path="/", rule="xsd.not_checkable"),)


def test_threads_share_a_package(sending: SchemaPackage) -> None:
    """Valid and invalid messages at once: each gets its own verdict and its own reasons."""
    wrong_code, wrong_text = messages.order(), messages.order()
    find(wrong_code, "//xmeld:zustellvariante/code").text = "09"
    find(wrong_text, "//xmeld:konkateniert").text = "„"
    expected = [
        (content(messages.order()), ""),
        (content(wrong_code), "xsd.enumeration"),
        (content(wrong_text), "xsd.pattern"),
    ]

    def verdict(number: int) -> bool:
        message, rule = expected[number % 3]
        try:
            sending.validate(message)
        except InvalidMessageError as error:
            return [one.rule for one in error.violations] == [rule]
        return not rule

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(verdict, range(900)))


def test_xmlschema_is_not_imported_before_a_message_is_refused() -> None:
    script = (
        "import sys, datetime; from gateway.schemas import Schemas; from tests.unit.schemas import messages as m;"
        "Schemas.load().for_sending('xmeld', datetime.date(2026, 3, 2)).validate(m.content(m.order()));"
        "sys.exit('xmlschema' in sys.modules)"
    )
    repository = Path(__file__).resolve().parents[3]
    subprocess.run([sys.executable, "-c", script], check=True, cwd=repository, timeout=60)


def test_the_second_opinion_never_turns_a_refusal_into_a_crash() -> None:
    names = Names(namespace=messages.NAMESPACE, prefix="xmeld", declared=frozenset())
    opinion = SecondOpinion(resource("xsd", "xmeld", "25.11a", "xmeld.xsd"), names)
    message = messages.order()
    message[0].set(XSI_TYPE, "unbekannt")
    assert opinion.violations(message, 20) is None
