"""The published WSDL and schemas of XTA-WS 2.1.1 as judges: a client made from them talks to our simulator over real
TLS, our own client's envelopes and the simulator's replies obey them, and our schemas accept exactly what they accept.

Known traps of the foreign client (zeep 4.3.3): it sends no wsa:ReplyTo, and it loses an ItemsPending of 0.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
import requests
import zeep
from lxml import etree
from zeep.exceptions import Fault
from zeep.transports import Transport

from adapters.xta.adapter import XtaAdapter
from adapters.xta.simulator import Final, How, Mishap, Simulator
from gateway.model import OutcomeKind
from gateway.signing.pki import DemoPki
from gateway.transport.http import HttpEndpoint, HttpReply
from gateway.transport.soap.envelope import S12, WSA
from gateway.transport.xta.records import XtaParty
from gateway.transport.xta.service import BOX, META, SCHEMA_FILE, XTA
from tests.official import OFFICIAL
from tests.xta_exchange import AUTHOR, READER, adapter, again, parcel, pki, reserved, simulator

__all__ = ["adapter", "pki", "simulator"]

HERE = OFFICIAL / "xta" / "2.1.1"
pytestmark = pytest.mark.skipif(
    not (HERE / "XTA.wsdl").is_file(),
    reason="the official XTA-WS 2.1.1 files are not here; set XOEV_OFFICIAL to a folder with xta/2.1.1/XTA.wsdl",
)
ME = {"Identifier": {"_value_1": AUTHOR.identifier, "type": "xoev", "category": AUTHOR.category}}
ROOT = "onlinedienste.abrufanfrage.meldebescheinigung.1700"
DRIVER = f"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
<xs:import namespace="{XTA}" schemaLocation="driver-xta.xsd"/>
<xs:import namespace="{META}" schemaLocation="OSCI_MessageMetaData_V2.02.xsd"/>
<xs:import namespace="{BOX}" schemaLocation="OSCI2_02.xsd"/>
<xs:import namespace="{WSA}" schemaLocation="ws-addr.xsd"/>
<xs:import namespace="{S12}" schemaLocation="soap12-envelope.xsd"/>
</xs:schema>"""
DRIVER_XTA = f"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{XTA}">
<xs:include schemaLocation="XTA-Webservice-Globale-Elemente.xsd"/>
<xs:include schemaLocation="XTA-Webservice-Exceptions.xsd"/>
</xs:schema>"""


WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
DS = "http://www.w3.org/2000/09/xmldsig#"
CODE = 'listURI="urn:l" listVersionID="1"><code>c</code'
TOKEN = '<m:SecurityToken usage="SIGNATURE"><wsse:BinarySecurityToken>AAAA</wsse:BinarySecurityToken></m:SecurityToken>'
RICH_METADATA = f"""<m:MessageMetaData TestMsg="1" xmlns:m="{META}" xmlns:wsa="{WSA}" xmlns:wsse="{WSSE}">
<m:DeliveryAttributes><m:Origin>2026-05-01T10:00:00Z</m:Origin><m:InitialSend>2026-05-01T10:00:00Z</m:InitialSend>
<m:NotBefore>2026-05-01T10:00:00Z</m:NotBefore><m:ObsoleteAfter>2026-05-01</m:ObsoleteAfter>
<m:Delivery>2026-05-01T10:00:00Z</m:Delivery><m:InitialFetch>2026-05-01T10:00:00Z</m:InitialFetch>
<m:Reception>2026-05-01T10:00:00Z</m:Reception><m:ServiceQuality>q</m:ServiceQuality>
<m:ReceiptRequests><m:Submission/><m:Relay/><m:Delivery/><m:Fetch/><m:Reception/>
<m:ReceiptTo><wsa:Address>urn:a</wsa:Address></m:ReceiptTo></m:ReceiptRequests></m:DeliveryAttributes>
<m:Originators><m:Author><m:Identifier type="xoev" name="n" category="c">a</m:Identifier>{TOKEN}</m:Author>
<m:Sender><m:Identifier type="xoev">s</m:Identifier></m:Sender>
<m:ReplyTo><m:Identifier type="xoev">r</m:Identifier></m:ReplyTo></m:Originators>
<m:Destinations><m:Reader><m:Identifier type="xoev">r</m:Identifier></m:Reader><m:OtherDestinations>
<m:OtherReaders type="xoev">o</m:OtherReaders><m:CcReaders type="xoev">c</m:CcReaders>
</m:OtherDestinations></m:Destinations>
<m:MsgIdentification><wsa:MessageID>urn:i</wsa:MessageID><m:In-Reply-To>urn:r</m:In-Reply-To><m:ProcessRef>
<m:Requester ProccesName="p">q</m:Requester><m:Responder>r</m:Responder></m:ProcessRef></m:MsgIdentification>
<m:Qualifier><m:Subject>s</m:Subject><m:Service>urn:s</m:Service>
<m:BusinessScenario><m:Defined {CODE}><name>n</name></m:Defined></m:BusinessScenario>
<m:MessageType payloadSchema="urn:p" {CODE}></m:MessageType></m:Qualifier>
<m:MessageProperties><m:Property><m:Key {CODE}></m:Key><m:Value>v</m:Value></m:Property></m:MessageProperties>
<m:MsgSize>4</m:MsgSize></m:MessageMetaData>"""
UNDEFINED = f"<m:Defined {CODE}><name>n</name></m:Defined>"
READER_ASKED = f'<m:Reader xmlns:m="{META}"><m:Identifier type="xoev">r</m:Identifier></m:Reader>'
RECORD = f"<x:Timestamp>2026-05-01T10:00:00Z</x:Timestamp><x:Code {CODE}></x:Code><x:Reason>r</x:Reason>"
RICH = (
    RICH_METADATA,
    RICH_METADATA.replace(UNDEFINED, "<m:Undefined>u</m:Undefined>"),
    f"""<x:TransportReport xmlns:x="{XTA}">{RICH_METADATA}<x:ReportTime>2026-05-01T10:00:00Z</x:ReportTime>
