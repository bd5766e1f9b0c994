"""Rules beside a schema, as data: ``rules.toml`` holds XPath 1.0 that has to be true at certain places of a message.

The publisher ships no Schematron for XMeld; what its specification says in words but its schema does not check stands
there. A new message needs new rules, not new code.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from gateway.errors import ConfigurationError

_NUMBER = 4
"""The name of a root element ends in the number of the message."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule. ``broken`` returns the places where it does not hold; ``de`` and ``en`` say what it demands."""

    id: str
    messages: frozenset[str]
    sending_only: bool
    de: str
    en: str
    expression: str
    broken: etree.XPath

    def concerns(self, number: str) -> bool:
        return not self.messages or number in self.messages


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """An element, or an attribute of it."""

    element: etree._Element
    attribute: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Selection:
    rules: tuple[Rule, ...]
    any_broken: etree.XPath


class Rules:
    """The rules of a package for one purpose. Safe to use from several threads."""

    def __init__(self, rules: tuple[Rule, ...], namespaces: dict[str, str]) -> None:
        self._namespaces = namespaces
        numbers = {number for rule in rules for number in rule.messages}
        self._by_number = {one: self._select(tuple(r for r in rules if r.concerns(one))) for one in numbers}
        self._otherwise = self._select(tuple(rule for rule in rules if not rule.messages))

    def _select(self, rules: tuple[Rule, ...]) -> _Selection:
        # One evaluation says "all is well", which it nearly always is; only then is each rule asked for its places.
        expression = " or ".join(rule.expression for rule in rules) or "false()"
        return _Selection(rules=rules, any_broken=etree.XPath(f"boolean({expression})", namespaces=self._namespaces))

    def broken(self, root: etree._Element) -> list[tuple[Rule, Place]]:
        """Return every rule that the message breaks, with the place where it does."""
        number = etree.QName(root).localname[-_NUMBER:]
        selection = self._by_number.get(number, self._otherwise)
        if not selection.any_broken(root):
            return []
        return [(rule, place) for rule in selection.rules for place in _places(rule.broken(root))]


def read(file: Path) -> tuple[tuple[Rule, ...], dict[str, str]]:
    """Return the rules of a file and the prefixes that they use.

    Raises ConfigurationError naming the rule whose keys or XPath cannot be used.
    """
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(str(file), "", f"cannot be read: {error}") from error
    namespaces = dict(content.get("namespaces", {}))
    rules = tuple(_rule(entry, namespaces, file) for entry in content.get("rule", []))
    if len({rule.id for rule in rules}) != len(rules):
        raise ConfigurationError(str(file), "rule.id", "two rules have the same id")
    return rules, namespaces


def _rule(entry: dict[str, Any], namespaces: dict[str, str], file: Path) -> Rule:
    key = f"rule {entry.get('id', '?')}"
    missing = {"id", "apply", "context", "test", "de", "en"} - entry.keys()
    unknown = entry.keys() - {"id", "messages", "apply", "context", "test", "de", "en"}
    if missing or unknown:
        raise ConfigurationError(str(file), key, f"missing {sorted(missing)}, unknown {sorted(unknown)}")
    if entry["apply"] not in {"always", "sending"}:
        raise ConfigurationError(str(file), key, 'apply must be "always" or "sending"')
    expression = f"({entry['context']})[not({entry['test'].strip()})]"
    try:
        broken = etree.XPath(expression, namespaces=namespaces)
    except etree.XPathSyntaxError as error:
        raise ConfigurationError(str(file), key, f"no XPath 1.0: {error}") from error
    return Rule(
        id=entry["id"],
        messages=frozenset(entry.get("messages", ())),
        sending_only=entry["apply"] == "sending",
        de=entry["de"],
        en=entry["en"],
        expression=expression,
        broken=broken,
    )


def _places(result: Any) -> list[Place]:
    return [
        Place(element=one)
        if isinstance(one, etree._Element)
        else Place(element=one.getparent(), attribute=one.attrname)
        for one in result
    ]
