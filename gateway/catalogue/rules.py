"""The rules that a field can break, each with its stable code and a sentence for a person, and where they come from.

pydantic finds what is wrong; :func:`field_errors` turns its errors into ours. No sentence contains a value: pydantic's
own texts quote the input, so they are never used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from gateway.catalogue.patterns import CODE_OF_PATTERN, LINE
from gateway.errors import FieldError
from gateway.standards import din91379

MOST = 50
"""More errors than this are not listed: the portal has sent something else altogether."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """``de`` and ``en`` may name ``{max_length}`` or ``{expected}``: numbers and words of the rule itself."""

    de: str
    en: str


RULES: dict[str, Rule] = {
    "field.missing": Rule(de="Diese Angabe fehlt.", en="This field is missing."),
    "field.unknown": Rule(
        de="Dieses Feld kennt die Leistung nicht; bitte die Schreibweise prüfen oder das Feld weglassen.",
        en="The service knows no such field; check the spelling or leave it out.",
    ),
    "field.null": Rule(
        de="Der Wert null ist nicht erlaubt; was es nicht gibt, bitte weglassen.",
        en="null is not allowed; leave out what there is not.",
    ),
    "field.invalid": Rule(
        de="Dieser Wert ist hier nicht erlaubt; das Schema der Leistung sagt, was erwartet wird.",
        en="This value is not allowed here; the schema of the service says what is expected.",
    ),
    "type.object": Rule(de="Hier wird ein JSON-Objekt erwartet.", en="A JSON object is expected here."),
    "type.text": Rule(de="Hier wird ein Text in Anführungszeichen erwartet.", en="A text in quotes is expected here."),
    "type.list": Rule(de="Hier wird eine Liste erwartet.", en="A list is expected here."),
    "type.true": Rule(
        de="Hier ist nur true erlaubt; sonst bitte weglassen.", en="Only true is allowed here; else leave it out."
    ),
    "choice.unknown": Rule(de="Erlaubt ist hier nur: {expected}.", en="Only this is allowed here: {expected}."),
    "text.empty": Rule(
        de="Der Text ist leer; bitte ausfüllen oder das Feld weglassen, wenn es nicht verlangt ist.",
        en="The text is empty; fill it in, or leave the field out if it is not required.",
    ),
    "text.too_long": Rule(
        de="Der Text ist zu lang: höchstens {max_length} Zeichen.", en="The text is too long: at most {max_length}."
    ),
    "text.blank_edges": Rule(
        de="Der Text beginnt oder endet mit einem Leerzeichen; bitte entfernen.",
        en="The text begins or ends with a blank; remove it.",
    ),
    "text.not_one_line": Rule(
        de="Der Text enthält Zeilenumbrüche oder Tabulatoren; bitte in einer Zeile schreiben.",
        en="The text contains line breaks or tabs; write it on one line.",
    ),
    "text.not_nfc": Rule(
        de="Der Text enthält Buchstaben in zerlegter Form; bitte vor dem Senden nach Unicode NFC normalisieren.",
        en="The text contains decomposed letters; normalise it to Unicode NFC before sending.",
    ),
    "text.not_din_91379": Rule(
        de="Der Text enthält ein Zeichen, das DIN 91379 (Datentyp C) nicht zulässt, zum Beispiel einen langen Strich, "
        "typografische Anführungszeichen oder nichtlateinische Schrift; bitte ersetzen.",
        en="The text contains a character that DIN 91379 (type C) does not allow, such as a dash, typographic quotes "
        "or non-Latin script; replace it.",
    ),
    "date.format": Rule(
        de="Das Datum bitte als JJJJ-MM-TT, JJJJ-MM, JJJJ oder als „unbekannt“ angeben.",
        en="Give the date as YYYY-MM-DD, YYYY-MM, YYYY, or as “unbekannt”.",
    ),
    "date.invalid": Rule(de="Dieses Datum gibt es im Kalender nicht.", en="There is no such date in the calendar."),
    "date.future": Rule(de="Dieses Datum liegt in der Zukunft.", en="This date lies in the future."),
    "time.invalid": Rule(
        de="Die Zeit bitte nach RFC 3339 angeben, zum Beispiel 2026-11-23T09:15:30+01:00.",
        en="Give the time as in RFC 3339, for example 2026-11-23T09:15:30+01:00.",
    ),
    "time.no_zone": Rule(
        de="Der Zeit fehlt die Zeitzone, zum Beispiel +01:00.", en="The time lacks its zone, for example +01:00."
    ),
    "ags.format": Rule(
        de="Der Amtliche Gemeindeschlüssel besteht aus genau acht Ziffern.", en="An AGS has exactly eight digits."
    ),
    "ags.not_of_dwelling": Rule(
        de="Zuständig ist die Meldebehörde der alleinigen Wohnung oder Hauptwohnung; der Gemeindeschlüssel des Antrags "
        "muss der der Anschrift sein.",
        en="The registration office of the only or main dwelling is in charge; the application's AGS must be that of "
        "the address.",
    ),
    "plz.format": Rule(de="Die Postleitzahl besteht aus genau fünf Ziffern.", en="A postcode has exactly five digits."),
    "hausnummer.format": Rule(
        de="Die Hausnummer besteht aus ein bis vier Ziffern; Buchstaben gehören in hausnummerzusatz.",
        en="A house number has one to four digits; letters belong into hausnummerzusatz.",
    ),
    "hausnummerzusatz.format": Rule(
        de="Der Hausnummernzusatz hat höchstens vier Zeichen: Buchstaben, Ziffern, Punkt, Schrägstrich, Leerzeichen.",
        en="A house number suffix has at most four characters: letters, digits, full stop, slash, blank.",
    ),
    "portal_case.format": Rule(
        de="Das Aktenzeichen des Portals hat höchstens 100 Zeichen: Buchstaben A–Z, Ziffern und . _ : / -.",
        en="The portal's case id has at most 100 characters: letters A–Z, digits, and . _ : / -.",
    ),
    "mittel.format": Rule(
        de="Das Identifizierungsmittel ist ein kurzer Name in Kleinbuchstaben, zum Beispiel eid.",
        en="The means of identification is a short name in lower case, for example eid.",
    ),
    "trust_level.too_low": Rule(
        de="{law} verlangt für diese Leistung das Vertrauensniveau „{level}“.",
        en="{law} demands the trust level “{level}” for this service.",
    ),
    "umfang.code": Rule(
        de="Der Umfang nennt einen Code außerhalb von 01 bis 45.", en="The extent names a code outside 01 to 45."
    ),
    "umfang.format": Rule(
        de='Der Umfang ist „mindestumfang“ oder eine Liste von Codes, zum Beispiel ["06", "15"].',
        en='The extent is “mindestumfang” or a list of codes, for example ["06", "15"].',
    ),
    "umfang.empty": Rule(
        de="Die Liste ist leer; für den Mindestumfang bitte „mindestumfang“ schreiben.",
        en="The list is empty; write “mindestumfang” for the minimum.",
    ),
    "umfang.twice": Rule(de="Der Umfang nennt einen Code zweimal.", en="The extent names a code twice."),
    "name.one_of": Rule(
        de="Bitte entweder name oder nicht_vorhanden angeben.", en="Give either name or nicht_vorhanden."
    ),
    "name.none": Rule(
        de="Familienname und Vornamen können nicht beide fehlen; ein einziger Name gehört in den Familiennamen.",
        en="Family name and given names cannot both be missing; a person's only name is the family name.",
    ),
    "anschrift.strasse_missing": Rule(
        de="Der Anschrift fehlt die Straße: bitte strasse oder strasse_und_hausnummer angeben.",
        en="The address lacks the street: give strasse or strasse_und_hausnummer.",
    ),
    "anschrift.strasse_twice": Rule(
        de="Die Straße bitte nur einmal angeben: strasse_und_hausnummer in einem Text, oder strasse mit ihren Teilen.",
        en="Give the street once: strasse_und_hausnummer as one text, or strasse with its parts.",
    ),
}

_CODE_OF_TYPE: dict[str, str] = {
    "missing": "field.missing",
    "extra_forbidden": "field.unknown",
    "model_type": "type.object",
    "model_attributes_type": "type.object",
    "string_type": "type.text",
    "string_too_short": "text.empty",
    "string_too_long": "text.too_long",
    "bool_type": "type.true",
    "literal_error": "choice.unknown",
    "enum": "choice.unknown",
    "list_type": "type.list",
    "tuple_type": "type.list",
    "too_short": "umfang.empty",
    "too_long": "umfang.twice",
    "timezone_aware": "time.no_zone",
    "datetime_type": "time.invalid",
    "datetime_parsing": "time.invalid",
    "datetime_from_date_parsing": "time.invalid",
    "datetime_object_invalid": "time.invalid",
}
"""pydantic's error types; what is not listed becomes ``field.invalid``."""

