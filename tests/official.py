"""Finds the publisher's schemas, where this machine has them: in ``XOEV_OFFICIAL`` or beside the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from lxml import etree

from gateway.schemas.official import OfficialSchemas

OFFICIAL = Path(os.environ.get("XOEV_OFFICIAL") or Path(__file__).resolve().parents[2] / "shared" / "official")

needs_official = pytest.mark.skipif(
    not (OFFICIAL / "catalog.xml").is_file(),
    reason="the official XÖV schemas are not here; set XOEV_OFFICIAL to a folder with catalog.xml (XRepository)",
)


def xmeld() -> etree.XMLSchema:
    """Compile the official XMeld 25.11a schemas (takes about a second)."""
    return OfficialSchemas(OFFICIAL).compile("xmeld/25.11a/xinneres.xmeld.xsd")
