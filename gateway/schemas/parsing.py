"""Reads the bytes of a message as hostile input: UTF-8 only, no DTD, no entities, bounded in size, depth and text.

The rejection codes of XMeld name the same cases: S001 not UTF-8, X000 not well-formed.
"""

from __future__ import annotations

import re
import threading

from lxml import etree

from gateway.errors import InvalidMessageError, Violation

MAX_BYTES = 64 * 1024 * 1024
"""A message may carry documents in base64; more than this belongs into an attachment."""
MAX_DEPTH = 64
"""Levels of elements. XMeld messages have about a dozen."""
MAX_TEXT = 100_000
"""Characters of one attribute, or of one text that is not base64: patterns get slow on endless refused text."""

_LARGE = 256 * 1024
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
_TOO_DEEP = etree.XPath("boolean(" + "/*" * (MAX_DEPTH + 1) + ")")
_LIMITS = frozenset({etree.ErrorTypes.ERR_RESOURCE_LIMIT, etree.ErrorTypes.ERR_NAME_TOO_LONG})


class _Parser(threading.local):
    """One parser a thread: sharing one would make threads wait for each other."""

    def __init__(self) -> None:
        self.parser = etree.XMLParser(
            resolve_entities=False,
            load_dtd=False,
            dtd_validation=False,
            attribute_defaults=False,
            no_network=True,
            huge_tree=False,
            recover=False,
            collect_ids=False,
            # A schema sees through them, but the second opinion takes one inside a text for a child.
            remove_comments=True,
            remove_pis=True,
        )


_local = _Parser()


def parse(content: bytes) -> etree._Element:
    """Return the root element of a message.

    Raises InvalidMessageError: ``xml.too_large``, ``xml.not_utf8``, ``xml.doctype``, ``xml.not_well_formed``,
    ``xml.limit`` (a text, attribute or name beyond all measure), ``xml.too_deep``.
    """
    if len(content) > MAX_BYTES:
        raise _refusal("xml.too_large")
    if not _is_utf8(content):
        raise _refusal("xml.not_utf8")
    # Before parsing: inside a message the characters "<!DOCTYPE" could only stand in a comment or a CDATA section.
    if b"<!DOCTYPE" in content:
        raise _refusal("xml.doctype")
    root = _parse(content)
    if (root.getroottree().docinfo.encoding or "UTF-8").upper() not in {"UTF-8", "UTF8"}:
        raise _refusal("xml.not_utf8")
    if _TOO_DEEP(root):
        raise _refusal("xml.too_deep")
    if len(content) > _LARGE and any(map(_beyond_measure, root.iter())):
        raise _refusal("xml.limit")
    return root


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _parse(content: bytes) -> etree._Element:
    try:
        return etree.fromstring(content, _local.parser)
    except etree.XMLSyntaxError as error:
        rule = "xml.limit" if getattr(error, "code", 0) in _LIMITS else "xml.not_well_formed"
        line = error.lineno or 0
    # Outside the handler: the parser's words quote the message and must not hang on our exception as its context.
    raise _refusal(rule, line)


def _beyond_measure(node: etree._Element) -> bool:
    if any(len(value) > MAX_TEXT for value in node.attrib.values()):
        return True
    texts = (node.text or "", node.tail or "")
    return any(len(text) > MAX_TEXT and not _BASE64.fullmatch(text) for text in texts)


def _refusal(rule: str, line: int = 0) -> InvalidMessageError:
    return InvalidMessageError((Violation(path="/", rule=rule, line=line),))
