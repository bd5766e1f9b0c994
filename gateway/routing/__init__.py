"""Who is in charge: areas, Samtgemeinden, registered destinations with dates."""

from gateway.routing.areas import Areas, Municipality
from gateway.routing.routes import Route, Routing

__all__ = ["Areas", "Municipality", "Route", "Routing"]
