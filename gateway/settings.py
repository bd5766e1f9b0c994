"""Configuration: one TOML file, typed and checked, read once at start.

Unknown keys are errors. Secrets never stand in the file: keys that end in ``_file`` or ``_files`` name files (relative
to the configuration file), and where a password may come from the environment its key ends in ``_env``.
"""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from gateway.errors import ConfigurationError
from gateway.model import Contact, Destination, Party, PostalAddress

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
Tenant = Annotated[str, StringConstraints(pattern=r"^[0-9]{9}$")]
Seconds = Annotated[float, Field(gt=0, le=30 * 86400)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Listen(_Section):
    """Where the portal API listens. TLS towards portals ends at the reverse proxy in front."""

    host: Text = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8470
    threads: Annotated[int, Field(ge=1, le=256)] = 8
    max_body_bytes: Annotated[int, Field(ge=1_000, le=10_000_000)] = 1_000_000


class DatabaseSettings(_Section):
    """The store; ``url`` is a SQLAlchemy URL, a relative SQLite path is taken from the configuration file's folder."""

    url: Text


class AreasSettings(_Section):
    file: Path


class AddressSettings(_Section):
    strasse: Text
    hausnummer: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,4}$")] | None = None
    hausnummerzusatz: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9./ ]{1,4}$")] | None = None
    plz: Annotated[str, StringConstraints(pattern=r"^[0-9]{5}$")]
    ort: Text


class ContactSettings(_Section):
    """``channel`` is a code of ``urn:de:xoev:codeliste:erreichbarkeit``: 01 e-mail, 02 telephone, 09 web, …"""

    channel: Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$")]
    address: Text


class PartySettings(_Section):
    """An author or reader of messages, as its directory entry (DVDV) names it: looked up, never computed."""

    identifier: Annotated[str, StringConstraints(pattern=r"^[a-z]{3,4}:[0-9A-Za-z]{1,40}$")]
    name: Text
    category: Text
    address: AddressSettings
    contacts: list[ContactSettings] = []

    def party(self) -> Party:
        return Party(
            identifier=self.identifier,
            name=self.name,
            category=self.category,
            address=PostalAddress(**self.address.model_dump()),
            contacts=tuple(Contact(**one.model_dump()) for one in self.contacts),
        )


class AuthorSettings(PartySettings):
    """Who writes the messages: the portal or the body that operates it (DVDV prefix ``mbp``)."""

    contacts: Annotated[list[ContactSettings], Field(min_length=1)]


class SigningSettings(_Section):
    """The seal key. ``none`` signs nothing and marks all evidence as unsigned: for development only."""

    kind: Literal["pkcs12", "pem", "none"] = "pkcs12"
    key_file: Path | None = None
    certificate_file: Path | None = None
    password_file: Path | None = None
    password_env: Variable | None = None

    @model_validator(mode="after")
    def _complete(self) -> SigningSettings:
        if self.kind != "none" and self.key_file is None:
            raise ValueError("key_file is missing")
        if self.kind == "pem" and self.certificate_file is None:
            raise ValueError("certificate_file is missing")
        return self


class AuditSettings(_Section):
    """The tamper-evident log. ``origin`` names it for ever, as a schema-less URL (C2SP tlog-checkpoint)."""

    origin: Annotated[str, StringConstraints(pattern=r"^[^\s+]{3,200}$")]
    key_file: Path


class SchemaSettings(_Section):
    """``official_directory``: a folder with the publisher's schemas; messages must then be valid there too."""

    official_directory: Path | None = None


class DeliverySettings(_Section):
    """How deliveries are tried: times in seconds."""

    workers: Annotated[int, Field(ge=1, le=64)] = 4
    lease: Seconds = 300
    first_retry: Seconds = 10
    longest_retry: Seconds = 900
    reconcile_after: Seconds = 10
    hold: Seconds = 1800
    deadline: Seconds = 7 * 86400
    collect_every: Seconds = 60


class PortalSettings(_Section):
    """A portal and the administrations for which it may hand in and read applications."""

    id: Name
    tenants: Annotated[list[Tenant], Field(min_length=1)]
    token_hash_files: Annotated[list[Path], Field(min_length=1)]


