"""The first look at a request's body: is it JSON (RFC 8259, in UTF-8), not nested too deep, each key once.

The typed model reads the bytes again; this look is for what a model cannot see. A body's text stands in no error, so
errors are raised outside of the handlers of the JSON parser's own, which carry it.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from gateway.errors import GatewayError, Problem
from gateway.model import Whose

MALFORMED = Problem(
    code="json.malformed",
    status=400,
    whose=Whose.PORTAL,
    de="Der Inhalt der Anfrage ist kein JSON-Objekt in UTF-8; bitte die Erzeugung des JSON im Portal prüfen.",
    en="The request's content is not a JSON object in UTF-8; check how the portal writes its JSON.",
)
TOO_DEEP = Problem(
    code="json.too_deep",
    status=400,
    whose=Whose.PORTAL,
    de="Das JSON ist tiefer als 32 Ebenen verschachtelt; ein Antrag braucht nur wenige. Bitte den Aufbau prüfen.",
    en="The JSON is nested deeper than 32 levels; an application needs only a few. Check its structure.",
)
DUPLICATE_KEY = Problem(
    code="json.duplicate_key",
    status=400,
    whose=Whose.PORTAL,
    de="Ein JSON-Objekt in der Anfrage nennt denselben Schlüssel zweimal; bitte jeden Schlüssel nur einmal senden.",
    en="A JSON object in the request has the same key twice; send every key only once.",
)

MAX_DEPTH = 32

_STRING_OR_BRACKET = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\]}]', re.DOTALL)
"""A string runs to its closing quote or to the end, so scanning takes linear time whatever the body is."""


class _DuplicateKeyError(Exception):
    pass


def read_object(body: bytes) -> dict[str, Any]:
    """Return the body as a plain JSON object.

    Raises GatewayError ``json.malformed``, ``json.too_deep`` or ``json.duplicate_key``.
    """
    if _too_deep(body):
        raise GatewayError(TOO_DEEP)
    problem = MALFORMED
    try:
        document = json.loads(body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except _DuplicateKeyError:
        problem = DUPLICATE_KEY
    except ValueError:
        pass
    else:
        if isinstance(document, dict):
            return document
    raise GatewayError(problem)


def _too_deep(body: bytes) -> bool:
    if body.count(b"{") + body.count(b"[") <= MAX_DEPTH:
        return False
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(body):
        match token.group()[0]:
            case 0x7B | 0x5B:
                depth += 1
                if depth > MAX_DEPTH:
                    return True
            case 0x7D | 0x5D:
                depth -= 1
    return False


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _DuplicateKeyError
    return found


def _no_constant(_name: str) -> NoReturn:
    """NaN and Infinity are no JSON."""
    raise ValueError
