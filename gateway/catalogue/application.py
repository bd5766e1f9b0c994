"""What every application carries, whatever the service: the portal contract's common fields."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, WithJsonSchema

from gateway.catalogue.fields import Ags, Mittel, Moment, Part, PortalCase
from gateway.model import TrustLevel


class Identification(Part):
    """How the citizen was identified at the portal; the trust level is the portal's statement."""

    model_config = ConfigDict(
        title="Identifizierung", json_schema_extra={"description": "Wie sich die Person am Portal ausgewiesen hat."}
    )

    vertrauensniveau: Annotated[
        TrustLevel,
        WithJsonSchema({"type": "string", "enum": [level.value for level in TrustLevel]}),
        Field(title="Vertrauensniveau", description="Vertrauensniveau der Identifizierung."),
    ]
    mittel: Annotated[
        Mittel, Field(title="Identifizierungsmittel", description="Womit sich die Person ausgewiesen hat, etwa eid.")
    ]


class Application(Part):
    """Base of the application of each service; a service narrows ``service`` to its own id."""

    service: Annotated[str, Field(title="Leistung", description="Kennung der Leistung in diesem Gateway.")]
    ags: Annotated[
        Ags,
        Field(
            title="Amtlicher Gemeindeschlüssel",
            description="Gemeinde, deren Behörde den Antrag bekommen soll; 8 Ziffern. Bei Samtgemeinden der Schlüssel "
            "der Mitgliedsgemeinde.",
        ),
    ]
    portal_case: Annotated[
        PortalCase,
        Field(
            title="Aktenzeichen des Portals",
            description="Unter diesem Zeichen führt das Portal den Antrag; keine Angaben zur Person.",
        ),
    ]
    submitted_at: Annotated[
        Moment,
        Field(
            title="Zeitpunkt der Antragstellung",
            description="Wann die Person den Antrag abgeschickt hat, mit Zeitzone (RFC 3339).",
        ),
    ]
    identification: Identification
