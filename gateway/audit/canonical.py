"""Canonical JSON: RFC 8785 (JCS) for the values that audit records hold.

The subset: objects, arrays, strings, booleans, null and integers of at most 53 bits (I-JSON, RFC 7493 section 2.2).
Floating point numbers are refused, not formatted: a record has none, and number formatting is where canonicalisers
differ. For this subset RFC 8785 is ``json.dumps`` without white space, plus one trap: names are sorted by their UTF-16
code units (section 3.2.3), while Python sorts by code point; they differ for names outside the BMP.
"""

from __future__ import annotations

import json

_LARGEST = 2**53 - 1
_quote = json.encoder.encode_basestring  # escapes exactly what RFC 8785 section 3.2.2.2 escapes
_WORDS = {True: "true", False: "false", None: "null"}


class CanonicalError(ValueError):
    """A value has no canonical form here, or bytes are not in canonical form. The text never quotes the value."""


def canonical(value: object) -> bytes:
    """Return the canonical UTF-8 bytes. Raises CanonicalError outside the subset (a float, a lone surrogate)."""
    try:
        return _write(value).encode("utf-8")
    except UnicodeEncodeError as error:
        raise CanonicalError("a string holds a lone surrogate (RFC 8785 section 3.2.2.2)") from error
    except RecursionError as error:
        raise CanonicalError("nested too deep") from error


def parse(data: bytes) -> object:
    """Return the value of bytes that are in canonical form.

    Raises CanonicalError if they are not JSON of the subset, or not byte for byte its canonical form: two texts for
    one value would be two records for one fact.
    """
    try:
        value: object = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise CanonicalError("not JSON in UTF-8") from error
    if canonical(value) != data:
        raise CanonicalError("JSON, but not in canonical form")
    return value


def _write(value: object) -> str:
    if isinstance(value, str):
        return _quote(value)
    if isinstance(value, bool) or value is None:
        return _WORDS[value]
    if isinstance(value, int):
        if not -_LARGEST <= value <= _LARGEST:
            raise CanonicalError("an integer has more than 53 bits")
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join([f"{_quote(name)}:{_write(value[name])}" for name in _sorted_names(value)]) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_write, value)) + "]"
    raise CanonicalError(f"{type(value).__name__} is outside the subset")


def _sorted_names(value: dict[str, object]) -> list[str]:
    try:
        plain = "".join(value).isascii()
    except TypeError as error:
        raise CanonicalError("a name is not a string") from error
    return sorted(value) if plain else sorted(value, key=_utf16)


def _utf16(name: str) -> bytes:
    """Big-endian UTF-16 bytes compare like the sequence of code units."""
    return name.encode("utf-16-be", "surrogatepass")