<x:XTAServerIdentity>i</x:XTAServerIdentity><x:MessageStatus><x:Status>3</x:Status>
<x:ErrorList><x:Error>{RECORD}</x:Error></x:ErrorList><x:WarnList><x:Warning>{RECORD}</x:Warning></x:WarnList>
<x:InfoList><x:Info>{RECORD}</x:Info></x:InfoList></x:MessageStatus>
<x:AdditionalReports><x:Report><x:Key {CODE}></x:Key><x:Data>AAAA</x:Data></x:Report></x:AdditionalReports>
</x:TransportReport>""",
    f"""<x:LookupServiceRequest xmlns:x="{XTA}"><x:LookupServiceRequestList><x:LookupService>{READER_ASKED}
<x:ServiceType>urn:s</x:ServiceType></x:LookupService></x:LookupServiceRequestList></x:LookupServiceRequest>""",
    f"""<x:LookupServiceResponse xmlns:x="{XTA}"><x:LookupServiceResultList><x:LookupServiceResult>{READER_ASKED}
<x:ServiceType>urn:s</x:ServiceType><x:IsServiceAvailableValue><x:ServiceIsAvailable>true</x:ServiceIsAvailable>
</x:IsServiceAvailableValue><x:ServiceParameter><x:ParameterType {CODE}></x:ParameterType><x:Resource>AAAA</x:Resource>
</x:ServiceParameter></x:LookupServiceResult><x:LookupServiceResult>{READER_ASKED}<x:ServiceType>urn:s</x:ServiceType>
<x:IsServiceAvailableValue><x:ServiceIsAvailableUnknown>true</x:ServiceIsAvailableUnknown></x:IsServiceAvailableValue>
</x:LookupServiceResult></x:LookupServiceResultList></x:LookupServiceResponse>""",
    f"""<b:MsgBoxFetchRequest MsgPart="Header" xmlns:b="{BOX}" xmlns:wsa="{WSA}"><b:MsgSelector newEntry="0">
<wsa:MessageID>urn:i</wsa:MessageID><wsa:RelatesTo RelationshipType="urn:t">urn:r</wsa:RelatesTo>
<b:MsgBoxEntryTimeFrom>2026-05-01T10:00:00Z</b:MsgBoxEntryTimeFrom>
<b:MsgBoxEntryTimeTo>2026-05-01T10:00:00Z</b:MsgBoxEntryTimeTo><b:Extension/></b:MsgSelector></b:MsgBoxFetchRequest>""",
    f"""<b:MsgBoxStatusListRequest maxListItems="3" ListForm="MsgAtrributes" xmlns:b="{BOX}"><b:MsgSelector/>
</b:MsgBoxStatusListRequest>""",
    f"""<b:MsgStatusList xmlns:b="{BOX}" xmlns:wsa="{WSA}"><b:MsgAttributes><wsa:MessageID>urn:i</wsa:MessageID>
