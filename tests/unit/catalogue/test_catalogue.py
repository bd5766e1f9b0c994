"""Finding services, and from bytes to the application of one of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.catalogue import Catalogue, services
from gateway.catalogue.services.meldebescheinigung import SERVICE, MeldebescheinigungApplication
from gateway.errors import GatewayError
from gateway.model import TrustLevel
from tests.examples import application, header
from tests.strategies import Json, body

CATALOGUE = Catalogue.load()


def _refused(document: Json) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        CATALOGUE.parse(body(document))
    return caught.value


def test_the_services_are_found_in_their_folder() -> None:
    assert [service.id for service in CATALOGUE] == ["meldebescheinigung"]
    assert CATALOGUE.get("meldebescheinigung") is SERVICE
    assert CATALOGUE.get("gewerbeanmeldung") is None


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(services, "__path__", [*services.__path__, str(tmp_path)])
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("gateway.catalogue.services.new")]:
        del sys.modules[name]


NEW_SERVICE = """
from gateway.catalogue.services.meldebescheinigung import Meldebescheinigung
class New(Meldebescheinigung):
    id = "{id}"
SERVICE = New()
"""


def test_a_new_module_is_a_new_service(folder: Path) -> None:
    (folder / "newservice.py").write_text(NEW_SERVICE.format(id="newservice"))
    assert {service.id for service in Catalogue.load()} == {"meldebescheinigung", "newservice"}


def test_two_services_of_one_id_are_refused(folder: Path) -> None:
    (folder / "newservice.py").write_text(NEW_SERVICE.format(id="meldebescheinigung"))
    with pytest.raises(ValueError, match="two services have the id meldebescheinigung"):
        Catalogue.load()


def test_a_service_tells_law_and_trust_level() -> None:
    assert SERVICE.trust_level is TrustLevel.HOCH
    assert SERVICE.trust_law == "§ 4 BMeldDigiV"
    assert (SERVICE.standard, SERVICE.message_type) == ("xmeld", "1700")
    assert SERVICE.leika == (), "no key is confirmed for this service"


def test_a_right_application_is_read_into_its_model() -> None:
    service, parsed = CATALOGUE.parse(body(application()))
    assert service is SERVICE
    assert isinstance(parsed, MeldebescheinigungApplication)
    assert parsed.antragsteller.familienname.name == "Mustermann"
    assert parsed.antrag.umfang == ("06", "15")
    assert parsed.submitted_at.isoformat() == "2026-11-23T09:15:30+01:00"
    assert service.ags(parsed) == "03454035"


def test_purpose_stays_with_the_portal() -> None:
    service, parsed = CATALOGUE.parse(body(application(antrag__zweck="Zmarkerz")))
    assert b"Zmarkerz" not in service.build(parsed, header(), "25.11a").content


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (application(service=...), "service.missing"),
        (application(service="gewerbeanmeldung"), "service.unknown"),
        (application(service=None), "service.unknown"),
        (application(service=["meldebescheinigung"]), "service.unknown"),
        ({}, "service.missing"),
    ],
)
def test_the_service_must_be_named_and_known(document: Json, code: str) -> None:
    error = _refused(document)
    assert (error.problem.code, error.problem.status) == (code, 422)
    assert [field.pointer for field in error.fields] == ["/service"]


@pytest.mark.parametrize("level", ["normal", "substanziell"])
def test_too_low_a_trust_level_is_refused_and_the_law_is_named(level: str) -> None:
    error = _refused(application(identification__vertrauensniveau=level))
    (field,) = error.fields
    assert (error.problem.code, error.problem.status) == ("trust_level.too_low", 403)
    assert field.pointer == "/identification/vertrauensniveau"
    assert "§ 4 BMeldDigiV" in field.de
    assert "„hoch“" in field.de


def test_the_office_asked_must_be_that_of_the_dwelling() -> None:
    error = _refused(application(ags="03454008"))
    assert [(field.pointer, field.code) for field in error.fields] == [("/ags", "ags.not_of_dwelling")]


def test_somebody_has_a_name() -> None:
    nobody = {"nicht_vorhanden": True}
    error = _refused(application(antragsteller__familienname=nobody, antragsteller__vornamen=nobody))
    assert [(field.pointer, field.code) for field in error.fields] == [("/antragsteller/familienname", "name.none")]


def test_half_a_surrogate_pair_is_malformed_json() -> None:
    broken = body(application()).replace(b"Mustermann", b"\\ud800")
    with pytest.raises(GatewayError, match=r"^json\.malformed$"):
        CATALOGUE.parse(broken)
