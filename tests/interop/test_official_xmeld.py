"""Our XMeld profile against the publisher's schemas: what we accept, they accept, and we read what they allow."""

from __future__ import annotations

import os
import time
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from gateway.errors import InvalidMessageError, Violation
from gateway.resources import resource
from gateway.schemas import SchemaPackage, Schemas
from gateway.standards import din91379
from tests.interop.instances import Instances, read_official
from tests.interop.mutants import Mutants
from tests.official import OFFICIAL, needs_official, xmeld

pytestmark = needs_official

DAY = date(2026, 3, 2)
ROOT = "xmeld/25.11a/xinneres.xmeld.xsd"
ORDER = "onlinedienste.abrufanfrage.meldebescheinigung.1700"
ANSWER = "onlinedienste.meldebescheinigungAntwort.1701"

MUTANTS = int(os.environ.get("XOEV_MUTANTS", "3000"))
"""Mutants in one run; set it higher for a longer search."""
SEED = int(os.environ.get("XOEV_SEED", "1701"))


@pytest.fixture(scope="module")
def official() -> etree.XMLSchema:
    return xmeld()


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    return Schemas.load()


@pytest.fixture(scope="module")
def instances() -> Instances:
    return Instances(read_official(OFFICIAL, ROOT), SEED)


def examples(pattern: str) -> list[Path]:
    found = sorted((OFFICIAL / "examples").glob(pattern))
    assert found, f"no examples {pattern}"
    return found


def refusal(package: SchemaPackage, content: bytes) -> tuple[Violation, ...]:
    try:
        package.validate(content)
    except InvalidMessageError as error:
        return error.violations
    return ()


def serialised(message: etree._Element) -> bytes:
    return etree.tostring(message, xml_declaration=True, encoding="UTF-8", with_tail=False)


def test_accepts_every_example_of_1700_and_1701(schemas: Schemas) -> None:
    for file in examples("xmeld-25.11a-170[01]*.xml"):
        content = file.read_bytes()
        assert refusal(schemas.for_sending("xmeld", DAY), content) == (), file.name
        assert refusal(schemas.for_reading(content, DAY), content) == (), file.name


def test_refuses_every_invalid_example_of_1700(schemas: Schemas) -> None:
    for file in examples("invalid/xmeld-1700-*.xml"):
        content = file.read_bytes()
        assert refusal(schemas.for_sending("xmeld", DAY), content), file.name
        assert refusal(schemas.for_reading(content, DAY), content), file.name


def test_messages_outside_the_profile_are_refused_by_their_root(schemas: Schemas) -> None:
    for file in examples("xmeld-25.11a-1704.xml"):
        content = file.read_bytes()
        [violation] = refusal(schemas.for_reading(content, DAY), content)
        assert (violation.path, violation.rule) == ("/*", "xsd.unexpected_root")


def test_an_installed_official_package_is_asked_too() -> None:
    package = Schemas.load(official=OFFICIAL).for_sending("xmeld", DAY)
    assert package.checked_officially
    for file in examples("xmeld-25.11a-1700*.xml"):
        package.validate(file.read_bytes())
    assert package.official is not None
    [file] = examples("invalid/xmeld-1700-zeichen.xml")
    content = file.read_bytes()
    [violation] = package.official.violations(etree.fromstring(content), len(content))
    assert violation.rule == "official.xsd.pattern"
    assert violation.path.endswith("/xmeld:strasseUndHausnummer/xmeld:konkateniert")


def test_reads_whatever_the_publisher_allows(schemas: Schemas, official: etree.XMLSchema, instances: Instances) -> None:
    """The content models of 1700 and 1701 are as wide as the official ones, in every choice and option."""
    used: set[str] = set()
    for number in range(600):
        message = instances.message(ANSWER if number % 6 else ORDER)
        content = serialised(message)
        assert official.validate(etree.fromstring(content)), official.error_log.last_error
        assert refusal(schemas.for_reading(content, DAY), content) == (), content.decode()
        used.update(etree.QName(one).localname for one in message.iter())
    declared = schemas.packages[0].names.declared
    attributes = {
        "listURI",
        "listVersionID",
        "produkt",
        "produkthersteller",
        "produktversion",
        "standard",
        "test",
        "version",
    }
    assert declared - attributes == used, "an element of the profile never came up"


