"""The second opinion on a refused message: ``xmlschema`` names the exact place (which child is too much or missing).

It is imported and its schemas are built when the first message is refused, not before: that costs memory and a quarter
of a second which a healthy gateway never spends.
"""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lxml import etree

from gateway.errors import Violation
from gateway.schemas.paths import Names, line_of

if TYPE_CHECKING:
    import xmlschema

_RULES = {
    "XsdPatternFacets": "pattern",
    "XsdEnumerationFacets": "enumeration",
    "XsdLengthFacet": "length",
    "XsdMinLengthFacet": "length",
    "XsdMaxLengthFacet": "length",
    "XsdMinInclusiveFacet": "range",
    "XsdMaxInclusiveFacet": "range",
    "XsdAttribute": "fixed",
    "XsdElement": "fixed",
    "XsdAtomicBuiltin": "type",
    "XsdAtomicRestriction": "type",
    "XsdGroup": "unexpected_text",
    "XsdComplexType": "unexpected_text",
    "XMLSchema10": "unexpected_root",
}
_ATTRIBUTE = re.compile(r"(?:missing required )?attribute '?(?P<name>[\w.]+)")


class SecondOpinion:
    """Explains with ``xmlschema`` why a message breaks the schema in ``file``. Not for several threads at once."""

    def __init__(self, file: Path, names: Names) -> None:
        self._file = file
        self._names = names
        self._schema: xmlschema.XMLSchema | None = None

    def violations(self, root: etree._Element, most: int) -> tuple[Violation, ...] | None:
        """Return up to ``most`` violations, nothing if this opinion holds the message valid, None if it has none."""
        try:
            errors = list(islice(self._load().iter_errors(root), most))
        except Exception:  # noqa: BLE001 - it stumbles over some invalid messages (unknown xsi:type); refused they are
            return None
        return tuple(dict.fromkeys(self._violation(error) for error in errors))

    def _load(self) -> xmlschema.XMLSchema:
        if self._schema is None:
            import xmlschema  # noqa: PLC0415 - not before it is needed

            self._schema = xmlschema.XMLSchema(str(self._file), allow="local", defuse="always")
        return self._schema

    def _violation(self, error: Any) -> Violation:
        element = error.elem
        if element is None:
            return Violation(path="/", rule="xsd.invalid")
        line = line_of(element)
        if hasattr(error, "expected"):
            return self._content(error, element, line)
        validator = type(error.validator).__name__
        reason = str(error.reason)
        rule = _RULES.get(validator, "invalid")
        if validator == "XsdAttributeGroup":
            rule = "missing_attribute" if reason.startswith("missing") else "unexpected_attribute"
        elif rule == "fixed" and "fixed value" not in reason:
            rule = "unexpected_element"
        place = self._names.path(element) + self._attribute(rule, reason)
        return Violation(path=place, rule=f"xsd.{rule}", line=line)

    def _content(self, error: Any, element: etree._Element, line: int) -> Violation:
        if error.invalid_tag is not None:
            child = element[error.index]
            return Violation(path=self._names.path(child), rule="xsd.unexpected_element", line=line_of(child))
        expected = sorted(self._names.tag(one.name) for one in error.expected or () if one.name)
        missing = "/" + "|".join(expected) if expected else ""
        return Violation(path=self._names.path(element) + missing, rule="xsd.missing_element", line=line)

    def _attribute(self, rule: str, reason: str) -> str:
        if rule == "unexpected_attribute":
            return "/@*"
        named = _ATTRIBUTE.match(reason)
        return "/" + self._names.attribute(named["name"]) if named else ""
