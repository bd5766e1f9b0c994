"""Canonical JSON: RFC 8785 (JCS) for the values that audit records hold.

The subset: objects, arrays, strings, booleans, null and integers of at most 53 bits (I-JSON, RFC 7493 section 2.2).
Floating point numbers are refused, not formatted: a record has none, and number formatting is where canonicalisers
differ. For this subset RFC 8785 is ``json.dumps`` without white space, plus one trap: names are sorted by their UTF-16
code units (section 3.2.3), while Python sorts by code point; they differ for names outside the BMP.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

_LARGEST = 2**53 - 1
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), check_circular=False).encode


class CanonicalError(ValueError):
    """A value has no canonical form here, or bytes are not in canonical form. The text never quotes the value."""


def canonical(value: object) -> bytes:
    """Return the canonical UTF-8 bytes. Raises CanonicalError outside the subset (a float, a lone surrogate)."""
    try:
        return _encode(_ordered(value)).encode("utf-8")
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


def _ordered(value: object) -> object:
    if isinstance(value, str | bool | None):
        return value
    if isinstance(value, int):
        if not -_LARGEST <= value <= _LARGEST:
            raise CanonicalError("an integer has more than 53 bits")
        return value
    if isinstance(value, Mapping):
        return {name: _ordered(value[name]) for name in _sorted_names(value)}
    if isinstance(value, list | tuple):
        return [_ordered(one) for one in value]
    raise CanonicalError(f"{type(value).__name__} is outside the subset")


def _sorted_names(value: Mapping[str, object]) -> list[str]:
    if not all(isinstance(name, str) for name in value):
        raise CanonicalError("a name is not a string")
    if all(map(str.isascii, value)):
        return sorted(value)
    return sorted(value, key=_utf16)


def _utf16(name: str) -> bytes:
    """Big-endian UTF-16 bytes compare like the sequence of code units."""
    return name.encode("utf-16-be", "surrogatepass")
