"""The floor: the steps of accepting one application, written straight on pydantic, lxml, cryptography and sqlite3.

No framework, no rooms, no checks beyond those that the step is: parse and validate the JSON, build the XML, serialise,
parse and validate against the same compiled profile, evaluate the same rules, make the same detached signature, hash,
one durable commit of the same rows, and the answer's JSON. What the gateway adds on top is what the ratio shows.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sqlite3
import tomllib
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12
from lxml import etree
from pydantic import BaseModel, StringConstraints

from gateway.resources import resource

XMELD = "http://www.osci.de/xmeld2511a"
DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"

Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Identification(BaseModel):
    vertrauensniveau: Literal["hoch"]
    mittel: Text


class Name(BaseModel):
    name: Text


class Address(BaseModel):
    ags: Annotated[str, StringConstraints(pattern=r"^[0-9]{8}$")]
    plz: Annotated[str, StringConstraints(pattern=r"^[0-9]{5}$")]
    strasse_und_hausnummer: Text


class Applicant(BaseModel):
    familienname: Name
    vornamen: Name
    geburtsdatum: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    anschrift: Address


class Order(BaseModel):
    umfang: Literal["mindestumfang"]
    zustellung: Literal["post", "daten", "dokument"]


class Application(BaseModel):
    service: Literal["meldebescheinigung"]
    ags: str
    portal_case: Text
    submitted_at: datetime
    identification: Identification
    antragsteller: Applicant
    antrag: Order


SCHEMA = """
CREATE TABLE application (id TEXT PRIMARY KEY, portal TEXT NOT NULL, tenant TEXT NOT NULL, service TEXT NOT NULL,
  portal_case TEXT NOT NULL, idempotency_key TEXT NOT NULL, body_sha256 BLOB NOT NULL, correlation_id TEXT NOT NULL,
  state TEXT NOT NULL, payload BLOB NOT NULL, received_at TEXT NOT NULL, updated_at TEXT NOT NULL,
  UNIQUE (portal, idempotency_key));
CREATE TABLE message (id TEXT PRIMARY KEY, application_id TEXT NOT NULL, standard TEXT, version TEXT, type TEXT,
  namespace TEXT, root TEXT, filename TEXT, created_at TEXT, content BLOB NOT NULL, signature BLOB);
CREATE INDEX ix_message ON message (application_id);
CREATE TABLE delivery (id TEXT PRIMARY KEY, application_id TEXT NOT NULL, message_id TEXT NOT NULL, destination TEXT,
  connection TEXT, subject TEXT, author TEXT, reader TEXT, test INTEGER, state TEXT, created_at TEXT, next_at TEXT,
  deadline_at TEXT);
CREATE INDEX ix_delivery_1 ON delivery (application_id);
CREATE INDEX ix_delivery_2 ON delivery (message_id);
CREATE INDEX ix_delivery_3 ON delivery (next_at);
CREATE TABLE event (id INTEGER PRIMARY KEY, case_id TEXT NOT NULL, at TEXT, event TEXT, actor TEXT, peer TEXT, ref TEXT,
  dig TEXT, err TEXT, seq INTEGER);
