"""The patterns of fields, and the code of the rule that a text breaks if it does not fit.

They are checked by pydantic and served in the JSON Schema of each service, so they are written in what Rust,
ECMAScript and Python understand alike.
"""

from __future__ import annotations

from gateway.standards import din91379

LINE = din91379.LINE
AGS = "^[0-9]{8}$"
PLZ = "^[0-9]{5}$"
HAUSNUMMER = "^[0-9]{1,4}$"
HAUSNUMMERZUSATZ = f"^[{din91379.LETTERS}0-9./](?:[{din91379.LETTERS}0-9./ ]{{0,2}}[{din91379.LETTERS}0-9./])?$"
TEILBEKANNTES_DATUM = "^(?:[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?|unbekannt)$"
PORTAL_CASE = "^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$"
MITTEL = "^[a-z][a-z0-9_.-]{0,39}$"
ANFORDERUNGSELEMENT = "^(?:0[1-9]|[1-3][0-9]|4[0-5])$"

CODE_OF_PATTERN: dict[str, str] = {
    AGS: "ags.format",
    PLZ: "plz.format",
    HAUSNUMMER: "hausnummer.format",
    HAUSNUMMERZUSATZ: "hausnummerzusatz.format",
    TEILBEKANNTES_DATUM: "date.format",
    PORTAL_CASE: "portal_case.format",
    MITTEL: "mittel.format",
    ANFORDERUNGSELEMENT: "umfang.code",
}
