"""Each rule beside the schema: a message that is schema-valid but wrong is refused by its rule, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from gateway.errors import ConfigurationError, InvalidMessageError
from gateway.resources import resource
from gateway.schemas import SchemaPackage, Schemas, rules
from tests.unit.schemas import messages
from tests.unit.schemas.messages import X, content, find

DAY = date(2026, 3, 2)
FILE = resource("xsd", "xmeld", "25.11a", "rules.toml")
HEADER = "/*/nachrichtenkopf.g2g/identifikation.nachricht"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XS = "http://www.w3.org/2001/XMLSchema"

Change = Callable[[etree._Element], None]


def text(path: str, value: str) -> Change:
    return lambda message: setattr(find(message, path), "text", value)


def empty_list_version(message: etree._Element) -> None:
    find(message, "//xmeld:gemeindeschluessel").set("listVersionID", " ")


def without_certificate(message: etree._Element) -> None:
    certificate = find(message, "//xmeld:meldebescheinigung")
    certificate.getparent().remove(certificate)  # type: ignore[union-attr]


def retyped(message: etree._Element) -> None:
    stamp = find(message, f"{HEADER}/erstellungszeitpunkt")
    typed = etree.Element(stamp.tag, nsmap={"xs": XS})
    typed.set(f"{{{XSI}}}type", "xs:dateTime")
    typed.text = stamp.text
    stamp.getparent().replace(stamp, typed)  # type: ignore[union-attr]


ORDER, REFUSAL, DOCUMENT = messages.order, messages.refusal_answer, messages.document_answer
ALWAYS = [
    ("nachrichtentyp", ORDER, text(f"{HEADER}/nachrichtentyp/code", "1701")),
    ("nachrichtentyp", REFUSAL, text(f"{HEADER}/nachrichtentyp/code", "1700")),
    ("ursprungsnachricht", REFUSAL, text("/*/xmeld:ursprungsnachricht/nachrichtentyp/code", "1701")),
    ("typwechsel", ORDER, retyped),
]
SENDING = [
    ("erstellungszeitpunkt", ORDER, text(f"{HEADER}/erstellungszeitpunkt", "2026-03-02T09:15:30.123")),
    ("erstellungszeitpunkt", ORDER, text(f"{HEADER}/erstellungszeitpunkt", "2026-03-02T09:15:30+01:00")),
    ("erstellungszeitpunkt", ORDER, text(f"{HEADER}/erstellungszeitpunkt", "2026-03-02T09:15:30.1Z")),
    ("erstellungszeitpunkt", REFUSAL, text("//xmeld:ursprungsnachricht/erstellungszeitpunkt", "2026-03-02T09:15:30Z")),
    ("postleitzahl", ORDER, text("//xmeld:postleitzahl", "49")),
    ("postleitzahl", ORDER, text("//gebaeude/postleitzahl", "4971 ")),
    ("gemeindeschluessel", ORDER, text("//xmeld:gemeindeschluessel/code", "3454035")),
    ("text_leer", ORDER, text("//xmeld:vornamen/name", "")),
    ("text_leer", ORDER, text("//xmeld:konkateniert", " \t\n")),
    ("attribut_leer", ORDER, empty_list_version),
    ("verzeichnisdienst", ORDER, text("//leser/verzeichnisdienst/code", "SAFE")),
    ("praefix_autor", ORDER, text("//autor/kennung", "ags:03454035")),
    ("praefix_leser", ORDER, text("//leser/kennung", "mbp:000000001")),
    ("praefix_leser", ORDER, text("//leser/kennung", "ags:0345403")),
    ("ergebnis_fehlt", DOCUMENT, without_certificate),
    ("ergebnisstatus", DOCUMENT, text("//xmeld:ergebnisstatus/code", "03")),
]


def broken(package: SchemaPackage, message: bytes) -> list[str]:
    try:
        package.validate(message)
    except InvalidMessageError as error:
        return [one.rule for one in error.violations]
    return []


@pytest.mark.parametrize(("rule", "make", "change"), [*ALWAYS, *SENDING])
def test_a_message_that_only_a_rule_refuses_is_not_sent(
    sending: SchemaPackage, rule: str, make: Callable[[], etree._Element], change: Change
) -> None:
    message = make()
    change(message)
    assert broken(sending, content(message)) == [f"rule.{rule}"]


@pytest.mark.parametrize(("rule", "make", "change"), ALWAYS)
def test_some_rules_hold_for_reading_too(
    schemas: Schemas, rule: str, make: Callable[[], etree._Element], change: Change
) -> None:
    message = make()
    change(message)
    package = schemas.for_reading(content(message), DAY)
    assert broken(package, content(message)) == [f"rule.{rule}"]


@pytest.mark.parametrize(("rule", "make", "change"), SENDING)
def test_our_own_strictness_does_not_keep_an_answer_from_being_read(
    schemas: Schemas, rule: str, make: Callable[[], etree._Element], change: Change
) -> None:
    message = make()
    change(message)
    package = schemas.for_reading(content(message), DAY)
    assert broken(package, content(message)) == [], rule


def test_every_shipped_rule_is_tested() -> None:
    shipped, _ = rules.read(FILE)
    assert {rule.id for rule in shipped} == {rule for rule, _, _ in [*ALWAYS, *SENDING]}
    assert {rule.id for rule in shipped if not rule.sending_only} == {rule for rule, _, _ in ALWAYS}


def test_a_schema_location_hint_is_harmless(sending: SchemaPackage) -> None:
    message = messages.order()
    message.set(f"{{{XSI}}}schemaLocation", f"{messages.NAMESPACE} http://127.0.0.1:1/never-fetched.xsd")
    assert broken(sending, content(message)) == []


def test_the_message_list_may_be_named_or_left_out(sending: SchemaPackage) -> None:
    message = messages.order()
    kind = find(message, f"{HEADER}/nachrichtentyp")
    kind.set("listURI", "urn:de:xmeld:schluesseltabelle:xmeld.nachrichten")
    kind.set("listVersionID", "25.11a")
    assert broken(sending, content(message)) == []


def test_a_rule_names_the_place_with_its_position(sending: SchemaPackage) -> None:
    message = messages.order()
    amount = find(message, "//xmeld:datenumfang")
    amount[:] = [X.meldebescheinigungErweitert(messages.E.code(one)) for one in ("06", "07")]
    amount[1].set("listVersionID", "2")
    amount[1].set("listURI", "urn:xoev-de:xmeld:codeliste:meldebescheinigung.anforderungselement")
    amount[1].append(messages.E.name(" "))
    with pytest.raises(InvalidMessageError) as caught:
        sending.validate(content(message))
    [violation] = caught.value.violations
    assert violation.path.endswith("/xmeld:datenumfang/xmeld:meldebescheinigungErweitert[2]/name")


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ('id = "a"\napply = "always"\ncontext = "//a["\ntest = "true()"\nde = "d"\nen = "e"', "no XPath"),
        ('id = "a"\napply = "maybe"\ncontext = "//a"\ntest = "true()"\nde = "d"\nen = "e"', "apply"),
        ('id = "a"\napply = "always"\ncontext = "//a"\ntest = "true()"\nde = "d"', "missing"),
        ('id = "a"\napply = "always"\ncontext = "//a"\ntest = "x:y"\nde = "d"\nen = "e"\nif = "?"', "unknown"),
    ],
)
def test_a_rule_that_cannot_be_used_is_named(tmp_path: Path, rule: str, complaint: str) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(f"[[rule]]\n{rule}\n")
    with pytest.raises(ConfigurationError, match=complaint) as caught:
        rules.read(file)
    assert caught.value.key == "rule a"
