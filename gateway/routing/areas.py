"""Municipalities and the administrations that serve them, from a CSV file.

AGS (Amtlicher Gemeindeschlüssel, 8 digits) and ARS (Regionalschlüssel, 12 digits) carry no check digit: a typing
error is only found by looking the key up, so an AGS that is not in the file is unknown. In a Samtgemeinde the
registration, civil status, trade and election offices sit with the Samtgemeinde (transferred tasks, § 98 NKomVG),
therefore a member municipality leads to its administration, named by the first nine digits of the ARS.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import ConfigurationError

_COLUMNS = ["ars", "ags", "municipality", "administration", "kind"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Municipality:
    """A municipality and who administers it. ``administration_key`` is the first nine digits of the ARS."""

    ags: str
    ars: str
    name: str
    administration: str
    administration_key: str
    member: bool
    """True if it is a member of a Samtgemeinde."""


class Areas:
    """All municipalities in the area of this gateway, by AGS."""

    def __init__(self, municipalities: dict[str, Municipality]) -> None:
        self._by_ags = municipalities
        self.administrations = {one.administration_key: one.administration for one in municipalities.values()}

    def __len__(self) -> int:
        return len(self._by_ags)

    def __iter__(self) -> Iterator[Municipality]:
        return iter(self._by_ags.values())

    def get(self, ags: str) -> Municipality | None:
        return self._by_ags.get(ags)

    @classmethod
    def load(cls, file: Path) -> Areas:
        """Read the CSV file (UTF-8; columns ars, ags, municipality, administration, kind).

        Raises ConfigurationError naming the line whose keys do not fit each other.
        """
        found: dict[str, Municipality] = {}
        try:
            with file.open(encoding="utf-8", newline="") as lines:
                reader = csv.DictReader(lines)
                if reader.fieldnames != _COLUMNS:
                    raise ConfigurationError(str(file), "line 1", f"the columns must be {','.join(_COLUMNS)}")
                for row in reader:
                    one = _municipality(row, str(file), reader.line_num)
                    if one.ags in found:
                        raise ConfigurationError(str(file), f"line {reader.line_num}", f"AGS {one.ags} stands twice")
                    found[one.ags] = one
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise ConfigurationError(str(file), "areas.file", f"cannot be read: {type(error).__name__}") from error
        return cls(found)


def _municipality(row: dict[str, str], file: str, line: int) -> Municipality:
    ars, ags, kind = row["ars"], row["ags"], row["kind"]
    place = f"line {line}"
    if not (len(ars) == 12 and ars.isascii() and ars.isdigit() and len(ags) == 8 and ags.isascii() and ags.isdigit()):
        raise ConfigurationError(file, place, "an ARS has 12 digits, an AGS has 8")
    if ags != ars[:5] + ars[9:]:
        raise ConfigurationError(file, place, f"AGS {ags} does not belong to ARS {ars}")
    if kind not in ("Einheitsgemeinde", "Samtgemeinde"):
        raise ConfigurationError(file, place, "kind must be Einheitsgemeinde or Samtgemeinde")
    if (kind == "Einheitsgemeinde") != (ars[5:9] == "0" + ars[9:]):
        raise ConfigurationError(file, place, f"ARS {ars} does not fit the kind {kind}")
    return Municipality(
        ags=ags,
        ars=ars,
        name=row["municipality"],
        administration=row["administration"],
        administration_key=ars[:9],
        member=kind == "Samtgemeinde",
    )