<wsa:RelatesTo>urn:r</wsa:RelatesTo><wsa:From><wsa:Address>urn:a</wsa:Address></wsa:From>
<b:TypeOfBusinessScenario>urn:t</b:TypeOfBusinessScenario><b:MsgSize>3</b:MsgSize>
<b:ObsoleteAfterDate>2026-05-01</b:ObsoleteAfterDate><b:DeliveryTime>2026-05-01T10:00:00Z</b:DeliveryTime>
<b:InitialFetchedTime>2026-05-01T10:00:00Z</b:InitialFetchedTime></b:MsgAttributes>{RICH_METADATA}</b:MsgStatusList>""",
    f"""<b:X509TokenContainer validateCompleted="1" xmlns:b="{BOX}" xmlns:ds="{DS}">
<b:X509TokenInfo Id="i" validated="0">
<ds:X509Data><ds:X509SubjectName>n</ds:X509SubjectName></ds:X509Data><b:TokenApplication ocspNoCache="1">
<b:TimeInstant>2026-05-01T10:00:00Z</b:TimeInstant></b:TokenApplication></b:X509TokenInfo></b:X509TokenContainer>""",
    f"""<x:GenericContentContainer xmlns:x="{XTA}"><x:ContentContainer><x:Message contentType="a/b"
 contentDescription="d" encoding="e" filename="f" id="i" lang="de" size="1">AAAA</x:Message>
