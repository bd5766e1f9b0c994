"""Who the citizen is: element ``identifikation`` (type Onlinedienste.Identifikation) of the orders 1700 to 1714.

§ 4 BMeldDigiV: family name, given names, birth date and address of the only or main dwelling go along, taken from the
means of identification where it can be read out; only a full match with the register identifies the person.
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from gateway.standards.xmeld.codes import AGS
from gateway.standards.xmeld.header import listed
from gateway.standards.xmeld.versions import Version

_new = etree.SubElement


@dataclass(frozen=True, kw_only=True, slots=True)
class Konkateniert:
    """Street and number as one text, as the identity card gives it."""

    strasse_und_hausnummer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Strukturiert:
    """Street and number in parts. ``hausnummer`` has at most 4 digits, ``hausnummerzusatz`` at most 4 characters.

    No street but a number: ``strasse`` is ``Hausnummer``; neither: ``ohne Hausnummer`` (schema text).
    """

    strasse: str
    hausnummer: str = ""
    hausnummerzusatz: str = ""
    teilnummer: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Anschrift:
    """The only or main dwelling: ``ags`` 8 digits, ``plz`` 5 digits."""

    ags: str
    plz: str
    strasse: Konkateniert | Strukturiert


@dataclass(frozen=True, kw_only=True, slots=True)
class Identifikation:
    """The person. A name that does not exist is None; a person with one block name has it as family name.

    ``geburtsdatum`` is what is known of it, as YYYY-MM-DD, YYYY-MM or YYYY; None if nothing is known.
    """

    familienname: str | None
    vornamen: str | None
    geburtsdatum: str | None
    anschrift: Anschrift


def append_identifikation(parent: etree._Element, person: Identifikation, version: Version) -> None:
    """Append ``identifikation`` to a message."""
    element = _new(parent, version.tag("identifikation"))
    _name(_new(element, version.tag("familienname.unstrukturiert")), person.familienname)
    _name(_new(element, version.tag("vornamen")), person.vornamen)
    birth = _new(element, version.tag("geburt"))
    _date(_new(birth, version.tag("geburtsdatum")), person.geburtsdatum)
    _anschrift(_new(element, version.tag("anschrift")), person.anschrift, version)


def _name(parent: etree._Element, name: str | None) -> None:
    """AllgemeinerName (XInneres allgemeinername/4): ``name`` or ``nichtVorhanden``, both without namespace."""
    if name is None:
        _new(parent, "nichtVorhanden").text = "true"
    else:
        _new(parent, "name").text = name


_PRECISION = {10: "jahrMonatTag", 7: "jahrMonat", 4: "jahr"}


def _date(parent: etree._Element, known: str | None) -> None:
    """TeilbekanntesDatumMitUnbekannt (XInneres datum/2)."""
    if known is None:
        _new(parent, "unbekannt").text = "true"
    else:
        _new(_new(parent, "teilbekanntesDatum"), _PRECISION[len(known)]).text = known


def _anschrift(parent: etree._Element, anschrift: Anschrift, version: Version) -> None:
    listed(parent, version.tag("gemeindeschluessel"), anschrift.ags, AGS)
    _new(parent, version.tag("postleitzahl")).text = anschrift.plz
    street = _new(parent, version.tag("strasseUndHausnummer"))
    match anschrift.strasse:
        case Konkateniert(strasse_und_hausnummer=text):
            _new(street, version.tag("konkateniert")).text = text
        case Strukturiert() as parts:
            _strukturiert(_new(street, version.tag("strukturiert")), parts)


def _strukturiert(parent: etree._Element, parts: Strukturiert) -> None:
    if parts.hausnummer:
        _new(parent, "hausnummer").text = parts.hausnummer
    if parts.hausnummerzusatz:
        _new(parent, "hausnummerBuchstabeZusatzziffer").text = parts.hausnummerzusatz
    _new(parent, "strasse").text = parts.strasse
    if parts.teilnummer:
        _new(parent, "teilnummerDerHausnummer").text = parts.teilnummer
