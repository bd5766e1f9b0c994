"""All citizen services, and the way from a portal's bytes to the typed application of one of them."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

from pydantic import ValidationError

from gateway.catalogue import services
from gateway.catalogue.application import Application
from gateway.catalogue.body import MALFORMED, read_object
from gateway.catalogue.rules import TRUST_LEVEL_LAW
from gateway.catalogue.service import Service
from gateway.catalogue.validation import field_errors
from gateway.errors import FieldError, GatewayError, Problem
from gateway.model import Whose

SERVICE_MISSING = Problem(
    code="service.missing",
    status=422,
    whose=Whose.PORTAL,
    de="Der Antrag nennt keine Leistung; bitte das Feld „service“ mit einer Kennung aus GET /v1/services füllen.",
    en="The application names no service; fill in “service” with an id from GET /v1/services.",
)
SERVICE_UNKNOWN = Problem(
    code="service.unknown",
    status=422,
    whose=Whose.PORTAL,
    de="Diese Leistung gibt es hier nicht; die Kennungen aller Leistungen nennt GET /v1/services.",
    en="There is no such service here; GET /v1/services lists the ids of all services.",
)
APPLICATION_INVALID = Problem(
    code="application.invalid",
    status=422,
    whose=Whose.PORTAL,
    de="Der Antrag ist unvollständig oder fehlerhaft; bitte die genannten Felder berichtigen und neu senden.",
    en="The application is incomplete or wrong; correct the fields that are named and send it again.",
)
TRUST_LEVEL_TOO_LOW = Problem(
    code="trust_level.too_low",
    status=403,
    whose=Whose.CITIZEN,
    de="Das Vertrauensniveau der Identifizierung reicht für diese Leistung nicht; bitte mit einem stärkeren Mittel "
    "anmelden, etwa mit der Online-Ausweisfunktion. Die Vorschrift steht beim Feld.",
    en="The trust level of the identification is too low for this service; log in by a stronger means, such as the "
    "eID. The law is named at the field.",
)


class Catalogue:
    """The services by id. Built once; immutable."""

    def __init__(self, found: Iterable[Service[Any]]) -> None:
        self._by_id: dict[str, Service[Any]] = {}
        for service in found:
            if service.id in self._by_id:
                raise ValueError(f"two services have the id {service.id}")
            self._by_id[service.id] = service

    @classmethod
    def load(cls) -> Catalogue:
        """Find the services: every module in ``gateway/catalogue/services/`` exports one as ``SERVICE``."""
        names = (module.name for module in pkgutil.iter_modules(services.__path__))
        return cls(import_module(f"{services.__name__}.{name}").SERVICE for name in sorted(names))

    def __iter__(self) -> Iterator[Service[Any]]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, service_id: str) -> Service[Any] | None:
        return self._by_id.get(service_id)

    def parse(self, body: bytes) -> tuple[Service[Any], Application]:
        """Read the application of the service that it names; JSON in UTF-8.

        Raises GatewayError: ``json.*`` (400), ``service.missing``, ``service.unknown``, ``application.invalid`` with
        one error for each wrong field (422), ``trust_level.too_low`` (403).
        """
        service = self._named(read_object(body))
        application = _typed(service, body)
        _check_trust(service, application)
        if broken := service.check(application):
            raise GatewayError(APPLICATION_INVALID, broken)
        return service, application

    def _named(self, document: dict[str, Any]) -> Service[Any]:
        if "service" not in document:
            raise _problem(SERVICE_MISSING, "/service")
        name = document["service"]
        service = self._by_id.get(name) if isinstance(name, str) else None
        if service is None:
            raise _problem(SERVICE_UNKNOWN, "/service")
        return service


def _problem(problem: Problem, pointer: str) -> GatewayError:
    return GatewayError(problem, (FieldError(pointer=pointer, code=problem.code, de=problem.de, en=problem.en),))


def _typed(service: Service[Any], body: bytes) -> Application:
    """Read the bytes with the service's model; JSON that only pydantic finds wrong is half a surrogate pair.

    Raises outside of the handler: pydantic's error carries the values and must not travel along as the context.
    """
    try:
        application: Application = service.application.model_validate_json(body)
    except ValidationError as error:
        wrong = field_errors(error)
        unreadable = error.errors(include_input=False)[0]["type"] == "json_invalid"
    else:
        return application
    raise GatewayError(MALFORMED) if unreadable else GatewayError(APPLICATION_INVALID, wrong)


def _check_trust(service: Service[Any], application: Application) -> None:
    if application.identification.vertrauensniveau.rank >= service.trust_level.rank:
        return
    words = {"level": service.trust_level.value, "law": service.trust_law}
    raise GatewayError(TRUST_LEVEL_TOO_LOW, (TRUST_LEVEL_LAW.at("/identification/vertrauensniveau", words),))
