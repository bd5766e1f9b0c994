"""The portal API with everything real behind it: catalogue, routing, schemas, seal, SQLite file; no delivery."""

from __future__ import annotations

import copy
import io
import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from gateway import logs
from gateway.catalogue import Catalogue
from gateway.intake.pipeline import Intake
from gateway.metrics import Metrics
from gateway.model import Contact, Destination, Finding, Party, PostalAddress
from gateway.portal.access import Access, PortalAccess, new_token
from gateway.portal.app import create_portal
from gateway.resources import resource
from gateway.routing import Areas, Routing
from gateway.schemas import Schemas
from gateway.signing.keys import SealKey
from gateway.signing.pki import make_demo_pki
from gateway.signing.xades import XadesSigner
from gateway.store import tables
from gateway.store.database import Database

MEPPEN, MEPPEN_TENANT = "03454035", "034540035"
LINGEN, LINGEN_TENANT = "03454032", "034540032"
DOERPEN, DOERPEN_TENANT = "03454008", "034545401"
SERVED = {"Meppen": MEPPEN_TENANT, "Doerpen": DOERPEN_TENANT}
"""Administrations with a destination: not Lingen."""
MARKER = "Zwiebelmarkus"
"""A family name that stands nowhere else: where it turns up, a person's data has leaked."""

ADDRESS = PostalAddress(strasse="Musterweg", hausnummer="1", plz="49999", ort="Musterstadt")
AUTHOR = Party(
    identifier="mbp:000000001",
    name="Serviceportal Musterkreis",
    category="Meldebehördenportal",
    address=ADDRESS,
    contacts=(Contact(channel="01", address="portal@example.org"),),
)
APPLICATION: dict[str, Any] = {
    "service": "meldebescheinigung",
    "ags": MEPPEN,
    "portal_case": "OR-2026-000123",
    "submitted_at": "2026-11-23T09:15:30+01:00",
    "identification": {"vertrauensniveau": "hoch", "mittel": "eid"},
    "antragsteller": {
        "familienname": {"name": MARKER},
        "vornamen": {"name": "Erika"},
        "geburtsdatum": "1984-08-12",
        "anschrift": {"ags": MEPPEN, "plz": "49716", "strasse_und_hausnummer": "Musterstraße 12 a"},
    },
    "antrag": {"umfang": "mindestumfang", "zustellung": "dokument"},
}


def application(**changes: Any) -> dict[str, Any]:
    """Return a valid application with some members set: ``antragsteller__geburtsdatum="1984"``, ``ags=...``."""
    made = copy.deepcopy(APPLICATION)
    for path, value in changes.items():
        *outer, last = path.split("__")
        place = made
        for name in outer:
            place = place[name]
        if value is None:
            del place[last]
        else:
            place[last] = value
    return made


def elsewhere(ags: str) -> dict[str, Any]:
    """Return a valid application for another municipality."""
    return application(ags=ags, antragsteller__anschrift__ags=ags)


