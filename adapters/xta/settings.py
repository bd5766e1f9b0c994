"""Settings of a connection over XTA: the table ``[connection.<name>]`` with ``adapter = "xta"``.

The values that describe messages (service URI, scenario, lists) differ from server to server; the defaults are the
ones met most often and have to be confirmed with the operator of the XTA server.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, StringConstraints, field_validator

from gateway.transport.http import Limits
from gateway.transport.tls import TlsFiles
from gateway.transport.xta.records import XtaParty

Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Seconds = Annotated[float, Field(gt=0, le=600)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AuthorSettings(_Section):
    """The account for which mail is collected and checks are made, as the XTA server knows it."""

    identifier: Text
    name: Text | None = None
    category: Text | None = "Meldebehördenportal"


class MessageSettings(_Section):
    """How messages of one type or standard are described in the XTA metadata (Qualifier).

    ``message_type_code`` and ``payload_schema`` default to root element name and namespace of the message;
    ``service_quality`` is the id of the service profile, if one is agreed.
    """

    service: Text
    scenario_code: Text
    scenario_list_uri: Text = "urn:de:xta:codeliste:business.scenario"
    scenario_list_version: Text = "1"
    message_type_code: Text | None = None
    message_type_list_uri: Text = "urn:de:payloadSchema:elementName"
    message_type_list_version: Text = "1.0"
    payload_schema: Text | None = None
    service_quality: Text | None = None


_XMELD = MessageSettings(service="http://www.osci.de/xmeld2511/xmeld2511Onlinedienste.wsdl", scenario_code="XMELD_DATA")


class Settings(_Section):
    """One XTA server. File names are absolute here; the configuration's loader resolved them.

    ``messages`` is keyed by message number (``1700``) or standard in lower case (``xmeld``), the number wins.
    ``party_type`` says how identifiers are to be read (Identifier/@type). Times are seconds.
    """

    management_url: HttpUrl
    send_url: HttpUrl
    msgbox_url: HttpUrl
    ca_file: Path
    client_certificate_file: Path
    client_key_file: Path
    client_key_password_file: Path | None = None
    author: AuthorSettings
    party_type: Text = "xoev"
    messages: dict[Text, MessageSettings] = {"xmeld": _XMELD}
    max_bytes: Annotated[int, Field(gt=0, le=40_000_000)] = 40_000_000
    connect_timeout: Seconds = 10
    read_timeout: Seconds = 60
    total_timeout: Seconds = 120
    connections: Annotated[int, Field(ge=1, le=64)] = 8
    fetch_at_most: Annotated[int, Field(ge=1, le=10_000)] = 500

    @field_validator("management_url", "send_url", "msgbox_url")
    @classmethod
    def _https(cls, url: HttpUrl) -> HttpUrl:
        if url.scheme != "https" or url.username is not None or url.fragment is not None:
            raise ValueError("must be an https URL without user and fragment")
        return url

    @property
    def tls(self) -> TlsFiles:
        return TlsFiles(
            ca_file=self.ca_file,
            certificate_file=self.client_certificate_file,
            key_file=self.client_key_file,
            key_password_file=self.client_key_password_file,
        )

    @property
    def limits(self) -> Limits:
        """A reply can be as large as a message: base64 and envelope make it half as large again."""
        return Limits(
            connect=self.connect_timeout,
            read=self.read_timeout,
            total=self.total_timeout,
            reply_bytes=self.max_bytes * 3 // 2 + 4_000_000,
        )

    @property
    def account(self) -> XtaParty:
        return XtaParty(
            identifier=self.author.identifier,
            type=self.party_type,
            name=self.author.name,
            category=self.author.category,
        )