<x:Attachment contentType="a/b"/></x:ContentContainer></x:GenericContentContainer>""",
)
"""One document of every kind with all its options, in our own words."""


class _Both(etree.Resolver):
    """Serves the one schema that joins two published ones of the same namespace."""

    def resolve(self, url: str, public_id: str | None, context: Any) -> Any:
        if url.endswith("driver-xta.xsd"):
            return self.resolve_string(DRIVER_XTA, context, base_url=(HERE / "driver-xta.xsd").as_uri())
        return None


@cache
def official() -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Both())
    return etree.XMLSchema(etree.fromstring(DRIVER, parser, base_url=(HERE / "driver.xsd").as_uri()))


@cache
def ours() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(SCHEMA_FILE, etree.XMLParser(no_network=True)))


@dataclass(frozen=True)
class Foreign:
    """The three ports as a client made from the published WSDL offers them."""

    management: Any
    send: Any
    box: Any
    client: Any


@pytest.fixture
def foreign(simulator: Simulator, pki: DemoPki) -> Iterator[Foreign]:
    with requests.Session() as session:
        session.verify = str(pki.ca)
        session.cert = (str(pki.client_certificate), str(pki.client_key))
        session.trust_env = False
        settings = zeep.Settings(forbid_external=True, forbid_dtd=True, forbid_entities=True)
        transport = Transport(session=session, timeout=10, operation_timeout=10)
        client = zeep.Client(str(HERE / "XTA.wsdl"), transport=transport, settings=settings)
        yield Foreign(
            management=client.create_service(f"{{{XTA}}}managementHttpsBinding", simulator.management_url),
            send=client.create_service(f"{{{XTA}}}sendXTAHttpsBinding", simulator.send_url),
            box=client.create_service(f"{{{XTA}}}msgBoxHttpsBinding", simulator.msgbox_url),
            client=client,
        )


def author(foreign: Foreign) -> dict[str, Any]:
    return {"AuthorIdentifier": foreign.client.get_element(f"{{{META}}}Author")(**ME)}


def metadata(foreign: Foreign, xta_id: str) -> dict[str, Any]:
    reader = {"_value_1": READER.identifier, "type": "xoev", "category": READER.category}
    scenario = {"code": "XMELD_DATA", "listURI": "urn:de:xta:codeliste:business.scenario", "listVersionID": "1"}
    kind = {
        "code": ROOT,
        "listURI": "urn:de:payloadSchema:elementName",
        "listVersionID": "1.0",
        "payloadSchema": "http://www.osci.de/xmeld2511a",
    }
    made = foreign.client.get_element(f"{{{META}}}MessageMetaData")(
        DeliveryAttributes={},
        Originators={"Author": ME},
        Destinations={"Reader": {"Identifier": reader}},
        MsgIdentification={"MessageID": xta_id},
        Qualifier={"Service": "urn:service", "BusinessScenario": {"Defined": scenario}, "MessageType": kind},
    )
    return {"MessageMetaData": made}


def order(foreign: Foreign, content: bytes) -> str:
    """Send a message with the foreign client; return its XTA message id."""
    xta_id: str = foreign.management.createMessageId(_soapheaders=author(foreign))["_value_1"]
    foreign.send.sendMessage(
        ContentContainer={"Message": {"_value_1": content, "contentType": "text/xml"}},
        _soapheaders=metadata(foreign, xta_id),
    )
    return xta_id


def test_foreign_client_sends_and_gets_a_report(foreign: Foreign, simulator: Simulator) -> None:
    content = parcel().message.content
    foreign.management.checkAccountActive(_soapheaders=author(foreign))
    xta_id = order(foreign, content)
    assert simulator.service.received == [content]
    report = foreign.management.getTransportReport(xta_id, _soapheaders=author(foreign))
    assert report["MessageStatus"]["Status"] == 1
    assert report["MessageMetaData"]["MsgIdentification"]["MessageID"]["_value_1"] == xta_id


def test_foreign_client_empties_its_mailbox(foreign: Foreign, simulator: Simulator) -> None:
    for _ in range(2):
        order(foreign, parcel().message.content)
    listed = foreign.box.getStatusList(MsgSelector={"newEntry": True}, _soapheaders=author(foreign))
    assert len(listed["body"]["MessageMetaData"]) == 2

    first = foreign.box.getMessage(MsgSelector={"newEntry": True}, _soapheaders=author(foreign))
    box = first["header"]["FetchResponseHeader"]
    assert box["ItemsPending"] == 1
    iterator = box["MsgBoxRequestID"]
    second = foreign.box.getNextMessage(id_of(first), MsgBoxRequestID=iterator, _soapheaders=author(foreign))
    for one in (first, second):
        answer = one["body"]["ContentContainer"]["Message"]["_value_1"]
        assert etree.QName(etree.fromstring(answer)).localname == "onlinedienste.meldebescheinigungAntwort.1701"

    foreign.box.close([id_of(first), id_of(second)], MsgBoxRequestID=iterator, _soapheaders=author(foreign))
    assert simulator.service.state.waiting(AUTHOR.identifier) == 0


def id_of(fetched: Any) -> str:
    return str(fetched["header"]["MessageMetaData"]["MsgIdentification"]["MessageID"]["_value_1"])


def test_foreign_client_asks_who_can_be_reached(foreign: Foreign) -> None:
    reader = {"Identifier": {"_value_1": READER.identifier, "type": "xoev"}}
    question = {"LookupService": {"Reader": reader, "ServiceType": "urn:service"}}
    (answer,) = foreign.management.lookupService([question], _soapheaders=author(foreign))
    assert answer["IsServiceAvailableValue"]["ServiceIsAvailable"] is True


def test_foreign_client_understands_our_faults(foreign: Foreign) -> None:
    unknown = f"urn:de:xta:messageid:Simulator_01:{uuid.uuid4()}"
    with pytest.raises(Fault) as raised:
        foreign.management.getTransportReport(unknown, _soapheaders=author(foreign))
    detail = raised.value.detail[0]
    assert detail.tag == f"{{{XTA}}}InvalidMessageIDException"
    assert detail.findtext(f"{{{XTA}}}errorCode/code") == "9070"


def test_foreign_client_cannot_use_an_id_twice(foreign: Foreign, simulator: Simulator) -> None:
    xta_id = order(foreign, parcel().message.content)
    with pytest.raises(Fault) as raised:
        foreign.send.sendMessage(
            ContentContainer={"Message": {"_value_1": parcel().message.content, "contentType": "text/xml"}},
            _soapheaders=metadata(foreign, xta_id),
        )
    assert raised.value.detail[0].findtext(f"{{{XTA}}}errorCode/code") == "9024"
    assert simulator.office.cases == 1


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every envelope that our client sends or receives, as on the wire."""
    seen: list[bytes] = []
    post = HttpEndpoint.post

    def listen(self: HttpEndpoint, body: bytes, **more: str) -> HttpReply:
        seen.append(body)
        reply = post(self, body, **more)
        seen.append(reply.body)
        return reply

    monkeypatch.setattr(HttpEndpoint, "post", listen)
    return seen


def parts(document: bytes) -> list[etree._Element]:
    """The header blocks, the body and the fault details of an envelope, with the envelope itself."""
    root = etree.fromstring(document)
    details = root.findall(f"{{{S12}}}Body/{{{S12}}}Fault/{{{S12}}}Detail/*")
    inner = [one for part in root for one in part if etree.QName(one).namespace != S12]
    return [root, *inner, *details]