_OUR_FIELD = re.compile(r"[a-z0-9_]{1,64}")
_TAG = re.compile(r"<[a-z_]+>")
"""Tags of a union stand in pydantic's location but not in the document; ours are written in angle brackets."""


def broken(code: str) -> PydanticCustomError:
    """Return the error that a validator raises for one of RULES."""
    return PydanticCustomError(code, "see RULES")


def field_error(pointer: str, code: str, context: dict[str, Any] | None = None) -> FieldError:
    """Return the error for a field; ``context`` fills what the rule's sentences name."""
    rule = RULES[code]
    words = context or {}
    return FieldError(
        pointer=pointer,
        code=code,
        de=rule.de.format_map(words).replace("' or '", "' oder '"),
        en=rule.en.format_map(words),
    )


def field_errors(error: ValidationError) -> tuple[FieldError, ...]:
    """Turn what pydantic found into our errors, at most MOST of them."""
    return tuple(_field_error(one) for one in error.errors(include_url=False)[:MOST])


def _field_error(error: ErrorDetails) -> FieldError:
    kind, context = error["type"], error.get("ctx", {})
    if kind in RULES:
        code = kind
    elif error["input"] is None and kind != "missing":
        code = "field.null"
    elif kind == "string_pattern_mismatch":
        code = _code_of_pattern(context["pattern"], error["input"])
    else:
        code = _CODE_OF_TYPE.get(kind, "field.invalid")
    return field_error(_pointer(error["loc"], code), code, context)


def _pointer(location: tuple[int | str, ...], code: str) -> str:
    """Return the JSON Pointer (RFC 6901).

    An unknown key that does not look like a field's name could be anything, even a person's: its place is named by
    its parent.
    """
    parts = [str(one) for one in location if not (isinstance(one, str) and _TAG.fullmatch(one))]
    if code == "field.unknown" and parts and not _OUR_FIELD.fullmatch(parts[-1]):
        parts.pop()
    return "".join(f"/{one}" for one in parts)


def _code_of_pattern(pattern: str, value: str) -> str:
    if pattern != LINE:
        return CODE_OF_PATTERN.get(pattern, "field.invalid")
    if not value.strip(din91379.BLANKS):
        return "text.empty"
    if any(one in din91379.CONTROLS for one in value):
        return "text.not_one_line"
    if din91379.allowed(value):
        return "text.blank_edges"
    return "text.not_nfc" if din91379.only_needs_normalising(value) else "text.not_din_91379"
