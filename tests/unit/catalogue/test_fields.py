"""Each rule of a field: what is refused, where it points, and with which code."""

from __future__ import annotations

import json
import traceback
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.catalogue import Catalogue
from gateway.catalogue.rules import Rule
from gateway.catalogue.validation import MOST
from gateway.errors import GatewayError
from tests.examples import application
from tests.strategies import Json, body

CATALOGUE = Catalogue.load()


def _refused(document: Json) -> GatewayError | None:
    try:
        CATALOGUE.parse(body(document))
    except GatewayError as error:
        return error
    return None


def _broken(document: Json) -> list[tuple[str, str]]:
    error = _refused(document)
    assert error is not None
    assert error.problem.code == "application.invalid"
    assert error.__context__ is None, "the model's own error carries the values"
    return [(field.pointer, field.code) for field in error.fields]


FAMILY = "antragsteller__familienname"
HOME = "antragsteller__anschrift"
BORN = "antragsteller__geburtsdatum"
TOMORROW_EVERYWHERE = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
NEXT_YEAR = str(datetime.now(UTC).year + 1)


@pytest.mark.parametrize(
    ("place", "value", "pointer", "code"),
    [
        ("antragsteller", ..., "/antragsteller", "field.missing"),
        (BORN, ..., "/antragsteller/geburtsdatum", "field.missing"),
        ("antrag__zustellung", ..., "/antrag/zustellung", "field.missing"),
        ("antrag__farbe", "blau", "/antrag/farbe", "field.unknown"),
        ("gebuehr", 0, "/gebuehr", "field.unknown"),
        ("antragsteller", None, "/antragsteller", "field.null"),
        (f"{FAMILY}__name", None, "/antragsteller/familienname/name", "field.null"),
        ("submitted_at", None, "/submitted_at", "field.null"),
        ("antragsteller", "Mustermann", "/antragsteller", "type.object"),
        (FAMILY, "Mustermann", "/antragsteller/familienname", "type.object"),
        (FAMILY, ["Mustermann"], "/antragsteller/familienname", "type.object"),
        (BORN, 1984, "/antragsteller/geburtsdatum", "type.text"),
        (f"{HOME}__plz", 49716, "/antragsteller/anschrift/plz", "type.text"),
        ("submitted_at", 1764000000, "/submitted_at", "type.text"),
        (FAMILY, {}, "/antragsteller/familienname", "name.one_of"),
        (FAMILY, {"name": "A", "nicht_vorhanden": True}, "/antragsteller/familienname", "name.one_of"),
        (FAMILY, {"nicht_vorhanden": False}, "/antragsteller/familienname/nicht_vorhanden", "type.true"),
        (FAMILY, {"nicht_vorhanden": "true"}, "/antragsteller/familienname/nicht_vorhanden", "type.true"),
        (f"{FAMILY}__name", "", "/antragsteller/familienname/name", "text.empty"),
        (f"{FAMILY}__name", " \u00a0", "/antragsteller/familienname/name", "text.empty"),
        (f"{FAMILY}__name", "A" * 201, "/antragsteller/familienname/name", "text.too_long"),
        (f"{FAMILY}__name", " A", "/antragsteller/familienname/name", "text.blank_edges"),
        (f"{FAMILY}__name", "A\u00a0", "/antragsteller/familienname/name", "text.blank_edges"),
        (f"{FAMILY}__name", "A\nB", "/antragsteller/familienname/name", "text.not_one_line"),
        (f"{FAMILY}__name", "A\n", "/antragsteller/familienname/name", "text.not_one_line"),
        (f"{FAMILY}__name", "Mu\u0308ller", "/antragsteller/familienname/name", "text.not_nfc"),
        (f"{FAMILY}__name", "Muster–Mann", "/antragsteller/familienname/name", "text.not_din_91379"),
        (f"{FAMILY}__name", "Мустер", "/antragsteller/familienname/name", "text.not_din_91379"),
        (f"{FAMILY}__name", "A\u0000", "/antragsteller/familienname/name", "text.not_din_91379"),
        ("antrag__zweck", "„Muster“", "/antrag/zweck", "text.not_din_91379"),
        (BORN, "12.08.1984", "/antragsteller/geburtsdatum", "date.format"),
        (BORN, "84-08-12", "/antragsteller/geburtsdatum", "date.format"),
        (BORN, "1984-8-12", "/antragsteller/geburtsdatum", "date.format"),
        (BORN, "١٩٨٤", "/antragsteller/geburtsdatum", "date.format"),
        (BORN, "1984-02-31", "/antragsteller/geburtsdatum", "date.invalid"),
        (BORN, "1983-02-29", "/antragsteller/geburtsdatum", "date.invalid"),
        (BORN, "1984-13", "/antragsteller/geburtsdatum", "date.invalid"),
        (BORN, "0000", "/antragsteller/geburtsdatum", "date.invalid"),
        (BORN, TOMORROW_EVERYWHERE, "/antragsteller/geburtsdatum", "date.future"),
        (BORN, NEXT_YEAR, "/antragsteller/geburtsdatum", "date.future"),
        (BORN, f"{NEXT_YEAR}-01", "/antragsteller/geburtsdatum", "date.future"),
        ("submitted_at", "2026-11-23", "/submitted_at", "time.invalid"),
        ("submitted_at", "2026-02-31T09:15:30Z", "/submitted_at", "time.invalid"),
        ("submitted_at", "1764000000", "/submitted_at", "time.invalid"),
        ("submitted_at", "2026-11-23T09:15:30", "/submitted_at", "time.no_zone"),
        ("ags", "3454035", "/ags", "ags.format"),
        (f"{HOME}__ags", "0345403X", "/antragsteller/anschrift/ags", "ags.format"),
        (f"{HOME}__plz", "4971", "/antragsteller/anschrift/plz", "plz.format"),
        (f"{HOME}__plz", "49716\n", "/antragsteller/anschrift/plz", "plz.format"),
        (f"{HOME}__hausnummer", "12a", "/antragsteller/anschrift/hausnummer", "hausnummer.format"),
        (f"{HOME}__hausnummer", "12345", "/antragsteller/anschrift/hausnummer", "hausnummer.format"),
        (f"{HOME}__hausnummerzusatz", "abcde", "/antragsteller/anschrift/hausnummerzusatz", "hausnummerzusatz.format"),
        (f"{HOME}__hausnummerzusatz", "a ", "/antragsteller/anschrift/hausnummerzusatz", "hausnummerzusatz.format"),
        (f"{HOME}__hausnummerzusatz", "α", "/antragsteller/anschrift/hausnummerzusatz", "hausnummerzusatz.format"),
        (f"{HOME}__hausnummerzusatz", "ẞ", "/antragsteller/anschrift/hausnummerzusatz", "hausnummerzusatz.format"),
        (f"{HOME}__strasse", "S" * 56, "/antragsteller/anschrift/strasse", "text.too_long"),
        (f"{HOME}__strasse", ..., "/antragsteller/anschrift", "anschrift.strasse_missing"),
        (f"{HOME}__strasse_und_hausnummer", "Weg 1", "/antragsteller/anschrift", "anschrift.strasse_twice"),
        ("portal_case", "Erika Mustermann", "/portal_case", "portal_case.format"),
        ("portal_case", "x" * 101, "/portal_case", "portal_case.format"),
        ("identification__mittel", "Der Ausweis", "/identification/mittel", "mittel.format"),
        ("identification__vertrauensniveau", "HOCH", "/identification/vertrauensniveau", "choice.unknown"),
        ("antrag__zustellung", "fax", "/antrag/zustellung", "choice.unknown"),
        ("antrag__umfang", "alles", "/antrag/umfang", "umfang.format"),
        ("antrag__umfang", 6, "/antrag/umfang", "umfang.format"),
        ("antrag__umfang", [], "/antrag/umfang", "list.empty"),
        ("antrag__umfang", ["06", "15", "06"], "/antrag/umfang", "umfang.twice"),
        ("antrag__umfang", ["06", "46"], "/antrag/umfang/1", "umfang.code"),
        ("antrag__umfang", ["6"], "/antrag/umfang/0", "umfang.code"),
        ("antrag__umfang", ["01"] * 46, "/antrag/umfang", "list.too_long"),
    ],
)
def test_a_broken_rule_is_named_at_its_field(place: str, value: Any, pointer: str, code: str) -> None:
    assert _broken(application(**{place: value})) == [(pointer, code)]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (f"{FAMILY}__name", "Mustermann 2"),
        (f"{FAMILY}__name", "O’Muster"),
        (f"{FAMILY}__name", "K͟hān C̆ẞ"),
        (f"{FAMILY}__name", "A" * 200),
        (BORN, "unbekannt"),
        (BORN, "1984"),
        (BORN, "1984-02-29"),
        (BORN, datetime.now(UTC).date().isoformat()),
        (f"{HOME}__hausnummerzusatz", "1/2"),
        (f"{HOME}__hausnummerzusatz", "ß. é"),
        ("antrag__umfang", "mindestumfang"),
        ("submitted_at", "2026-11-23T09:15:30.123Z"),
    ],
)
def test_what_the_standard_allows_is_accepted(place: str, value: str) -> None:
    assert _refused(application(**{place: value})) is None


