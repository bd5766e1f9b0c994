"""What the tests of the XTA exchange share: a demo PKI, a simulator, an adapter, parcels with real messages."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.xta.adapter import Settings, XtaAdapter
from adapters.xta.simulator import Simulator, demo_simulator
from gateway.model import Attachment, Contact, MessageHeader, Parcel, Party, PostalAddress
from gateway.signing.pki import DemoPki, make_demo_pki
from gateway.standards.xmeld.codes import Zustellvariante
from gateway.standards.xmeld.identifikation import Anschrift, Identifikation, Konkateniert
from gateway.standards.xmeld.meldebescheinigung import Anfrage, build_1700

AUTHOR = Party(
    identifier="mbp:000000001",
    name="Serviceportal Beispiel",
    category="Meldebehördenportal",
    address=PostalAddress(strasse="Beispielweg", hausnummer="1", plz="49716", ort="Meppen"),
    contacts=(Contact(channel="01", address="portal@example.org"),),
)
READER = Party(
    identifier="ags:03454035",
    name="Stadt Meppen, Einwohnermeldeamt",
    category="Meldebehörde",
    address=PostalAddress(strasse="Markt", hausnummer="1", plz="49716", ort="Meppen"),
)
SEAL = Attachment(
    filename="signatures0.xml",
    media_type="text/xml",
    content=b"<seal>\r\n</seal>\r\n",
    description="Detached XAdES signature",
)


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> DemoPki:
    return make_demo_pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def simulator(pki: DemoPki) -> Iterator[Simulator]:
    with demo_simulator(pki) as running:
        yield running


@pytest.fixture
def adapter(simulator: Simulator, pki: DemoPki) -> Iterator[XtaAdapter]:
    made = adapter_for(simulator, pki)
    yield made
    made.close()


def settings_for(simulator: Simulator, pki: DemoPki, **changes: Any) -> Settings:
    """Settings with short times, so that a test of a silent server is over soon."""
    values: dict[str, Any] = {
        "management_url": simulator.management_url,
        "send_url": simulator.send_url,
        "msgbox_url": simulator.msgbox_url,
        "ca_file": pki.ca,
        "client_certificate_file": pki.client_certificate,
        "client_key_file": pki.client_key,
        "author": {"identifier": AUTHOR.identifier},
        "connect_timeout": 1.5,
        "read_timeout": 0.8,
        "total_timeout": 2.0,
    }
    return Settings(**(values | changes))


def adapter_for(simulator: Simulator, pki: DemoPki, **changes: Any) -> XtaAdapter:
    return XtaAdapter(settings_for(simulator, pki, **changes), name="xta-test")


def parcel(
    *, zustellung: Zustellvariante = Zustellvariante.DATEN, familienname: str = "Mustermann", **changes: Any
) -> Parcel:
    """A parcel with a real 1700 of a fictitious person, under a new nachrichtenUUID and a new case."""
    header = MessageHeader(
        message_id=str(uuid.uuid4()), created_at=datetime.now(UTC), author=AUTHOR, reader=READER, test=True
    )
    person = Identifikation(
        familienname=familienname,
        vornamen="Erika",
        geburtsdatum="1984-08-12",
        anschrift=Anschrift(
            ags="03454035", plz="49716", strasse=Konkateniert(strasse_und_hausnummer="Musterstraße 12 a")
        ),
    )
    message = build_1700(Anfrage(person=person, erweitert=(), zustellung=zustellung), header, "25.11a")
    made = Parcel(
        delivery_id=str(uuid.uuid4()),
        case=str(uuid.uuid4()),
        message=message,
        attachments=(SEAL,),
        author=AUTHOR,
        reader=READER,
        subject="Meldebescheinigung",
        transport_id=None,
        sent_before=False,
        test=True,
    )
    return dataclasses.replace(made, **changes)


def reserved(adapter: XtaAdapter, made: Parcel) -> Parcel:
    """The parcel under an id of the server, as the worker hands it over."""
    return dataclasses.replace(made, transport_id=adapter.reserve_id(made))


def again(made: Parcel) -> Parcel:
    """The parcel as it comes back after an attempt."""
    return dataclasses.replace(made, sent_before=True)


def data(directory: Path, name: str, content: bytes) -> Path:
    """Write a file and return its path."""
    file = directory / name
    file.write_bytes(content)
    return file
