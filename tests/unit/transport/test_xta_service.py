"""Our WSDL and schemas: twelve operations, the actions of the standard, read locally, once."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from lxml import etree
from zeep.exceptions import ExternalReferenceForbidden

from adapters.xta.adapter import WSDL
from adapters.xta.simulation.https import OPERATIONS
from gateway.transport.soap.envelope import WSA
from gateway.transport.xta import requests
from gateway.transport.xta.patterns import HeaderPatterns
from gateway.transport.xta.records import Content, ListedCode, Metadata, XtaParty
from gateway.transport.xta.service import BOX, META, PREFIXES, SCHEMA_FILE, XTA, XtaService, xta_service

AUTHOR = XtaParty(identifier="mbp:1", type="xoev", name="Portal", category="Meldebehördenportal")
METADATA = Metadata(
    xta_id="urn:de:xta:messageid:Gateway_01:000ca2fe-f4e1-45c2-8233-3a0eb760bd16",
    author=AUTHOR,
    reader=XtaParty(identifier="ags:03454035", type="xoev"),
    process="A-2026-000123",
    subject="Meldebescheinigung",
    service="urn:service",
    scenario=ListedCode(code="XMELD_DATA", list_uri="urn:list", list_version="1"),
    message_type=ListedCode(code="root", list_uri="urn:de:payloadSchema:elementName", list_version="1.0"),
    payload_schema="urn:payload",
    size=4,
    origin=datetime(2026, 5, 1, 10, tzinfo=UTC),
    test=True,
    service_quality="urn:profile",
    obsolete_after=date(2026, 5, 8),
)


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(SCHEMA_FILE, etree.XMLParser(no_network=True)))


def rendered(name: str, value: object) -> etree._Element:
    parent = etree.Element("parent", nsmap={**PREFIXES, "wsa": WSA})
    xta_service(WSDL).render(parent, name, value)  # type: ignore[arg-type]
    return parent[0]


def test_wsdl_has_the_twelve_operations_with_their_actions() -> None:
    service = xta_service(WSDL)
    actions = {service.action(operation): operation for operation in service.operations}
    assert actions == {action: operation for action, (_, operation) in OPERATIONS.items()}
    assert len(actions) == 12


def test_wsdl_is_read_once_a_process() -> None:
    assert xta_service(WSDL) is xta_service(WSDL)


def test_wsdl_that_imports_from_the_network_is_refused(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.wsdl"
    text = WSDL.read_text().replace("../../gateway/transport/xta/schema/xta.xsd", "http://127.0.0.1:9/xta.xsd")
    foreign.write_text(text)
    with pytest.raises(ExternalReferenceForbidden):
        XtaService(foreign)


def test_metadata_are_valid_and_in_order(schema: etree.XMLSchema) -> None:
    element = rendered(f"{{{META}}}MessageMetaData", requests.metadata(METADATA))
    schema.assertValid(etree.ElementTree(element))
    assert [etree.QName(one).localname for one in element] == [
        "DeliveryAttributes",
        "Originators",
        "Destinations",
        "MsgIdentification",
        "Qualifier",
        "MsgSize",
    ]
    assert element.get("TestMsg") == "true"
    assert element.findtext(f"{{{META}}}DeliveryAttributes/{{{META}}}Origin") in (
        "2026-05-01T10:00:00Z",
        "2026-05-01T10:00:00.000Z",
    )


def test_metadata_from_a_pattern_are_those_of_the_message(schema: etree.XMLSchema) -> None:
    patterns = HeaderPatterns(xta_service(WSDL))
    other = replace(METADATA, xta_id="urn:other", process="B-1", size=77, origin=datetime(2026, 6, 1, tzinfo=UTC))
    for value in (METADATA, other, replace(other, reader=AUTHOR), METADATA):
        schema.assertValid(etree.ElementTree(patterns.metadata(value)))
        whole = rendered(f"{{{META}}}MessageMetaData", requests.metadata(value))
        copied = patterns.metadata(value)
        for one in (whole, copied):
            time = one.find(f"{{{META}}}DeliveryAttributes/{{{META}}}Origin")
            assert time is not None
            time.text = str(datetime.fromisoformat(time.text or ""))
        assert etree.tostring(copied, method="c14n", exclusive=True) == etree.tostring(
            whole, method="c14n", exclusive=True
        )


def test_pattern_without_a_process_is_refused() -> None:
    with pytest.raises(ValueError, match="MessageMetaData"):
        HeaderPatterns(xta_service(WSDL)).metadata(replace(METADATA, process=""))


def test_container_carries_the_bytes_unchanged(schema: etree.XMLSchema) -> None:
    odd = bytes(range(256)) + b"\r\n"
    parts = [Content(content=odd, media_type="text/xml", filename="a.xml"), Content(content=b"", media_type="a/b")]
    element = rendered(f"{{{XTA}}}GenericContentContainer", requests.container(parts[0], parts[1:]))
    schema.assertValid(etree.ElementTree(element))
    message = element.find(f"{{{XTA}}}ContentContainer/{{{XTA}}}Message")
    assert message is not None
    assert base64.b64decode(message.text or "") == odd
    assert message.get("size") == str(len(odd))


def test_mailbox_requests_are_valid(schema: etree.XMLSchema) -> None:
    for name in ("MsgBoxGetNextRequest", "MsgBoxCloseRequest"):
        element = rendered(f"{{{BOX}}}{name}", requests.iterator("urn:uuid:1", ["urn:a", "urn:b"]))
        schema.assertValid(etree.ElementTree(element))
        assert [one.text for one in element] == ["urn:a", "urn:b"]


def test_missing_part_is_an_error_without_the_value() -> None:
    broken = requests.metadata(METADATA) | {"Qualifier": None}
    with pytest.raises(ValueError, match="MessageMetaData") as raised:
        rendered(f"{{{META}}}MessageMetaData", broken)
    assert "A-2026" not in str(raised.value)
