"""One schema package, ready to check messages: for sending (all we demand of ourselves) or for reading."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from lxml import etree

from gateway.errors import InvalidMessageError, Violation
from gateway.schemas.compiled import CompiledSchema
from gateway.schemas.parsing import parse
from gateway.schemas.paths import Names, line_of
from gateway.schemas.rules import Rules


class Purpose(StrEnum):
    """What a message is checked for. An answer that breaks a custom, not the schema, still has to be read."""

    SENDING = "sending"
    READING = "reading"


@dataclass(frozen=True, kw_only=True)
class SchemaPackage:
    """A version of a standard with what is compiled from it. Safe to use from several threads at once.

    ``valid_from`` to ``valid_until`` are the days of use for sending, until ``accept_until`` messages are read;
    ``None`` is "not known yet". ``sha256`` names the package's files for the evidence. ``checked_officially`` tells
    whether the publisher's own schema is asked too.
    """

    standard: str
    version: str
    namespace: str
    valid_from: date
    valid_until: date | None
    accept_until: date | None
    note: str
    sha256: str
    purpose: Purpose
    names: Names
    profile: CompiledSchema
    rules: Rules
    official: CompiledSchema | None

    @property
    def checked_officially(self) -> bool:
        return self.official is not None

    def validate(self, content: bytes) -> None:
        """Return if the message is valid; otherwise raise InvalidMessageError with places and rules, never a value.

        Rules: ``xml.*`` (not readable, see :func:`gateway.schemas.parsing.parse`), ``xsd.*`` (breaks the profile),
        ``rule.<id>`` (breaks a rule beside it), ``official.xsd.*`` (breaks the publisher's schema although it passed
        the profile, which is a defect of the profile: report it).
        """
        root = parse(content)
        violations = self.profile.violations(root, len(content)) or self._broken_rules(root)
        if not violations and self.official is not None:
            violations = self.official.violations(root, len(content))
        if violations:
            raise InvalidMessageError(violations)

    def _broken_rules(self, root: etree._Element) -> tuple[Violation, ...]:
        return tuple(
            Violation(
                path=self.names.path(place.element, place.attribute),
                rule=f"rule.{rule.id}",
                line=line_of(place.element),
            )
            for rule, place in self.rules.broken(root)
        )
