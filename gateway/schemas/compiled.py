"""A compiled XML Schema 1.0 that decides quickly and, on refusal, says what libxml2 found: places and rules, no value.

libxml2's words quote the message, so only its error types are used.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import islice
from typing import Any

from lxml import etree

from gateway.errors import Violation
from gateway.schemas.paths import Names
from gateway.schemas.second_opinion import SecondOpinion

MOST = 20
"""Violations reported for one message."""
_SECOND_OPINION_BYTES = 256 * 1024
_MANY_ELEMENTS = etree.XPath("count(/descendant::*) > 2000")
"""Beyond either bound libxml2's places have to do: the second opinion takes half a second a megabyte, and its time
grows with the square of the siblings. A Meldebescheinigung with all it can show has some hundred elements."""

_RULES = {
    "SCHEMAV_CVC_ELT_1": "unexpected_root",
    "SCHEMAV_CVC_ELT_3_1": "nil",
    "SCHEMAV_CVC_ELT_4_1": "xsi_type",
    "SCHEMAV_CVC_ELT_4_2": "xsi_type",
    "SCHEMAV_CVC_ELT_4_3": "xsi_type",
    "SCHEMAV_CVC_ELT_5_2_2_2_1": "fixed",
    "SCHEMAV_CVC_ELT_5_2_2_2_2": "fixed",
    "SCHEMAV_CVC_AU": "fixed",
    "SCHEMAV_ELEMENT_CONTENT": "unexpected_element",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_1": "unexpected_element",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_2": "unexpected_element",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_3": "unexpected_text",
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": "unexpected_attribute",
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_2": "unexpected_attribute",
    "SCHEMAV_CVC_TYPE_3_1_1": "unexpected_attribute",
    "SCHEMAV_CVC_TYPE_3_1_2": "unexpected_element",
    "SCHEMAV_CVC_COMPLEX_TYPE_4": "missing_attribute",
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_1": "type",
    "SCHEMAV_CVC_PATTERN_VALID": "pattern",
    "SCHEMAV_CVC_ENUMERATION_VALID": "enumeration",
    "SCHEMAV_CVC_LENGTH_VALID": "length",
    "SCHEMAV_CVC_MINLENGTH_VALID": "length",
    "SCHEMAV_CVC_MAXLENGTH_VALID": "length",
    "SCHEMAV_CVC_MININCLUSIVE_VALID": "range",
    "SCHEMAV_CVC_MAXINCLUSIVE_VALID": "range",
}


class CompiledSchema:
    """Decides with libxml2 and explains refusals. Safe to use from several threads at once.

    ``compile_schema`` makes the schema; ``label`` starts the rule ids (``xsd``, ``official.xsd``). libxml2 has the last
    word: where the second opinion holds a refused message valid, it stays refused and ``<label>.opinions_differ`` is
    added.
    """

    def __init__(
        self,
        compile_schema: Callable[[], etree.XMLSchema],
        names: Names,
        *,
        label: str,
        second_opinion: SecondOpinion | None = None,
    ) -> None:
        self._schema = compile_schema()
        self._compile = compile_schema
        self._names = names
        self._label = label
        self._second_opinion = second_opinion
        self._lock = threading.Lock()
        self._explaining: etree.XMLSchema | None = None

    def violations(self, root: etree._Element, size: int) -> tuple[Violation, ...]:
        """Return why the message is invalid, nothing if it is valid. ``size`` is its length in bytes."""
        try:
            if self._schema.validate(root):
                return ()
        except etree.XMLSchemaError:
            # libxml2 gave up, for example on a pattern and a text of several 100,000 characters: not proven valid.
            return (Violation(path="/", rule=f"{self._label}.not_checkable"),)
        return self._explain(root, size)

    def _explain(self, root: etree._Element, size: int) -> tuple[Violation, ...]:
        with self._lock:
            found = self._found_by_libxml2(root)
            if self._second_opinion is None or size > _SECOND_OPINION_BYTES or _MANY_ELEMENTS(root):
                return found
            second = self._second_opinion.violations(root, MOST)
        if second is None:
            return found
        return second or (*found, Violation(path="/", rule=f"{self._label}.opinions_differ"))

    def _found_by_libxml2(self, root: etree._Element) -> tuple[Violation, ...]:
        # Error logs hang on the schema object, and that of the hot path serves other threads meanwhile.
        if self._explaining is None:
            self._explaining = self._compile()
        self._explaining.validate(root)
        log: Any = self._explaining.error_log
        return tuple(self._violation(entry, root) for entry in islice(log, MOST))

    def _violation(self, entry: Any, root: etree._Element) -> Violation:
        rule = _RULES.get(entry.type_name, "invalid")
        if rule == "unexpected_element" and "Missing child element" in entry.message:
            rule = "missing_element"
        return Violation(path=self._names.mask(entry.path or "/", root), rule=f"{self._label}.{rule}", line=entry.line)
