"""From what pydantic finds wrong to our errors: a JSON Pointer and a rule for each, never a value.

pydantic's own texts quote the input, so they are not used.
"""

from __future__ import annotations

import re

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gateway.catalogue import rules
from gateway.catalogue.rules import OF_PATTERN, Rule
from gateway.errors import FieldError
from gateway.standards import din91379

MOST = 50
"""More errors than this are not listed: the portal has sent something else altogether."""

_OF_TYPE: dict[str, Rule] = {
    "missing": rules.FIELD_MISSING,
    "extra_forbidden": rules.FIELD_UNKNOWN,
    "model_type": rules.TYPE_OBJECT,
    "string_type": rules.TYPE_TEXT,
    "string_too_short": rules.TEXT_EMPTY,
    "string_too_long": rules.TEXT_TOO_LONG,
    "bool_type": rules.TYPE_TRUE,
    "literal_error": rules.CHOICE_UNKNOWN,
    "enum": rules.CHOICE_UNKNOWN,
    "list_type": rules.TYPE_LIST,
    "tuple_type": rules.TYPE_LIST,
    "too_long": rules.LIST_TOO_LONG,
}
"""By pydantic's error type; what is not listed breaks FIELD_INVALID."""

_OUR_FIELD = re.compile(r"[a-z0-9_]{1,64}")
_TAG = re.compile(r"<[a-z_]+>")
"""Tags of a union stand in pydantic's location but not in the document; ours are written in angle brackets."""


def field_errors(error: ValidationError) -> tuple[FieldError, ...]:
    """Return our errors for pydantic's, at most MOST of them."""
    return tuple(_field_error(one) for one in error.errors(include_url=False)[:MOST])


def _field_error(error: ErrorDetails) -> FieldError:
    rule = _rule(error)
    words = {key: str(value).replace("' or '", "', '") for key, value in error.get("ctx", {}).items()}
    return rule.at(_pointer(error["loc"], rule), words)


def _rule(error: ErrorDetails) -> Rule:
    kind = error["type"]
    if error["input"] is None and kind != "missing":
        return rules.FIELD_NULL
    if kind in Rule.declared:
        return Rule.declared[kind]
    if kind == "string_pattern_mismatch":
        pattern = error["ctx"]["pattern"]
        return _rule_of_line(error["input"]) if pattern == din91379.LINE else OF_PATTERN[pattern]
    return _OF_TYPE.get(kind, rules.FIELD_INVALID)


def _pointer(location: tuple[int | str, ...], rule: Rule) -> str:
    """Return the JSON Pointer (RFC 6901).

    An unknown key that does not look like a field's name could be anything, even a person's: its place is named by
    its parent.
    """
    parts = [str(one) for one in location if not (isinstance(one, str) and _TAG.fullmatch(one))]
    if rule is rules.FIELD_UNKNOWN and parts and not _OUR_FIELD.fullmatch(parts[-1]):
        parts.pop()
    return "".join(f"/{one}" for one in parts)


def _rule_of_line(text: str) -> Rule:
    """Return why a text is no line of DIN 91379."""
    if not text.strip(din91379.BLANKS):
        return rules.TEXT_EMPTY
    if any(one in din91379.CONTROLS for one in text):
        return rules.TEXT_NOT_ONE_LINE
    if din91379.allowed(text):
        return rules.TEXT_BLANK_EDGES
    return rules.TEXT_NOT_NFC if din91379.only_needs_normalising(text) else rules.TEXT_NOT_DIN_91379