def only_ours(violation: Violation) -> bool:
    """True for a refusal that is a documented narrowing of the profile, and not a difference to the publisher."""
    if violation.rule in {"rule.nachrichtentyp", "rule.ursprungsnachricht", "rule.typwechsel"}:
        return True
    # The list of message numbers holds only those of this profile.
    return violation.rule == "xsd.enumeration" and violation.path.endswith("/nachrichtentyp/code")


@pytest.mark.slow
def test_never_accepts_a_mutant_that_the_publisher_refuses(
    schemas: Schemas,
    official: etree.XMLSchema,
    instances: Instances,
    capsys: pytest.CaptureFixture[str],
) -> None:
    seeds = [etree.parse(str(file)).getroot() for file in examples("xmeld-25.11a-170[01]*.xml")]
    seeds += [instances.message(ANSWER if number % 3 else ORDER) for number in range(60)]
    mutants = Mutants(SEED)
    sending = schemas.for_sending("xmeld", DAY)
    verdicts: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    began = time.perf_counter()
    for number in range(MUTANTS):
        content = serialised(mutants.of(seeds[number % len(seeds)]))
        allowed = official.validate(etree.fromstring(content))
        try:
            reading: tuple[Violation, ...] = refusal(schemas.for_reading(content, DAY), content)
        except InvalidMessageError as error:  # another namespace: no package of ours
            reading = error.violations
        refused = refusal(sending, content)
        assert allowed or (reading and refused), f"accepted against the publisher: {content.decode()}"
        assert not allowed or all(map(only_ours, reading)), f"{reading}: {content.decode()}"
        verdicts[f"official {'accepts' if allowed else 'refuses'}, reading {'refuses' if reading else 'accepts'}"] += 1
        verdicts[f"official {'accepts' if allowed else 'refuses'}, sending {'refuses' if refused else 'accepts'}"] += 1
        rules.update({one.rule for one in refused})
    with capsys.disabled():
        report = {"verdicts": dict(verdicts), "rules": dict(rules.most_common()), "s": time.perf_counter() - began}
        print(f"\n{MUTANTS} mutants, seed {SEED}: {report}")  # noqa: T201
    for purpose in ("reading", "sending"):
        for verdict in ("official accepts, {} accepts", "official accepts, {} refuses", "official refuses, {} refuses"):
            assert verdicts[verdict.format(purpose)] > MUTANTS / 200, verdict.format(purpose)


def _type_c(schema_file: Path) -> etree.XMLSchema:
    """Return a schema that checks <t> elements against the type C that ``schema_file`` declares."""
    namespace = "urn:xoev-de:kosit:xoev:datentyp:din-91379_2022-08"
    return etree.XMLSchema(
        etree.fromstring(f"""
        <xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:din="{namespace}">
          <xs:import namespace="{namespace}" schemaLocation="{schema_file.as_uri()}"/>
          <xs:element name="t" type="din:datatypeC"/>
        </xs:schema>""")
    )


def _accepts(schema: etree.XMLSchema, text: str) -> bool:
    element = etree.Element("t")
    element.text = text
    return schema.validate(element)


def test_type_c_of_din_91379_is_the_publishers() -> None:
    """Every character of the Basic Multilingual Plane, and every base letter with every mark of the norm."""
    theirs = _type_c(OFFICIAL / "common/din-91379/2022-08/din-norm-91379-datatypes.xsd")
    ours = _type_c(resource("xsd", "din-91379", "2022-08", "din-91379.xsd"))
    # Characters that XML 1.0 does not know cannot stand in a message at all.
    unknown_to_xml = {*range(0x20), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF} - {0x9, 0xA, 0xD}
    characters = [chr(point) for point in range(0x10000) if point not in unknown_to_xml] + ["\U0001f600", "\U00020000"]
    single = {one for one in characters if _accepts(theirs, one)}
    assert {one for one in characters if _accepts(ours, one)} == single
    assert len(single) > 500
    marks = [marks for marks, _ in din91379.SEQUENCES]
    candidates = [base + mark for base in sorted(single) for mark in marks]
    candidates += ["C\u0328", "K\u035f", "S\u031b", "K\u035fHx\u0304", "C\u0306\u0306", "\u0306", "xC\u0328\u0306y"]
    combined = {text for text in candidates if _accepts(theirs, text)}
    assert {text for text in candidates if _accepts(ours, text)} == combined
    assert len(combined) == sum(len(bases) for _, bases in din91379.SEQUENCES) + 1