class DestinationSettings(_Section):
    """An authority's procedure for some services, from a day on (and until a day, both included)."""

    id: Name
    administration: Tenant
    services: Annotated[list[Name], Field(min_length=1)]
    connection: Name
    reader: PartySettings
    product: Text | None = None
    send_signature: bool = True
    valid_from: date
    valid_until: date | None = None

    def destination(self) -> Destination:
        return Destination(
            id=self.id,
            tenant=self.administration,
            services=frozenset(self.services),
            connection=self.connection,
            reader=self.reader.party(),
            send_signature=self.send_signature,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
        )


class Settings(_Section):
    """The whole file."""

    test: bool
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    listen: Listen = Listen()
    database: DatabaseSettings
    areas: AreasSettings
    author: AuthorSettings
    signing: SigningSettings
    audit: AuditSettings
    schemas: SchemaSettings = SchemaSettings()
    delivery: DeliverySettings = DeliverySettings()
    portal: Annotated[list[PortalSettings], Field(min_length=1)]
    connection: dict[Name, dict[str, Any]]
    destination: list[DestinationSettings] = []

    @model_validator(mode="after")
    def _consistent(self) -> Settings:
        _unique("portal", [one.id for one in self.portal])
        _unique("destination", [one.id for one in self.destination])
        for one in self.destination:
            if one.connection not in self.connection:
                raise ValueError(f"destination {one.id}: there is no [connection.{one.connection}]")
            if one.valid_until is not None and one.valid_until < one.valid_from:
                raise ValueError(f"destination {one.id}: valid_until lies before valid_from")
        return self


def _unique(what: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{what} {name} stands twice")


def load(file: Path) -> Settings:
    """Read and check the configuration file; raises ConfigurationError with file, key and reason (the first found)."""
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigurationError(str(file), "file", "does not exist") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(str(file), "file", f"cannot be read: {error}") from error
    base = file.resolve().parent
    try:
        settings = Settings.model_validate(_resolved(raw, base))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise ConfigurationError(str(file), _key(first["loc"]), first["msg"]) from None
    url = _database_url(settings.database.url, base, str(file))
    return settings.model_copy(update={"database": DatabaseSettings(url=url)})


def adapter_module(file: str, name: str, table: Mapping[str, Any]) -> tuple[ModuleType, BaseModel]:
    """Return the adapter module of a connection and its checked settings.

    ``table`` is the TOML table ``[connection.<name>]``; its key ``adapter`` names the folder under ``adapters/``.
    """
    where = f"connection.{name}"
    vendor = table.get("adapter")
    if not isinstance(vendor, str) or not vendor.isidentifier():
        raise ConfigurationError(file, f"{where}.adapter", "must name a folder under adapters/")
    try:
        module = importlib.import_module(f"adapters.{vendor}.adapter")
    except ModuleNotFoundError as error:
        if error.name is None or not f"adapters.{vendor}.adapter".startswith(error.name):
            raise
        raise ConfigurationError(file, f"{where}.adapter", f"there is no adapter {vendor}") from error
    model: type[BaseModel] = module.Settings
    try:
        return module, model.model_validate({key: value for key, value in table.items() if key != "adapter"})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise ConfigurationError(file, f"{where}.{_key(first['loc'])}", first["msg"]) from None


def _resolved(value: Any, base: Path, key: str = "") -> Any:
    """Turn the values of ``…_file``, ``…_files`` and ``…_directory`` keys (and ``areas.file``) into absolute paths."""
    if isinstance(value, dict):
        return {name: _resolved(inner, base, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_resolved(inner, base, key) for inner in value]
    if isinstance(value, str) and (key == "file" or key.endswith(("_file", "_files", "_directory"))):
        return base / value
    return value


def _database_url(url: str, base: Path, file: str) -> str:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigurationError(file, "database.url", "is no database URL") from error
    if parsed.get_backend_name() == "sqlite" and parsed.database and parsed.database != ":memory:":
        parsed = parsed.set(database=str(base / parsed.database))
    return parsed.render_as_string(hide_password=False)


def _key(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "file"
