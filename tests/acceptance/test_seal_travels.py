"""The detached signature goes to the authority beside the message, unless the destination wants none."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from adapters.xta.simulator import demo_simulator
from gateway.signing.pki import DemoPki
from gateway.signing.trust import TrustAnchors
from gateway.signing.verify import verify
from gateway.store.tables import message
from tests.gateways import install, running


def test_the_authority_gets_a_signature_that_verifies_over_what_it_received(tmp_path: Path, pki: DemoPki) -> None:
    with demo_simulator(pki) as authority:
        folder = install(tmp_path / "gateway", pki, authority)
        with running(folder) as gateway:
            gateway.until("answered", gateway.post())
        (content,) = authority.service.received
        (beside,) = authority.service.attached
    (name,) = [row.filename for row in folder.rows(select(message.c.filename))]
    verdict = verify(beside["signatures0.xml"], {name: content}, trust=TrustAnchors.load(pki.ca), at=datetime.now(UTC))
    assert verdict.passed


def test_a_destination_can_want_no_signature_and_the_evidence_is_kept_all_the_same(
    tmp_path: Path, pki: DemoPki
) -> None:
    with demo_simulator(pki) as authority:
        folder = install(tmp_path / "gateway", pki, authority)
        folder.change(
            'product = "Musterverfahren C (fiktiv)"\nvalid_from = 2025-11-01\n[destination.reader]\n'
            'identifier = "ags:03454035"',
            'send_signature = false\nvalid_from = 2025-11-01\n[destination.reader]\nidentifier = "ags:03454035"',
        )
        with running(folder) as gateway:
            gateway.until("answered", gateway.post())
        (beside,) = authority.service.attached
    assert beside == {}
    (kept,) = [row.signature for row in folder.rows(select(message.c.signature))]
    assert b"SignatureValue" in kept
