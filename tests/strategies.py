"""Hypothesis strategies: applications that a portal may send, with every letter of DIN 91379 and every extreme."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from gateway.standards import din91379
from gateway.standards.xmeld.codes import ANFORDERUNGSELEMENTE

Json = dict[str, Any]

SINGLE = [chr(point) for first, last in din91379.RANGES for point in range(first, last + 1)]
COMBINED = [base + marks for marks, bases in din91379.SEQUENCES for base in bases]
LETTERS = [one for one in SINGLE if one.isalpha() and one != "ẞ"]
UNITS = [one for one in SINGLE + COMBINED if one not in din91379.BLANKS]


def lines(most: int) -> SearchStrategy[str]:
    """One line of DIN 91379 type C with at most ``most`` characters; letters are often rare."""
    unit = st.sampled_from(UNITS) | st.sampled_from(COMBINED) | st.sampled_from("aeinrstÄöüß ") | st.just("\u00a0")
    longest = max(len(one) for one in UNITS)
    usual = st.lists(unit, min_size=1, max_size=min(most // longest, 20)).map("".join)
    full = st.sampled_from([one for one in UNITS if len(one) == 1]).map(lambda letter: letter * most)
    return st.one_of(usual, usual, full).map(lambda text: text.strip(din91379.BLANKS)).filter(bool)


def _digits(least: int, most: int) -> SearchStrategy[str]:
    return st.text("0123456789", min_size=least, max_size=most)


def names() -> SearchStrategy[Json]:
    return st.fixed_dictionaries({"name": lines(200)})


def birth_dates() -> SearchStrategy[str]:
    known = st.dates(max_value=datetime.now(UTC).date()).map(lambda day: day.isoformat())
    return st.one_of(known, known.map(lambda day: day[:7]), known.map(lambda day: day[:4]), st.just("unbekannt"))


def addresses() -> SearchStrategy[Json]:
    place: dict[str, SearchStrategy[str]] = {"ags": _digits(8, 8), "plz": _digits(5, 5)}
    suffix = st.text([*LETTERS, *"0123456789./"], min_size=1, max_size=4)
    return st.fixed_dictionaries(place | {"strasse_und_hausnummer": lines(100)}) | st.fixed_dictionaries(
        place | {"strasse": lines(55)},
        optional={"hausnummer": _digits(1, 4), "hausnummerzusatz": suffix, "teilnummer": lines(10)},
    )


def applicants() -> SearchStrategy[Json]:
    nobody = st.just({"nicht_vorhanden": True})
    usual = {"familienname": names(), "geburtsdatum": birth_dates(), "anschrift": addresses()}
    return st.fixed_dictionaries(usual | {"vornamen": names() | nobody}) | st.fixed_dictionaries(
        usual | {"familienname": nobody, "vornamen": names()}
    )


def orders() -> SearchStrategy[Json]:
    codes = st.lists(st.sampled_from(ANFORDERUNGSELEMENTE), min_size=1, unique=True)
    return st.fixed_dictionaries(
        {
            "umfang": st.just("mindestumfang") | codes | st.just(list(ANFORDERUNGSELEMENTE)),
            "zustellung": st.sampled_from(["post", "daten", "dokument"]),
        },
        optional={"zweck": lines(500)},
    )


def applications() -> SearchStrategy[Json]:
    """Applications for a Meldebescheinigung that the catalogue accepts."""

    def complete(person: Json, order: Json, submitted: datetime, case: str) -> Json:
        return {
            "service": "meldebescheinigung",
            "ags": person["anschrift"]["ags"],
            "portal_case": case,
            "submitted_at": submitted.replace(tzinfo=UTC).isoformat(),
            "identification": {"vertrauensniveau": "hoch", "mittel": "eid"},
            "antragsteller": person,
            "antrag": order,
        }

    case = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}", fullmatch=True)
    return st.builds(complete, applicants(), orders(), st.datetimes(min_value=datetime(2000, 1, 1)), case)  # noqa: DTZ001


def body(application: Json) -> bytes:
    """The application as a portal sends it."""
    return json.dumps(application, ensure_ascii=False).encode()
