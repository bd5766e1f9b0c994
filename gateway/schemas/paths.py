"""Says where in a message something is wrong: an XPath of element names that the schema knows, and nothing else.

A name that no schema of the package declares is written as ``*``: whoever writes a message chooses its names, so even a
name could be a value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

_STEP = re.compile(r"(?:(?P<prefix>[^:\[]+):)?(?P<name>[^\[]+)(?P<index>\[\d+\])?")


def line_of(element: etree._Element) -> int:
    """Return the line of an element in the message, 0 if it is not known."""
    line: int | None = getattr(element, "sourceline", None)
    return line or 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """The vocabulary of a package: ``declared`` are the names of its elements and attributes, ``prefix`` stands for
    ``namespace``; names without prefix carry no namespace."""

    namespace: str
    prefix: str
    declared: frozenset[str]

    def path(self, element: etree._Element, attribute: str | None = None) -> str:
        """Return the XPath of an element or its attribute; positions are given where siblings share the name."""
        steps = [self._step(one) for one in (element, *element.iterancestors())]
        return "/" + "/".join(reversed(steps)) + (f"/{self.attribute(attribute)}" if attribute else "")

    def mask(self, path: str, root: etree._Element) -> str:
        """Return a path as libxml2 reports it, with the prefixes of this package and unknown names masked."""
        steps = [_STEP.fullmatch(step) for step in path.strip("/").split("/")]
        return "/" + "/".join(self._masked(step, root) for step in steps if step)

    def tag(self, tag: object) -> str:
        """Return how a tag (``{namespace}name``) is written in paths."""
        if not isinstance(tag, str):  # a comment or processing instruction
            return "*"
        qualified = etree.QName(tag)
        if qualified.localname not in self.declared:
            return "*"
        if qualified.namespace == self.namespace:
            return f"{self.prefix}:{qualified.localname}"
        return qualified.localname if qualified.namespace is None else "*"

    def attribute(self, name: str) -> str:
        """Return how an attribute without namespace is written in paths."""
        return f"@{name}" if name in self.declared else "@*"

    def _step(self, element: etree._Element) -> str:
        before = sum(1 for _ in element.itersiblings(element.tag, preceding=True))
        alone = before == 0 and next(element.itersiblings(element.tag), None) is None
        return self.tag(element.tag) + ("" if alone else f"[{before + 1}]")

    def _masked(self, step: re.Match[str], root: etree._Element) -> str:
        prefix, name, index = step["prefix"], step["name"], step["index"] or ""
        namespace = root.nsmap.get(prefix) if prefix else None
        known = namespace == self.namespace or not prefix
        return (self.tag(f"{{{namespace}}}{name}" if namespace else name) if known else "*") + index
