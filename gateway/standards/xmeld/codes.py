"""The code lists of the messages of citizen services, each with its listURI and the version that we write.

XMeld 25.11a; where a release fixes a list's version it stands in :mod:`gateway.standards.xmeld.versions`, here stand
the lists whose version is free but has to be named (XÖV: attribute ``listVersionID`` required).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

NACHRICHTEN = "urn:de:xmeld:schluesseltabelle:xmeld.nachrichten"
ANFORDERUNGSELEMENT = "urn:xoev-de:xmeld:codeliste:meldebescheinigung.anforderungselement"
ZUSTELLVARIANTE = "urn:xoev-de:xmeld:codeliste:meldebescheinigung.zustellvariante"

ANFORDERUNGSELEMENTE = tuple(f"{number:02}" for number in range(1, 46))
"""What an extended Meldebescheinigung can contain besides the minimum: codes 01 to 45 (list version 2)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeList:
    """A code list with a free version: ``uri`` is its listURI, ``version`` the listVersionID that we name."""

    uri: str
    version: str


VERZEICHNISDIENST = CodeList(uri="urn:xoev-de:kosit:codeliste:verzeichnisdienst", version="3")
ERREICHBARKEIT = CodeList(uri="urn:de:xoev:codeliste:erreichbarkeit", version="3")
AGS = CodeList(uri="urn:de:bund:destatis:bevoelkerungsstatistik:schluessel:ags", version="2026-04-30")
"""Versions of this list are dates. Receivers do not check the date for plausibility (XMeld 25.11a, schema text)."""


class Zustellvariante(StrEnum):
    """How the Meldebescheinigung shall come (list version 1)."""

    POST = "01"
    DATEN = "02"
    DOKUMENT = "03"


class Ergebnisstatus(StrEnum):
    """What became of an order (list ``onlinedienste.abruf.ergebnisstatus``, version 1)."""

    ERMITTELT = "01"
    """The person was found, the data follow."""
    NACH_ZAHLUNG = "02"
    """The person was found, the document goes out after payment."""
    SELBSTAUSKUNFT_EINGEGANGEN = "03"
    """Only in 1709."""