@dataclass
class Portal:
    """A running portal API in this process. ``token`` may act for Meppen and Lingen, ``stranger`` for Dörpen.

    ``narrowed`` is the same portal after it lost Meppen, ``neighbour`` another portal for Meppen and Lingen.
    """

    client: FlaskClient
    database: Database
    metrics: Metrics
    token: str
    stranger: str
    narrowed: str
    neighbour: str
    accepted: list[None]
    findings: list[Finding]

    def post(
        self,
        body: object,
        *,
        key: str | None = "key-1",
        token: str | None = None,
        validate: bool = False,
        **headers: str,
    ) -> TestResponse:
        """Hand in ``body`` (bytes as they are, anything else as JSON)."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {token or self.token}", "Content-Type": "application/json"}
        if key is not None:
            sent["Idempotency-Key"] = key
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(
            "/v1/applications/validate" if validate else "/v1/applications",
            data=content,
            headers={name: value for name, value in sent.items() if value},
        )

    def get(self, path: str, *, token: str | None = None, **headers: str) -> TestResponse:
        sent = {"Authorization": f"Bearer {token or self.token}"}
        return self.client.get(path, headers=sent | {name.replace("_", "-"): value for name, value in headers.items()})

    def rows(self) -> Mapping[str, int]:
        """Count the rows of every table."""
        return self.database.read(
            lambda c: {
                name: c.scalar(select(func.count()).select_from(table)) or 0
                for name, table in tables.metadata.tables.items()
            }
        )


def destination(name: str, tenant: str) -> Destination:
    reader = Party(identifier=f"ags:{MEPPEN}", name=name, category="Meldebehörde", address=ADDRESS)
    return Destination(
        id=name.lower(),
        tenant=tenant,
        services=frozenset({"meldebescheinigung"}),
        connection="simulated",
        reader=reader,
        valid_from=date(2025, 11, 1),
    )


def portal_access(name: str, token_hash: str, *tenants: str) -> PortalAccess:
    return PortalAccess(id=name, tenants=frozenset(tenants), token_hashes=frozenset({token_hash}))


@cache
def _parts() -> tuple[Catalogue, Schemas, XadesSigner]:
    """Return what every test may share, because nothing changes it."""
    with TemporaryDirectory() as directory:
        pki = make_demo_pki(Path(directory))
        seal = SealKey.from_pkcs12(pki.seal_ec, pki.seal_password.read_bytes().strip())
    return Catalogue.load(), Schemas.load(), XadesSigner(seal)


@contextmanager
def running(
    directory: Path,
    *,
    max_body: int = 1_000_000,
    served: Mapping[str, str] = SERVED,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Iterator[Portal]:
    """Open a portal on the database in ``directory``; the administrations ``served`` have a destination."""
    catalogue, schemas, signer = _parts()
    database = Database(f"sqlite:///{directory / 'gateway.sqlite'}")
    destinations = [destination(name, tenant) for name, tenant in served.items()]
    intake = Intake(
        catalogue=catalogue,
        routing=Routing(Areas.load(resource("config", "areas", "emsland.csv")), destinations),
        schemas=schemas,
        signer=signer,
        database=database,
        author=AUTHOR,
        test=True,
        delivery_deadline=timedelta(days=7),
        clock=clock,
    )
    token, kept = new_token()
    stranger, kept_of_stranger = new_token()
    narrowed, kept_of_narrowed = new_token()
    neighbour, kept_of_neighbour = new_token()
    accepted: list[None] = []
    findings = [Finding(level="ok", subject="database", text="answers")]
    metrics = Metrics(services=[one.id for one in catalogue])
    portals = [
        portal_access("openrathaus", kept, MEPPEN_TENANT, LINGEN_TENANT),
        portal_access("openrathaus", kept_of_narrowed, LINGEN_TENANT),
        portal_access("stranger", kept_of_stranger, DOERPEN_TENANT),
        portal_access("neighbour", kept_of_neighbour, MEPPEN_TENANT, LINGEN_TENANT),
    ]
    app = create_portal(
        intake=intake,
        database=database,
        access=Access(portals),
        readiness=lambda: tuple(findings),
        metrics=metrics,
        max_body=max_body,
        on_accepted=lambda: accepted.append(None),
    )
    try:
        yield Portal(
            client=app.test_client(),
            database=database,
            metrics=metrics,
            token=token,
            stranger=stranger,
            narrowed=narrowed,
            neighbour=neighbour,
            accepted=accepted,
            findings=findings,
        )
    finally:
        database.close()


@contextmanager
def captured_logs() -> Iterator[io.StringIO]:
    """Configure the gateway's logs as in production, into a string; put everything back afterwards."""
    root = logging.getLogger()
    handlers, level, hook = list(root.handlers), root.level, threading.excepthook
    stream = io.StringIO()
    logs.configure("DEBUG", stream)
    try:
        yield stream
    finally:
        root.handlers[:], root.level = handlers, level
        threading.excepthook = hook
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()


@contextmanager
def listening(portal: Portal) -> Iterator[str]:
    """Serve the portal on a free loopback port; yield its base URL."""
    server = make_server("127.0.0.1", 0, portal.client.application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, name="portal-under-test")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