def test_every_wrong_field_is_named() -> None:
    document = application(antragsteller__geburtsdatum="1984-02-31", antrag__zustellung=..., ags="1", extra=1)
    assert sorted(_broken(document)) == [
        ("/ags", "ags.format"),
        ("/antrag/zustellung", "field.missing"),
        ("/antragsteller/geburtsdatum", "date.invalid"),
        ("/extra", "field.unknown"),
    ]


def test_a_flood_of_wrong_fields_is_cut_off() -> None:
    assert len(_broken(application() | {f"x{number}": 1 for number in range(500)})) == MOST


def test_an_unknown_key_that_is_no_field_name_is_not_repeated() -> None:
    assert _broken(application(**{"antragsteller__Erika Mustermann": 1})) == [("/antragsteller", "field.unknown")]


def test_sentences_have_no_unfilled_places() -> None:
    for document in (
        application(antrag__zustellung="fax"),
        application(antragsteller__familienname={"name": "A" * 201}),
        application(antrag__umfang=["01"] * 46),
        application(identification__vertrauensniveau="normal"),
    ):
        error = _refused(document)
        assert error is not None
        assert not [field for field in error.fields if "{" in field.de + field.en]


def test_every_rule_speaks_german_and_english() -> None:
    assert [
        rule.code for rule in Rule.declared.values() if not rule.de.endswith((".", "-")) or rule.de == rule.en
    ] == []


