"""The rules that a field can break: each has a stable code and says in a sentence what to do.

A rule is declared once, where it belongs: general ones here, the others beside the field or the service that has them.
No sentence contains a value from an application.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import StringConstraints
from pydantic_core import PydanticCustomError

from gateway.errors import FieldError


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """``code`` is stable for ever. ``de`` and ``en`` may have places such as ``{max_length}`` for words of the rule."""

    code: str
    de: str
    en: str

    declared: ClassVar[dict[str, Rule]] = {}

    def __post_init__(self) -> None:
        if self.declared.setdefault(self.code, self) != self:
            raise ValueError(f"rule {self.code} is declared twice")

    def at(self, pointer: str, words: dict[str, Any] | None = None) -> FieldError:
        """Return the error for the field at this JSON Pointer; ``words`` fill the places in the sentences."""
        words = words or {}
        return FieldError(pointer=pointer, code=self.code, de=self.de.format_map(words), en=self.en.format_map(words))

    def broken(self) -> PydanticCustomError:
        """Return the error that a validator raises."""
        return PydanticCustomError(self.code, "see the rule's own sentences")


OF_PATTERN: dict[str, Rule] = {}
"""Which rule a text breaks that does not fit a pattern."""


def matching(pattern: str, rule: Rule) -> StringConstraints:
    """Return the constraint of a text that has to fit ``pattern`` (as Rust, ECMAScript and Python understand it alike).

    pydantic checks it, and it stands in the JSON Schema that portals get.
    """
    if OF_PATTERN.setdefault(pattern, rule) != rule:
        raise ValueError(f"a pattern has the rules {OF_PATTERN[pattern].code} and {rule.code}")
    return StringConstraints(pattern=pattern)


FIELD_MISSING = Rule(code="field.missing", de="Diese Angabe fehlt.", en="This field is missing.")
FIELD_UNKNOWN = Rule(
    code="field.unknown",
    de="Dieses Feld kennt die Leistung nicht; bitte die Schreibweise prüfen oder das Feld weglassen.",
    en="The service knows no such field; check the spelling or leave it out.",
)
FIELD_NULL = Rule(
    code="field.null",
    de="Der Wert null ist nicht erlaubt; was es nicht gibt, bitte weglassen.",
    en="null is not allowed; leave out what there is not.",
)
FIELD_INVALID = Rule(
    code="field.invalid",
    de="Dieser Wert ist hier nicht erlaubt; das Schema der Leistung sagt, was erwartet wird.",
    en="This value is not allowed here; the schema of the service says what is expected.",
)
TYPE_OBJECT = Rule(code="type.object", de="Hier wird ein JSON-Objekt erwartet.", en="A JSON object is expected here.")
TYPE_TEXT = Rule(
    code="type.text", de="Hier wird ein Text in Anführungszeichen erwartet.", en="A text in quotes is expected here."
)
TYPE_LIST = Rule(code="type.list", de="Hier wird eine Liste erwartet.", en="A list is expected here.")
TYPE_TRUE = Rule(
    code="type.true",
    de="Hier ist nur true erlaubt; sonst bitte weglassen.",
    en="Only true is allowed here; else leave it out.",
)
LIST_EMPTY = Rule(
    code="list.empty",
    de="Die Liste ist leer; mindestens ein Eintrag wird erwartet.",
    en="The list is empty; at least one entry is expected.",
)
LIST_TOO_LONG = Rule(
    code="list.too_long",
    de="Die Liste hat zu viele Einträge: höchstens {max_length}.",
    en="The list has too many entries: at most {max_length}.",
)
CHOICE_UNKNOWN = Rule(
    code="choice.unknown", de="Erlaubt ist hier nur: {expected}.", en="Only this is allowed here: {expected}."
)
TEXT_EMPTY = Rule(
    code="text.empty",
    de="Der Text ist leer; bitte ausfüllen oder das Feld weglassen, wenn es nicht verlangt ist.",
    en="The text is empty; fill it in, or leave the field out if it is not required.",
)
TEXT_TOO_LONG = Rule(
    code="text.too_long",
    de="Der Text ist zu lang: höchstens {max_length} Zeichen.",
    en="The text is too long: at most {max_length} characters.",
)
TEXT_BLANK_EDGES = Rule(
    code="text.blank_edges",
    de="Der Text beginnt oder endet mit einem Leerzeichen; bitte entfernen.",
    en="The text begins or ends with a blank; remove it.",
)
TEXT_NOT_ONE_LINE = Rule(
    code="text.not_one_line",
    de="Der Text enthält Zeilenumbrüche oder Tabulatoren; bitte in einer Zeile schreiben.",
    en="The text contains line breaks or tabs; write it on one line.",
)
TEXT_NOT_NFC = Rule(
    code="text.not_nfc",
    de="Der Text enthält Buchstaben in zerlegter Form; bitte vor dem Senden nach Unicode NFC normalisieren.",
    en="The text contains decomposed letters; normalise it to Unicode NFC before sending.",
)
TEXT_NOT_DIN_91379 = Rule(
    code="text.not_din_91379",
    de="Der Text enthält ein Zeichen, das DIN 91379 (Datentyp C) nicht zulässt, zum Beispiel einen langen Strich, "
    "typografische Anführungszeichen oder nichtlateinische Schrift; bitte ersetzen.",
    en="The text contains a character that DIN 91379 (type C) does not allow, such as a dash, typographic quotes or "
    "non-Latin script; replace it.",
)
TIME_INVALID = Rule(
    code="time.invalid",
    de="Die Zeit bitte nach RFC 3339 angeben, zum Beispiel 2026-11-23T09:15:30+01:00.",
    en="Give the time as in RFC 3339, for example 2026-11-23T09:15:30+01:00.",
)
TIME_NO_ZONE = Rule(
    code="time.no_zone",
    de="Der Zeit fehlt die Zeitzone, zum Beispiel +01:00.",
    en="The time lacks its zone, for example +01:00.",
)
TRUST_LEVEL_LAW = Rule(
    code="trust_level.too_low",
    de="{law} verlangt für diese Leistung das Vertrauensniveau „{level}“.",
    en="{law} demands the trust level “{level}” for this service.",
)
