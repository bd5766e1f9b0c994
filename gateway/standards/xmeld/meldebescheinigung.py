"""Meldebescheinigung: the order 1700 and its answer 1701 (XMeld 25.11a; §§ 18, 18a BMG, §§ 5, 6 BMeldDigiV)."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from gateway.model import Answer, ApplicationState, Document, Message, MessageHeader, Reason
from gateway.standards.reading import binary, invalid, text
from gateway.standards.structured import as_json
from gateway.standards.xmeld import codes
from gateway.standards.xmeld.answers import Envelope, open_answer, refusal
from gateway.standards.xmeld.codes import Ergebnisstatus, Zustellvariante
from gateway.standards.xmeld.header import code, finish, start
from gateway.standards.xmeld.identifikation import Identifikation, append_identifikation
from gateway.standards.xmeld.versions import version as release

ORDER = "onlinedienste.abrufanfrage.meldebescheinigung.1700"
ANSWER = "onlinedienste.meldebescheinigungAntwort.1701"

AFTER_PAYMENT = Reason(
    code="xmeld.ergebnisstatus.02",
    de="Die Meldebehörde hat die Person gefunden; die Meldebescheinigung kommt, sobald die Gebühr bezahlt ist.",
    en="The registration office has found the person; the certificate follows once the fee is paid.",
)

_PDF_HEADER_WITHIN = 1024
"""ISO 32000 viewers look for ``%PDF-`` in the first 1024 bytes."""

_REPEATED = frozenset(
    {
        "ausweisdokument",
        "frueherer.familienname.unstrukturiert",
        "fruehere.vornamen",
        "gesetzlicherVertreter",
        "kind",
        "staatsangehoerigkeit",
        "wohnung",
        "zeile.anschrift",
    }
)
_SWITCHES = frozenset(
    {"anschriftUnbekannt", "nichtVerstorben", "nichtVorhanden", "unbekannt", "zurechtnichtuebermittelt"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Anfrage:
    """Everything that 1700 can carry.

    ``erweitert`` are codes 01 to 45 of what the certificate shall contain besides the minimum; empty means the
    minimum alone (Mindestumfang).
    """

    person: Identifikation
    erweitert: tuple[str, ...]
    zustellung: Zustellvariante


def build_1700(order: Anfrage, header: MessageHeader, version: str) -> Message:
    """Build the order. ``version`` is the release, such as ``25.11a``; raises ValueError for an unknown one.

    The texts have to be checked before (letters, lengths); whether the message is valid is for the schema to say.
    """
    issue = release(version)
    root = start(ORDER, header, issue)
    append_identifikation(root, order.person, issue)
    control = etree.SubElement(root, issue.tag("steuerungsinformationen"))
    extent = etree.SubElement(control, issue.tag("datenumfang"))
    for element in order.erweitert:
        tag = issue.tag("meldebescheinigungErweitert")
        code(extent, tag, element, codes.ANFORDERUNGSELEMENT, issue.anforderungselement)
    if not order.erweitert:
        etree.SubElement(extent, issue.tag("meldebescheinigungMindestumfang")).text = "true"
    code(control, issue.tag("zustellvariante"), order.zustellung, codes.ZUSTELLVARIANTE, issue.zustellvariante)
    return finish(root, header, issue)


def read_1701(content: bytes) -> Answer:
    """Read the answer; raises InvalidMessageError with the place and the rule.

    What becomes of the application: a refusal is REFUSED with its reason; ergebnisstatus 01 with data or a PDF is
    ANSWERED; 02 is WAITING_FOR_CITIZEN (the document goes out after payment). Status 01 without content is read as
    SENT_BY_POST. That is inferred: the schema's text says that 01 brings a meldebescheinigung along, but the schema
    allows it without, and an order for delivery by post (Zustellvariante 01) is answered with the status alone.
    Content that comes with 02 is passed on.
    """
    answer = open_answer(content, name=ANSWER, answers=frozenset({"1700"}))
    body = answer.content("antwortAbrufanfrage")
    refused = body.find(answer.version.tag("grundDerRueckweisung"))
    found = body.find(answer.version.tag("auskunft"))
    if refused is not None and found is None:
        return _answer(answer, ApplicationState.REFUSED, reasons=(refusal(refused),))
    if refused is None and found is not None:
        return _auskunft(answer, found)
    raise invalid(body, "choice.one_of")


def _auskunft(answer: Envelope, found: etree._Element) -> Answer:
    status = answer.version.tag("ergebnisstatus")
    certificate = found.find(answer.version.tag("meldebescheinigung"))
    documents = () if certificate is None else (_document(answer, certificate),)
    match text(found, status, "code"):
        case Ergebnisstatus.ERMITTELT:
            state = ApplicationState.ANSWERED if documents else ApplicationState.SENT_BY_POST
            return _answer(answer, state, documents=documents)
        case Ergebnisstatus.NACH_ZAHLUNG:
            return _answer(answer, ApplicationState.WAITING_FOR_CITIZEN, reasons=(AFTER_PAYMENT,), documents=documents)
    raise invalid(found, "code.unknown", status, "code")


def _document(answer: Envelope, certificate: etree._Element) -> Document:
    pdf = certificate.find(answer.version.tag("pdfDokument"))
    data = certificate.find(answer.version.tag("meldedaten"))
    if pdf is not None and data is None:
        return Document(filename="meldebescheinigung.pdf", media_type="application/pdf", content=_pdf(pdf))
    if pdf is None and data is not None:
        document = as_json(data, repeated=_REPEATED, switches=_SWITCHES)
        return Document(filename="meldedaten.json", media_type="application/json", content=document)
    raise invalid(certificate, "choice.one_of")


def _pdf(element: etree._Element) -> bytes:
    """Return the PDF; what does not begin like one is refused, since it is handed on to a citizen."""
    content = binary(element)
    if b"%PDF-" not in content[:_PDF_HEADER_WITHIN]:
        raise invalid(element, "pdf.not_a_pdf")
    return content


def _answer(
    envelope: Envelope,
    state: ApplicationState,
    *,
    reasons: tuple[Reason, ...] = (),
    documents: tuple[Document, ...] = (),
) -> Answer:
    return Answer(
        message_id=envelope.message_id,
        message_type=ANSWER[-4:],
        author=envelope.author,
        reader=envelope.reader,
        created_at=envelope.created_at,
        origin_id=envelope.origin_id,
        origin_type=envelope.origin_type,
        state=state,
        test=envelope.test,
        reasons=reasons,
        documents=documents,
    )
