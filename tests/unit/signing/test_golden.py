"""Evidence written by an earlier version stays evidence: the files in ``golden/`` verify with today's code."""

from __future__ import annotations

import pytest

from gateway.signing.trust import TrustAnchors
from gateway.signing.verify import verify
from tests.unit.signing.forge import AT
from tests.unit.signing.make_golden import GOLDEN


@pytest.mark.parametrize("name", ["signatures-ec.xml", "signatures-rsa.xml"])
def test_evidence_of_an_earlier_version_verifies(name: str) -> None:
    files = {"nachricht.xml": (GOLDEN / "nachricht.xml").read_bytes()}
    verdict = verify((GOLDEN / name).read_bytes(), files, trust=TrustAnchors.load(GOLDEN / "ca.pem"), at=AT)
    assert (verdict.passed, verdict.signing_time) == (True, AT)
