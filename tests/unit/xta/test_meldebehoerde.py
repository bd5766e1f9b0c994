"""The simulated Meldebehörde answers orders with valid messages, and makes one case of one nachrichtenUUID."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from adapters.xta.simulation.meldebehoerde import Meldebehoerde
from adapters.xta.simulation.pdf import one_page
from gateway.model import ApplicationState
from gateway.schemas import Schemas
from gateway.standards import read_answer
from gateway.standards.xmeld.codes import Zustellvariante
from tests.official import needs_official, xmeld
from tests.xta_exchange import parcel

VARIANTS = list(Zustellvariante)


def answer(zustellung: Zustellvariante, familienname: str = "Mustermann", **office: object) -> bytes:
    order = parcel(zustellung=zustellung, familienname=familienname)
    made = Meldebehoerde(**office).receive(order.message.content)  # type: ignore[arg-type]
    assert made is not None
    return made


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    return Schemas.load()


@pytest.mark.parametrize("zustellung", VARIANTS)
@pytest.mark.parametrize("familienname", ["Mustermann", "Unbekannt"])
def test_answer_is_valid_against_our_profile(schemas: Schemas, zustellung: Zustellvariante, familienname: str) -> None:
    made = answer(zustellung, familienname)
    schemas.for_reading(made, date(2026, 3, 1)).validate(made)


@needs_official
@pytest.mark.parametrize("zustellung", VARIANTS)
@pytest.mark.parametrize("familienname", ["Mustermann", "Unbekannt"])
def test_answer_is_valid_against_the_official_schema(zustellung: Zustellvariante, familienname: str) -> None:
    xmeld().assertValid(etree.ElementTree(etree.fromstring(answer(zustellung, familienname))))


@pytest.mark.parametrize(
    ("zustellung", "familienname", "state"),
    [
        (Zustellvariante.DATEN, "Mustermann", ApplicationState.ANSWERED),
        (Zustellvariante.DOKUMENT, "Mustermann", ApplicationState.ANSWERED),
        (Zustellvariante.POST, "Mustermann", ApplicationState.SENT_BY_POST),
        (Zustellvariante.DATEN, "Unbekannt", ApplicationState.REFUSED),
    ],
)
def test_gateway_reads_the_answer(zustellung: Zustellvariante, familienname: str, state: ApplicationState) -> None:
    assert read_answer(answer(zustellung, familienname)).state is state


def test_fee_for_a_letter_makes_the_citizen_wait() -> None:
    made = answer(Zustellvariante.POST, fee_for_post=True)
    assert read_answer(made).state is ApplicationState.WAITING_FOR_CITIZEN


def test_data_are_those_of_the_order() -> None:
    text = answer(Zustellvariante.DATEN).decode()
    assert re.search(r"<name>Mustermann</name>", text)
    assert "<hausnummer>12</hausnummer><hausnummerBuchstabeZusatzziffer>a</hausnummerBuchstabeZusatzziffer>" in text
    assert "<strasse>Musterstraße</strasse>" in text


def test_second_order_of_the_same_uuid_makes_no_case_and_gets_no_answer() -> None:
    office = Meldebehoerde()
    order = parcel().message
    assert office.receive(order.content) is not None
    assert office.receive(order.content) is None
    assert (office.cases, office.orders(order.id)) == (1, 2)


def test_other_messages_are_taken_and_not_answered() -> None:
    office = Meldebehoerde()
    other = parcel().message.content.replace(b"meldebescheinigung.1700", b"vorausgefuellterMeldeschein.1702")
    assert office.receive(other) is None
    assert office.cases == 1


def test_order_without_a_person_is_no_order() -> None:
    office = Meldebehoerde()
    broken = re.sub(rb"<\w+:identifikation>.*</\w+:identifikation>", b"", parcel().message.content, flags=re.DOTALL)
    with pytest.raises(ValueError, match="lacks a part"):
        office.receive(broken)
    assert office.cases == 0


def test_document_is_a_pdf_with_its_text() -> None:
    root = etree.fromstring(answer(Zustellvariante.DOKUMENT))
    pdf = base64.b64decode(root.findtext(".//{*}pdfDokument") or "")
    assert pdf.startswith(b"%PDF-1.4\n")
    assert b"(Meldebescheinigung \\(Muster\\))" in pdf


def test_cross_reference_table_of_the_pdf_points_to_its_objects() -> None:
    pdf = one_page(["Größe (ä)", "\\"])
    table = int(pdf.rpartition(b"startxref\n")[2].split(b"\n")[0])
    assert pdf[table : table + 4] == b"xref"
    places = [int(line[:10]) for line in pdf[table:].split(b"\n") if line.endswith(b"00000 n ")]
    assert [pdf[place : place + 7] for place in places] == [b"%d 0 obj" % number for number in range(1, 7)]


def test_pdf_opens_in_a_pdf_reader(tmp_path: Path) -> None:
    reader = shutil.which("pdftotext")
    if reader is None:
        pytest.skip("pdftotext is not here (Debian package poppler-utils)")
    file = tmp_path / "a.pdf"
    file.write_bytes(one_page(["Meldebescheinigung (Muster)", "Größe ß"]))
    text = subprocess.run([reader, str(file), "-"], check=True, capture_output=True, timeout=20).stdout.decode()
    assert text.split("\n")[:2] == ["Meldebescheinigung (Muster)", "Größe ß"]
