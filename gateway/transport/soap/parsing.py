"""The hardened XML parser for everything that comes over the network. Input is hostile.

No DTD, no entities, no external references, UTF-8 only, bounded size, depth, number of elements and attributes.
libxml2's own limit of 10 MB for one text is lifted (XTA carries up to 40 MB as base64 in one element), so the limits
that keep memory bounded are checked on the bytes, before a tree is built.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

_DECLARED_ENCODING = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")


@dataclass(frozen=True, kw_only=True, slots=True)
class XmlLimits:
    """The largest document that is read. ``bytes`` counts the serialised form."""

    bytes: int = 64_000_000
    elements: int = 100_000
    attributes: int = 20
    depth: int = 64


class UnacceptableXmlError(Exception):
    """The document is not well-formed, or not what is read here; ``rule`` names why and never quotes it."""

    def __init__(self, rule: str) -> None:
        self.rule = rule
        super().__init__(rule)


def parse(data: bytes, limits: XmlLimits | None = None) -> etree._Element:
    """Return the root element of ``data``; raises UnacceptableXmlError. Comments are dropped, their text joined."""
    limits = limits or XmlLimits()
    _check_bytes(data, limits)
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        no_network=True,
        huge_tree=True,
        remove_comments=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnacceptableXmlError("not_well_formed") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise UnacceptableXmlError("dtd")
    _check_tree(root, limits)
    return root


def _check_bytes(data: bytes, limits: XmlLimits) -> None:
    if len(data) > limits.bytes:
        raise UnacceptableXmlError("too_large")
    if b"\x00" in data:
        raise UnacceptableXmlError("encoding")
    declared = _DECLARED_ENCODING.match(data[:200].removeprefix(b"\xef\xbb\xbf"))
    if declared and declared[1].lower() != b"utf-8":
        raise UnacceptableXmlError("encoding")
    if b"<!DOCTYPE" in data:
        raise UnacceptableXmlError("dtd")
    # Every tag costs a "<", every attribute a "="; base64 padding adds at most two "=" to an element.
    if data.count(b"<") > 2 * limits.elements or data.count(b"=") > 6 * limits.elements:
        raise UnacceptableXmlError("too_many_elements")


def _check_tree(root: etree._Element, limits: XmlLimits) -> None:
    depth = 0
    elements = 0
    for event, node in etree.iterwalk(root, events=("start", "end", "pi")):
        if event == "pi":
            raise UnacceptableXmlError("processing_instruction")
        if event == "end":
            depth -= 1
            continue
        depth += 1
        elements += 1
        if depth > limits.depth:
            raise UnacceptableXmlError("too_deep")
        if elements > limits.elements:
            raise UnacceptableXmlError("too_many_elements")
        if len(node.attrib) > limits.attributes:
            raise UnacceptableXmlError("too_many_attributes")