def test_a_rule_is_declared_once() -> None:
    with pytest.raises(ValueError, match=r"rule plz\.format is declared twice"):
        Rule(code="plz.format", de="Anders.", en="Other.")


def _leaves(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of every value in the document, objects and lists too."""
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [path, *(leaf for key, value in inner for leaf in _leaves(value, (*path, key)))]


MARKER = "Zmarkerz"
PATHS = [path for path in _leaves(application()) if path]


@given(
    path=st.sampled_from(PATHS),
    value=st.sampled_from(
        [MARKER, f"{MARKER}–", f"\n{MARKER}", {MARKER: MARKER}, [MARKER], {"name": f" {MARKER}"}, f"2026-{MARKER}"]
    ),
    form=st.sampled_from(["json", "broken json", "twice"]),
)
def test_no_error_contains_a_value(path: tuple[Any, ...], value: Any, form: str) -> None:
    document = application()
    at: Any = document
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    raw = json.dumps(document, ensure_ascii=False)
    raw = {"json": raw, "broken json": raw[:-1], "twice": raw[:-1] + f', "{MARKER}": 1, "{MARKER}": 2}}'}[form]
    try:
        CATALOGUE.parse(raw.encode())
    except GatewayError as error:
        told = "".join(traceback.format_exception(error)) + repr(error.fields) + repr(error.problem)
    else:
        told = ""
    assume(told)
    assert MARKER not in told
