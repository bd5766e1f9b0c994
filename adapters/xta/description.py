"""Describes a parcel in the terms of XTA: metadata, message, attachments. Pure; the values come from the settings."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.xta.settings import MessageSettings, Settings
from gateway.model import Parcel, Party
from gateway.transport.xta.records import Content, ListedCode, Metadata, XtaParty


@dataclass(frozen=True, kw_only=True, slots=True)
class Described:
    """A parcel as sendMessage takes it; ``size`` counts message and attachments, decoded."""

    metadata: Metadata
    message: Content
    attachments: tuple[Content, ...]
    size: int


def description_of(parcel: Parcel, settings: Settings) -> MessageSettings | None:
    """Return how messages of this kind are to be described, or None if the configuration does not say."""
    return settings.messages.get(parcel.message.type) or settings.messages.get(parcel.message.standard.lower())


def described(parcel: Parcel, xta_id: str, how: MessageSettings, settings: Settings) -> Described:
    """Describe the parcel under its XTA message id; the message's bytes stay what they are."""
    message = parcel.message
    attachments = tuple(
        Content(content=one.content, media_type=one.media_type, filename=one.filename, description=one.description)
        for one in parcel.attachments
    )
    size = len(message.content) + sum(len(one.content) for one in attachments)
    metadata = Metadata(
        xta_id=xta_id,
        author=party(parcel.author, settings),
        reader=party(parcel.reader, settings),
        process=parcel.case,
        subject=parcel.subject,
        service=how.service,
        scenario=ListedCode(
            code=how.scenario_code, list_uri=how.scenario_list_uri, list_version=how.scenario_list_version
        ),
        message_type=ListedCode(
            code=how.message_type_code or message.root,
            list_uri=how.message_type_list_uri,
            list_version=how.message_type_list_version,
        ),
        payload_schema=how.payload_schema or message.namespace,
        size=size,
        origin=message.created_at,
        test=parcel.test,
        service_quality=how.service_quality,
    )
    content = Content(content=message.content, media_type="text/xml", filename=message.filename, encoding="UTF-8")
    return Described(metadata=metadata, message=content, attachments=attachments, size=size)


def party(who: Party, settings: Settings) -> XtaParty:
    """An author or reader as the XTA header names it."""
    return XtaParty(identifier=who.identifier, type=settings.party_type, name=who.name, category=who.category)
