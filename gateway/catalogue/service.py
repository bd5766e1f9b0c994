"""What a citizen service is: the law, the trust level, the application's model, and the message that it becomes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from gateway.catalogue.application import Application
from gateway.errors import FieldError
from gateway.model import Message, MessageHeader, TrustLevel

A = TypeVar("A", bound=Application)


class Service(ABC, Generic[A]):
    """One citizen service. A module in ``services/`` exports its instance as ``SERVICE``.

    ``leika`` are the service keys (Leistungskatalog, 14 digits) under which it is confirmed to be known; empty where
    none is. ``trust_law`` is the paragraph that demands ``trust_level``. ``standard`` and ``message_type`` name the
    message; ``application`` is the model of what a portal sends, its JSON Schema is served to portals.
    """

    id: str
    leika: tuple[str, ...] = ()
    title_de: str
    title_en: str
    description_de: str
    description_en: str
    legal_basis: str
    trust_level: TrustLevel
    trust_law: str
    fee_de: str
    fee_en: str
    standard: str
    message_type: str
    application: type[A]

    @abstractmethod
    def check(self, application: A) -> tuple[FieldError, ...]:
        """Return what breaks rules that a model of single fields cannot say; empty if nothing does."""

    @abstractmethod
    def ags(self, application: A) -> str:
        """Return the AGS (8 digits) of the place that decides who is in charge."""

    @abstractmethod
    def build(self, application: A, header: MessageHeader, version: str) -> Message:
        """Build the message in that release of the standard; raises ValueError for an unknown release."""
