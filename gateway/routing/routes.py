"""Who is in charge: from a service and the AGS of the place concerned to the destination that takes it on that day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from gateway.errors import FieldError, GatewayError, Problem
from gateway.model import Destination, Whose
from gateway.routing.areas import Areas, Municipality

AGS_UNKNOWN = Problem(
    code="ags.unknown",
    status=422,
    whose=Whose.PORTAL,
    de="Der Amtliche Gemeindeschlüssel gehört zu keiner Gemeinde dieses Gateways; bitte den Schlüssel prüfen.",
    en="The AGS belongs to no municipality of this gateway; check the key.",
)
DESTINATION_NONE = Problem(
    code="destination.none",
    status=503,
    whose=Whose.OPERATOR,
    retry=True,
    de="Für diese Gemeinde ist zu dieser Leistung noch kein Fachverfahren angebunden; der Betreiber muss es eintragen.",
    en="No specialist procedure is registered for this service and municipality yet; the operator has to add it.",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """The answer of routing: the municipality concerned stays in the data, the destination gets the message."""

    municipality: Municipality
    destination: Destination


class Routing:
    """The table (service, administration, day) → destination. Built once; looking up is two dictionary reads."""

    def __init__(self, areas: Areas, destinations: Iterable[Destination]) -> None:
        self.areas = areas
        self.destinations = tuple(destinations)
        self._table: dict[tuple[str, str], list[Destination]] = {}
        for destination in self.destinations:
            for service in destination.services:
                self._table.setdefault((service, destination.tenant), []).append(destination)

    def municipality(self, ags: str) -> Municipality:
        """Return the municipality; raises GatewayError ``ags.unknown``."""
        found = self.areas.get(ags)
        if found is None:
            raise GatewayError(
                AGS_UNKNOWN, (FieldError(pointer="/ags", code="ags.unknown", de=AGS_UNKNOWN.de, en=AGS_UNKNOWN.en),)
            )
        return found

    def route(self, service: str, municipality: Municipality, on: date) -> Route:
        """Return the destination in charge on that day; raises GatewayError ``destination.none``."""
        for destination in self._table.get((service, municipality.administration_key), ()):
            if destination.serves(service, on):
                return Route(municipality=municipality, destination=destination)
        raise GatewayError(DESTINATION_NONE)
