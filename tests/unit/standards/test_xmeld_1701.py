"""Reading XMeld 1701: what becomes of the application, and what is refused with place and rule."""

from __future__ import annotations

import base64
import json
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import InvalidMessageError
from gateway.model import Answer, ApplicationState
from gateway.standards import read_answer, reader_for
from gateway.standards.xmeld.answers import REFUSALS
from gateway.standards.xmeld.meldebescheinigung import ANSWER, read_1701
from tests.official import OFFICIAL, needs_official

NAMESPACE = "http://www.osci.de/xmeld2511a"
PDF = b"%PDF-1.7\n% Muster\n%%EOF\n"
MELDEDATEN = """<x:meldedaten><x:personendaten><x:name>
  <x:familienname.unstrukturiert><x:nachname><name>Mustermann</name></x:nachname></x:familienname.unstrukturiert>
  <x:frueherer.familienname.unstrukturiert><name>Beispiel</name></x:frueherer.familienname.unstrukturiert>
  <x:vornamen><x:vornamen><nichtVorhanden>1</nichtVorhanden></x:vornamen></x:vornamen></x:name>
  <x:geburtsangaben><x:geburtsdatum><unbekannt>true</unbekannt></x:geburtsdatum></x:geburtsangaben>
  <x:wohnung><x:anschrift><x:anschrift.ausland><x:staat listURI="urn:s" listVersionID="1"><code>129</code></x:staat>
  </x:anschrift.ausland></x:anschrift></x:wohnung>
  <x:wohnung><x:anschrift><x:anschrift.unbekannt><x:anschriftUnbekannt>true</x:anschriftUnbekannt>
  </x:anschrift.unbekannt></x:anschrift></x:wohnung>
  <x:staatsangehoerigkeit listURI="urn:n" listVersionID="2"><code>000</code></x:staatsangehoerigkeit>
  <x:auslandsanschrift><x:staat listURI="urn:s" listVersionID="1"><code>129</code></x:staat><x:anschriftzone>
  <zeile.anschrift><zeilennummer>1</zeilennummer><inhalt>1 Example Road</inhalt></zeile.anschrift></x:anschriftzone>
  </x:auslandsanschrift></x:personendaten></x:meldedaten>"""


def _status(code: str, certificate: str = "") -> str:
    content = f"<x:meldebescheinigung>{certificate}</x:meldebescheinigung>" if certificate else ""
    return f"<x:auskunft><x:ergebnisstatus><code>{code}</code></x:ergebnisstatus>{content}</x:auskunft>"


def _pdf(content: bytes) -> str:
    return f"<x:pdfDokument>{base64.encodebytes(content).decode()}</x:pdfDokument>"


def _refusal(code: str) -> str:
    return f"<x:grundDerRueckweisung><code>{code}</code></x:grundDerRueckweisung>"


def _message(
    body: str,
    *,
    kind: str = "1701",
    origin: str = "1700",
    at: str = "2026-11-23T10:00:00.000+01:00",
    ns: str = NAMESPACE,
) -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<x:{ANSWER} xmlns:x="{ns}" produkt="p" produkthersteller="h" standard="XMeld" version="25.11a">
 <nachrichtenkopf.g2g>
  <identifikation.nachricht><nachrichtenUUID>3F2504E0-4F89-41D3-9A0C-0305E82C1701</nachrichtenUUID>
   <nachrichtentyp><code>{kind}</code></nachrichtentyp><erstellungszeitpunkt>{at}</erstellungszeitpunkt>
  </identifikation.nachricht>
  <leser><verzeichnisdienst><code>DVDV</code></verzeichnisdienst><kennung>mbp:000000001</kennung><name>P</name></leser>
  <autor><verzeichnisdienst><code>DVDV</code></verzeichnisdienst><kennung>ags:03454035</kennung><name>M</name></autor>
 </nachrichtenkopf.g2g>
 <x:antwortAbrufanfrage>{body}</x:antwortAbrufanfrage>
 <x:ursprungsnachricht><nachrichtenUUID>3F2504E0-4F89-41D3-9A0C-0305E82C1700</nachrichtenUUID>
  <nachrichtentyp><code>{origin}</code></nachrichtentyp>
  <erstellungszeitpunkt>2026-11-23T09:00:00.000+01:00</erstellungszeitpunkt></x:ursprungsnachricht>
