"""Writes ``2022-08/din-91379.xsd``: the character set of DIN 91379 (2022-08), data type C, as an XML Schema pattern.

Data type C is every normative character of the norm: Latin letters, the letters that exist only as base letter plus
combining mark, and the normative other characters; no Greek, no Cyrillic, no typographic quotes. The table below is
the one place that says which; the schema is derived from it:

    python xsd/din-91379/make.py

The order inside the pattern is for speed: libxml2 tries alternatives one after the other and scans every range of a
character class, so ASCII comes first and alone, then Latin-1 and Latin Extended-A, then everything rare.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

TARGET = Path(__file__).resolve().parent / "2022-08" / "din-91379.xsd"

NAMESPACE = "urn:xoev-de:kosit:xoev:datentyp:din-91379_2022-08"

FREQUENT = ("0020-007E", "00AE-017E", "00A0-00AC")
"""Ranges that nearly every text stays in: Basic Latin, Latin-1 without the soft hyphen, Latin Extended-A without ſ."""

RARE = (
    "0009-000A 000D 0187-0188 018F 0197 01A0-01A1 01AF-01B0 01B7 01CD-01DC 01DE-01DF 01E2-01F0 01F4-01F5 01F8-01FF "
    "0212-0213 0218-021B 021E-021F 0227-0233 0259 0268 0292 02B9-02BA 02BE-02BF 02C8 02CC 1E02-1E03 1E06-1E07 "
    "1E0A-1E11 1E17 1E1C-1E2B 1E2F-1E37 1E3A-1E3B 1E40-1E49 1E52-1E5B 1E5E-1E63 1E6A-1E6F 1E80-1E87 1E8C-1E97 1E9E "
    "1EA0-1EF9 2019 2021 20AC"
)
"""Tab and line ends, the remaining letters, modifier letters, ’ ‡ €."""

SEQUENCES = {
    "0300": "CFGKMPSTZcfgkmpstz",
    "0301": "JjÿĪī",
    "0302": "DKLMNdklmn",
    "0304": "CFHKNPSTZcfhknpstzÛûḲḳṢṣṬṭỤụ",
    "0306": "CMNRZcmnrzÇç",
    "0307": "KUku",
    "0308": "CTZczẠạỌọỤụ",
    "030B": "Aa",
    "030C": "J",
    "030D": "ēō",
    "0310": "Mm",
    "0315": "CKPTckptČč",
    "031B": "KTkt",
    "031B 0304": "Ss",
    "0323": "CPcpČč",
    "0325": "LRlr",
    "0325 0304": "LRlr",
    "0326": "CHKLNchklnŽž",
    "0327": "ZzŽž",
    "0328 0306": "Cc",
    "0331": "HSs",
    "035F 0048": "K",
    "035F 0068": "Kk",
}
"""What follows a base letter (code points) -> the base letters that may stand before it."""


def sequences() -> list[str]:
    """Return every letter that the norm knows only as a sequence of code points."""
    return [base + _text(following) for following, bases in SEQUENCES.items() for base in bases]


def pattern() -> str:
    """Return the pattern of data type C, written with character references."""
    classes = [f"[{_range(one)}]" for one in FREQUENT]
    classes.append("[" + "".join(map(_range, RARE.split())) + "]")
    letters = [f"[{bases}]{_references(following)}" for following, bases in SEQUENCES.items()]
    return f"({'|'.join(classes + letters)})*"


def schema() -> str:
    """Return the schema file."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- DIN 91379 (2022-08), data type C: all normative characters. Made by ../make.py from its table; do not edit. -->
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{NAMESPACE}" version="2022-08">
  <xs:simpleType name="datatypeC">
    <xs:restriction base="xs:string">
      <xs:pattern value="{pattern()}"/>
    </xs:restriction>
  </xs:simpleType>
</xs:schema>
"""


def _text(points: str) -> str:
    return "".join(chr(int(point, 16)) for point in points.split())


def _references(points: str) -> str:
    return "".join(f"&#x{point};" for point in points.split())


def _range(span: str) -> str:
    first, _, last = span.partition("-")
    return f"&#x{first};-&#x{last};" if last else f"&#x{first};"


def _check() -> None:
    """Refuse a table whose base letters are not composed: a decomposed base would hide in the pattern."""
    for bases in SEQUENCES.values():
        if unicodedata.normalize("NFC", bases) != bases:
            raise ValueError("a base letter in SEQUENCES is not in normal form C")


if __name__ == "__main__":
    _check()
    TARGET.write_text(schema(), encoding="utf-8")
