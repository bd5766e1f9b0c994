"""Valid messages of the profile, built from nothing; tests change one thing and look what is said about it."""

from __future__ import annotations

from lxml import etree
from lxml.builder import ElementMaker

NAMESPACE = "http://www.osci.de/xmeld2511a"
X = ElementMaker(namespace=NAMESPACE, nsmap={"xmeld": NAMESPACE})
E = ElementMaker()
NAMES = {"xmeld": NAMESPACE}


def order() -> etree._Element:
    """Return a valid 1700: minimum content, by post."""
    root = X("onlinedienste.abrufanfrage.meldebescheinigung.1700", *_start("1700", "ags:03454035", "mbp:000000001"))
    root.append(
        X.identifikation(
            X("familienname.unstrukturiert", E.name("Musterfrau")),
            X.vornamen(E.name("Erika Ļucija")),
            X.geburt(X.geburtsdatum(E.teilbekanntesDatum(E.jahrMonatTag("1984-08-12")))),
            X.anschrift(
                X.gemeindeschluessel({"listVersionID": "2026-04-30"}, E.code("03454035")),
                X.postleitzahl("49716"),
                X.strasseUndHausnummer(X.konkateniert("Musterstraße 12 a")),
            ),
        )
    )
    root.append(
        X.steuerungsinformationen(
            X.datenumfang(X.meldebescheinigungMindestumfang("true")), X.zustellvariante(E.code("01"))
        )
    )
    return _dressed(root)


def refusal_answer() -> etree._Element:
    """Return a valid 1701 that refuses: not clearly identified."""
    root = _answer()
    root[-1].append(X.grundDerRueckweisung(E.code("01")))
    return _dressed(_with_origin(root))


def document_answer(document: str = "JVBERi0xLjQK") -> etree._Element:
    """Return a valid 1701 that brings a document (base64)."""
    root = _answer()
    root[-1].append(X.auskunft(X.ergebnisstatus(E.code("01")), X.meldebescheinigung(X.pdfDokument(document))))
    return _dressed(_with_origin(root))


def content(message: etree._Element) -> bytes:
    return etree.tostring(message, xml_declaration=True, encoding="UTF-8")


def find(message: etree._Element, path: str) -> etree._Element:
    [found] = message.xpath(path, namespaces=NAMES)
    return found


def _answer() -> etree._Element:
    root = X("onlinedienste.meldebescheinigungAntwort.1701", *_start("1701", "mbp:000000001", "ags:03454035"))
    root.append(X.antwortAbrufanfrage())
    return root


def _with_origin(root: etree._Element) -> etree._Element:
    root.append(X.ursprungsnachricht(*_identification("1700")))
    return root


def _start(number: str, reader: str, author: str) -> list[etree._Element]:
    contact = E.erreichbarkeit(E.kanal({"listVersionID": "3"}, E.code("01")), E.kennung("amt@example.org"))
    return [
        E(
            "nachrichtenkopf.g2g",
            E("identifikation.nachricht", *_identification(number)),
            E.leser(_directory(), E.kennung(reader), E.name("Stadt Meppen")),
            E.autor(_directory(), E.kennung(author), E.name("Serviceportal"), contact),
        ),
        E("anschrift.autor", E.gebaeude(E.postleitzahl("49716"), E.strasse("Beispielweg"), E.wohnort("Meppen"))),
    ]


def _identification(number: str) -> list[etree._Element]:
    return [
        E.nachrichtenUUID("3f2504e0-4f89-41d3-9a0c-0305e82c1799"),
        E.nachrichtentyp(E.code(number)),
        E.erstellungszeitpunkt("2026-03-02T09:15:30.123+01:00"),
    ]


def _directory() -> etree._Element:
    return E.verzeichnisdienst({"listVersionID": "3"}, E.code("DVDV"))


def _dressed(root: etree._Element) -> etree._Element:
    for name, value in (("produkt", "p"), ("produkthersteller", "h"), ("standard", "XMeld"), ("version", "25.11a")):
        root.set(name, value)
    return root
