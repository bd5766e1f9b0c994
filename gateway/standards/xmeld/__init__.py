"""XMeld: messages between citizens' portals and registration offices (Meldebehörden). KoSIT/BMI, release 25.11a."""

from __future__ import annotations

from gateway.standards.xmeld.meldebescheinigung import ANSWER, read_1701
from gateway.standards.xmeld.versions import VERSIONS

READERS = {(version.namespace, ANSWER): read_1701 for version in VERSIONS.values()}