CREATE INDEX ix_event_1 ON event (case_id);
CREATE INDEX ix_event_2 ON event (id) WHERE seq IS NULL;
CREATE TABLE audit_salt (case_id TEXT, name TEXT, salt BLOB UNIQUE, PRIMARY KEY (case_id, name));
"""


class Floor:
    """One process that accepts Meldebescheinigung orders and does nothing else."""

    def __init__(self, directory: Path, pki: Path) -> None:
        self.database = sqlite3.connect(directory / "floor.sqlite", isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            self.database.execute(f"PRAGMA {pragma}")
        self.database.executescript(SCHEMA)
        self.schema = etree.XMLSchema(etree.parse(resource("xsd", "xmeld", "25.11a", "xmeld.xsd")))
        self.parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        self.rules = self._rules()
        store = load_pkcs12((pki / "seal-ec.p12").read_bytes(), (pki / "seal.password").read_bytes().strip())
        assert isinstance(store.key, ec.EllipticCurvePrivateKey)
        assert store.cert is not None
        self.key = store.key
        certificates: list[x509.Certificate] = [store.cert.certificate]
        der = certificates[0].public_bytes(Encoding.DER)
        self.certificate = base64.b64encode(der).decode()
        self.certificate_digest = base64.b64encode(hashlib.sha256(der).digest()).decode()
        self.reader = json.dumps({"identifier": "ags:03454035", "name": "Meppen, Meldebehörde (Demo)"})
        self.author = json.dumps({"identifier": "mbp:000000001", "name": "Serviceportal Musterkreis (Demo)"})

    @staticmethod
    def _rules() -> etree.XPath:
        content = tomllib.loads(resource("xsd", "xmeld", "25.11a", "rules.toml").read_text(encoding="utf-8"))
        wanted = [one for one in content["rule"] if "1700" in one.get("messages", ["1700"])]
        broken = " or ".join(f"({one['context']})[not({one['test'].strip()})]" for one in wanted)
        return etree.XPath(f"boolean({broken})", namespaces=content["namespaces"])

    def accept(self, body: bytes, key: str) -> bytes:
        """Accept one application; return the answer's JSON."""
        now = datetime.now(UTC)
        application = self.parse(body)
        message_id = str(uuid.uuid4())
        content = self.build(application, message_id, now)
        self.validate(content)
        signature = self.sign(content, message_id, now)
        case = self.store(application, body, key, message_id, content, signature, now)
        return json.dumps({"id": case, "state": "accepted", "received_at": now.isoformat()}).encode()

    def parse(self, body: bytes) -> Application:
        return Application.model_validate_json(body)

    def build(self, application: Application, message_id: str, now: datetime) -> bytes:
        """Write the order 1700 with one SubElement after the other."""
        new = etree.SubElement
        tag = f"{{{XMELD}}}"
        root = etree.Element(
            f"{tag}onlinedienste.abrufanfrage.meldebescheinigung.1700",
            {"produkt": "Floor", "produkthersteller": "Floor", "standard": "XMeld", "version": "25.11a", "test": "t"},
            nsmap={"xmeld": XMELD},
        )
        head = new(root, "nachrichtenkopf.g2g")
        identification = new(head, "identifikation.nachricht")
        new(identification, "nachrichtenUUID").text = message_id
        kind = new(
            identification,
            "nachrichtentyp",
            {"listURI": "urn:de:xmeld:schluesseltabelle:xmeld.nachrichten", "listVersionID": "25.11a"},
        )
        new(kind, "code").text = "1700"
        new(identification, "erstellungszeitpunkt").text = now.isoformat(timespec="milliseconds")
        for role, identifier in (("leser", "ags:03454035"), ("autor", "mbp:000000001")):
            party = new(head, role)
            directory = new(
                party,
                "verzeichnisdienst",
                {"listURI": "urn:xoev-de:kosit:codeliste:verzeichnisdienst", "listVersionID": "3"},
            )
            new(directory, "code").text = "DVDV"
            new(party, "kennung").text = identifier
            new(party, "name").text = "Amt für Muster (Demo)"
            if role == "autor":
                contact = new(party, "erreichbarkeit")
                channel = new(
                    contact, "kanal", {"listURI": "urn:de:xoev:codeliste:erreichbarkeit", "listVersionID": "3"}
                )
                new(channel, "code").text = "01"
                new(contact, "kennung").text = "portal@example.org"
        for role in ("anschrift.leser", "anschrift.autor"):
            building = new(new(root, role), "gebaeude")
            new(building, "hausnummer").text = "1"
            new(building, "postleitzahl").text = "49999"
            new(building, "strasse").text = "Musterweg"
            new(building, "wohnort").text = "Musterstadt"
        person = application.antragsteller
        who = new(root, f"{tag}identifikation")
        new(new(who, f"{tag}familienname.unstrukturiert"), "name").text = person.familienname.name
        new(new(who, f"{tag}vornamen"), "name").text = person.vornamen.name
        birth = new(new(who, f"{tag}geburt"), f"{tag}geburtsdatum")
        new(new(birth, "teilbekanntesDatum"), "jahrMonatTag").text = person.geburtsdatum
        address = new(who, f"{tag}anschrift")
        municipality = new(
            address,
            f"{tag}gemeindeschluessel",
            {"listURI": "urn:de:bund:destatis:bevoelkerungsstatistik:schluessel:ags", "listVersionID": "2026-04-30"},
        )
        new(municipality, "code").text = person.anschrift.ags
        new(address, f"{tag}postleitzahl").text = person.anschrift.plz
        street = new(address, f"{tag}strasseUndHausnummer")
        new(street, f"{tag}konkateniert").text = person.anschrift.strasse_und_hausnummer
        control = new(root, f"{tag}steuerungsinformationen")
        new(new(control, f"{tag}datenumfang"), f"{tag}meldebescheinigungMindestumfang").text = "true"
        variant = new(
            control,
            f"{tag}zustellvariante",
            {"listURI": "urn:xoev-de:xmeld:codeliste:meldebescheinigung.zustellvariante", "listVersionID": "1"},
        )
        new(variant, "code").text = {"post": "01", "daten": "02", "dokument": "03"}[application.antrag.zustellung]
        return etree.tostring(root, encoding="UTF-8", xml_declaration=True)

    def validate(self, content: bytes) -> None:
        """Parse the bytes, validate against the profile, evaluate the rules."""
        root = etree.fromstring(content, self.parser)
        if not self.schema.validate(root) or self.rules(root):
            raise ValueError("not valid")

    def sign(self, content: bytes, message_id: str, now: datetime) -> bytes:
        """Write the detached XAdES-B-B signature from two canonical templates."""
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        properties = (
            f'<xades:SignedProperties xmlns:xades="{XADES}" Id="SP"><xades:SignedSignatureProperties>'
            f"<xades:SigningTime>{now:%Y-%m-%dT%H:%M:%SZ}</xades:SigningTime><xades:SigningCertificateV2><xades:Cert>"
            f'<xades:CertDigest><ds:DigestMethod xmlns:ds="{DS}" '
            'Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>'
            f'<ds:DigestValue xmlns:ds="{DS}">{self.certificate_digest}</ds:DigestValue></xades:CertDigest>'
            "</xades:Cert></xades:SigningCertificateV2></xades:SignedSignatureProperties></xades:SignedProperties>"
        )
        properties_digest = base64.b64encode(hashlib.sha256(properties.encode()).digest()).decode()
        info = (
            f'<ds:SignedInfo xmlns:ds="{DS}"><ds:CanonicalizationMethod '
            'Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:CanonicalizationMethod><ds:SignatureMethod '
            'Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"></ds:SignatureMethod>'
            f'<ds:Reference URI="xmeld-1700-{message_id}.xml"><ds:DigestMethod '
            'Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>'
            f"<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>"
            f'<ds:Reference Type="http://uri.etsi.org/01903#SignedProperties" URI="#SP"><ds:DigestMethod '
            'Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>'
            f"<ds:DigestValue>{properties_digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
        )
        r, s = utils.decode_dss_signature(self.key.sign(info.encode(), ec.ECDSA(hashes.SHA256())))
        value = base64.b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode()
        return (
            f'<ds:Signature xmlns:ds="{DS}" Id="S0">{info}<ds:SignatureValue>{value}</ds:SignatureValue><ds:KeyInfo>'
            f"<ds:X509Data><ds:X509Certificate>{self.certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
            f'<ds:Object><xades:QualifyingProperties xmlns:xades="{XADES}" Target="#S0">{properties}'
            "</xades:QualifyingProperties></ds:Object></ds:Signature>"
        ).encode()

    def store(
        self,
        application: Application,
        body: bytes,
        key: str,
        message_id: str,
        content: bytes,
        signature: bytes,
        now: datetime,
    ) -> str:
        """One durable commit of application, message, delivery, three events and their salts."""
        case, delivery = str(uuid.uuid4()), str(uuid.uuid4())
        at = now.isoformat(timespec="milliseconds")
        digest = hashlib.sha256(body).digest()
        run = self.database.execute
        run("BEGIN IMMEDIATE")
        run(
            "INSERT INTO application VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                case,
                "openrathaus-demo",
                "034540035",
                application.service,
                application.portal_case,
                key,
                digest,
                case,
                "accepted",
                body,
                at,
                at,
            ),
        )
        run(
            "INSERT INTO message VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            (message_id, case, "xmeld", "25.11a", "1700", XMELD, "r", "f", at, content, signature),
        )
        run(
            "INSERT INTO delivery VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (delivery, case, message_id, "meppen", "xta", "s", self.author, self.reader, 1, "due", at, at, at),
        )
        salts = [os.urandom(32) for _ in range(3)]
        digests = [
            hashlib.sha256(salt + payload).hexdigest()
            for salt, payload in zip(salts, (body, content, signature), strict=True)
        ]
        self.database.executemany(
            "INSERT INTO event (case_id, at, event, actor, peer, ref, dig, err) VALUES (?,?,?,?,?,?,?,?)",
            [
                (case, at, "application:accepted", "client:p", "", "{}", json.dumps([digests[0]]), "{}"),
                (case, at, "message:signed", "system:i", "", "{}", json.dumps(digests[1:]), "{}"),
                (case, at, "delivery:queued", "system:i", "ags:03454035", "{}", "[]", "{}"),
            ],
        )
        self.database.executemany(
            "INSERT INTO audit_salt VALUES (?,?,?)",
            [(case, name, salt) for name, salt in zip(("application", "message", "signature"), salts, strict=True)],
        )
        run("COMMIT")
        return case
