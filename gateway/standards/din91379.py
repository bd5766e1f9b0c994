"""The letters of DIN 91379 (2022-08), data type C: what a text in an XÖV message may be made of.

Type C is Latin script with its diacritics, the symbols of the usual code pages, and certain letters that Unicode
spells as a base letter with combining marks. Every text of type C is in Unicode normalisation form C; the letter "ä"
written as "a" and U+0308 is therefore refused, and a portal has to normalise first.

Kept as a table of code point ranges and of (mark, base letters), from which the patterns are made.
"""

from __future__ import annotations

import re
import unicodedata

RANGES: tuple[tuple[int, int], ...] = (
    (0x0020, 0x007E), (0x00A0, 0x00AC), (0x00AE, 0x017E), (0x0187, 0x0188), (0x018F, 0x018F), (0x0197, 0x0197),
    (0x01A0, 0x01A1), (0x01AF, 0x01B0), (0x01B7, 0x01B7), (0x01CD, 0x01DC), (0x01DE, 0x01DF), (0x01E2, 0x01F0),
    (0x01F4, 0x01F5), (0x01F8, 0x01FF), (0x0212, 0x0213), (0x0218, 0x021B), (0x021E, 0x021F), (0x0227, 0x0233),
    (0x0259, 0x0259), (0x0268, 0x0268), (0x0292, 0x0292), (0x02B9, 0x02BA), (0x02BE, 0x02BF), (0x02C8, 0x02C8),
    (0x02CC, 0x02CC), (0x1E02, 0x1E03), (0x1E06, 0x1E07), (0x1E0A, 0x1E11), (0x1E17, 0x1E17), (0x1E1C, 0x1E2B),
    (0x1E2F, 0x1E37), (0x1E3A, 0x1E3B), (0x1E40, 0x1E49), (0x1E52, 0x1E5B), (0x1E5E, 0x1E63), (0x1E6A, 0x1E6F),
    (0x1E80, 0x1E87), (0x1E8C, 0x1E97), (0x1E9E, 0x1E9E), (0x1EA0, 0x1EF9), (0x2019, 0x2019), (0x2021, 0x2021),
    (0x20AC, 0x20AC),
)  # fmt: skip
"""Single code points, both ends included. Type C also allows tab, line feed and carriage return: see CONTROLS."""

CONTROLS = "\t\n\r"
"""Allowed by type C, but never in a text of one line."""

BLANKS = "\u0020\u00a0"

SEQUENCES: tuple[tuple[str, str], ...] = (
    ("\u0300", "CFGKMPSTZcfgkmpstz"),
    ("\u0301", "JjÿĪī"),
    ("\u0302", "DKLMNdklmn"),
    ("\u0304", "CFHKNPSTZcfhknpstzÛûḲḳṢṣṬṭỤụ"),
    ("\u0306", "CMNRZcmnrzÇç"),
    ("\u0307", "KUku"),
    ("\u0308", "CTZczẠạỌọỤụ"),
    ("\u030b", "Aa"),
    ("\u030c", "J"),
    ("\u030d", "ēō"),
    ("\u0310", "Mm"),
    ("\u0315", "CKPTckptČč"),
    ("\u031b", "KTkt"),
    ("\u031b\u0304", "Ss"),
    ("\u0323", "CPcpČč"),
    ("\u0325", "LRlr"),
    ("\u0325\u0304", "LRlr"),
    ("\u0326", "CHKLNchklnŽž"),
    ("\u0327", "ZzŽž"),
    ("\u0328\u0306", "Cc"),
    ("\u0331", "HSs"),
    ("\u035fH", "K"),
    ("\u035fh", "Kk"),
)
"""Letters of more than one code point: the marks that follow, and the base letters that may carry them."""


def _escaped(text: str) -> str:
    return "".join(one if one.isascii() and one.isalnum() else f"\\u{ord(one):04x}" for one in text)


def _class(without: str = "") -> str:
    left = [chr(point) for first, last in RANGES for point in range(first, last + 1) if chr(point) not in without]
    return f"[{_spans(left)}]"


def _spans(characters: list[str]) -> str:
    """Write sorted characters as the inside of a character class."""
    spans: list[list[str]] = []
    for one in characters:
        if spans and ord(one) == ord(spans[-1][1]) + 1:
            spans[-1][1] = one
        else:
            spans.append([one, one])
    return "".join(_escaped(a) if a == b else f"{_escaped(a)}-{_escaped(b)}" for a, b in spans)


_COMBINED = "|".join(f"[{_escaped(bases)}]{_escaped(marks)}" for marks, bases in SEQUENCES)

LINE = f"^(?:{_class(BLANKS)}|{_COMBINED})+(?:[{_escaped(BLANKS)}]+(?:{_class(BLANKS)}|{_COMBINED})+)*$"
"""Pattern of one line of type C that is not empty and neither begins nor ends with a blank.

Understood alike by Python, Rust (pydantic), and ECMAScript (JSON Schema).
"""

_CAPITAL_SHARP_S = "\u1e9e"

LETTERS = _spans(
    [
        chr(point)
        for first, last in RANGES
        for point in range(first, last + 1)
        if unicodedata.category(chr(point)).startswith("L") and chr(point) != _CAPITAL_SHARP_S
    ]
)
"""The single letters that XML Schema's ``\\p{L}`` accepts, as the inside of a character class.

Not "ẞ": it is a letter since Unicode 5.1, which XML Schema 1.0 and validators of its time (libxml2) do not know.
"""

_TEXT = re.compile(rf"(?:{_class()}|{_COMBINED}|[\t\n\r])*")


def allowed(text: str) -> bool:
    """Return True if the text is of type C: what the schema type accepts, tab and line breaks included."""
    return _TEXT.fullmatch(text) is not None


def only_needs_normalising(text: str) -> bool:
    """Return True if the text is not of type C as it stands, but would be in Unicode normalisation form C."""
    return not allowed(text) and allowed(unicodedata.normalize("NFC", text))
