"""Reading of messages that came in: a hardened parser and steps through the tree that fail with place and rule.

Input is hostile: no DTD, no entities, no network, none of libxml2's limits lifted. What is wrong becomes a
:class:`gateway.errors.InvalidMessageError` that names elements and rules, never a value.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

from lxml import etree

from gateway.errors import InvalidMessageError, Violation

_BERLIN = ZoneInfo("Europe/Berlin")
_PARSER = etree.XMLParser(
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    dtd_validation=False,
    huge_tree=False,
    remove_comments=True,
    remove_pis=True,
)


def parse(content: bytes) -> etree._Element:
    """Return the root element; raises InvalidMessageError if this is no well-formed XML or carries a DTD."""
    try:
        root = etree.fromstring(content, _PARSER)
    except (etree.XMLSyntaxError, ValueError):
        # The parser's text may quote the message.
        raise InvalidMessageError((Violation(path="/", rule="xml.not_well_formed"),)) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise InvalidMessageError((Violation(path="/", rule="xml.doctype"),))
    return root


def invalid(element: etree._Element, rule: str, *below: str) -> InvalidMessageError:
    """Return the error for the place ``below`` an element: raise it."""
    names = [etree.QName(one).localname for one in (*reversed(list(element.iterancestors())), element)]
    path = "/" + "/".join([*names, *(etree.QName(tag).localname for tag in below)])
    line = cast("int | None", element.sourceline) or 0
    return InvalidMessageError((Violation(path=path, rule=rule, line=line),))


def child(parent: etree._Element, *tags: str) -> etree._Element:
    """Return the element reached by these steps; raises InvalidMessageError (``element.missing``)."""
    at = parent
    for tag in tags:
        found = at.find(tag)
        if found is None:
            raise invalid(at, "element.missing", tag)
        at = found
    return at


def text(parent: etree._Element, *tags: str) -> str:
    """Return the text of the element reached by these steps; an empty one is refused (``text.empty``)."""
    element = child(parent, *tags)
    value = (element.text or "").strip()
    if not value:
        raise invalid(element, "text.empty")
    return value


def time(parent: etree._Element, *tags: str) -> datetime:
    """Return an xs:dateTime; one without zone is read as German local time.

    The Basisnachricht demands the zone of a sender, but an answer must not be lost for the lack of it.
    """
    element = child(parent, *tags)
    try:
        at = datetime.fromisoformat(text(element))
    except ValueError:
        raise invalid(element, "time.invalid") from None
    return at if at.tzinfo is not None else at.replace(tzinfo=_BERLIN)


def binary(element: etree._Element) -> bytes:
    """Return the content of an xs:base64Binary element."""
    try:
        return base64.b64decode("".join((element.text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        raise invalid(element, "base64.invalid") from None
