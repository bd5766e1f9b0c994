"""The JSON answers of the API. Their descriptions become the API's documentation and are therefore German."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

from gateway.model import ApplicationState, TrustLevel, Whose
from gateway.store.database import timestamp

Moment = Annotated[
    datetime,
    PlainSerializer(timestamp, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-23T08:15:30.250Z"]}),
]
"""A time as the store keeps it: UTC, milliseconds. A repeated request gets the same text as the first."""
Identifier = Annotated[str, Field(json_schema_extra={"format": "uuid"})]
Link = Annotated[str, Field(json_schema_extra={"format": "uri-reference"})]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class ApplicationLinks(_Answer):
    """Wo es weitergeht."""

    application: Link = Field(description="Stand des Antrags")
    message: Link = Field(description="Die Nachricht, genau wie sie gesendet wird")


class AcceptedApplication(_Answer):
    """Der Antrag ist als gültige, signierte Nachricht gespeichert und geht nicht mehr verloren."""

    id: Identifier = Field(description="Nummer des Antrags im Gateway")
    state: Literal[ApplicationState.ACCEPTED] = Field(
        description="Immer accepted: Stand bei der Annahme; der heutige steht unter links.application"
    )
    received_at: Moment = Field(description="Zeitpunkt der Annahme (UTC)")
    links: ApplicationLinks


class ReasonGiven(_Answer):
    """Ein Grund der Behörde oder des Transports."""

    code: str = Field(description="Beständiger Schlüssel, z. B. xmeld.nichterstellung.01")
    detail: str = Field(description="Der Grund in einem Satz")


class HistoryLine(_Answer):
    """Ein Ereignis des Antrags, wie es im Protokoll steht."""

    at: Moment
    event: str = Field(description="Ereignis, z. B. delivery:attempt:delivered")
    code: str | None = Field(description="Fehlerschlüssel, wo es einen gab")


class SentMessage(_Answer):
    """Die Nachricht, die aus dem Antrag wurde."""

    id: Identifier = Field(description="nachrichtenUUID")
    type: str = Field(description="Nummer der Nachricht im Standard, z. B. 1700")
    link: Link


class DocumentLine(_Answer):
    """Ein Dokument oder Datensatz der Behörde für die antragstellende Person."""

    number: int = Field(description="Nummer, ab 1")
    filename: str
    media_type: str
    size: int = Field(description="Größe in Bytes")
    link: Link


class ApplicationStatus(_Answer):
    """Stand, Verlauf und Ergebnis eines Antrags."""

    id: Identifier
    service: str = Field(description="Leistung, z. B. meldebescheinigung")
    portal_case: str = Field(description="Das Aktenzeichen des Portals, unverändert")
    state: ApplicationState
    reasons: list[ReasonGiven]
    received_at: Moment
    updated_at: Moment
    message: SentMessage
    history: list[HistoryLine]
    documents: list[DocumentLine]


class ServiceLine(_Answer):
    """Eine Leistung, die über dieses Gateway beantragt werden kann."""

    id: str = Field(description="Steht im Antrag im Feld service")
    title: str
    description: str
    legal_basis: str = Field(description="Rechtsgrundlage")
    fee: str = Field(description="Gebühren in Worten")
    trust_level: TrustLevel = Field(description="Mindestens nötiges Vertrauensniveau der Identifizierung")
    trust_law: str = Field(description="Wo das Vertrauensniveau festgelegt ist")
    leika: list[str] = Field(description="LeiKa-Schlüssel, soweit bestätigt")
    schema_link: Link = Field(description="JSON Schema des Antrags")


class ServiceList(_Answer):
    """Alle Leistungen."""

    services: list[ServiceLine]


class Health(_Answer):
    """Der Prozess lebt."""

    status: Literal["ok"]
    version: str


class FindingLine(_Answer):
    """Ein Ergebnis der Selbstprüfung; was zu tun ist, zeigt dem Betreiber sein eigenes Werkzeug."""

    level: str = Field(description="ok, warning oder error")
    subject: str


class Readiness(_Answer):
    """Kann das Gateway Anträge annehmen?"""

    status: Literal["ready", "not_ready"]
    findings: list[FindingLine]


class WrongField(_Answer):
    """Eine falsche Stelle im Antrag."""

    pointer: str = Field(description="JSON Pointer (RFC 6901) auf die Stelle")
    code: str = Field(description="Beständiger Schlüssel der verletzten Regel")
    detail: str


class ProblemDetails(_Answer):
    """Fehler nach RFC 9457."""

    type: Link = Field(description="Erklärung dieses Fehlers auf der Dokumentationsseite")
    title: str
    status: int
    detail: str = Field(description="Was zu tun ist, in einem Satz; deutsch, auf Wunsch (Accept-Language) englisch")
    instance: str = Field(description="Korrelations-ID als urn:uuid")
    code: str = Field(description="Beständiger Schlüssel des Fehlers")
    retry: bool = Field(description="Derselbe Aufruf kann später ohne Änderung gelingen")
    whose: Whose = Field(description="Wer handeln muss")
    errors: list[WrongField] | None = Field(default=None, description="Die falschen Stellen, wenn es am Antrag liegt")
