"""The error taxonomy: every error has a stable code, says whose fault it is, whether to try again, and what to do.

A :class:`Problem` is declared once, beside the code that raises it, and is served to portals as RFC 9457 problem
details. No text here ever contains a value from an application: pointers name the place, codes name the rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from gateway.model import Outcome, Whose


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """A kind of error. ``code`` is stable for ever; ``de`` and ``en`` are one sentence that tells a person what to do.

    ``status`` is the HTTP status; ``retry`` is true if the same request may succeed later without a change.
    Declaring a problem enters it into :attr:`declared`, from which the API's documentation is made.
    """

    code: str
    status: int
    whose: Whose
    retry: bool = False
    de: str
    en: str

    declared: ClassVar[dict[str, Problem]] = {}

    def __post_init__(self) -> None:
        if self.declared.setdefault(self.code, self) != self:
            raise ValueError(f"problem code {self.code} is declared twice")


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldError:
    """One wrong place in a request: ``pointer`` is a JSON Pointer (RFC 6901), ``code`` the broken rule."""

    pointer: str
    code: str
    de: str
    en: str


class GatewayError(Exception):
    """Something was refused or failed in a way that a person can act on.

    The text is the code and the pointers, never a value: it may be logged.
    """

    def __init__(
        self,
        problem: Problem,
        fields: tuple[FieldError, ...] = (),
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.problem = problem
        self.fields = fields
        self.headers: Mapping[str, str] = headers or {}
        places = ", ".join(f"{one.pointer or '/'} ({one.code})" for one in fields)
        super().__init__(f"{problem.code}: {places}" if places else problem.code)


class ConfigurationError(Exception):
    """The configuration cannot be used: names the file, the key and the reason."""

    def __init__(self, file: str, key: str, reason: str) -> None:
        self.file = file
        self.key = key
        self.reason = reason
        super().__init__(f"{file}: {key}: {reason}")

    def __reduce__(self) -> tuple[type[ConfigurationError], tuple[str, str, str]]:
        """Come whole out of another process."""
        return type(self), (self.file, self.key, self.reason)


class TransportError(Exception):
    """A transport ended without a result; ``outcome`` says what that means for the delivery."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__(outcome.code)


@dataclass(frozen=True, kw_only=True, slots=True)
class Violation:
    """One rule that a message breaks: where (XPath of element names, no values) and which rule (stable code)."""

    path: str
    rule: str
    line: int = 0


class InvalidMessageError(Exception):
    """A message breaks its schema or a business rule. The text names places and rules, never a value."""

    def __init__(self, violations: tuple[Violation, ...]) -> None:
        self.violations = violations
        super().__init__("; ".join(f"{one.path}: {one.rule}" for one in violations))
