"""Writes ``2022-08/din-91379.xsd``: DIN 91379 (2022-08), data type C, as an XML Schema pattern.

Which characters and sequences these are stands in ``gateway/standards/din91379.py``; here they only become a pattern:

    python xsd/din-91379/make.py && python -m gateway.schemas

The order inside the pattern is for speed: libxml2 tries alternatives one after the other and looks at every range of a
character class, so ASCII comes first and alone, then the rest of Latin-1 and Latin Extended-A, then everything rare.
"""

from __future__ import annotations

from pathlib import Path

from gateway.standards.din91379 import CONTROLS, RANGES, SEQUENCES

TARGET = Path(__file__).resolve().parent / "2022-08" / "din-91379.xsd"

NAMESPACE = "urn:xoev-de:kosit:xoev:datentyp:din-91379_2022-08"

_LAST_FREQUENT = 0x017F
"""End of Latin Extended-A: nearly every text stays below."""


def pattern() -> str:
    """Return the pattern of data type C, written with character references."""
    frequent = [f"[{_reference(first)}-{_reference(last)}]" for first, last in RANGES if last <= _LAST_FREQUENT]
    rare = [(ord(one), ord(one)) for one in CONTROLS] + [one for one in RANGES if one[1] > _LAST_FREQUENT]
    rarely = "".join(_reference(a) if a == b else f"{_reference(a)}-{_reference(b)}" for a, b in rare)
    letters = [f"[{bases}]{''.join(_reference(ord(mark)) for mark in marks)}" for marks, bases in SEQUENCES]
    return f"({'|'.join([*frequent, f'[{rarely}]', *letters])})*"


def schema() -> str:
    """Return the schema file."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- DIN 91379 (2022-08), data type C: all normative characters. Made by ../make.py from a table; do not edit. -->
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{NAMESPACE}" version="2022-08">
  <xs:simpleType name="datatypeC">
    <xs:restriction base="xs:string">
      <xs:pattern value="{pattern()}"/>
    </xs:restriction>
  </xs:simpleType>
</xs:schema>
"""


def _reference(point: int) -> str:
    return f"&#x{point:04X};"


if __name__ == "__main__":
    TARGET.write_text(schema(), encoding="utf-8")