def exchange(adapter: XtaAdapter, simulator: Simulator) -> None:
    """Everything that our client can say, and most of what a server can answer."""
    adapter.check()
    made = reserved(adapter, parcel())
    adapter.reconcile(made)
    for final in Final:
        simulator.service.final = final
        adapter.deliver(reserved(adapter, parcel()))
    simulator.service.final = Final.GREEN
    simulator.service.open_polls = 1
    assert adapter.deliver(made).kind is OutcomeKind.UNCLEAR
    assert adapter.deliver(again(made)).kind is OutcomeKind.DELIVERED
    simulator.service.knows_issued_ids = True
    adapter.reconcile(reserved(adapter, parcel()))
    for number in ("9014", "9020", "9030", "9050", "9060", "9080"):
        simulator.script.plan("sendMessage", Mishap(how=How.FAULT, value=number))
        adapter.deliver(reserved(adapter, parcel()))
    # The adapter needs no list of what waits; its client and the simulator still speak that part of the standard.
    listing = {"MsgSelector": {"newEntry": True}, "maxListItems": 10, "ListForm": "MessageMetaData"}
    account = XtaParty(identifier=AUTHOR.identifier, type="xoev")
    listed = adapter._client._boxed("getStatusList", account, (f"{{{BOX}}}MsgBoxStatusListRequest", listing))
    assert len(listed.body[0]) == 5
    assert adapter.collect(lambda _: None) == 5
    assert adapter.collect(lambda _: None) == 0


def test_our_envelopes_and_the_simulators_obey_the_official_schemas(
    adapter: XtaAdapter, simulator: Simulator, wire: list[bytes]
) -> None:
    exchange(adapter, simulator)
    checked = 0
    for document in wire:
        for part in parts(document):
            official().assertValid(etree.ElementTree(part))
            checked += 1
    assert checked > 200


def mutants(valid: etree._Element) -> Iterator[etree._Element]:
    """The document with one thing wrong: an element missing, doubled, moved, renamed, emptied; an attribute gone."""
    own = (META, BOX, XTA, WSA, None)
    for place, original in enumerate(valid.iter()):
        # What is inside a foreign standard's element is open in our schemas, on purpose.
        if place == 0 or etree.QName(original).namespace not in own:
            continue
        for kind in ("missing", "doubled", "moved", "renamed", "emptied", "filled"):
            changed = copy.deepcopy(valid)
            element = list(changed.iter())[place]
            parent = element.getparent()
            assert parent is not None
            match kind:
                case "missing":
                    parent.remove(element)
                case "doubled":
                    element.addnext(copy.deepcopy(element))
                case "moved":
                    parent.insert(0, element)
                case "renamed":
                    element.tag = etree.QName(element).localname
                case "emptied":
                    element.text = None
                case "filled":
                    element.text = (element.text or "") + " x\ty"
            yield changed
        for name in original.attrib:
            for value in (None, "", "x y"):
                changed = copy.deepcopy(valid)
                attributes = list(changed.iter())[place].attrib
                if value is None:
                    del attributes[name]
                else:
                    attributes[name] = value
                yield changed
        changed = copy.deepcopy(valid)
        list(changed.iter())[place].set("unknown", "1")
        yield changed


def test_our_schemas_accept_exactly_what_the_official_ones_accept(
    adapter: XtaAdapter, simulator: Simulator, wire: list[bytes]
) -> None:
    exchange(adapter, simulator)
    found = {part.tag: part for document in wire for part in parts(document) if part.tag != f"{{{S12}}}Envelope"}
    known = {tag: part for tag, part in found.items() if etree.QName(tag).namespace in (XTA, META, BOX, WSA)}
    corpus = [*known.values(), *(etree.fromstring(one.replace(">\n", ">")) for one in RICH)]
    assert len(corpus) >= 28
    verdicts = {True: 0, False: 0}
    for part in corpus:
        official().assertValid(etree.ElementTree(copy.deepcopy(part)))
        for mutant in mutants(copy.deepcopy(part)):
            document = etree.ElementTree(mutant)
            verdict = official().validate(document)
            assert ours().validate(document) == verdict, etree.tostring(mutant).decode()
            verdicts[verdict] += 1
    assert verdicts[True] > 500
    assert verdicts[False] > 2000