</x:{ANSWER}>""".encode()


def _rule(content: bytes) -> tuple[str, str]:
    with pytest.raises(InvalidMessageError) as caught:
        read_1701(content)
    (violation,) = caught.value.violations
    return violation.rule, violation.path


def test_header_and_reference_are_read() -> None:
    answer = read_1701(_message(_refusal("01")))
    assert answer.message_id == "3f2504e0-4f89-41d3-9a0c-0305e82c1701"
    assert answer.origin_id == "3f2504e0-4f89-41d3-9a0c-0305e82c1700"
    assert (answer.message_type, answer.origin_type) == ("1701", "1700")
    assert (answer.author, answer.reader) == ("ags:03454035", "mbp:000000001")
    assert answer.created_at.isoformat() == "2026-11-23T10:00:00+01:00"


def test_pdf_is_answered_with_the_document() -> None:
    answer = read_1701(_message(_status("01", _pdf(PDF))))
    (document,) = answer.documents
    assert answer.state is ApplicationState.ANSWERED
    assert (document.filename, document.media_type) == ("meldebescheinigung.pdf", "application/pdf")
    assert document.content == PDF


def test_data_are_answered_as_json() -> None:
    answer = read_1701(_message(_status("01", MELDEDATEN)))
    (document,) = answer.documents
    assert answer.state is ApplicationState.ANSWERED
    assert (document.filename, document.media_type) == ("meldedaten.json", "application/json")
    assert json.loads(document.content) == {
        "meldedaten": {
            "personendaten": {
                "name": {
                    "familienname.unstrukturiert": {"nachname": {"name": "Mustermann"}},
                    "frueherer.familienname.unstrukturiert": [{"name": "Beispiel"}],
                    "vornamen": {"vornamen": {"nichtVorhanden": True}},
                },
                "geburtsangaben": {"geburtsdatum": {"unbekannt": True}},
                "wohnung": [
                    {
                        "anschrift": {
                            "anschrift.ausland": {"staat": {"listURI": "urn:s", "listVersionID": "1", "code": "129"}}
                        }
                    },
                    {"anschrift": {"anschrift.unbekannt": {"anschriftUnbekannt": True}}},
                ],
                "staatsangehoerigkeit": [{"listURI": "urn:n", "listVersionID": "2", "code": "000"}],
                "auslandsanschrift": {
                    "staat": {"listURI": "urn:s", "listVersionID": "1", "code": "129"},
                    "anschriftzone": {"zeile.anschrift": [{"zeilennummer": "1", "inhalt": "1 Example Road"}]},
                },
            }
        }
    }


@pytest.mark.parametrize("code", list(REFUSALS))
def test_refusal_is_refused_with_its_reason(code: str) -> None:
    answer = read_1701(_message(_refusal(code)))
    assert answer.state is ApplicationState.REFUSED
    assert [reason.code for reason in answer.reasons] == [f"xmeld.nichterstellung.{code}"]
    assert answer.documents == ()


def test_found_without_content_went_by_post() -> None:
    answer = read_1701(_message(_status("01")))
    assert (answer.state, answer.documents) == (ApplicationState.SENT_BY_POST, ())


def test_after_payment_waits_for_the_citizen() -> None:
    answer = read_1701(_message(_status("02")))
    assert answer.state is ApplicationState.WAITING_FOR_CITIZEN
    assert [reason.code for reason in answer.reasons] == ["xmeld.ergebnisstatus.02"]


HEAD = f"/{ANSWER}/nachrichtenkopf.g2g/identifikation.nachricht"
BODY = f"/{ANSWER}/antwortAbrufanfrage"


@pytest.mark.parametrize(
    ("content", "rule", "path"),
    [
        (_message(_refusal("05")), "code.unknown", f"{BODY}/grundDerRueckweisung/code"),
        (_message(_status("03")), "code.unknown", f"{BODY}/auskunft/ergebnisstatus/code"),
        (_message(_refusal(" ")), "text.empty", f"{BODY}/grundDerRueckweisung/code"),
        (_message("<x:grundDerRueckweisung/>"), "element.missing", f"{BODY}/grundDerRueckweisung/code"),
        (_message("<x:auskunft/>"), "element.missing", f"{BODY}/auskunft/ergebnisstatus"),
        (_message(""), "choice.one_of", BODY),
        (_message(_refusal("01") + _status("01")), "choice.one_of", BODY),
        (_message(_status("01", _pdf(PDF) + MELDEDATEN)), "choice.one_of", f"{BODY}/auskunft/meldebescheinigung"),
        (_message(_status("01", "<x:x/>")), "choice.one_of", f"{BODY}/auskunft/meldebescheinigung"),
        (
            _message(_status("01", _pdf(b"<html>"))),
            "pdf.not_a_pdf",
            f"{BODY}/auskunft/meldebescheinigung/pdfDokument",
        ),
        (
            _message(_status("01", "<x:pdfDokument>JVB*</x:pdfDokument>")),
            "base64.invalid",
            f"{BODY}/auskunft/meldebescheinigung/pdfDokument",
        ),
        (_message(_refusal("01"), kind="1703"), "nachrichtentyp.not_of_root", f"{HEAD}/nachrichtentyp/code"),
        (
            _message(_refusal("01"), origin="1702"),
            "ursprungsnachricht.wrong_type",
            f"/{ANSWER}/ursprungsnachricht/nachrichtentyp/code",
        ),
        (_message(_refusal("01"), at="yesterday"), "time.invalid", f"{HEAD}/erstellungszeitpunkt"),
        (_message(_refusal("01"), ns="http://www.osci.de/xmeld9911"), "V000", "/"),
        (_message(_refusal("01")).replace(ANSWER.encode(), b"foreign.1701"), "root.unexpected", "/"),
        (_message(_refusal("01"))[:-3], "xml.not_well_formed", "/"),
        (b"", "xml.not_well_formed", "/"),
        (
            _message(_refusal("01")).replace(b"?>\n", b'?>\n<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', 1),
            "xml.doctype",
            "/",
        ),
    ],
)
def test_what_cannot_be_understood_is_refused_with_place_and_rule(content: bytes, rule: str, path: str) -> None:
    assert _rule(content) == (rule, path)


def _error_text(content: bytes) -> str:
    try:
        read_1701(content)
    except InvalidMessageError as error:
        return "".join(traceback.format_exception(error))
    return ""


@given(
    cut=st.integers(min_value=0),
    marker=st.sampled_from(["Zmarkerz", "<Zmarkerz>", "<Zmarkerz/>", "</x:a>Zmarkerz", "&Zmarkerz;"]),
)
def test_no_error_text_contains_a_value(cut: int, marker: str) -> None:
    content = _message(_status("01", MELDEDATEN)).decode()
    at = cut % len(content)
    assert "markerz" not in _error_text((content[:at] + marker + content[at:]).encode())


def test_the_reader_is_found_by_namespace_and_root() -> None:
    assert reader_for(NAMESPACE, ANSWER) is read_1701
    assert reader_for(NAMESPACE, "onlinedienste.unknown.1799") is None


def test_an_answer_that_nobody_reads_is_refused() -> None:
    with pytest.raises(InvalidMessageError, match=r"message\.unknown"):
        read_answer(b"<unknown/>")


@needs_official
@pytest.mark.parametrize(
    ("file", "state", "documents"),
    [
        ("daten", ApplicationState.ANSWERED, ["meldedaten.json"]),
        ("dokument", ApplicationState.ANSWERED, ["meldebescheinigung.pdf"]),
        ("rueckweisung", ApplicationState.REFUSED, []),
    ],
)
def test_official_examples_are_read(file: str, state: ApplicationState, documents: list[str]) -> None:
    content = (OFFICIAL / "examples" / f"xmeld-25.11a-1701-{file}.xml").read_bytes()
    answer: Answer = read_answer(content)
    assert answer.state is state
    assert [document.filename for document in answer.documents] == documents
    assert answer.author == "ags:03454035"


def test_an_answer_without_zone_is_read_as_german_time() -> None:
    answer = read_1701(_message(_refusal("01"), at="2026-11-23T10:00:00"))
    assert answer.created_at.isoformat() == "2026-11-23T10:00:00+01:00"
