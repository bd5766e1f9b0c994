"""Who is in charge: the Emsland's areas, a Samtgemeinde's members, destinations with dates."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from gateway.errors import ConfigurationError, GatewayError
from gateway.model import Destination, Party, PostalAddress
from gateway.resources import resource
from gateway.routing import Areas, Routing

DAY = date(2026, 11, 23)
HEAD = "ars,ags,municipality,administration,kind\n"


@pytest.fixture(scope="module")
def areas() -> Areas:
    return Areas.load(resource("config", "areas", "emsland.csv"))


def destination(name: str, tenant: str, *, start: date = DAY, end: date | None = None) -> Destination:
    address = PostalAddress(strasse="Rathausplatz", plz="49999", ort="Musterstadt")
    return Destination(
        id=name,
        tenant=tenant,
        services=frozenset({"meldebescheinigung"}),
        connection="xta",
        reader=Party(identifier="ags:03454035", name="Amt", category="Meldebehörde", address=address),
        valid_from=start,
        valid_until=end,
    )


def test_the_emsland_has_60_municipalities_and_19_administrations(areas: Areas) -> None:
    assert len(areas) == 60
    assert len(areas.administrations) == 19


def test_a_member_of_a_samtgemeinde_is_served_by_the_samtgemeinde(areas: Areas) -> None:
    routing = Routing(areas, [destination("sg-doerpen", "034545401")])
    route = routing.route("meldebescheinigung", routing.municipality("03454037"), DAY)
    assert route.municipality.name == "Neubörger"
    assert route.municipality.administration == "Samtgemeinde Dörpen"
    assert route.destination.id == "sg-doerpen"


def test_an_ags_outside_the_list_is_unknown(areas: Areas) -> None:
    with pytest.raises(GatewayError) as refused:
        Routing(areas, []).municipality("03454999")
    assert refused.value.problem.code == "ags.unknown"
    assert refused.value.fields[0].pointer == "/ags"


def test_an_administration_without_destination_is_the_operators_problem(areas: Areas) -> None:
    routing = Routing(areas, [destination("meppen", "034540035")])
    with pytest.raises(GatewayError) as refused:
        routing.route("meldebescheinigung", routing.municipality("03454032"), DAY)
    assert refused.value.problem.code == "destination.none"
    assert refused.value.problem.whose.value == "operator"


def test_the_destination_in_force_on_the_day_is_chosen(areas: Areas) -> None:
    old = destination("old", "034540035", start=date(2025, 1, 1), end=date(2026, 10, 20))
    new = destination("new", "034540035", start=date(2026, 10, 24))
    routing = Routing(areas, [old, new])
    meppen = routing.municipality("03454035")
    assert routing.route("meldebescheinigung", meppen, date(2026, 10, 20)).destination.id == "old"
    assert routing.route("meldebescheinigung", meppen, date(2026, 10, 24)).destination.id == "new"
    with pytest.raises(GatewayError, match=r"destination\.none"):
        routing.route("meldebescheinigung", meppen, date(2026, 10, 22))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("034540035035,03454036,Meppen,Meppen,Einheitsgemeinde", "does not belong to ARS"),
        ("03454003503,03454035,Meppen,Meppen,Einheitsgemeinde", "12 digits"),
        ("034540035035,03454035,Meppen,Meppen,Samtgemeinde", "does not fit the kind"),
        ("034540035035,03454035,Meppen,Meppen,Stadt", "Einheitsgemeinde or Samtgemeinde"),
        (
            (
                "034540035035,03454035,Meppen,Meppen,Einheitsgemeinde\n"
                "034540035035,03454035,Meppen,Meppen,Einheitsgemeinde"
            ),
            "stands twice",
        ),
    ],
)
def test_keys_that_do_not_fit_each_other_are_refused_with_their_line(tmp_path: Path, line: str, reason: str) -> None:
    file = tmp_path / "areas.csv"
    file.write_text(HEAD + line + "\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=reason) as refused:
        Areas.load(file)
    assert refused.value.key.startswith("line ")


def test_other_columns_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "areas.csv"
    file.write_text("ags,name\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="columns"):
        Areas.load(file)
