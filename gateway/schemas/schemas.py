"""All schema packages of the gateway: chooses the one for a day (sending) or for a message (reading)."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path

from lxml import etree

from gateway.errors import ConfigurationError, GatewayError, InvalidMessageError, Problem, Violation
from gateway.model import Whose
from gateway.resources import resource
from gateway.schemas import manifest, rules
from gateway.schemas.compiled import CompiledSchema
from gateway.schemas.manifest import Entry
from gateway.schemas.official import OfficialSchemas
from gateway.schemas.package import Purpose, SchemaPackage
from gateway.schemas.parsing import parse
from gateway.schemas.paths import Names
from gateway.schemas.second_opinion import SecondOpinion

NONE_VALID = Problem(
    code="schema.none_valid",
    status=503,
    whose=Whose.OPERATOR,
    retry=True,
    de="Für diesen Tag ist keine Version des Nachrichtenstandards eingerichtet; der Betreiber muss das gültige "
    "Schemapaket einspielen.",
    en="No version of the message standard is set up for this day; the operator has to install the schema package in "
    "force.",
)

_UNKNOWN_VERSION = "V000"
"""Rejection code "version is not served" of XInneres (rueckweisung) and XMeld (0900, 0910)."""


class Schemas:
    """The loaded packages. Safe to use from several threads at once."""

    def __init__(self, packages: tuple[dict[Purpose, SchemaPackage], ...]) -> None:
        self._packages = packages

    @classmethod
    def load(cls, directory: Path | None = None, *, official: Path | None = None) -> Schemas:
        """Verify the checksums, compile every package once and return them.

        ``directory`` holds ``packages.toml`` (default: what is shipped); ``official`` is a folder with the publisher's
        packages (see :mod:`gateway.schemas.official`). Raises ConfigurationError naming what cannot be used.
        """
        publisher = OfficialSchemas(official) if official is not None else None
        return cls(tuple(_compile(entry, publisher) for entry in manifest.read(directory or resource("xsd"))))

    @property
    def packages(self) -> tuple[SchemaPackage, ...]:
        """Every package, as it is used for sending: for self-checks and lists."""
        return tuple(one[Purpose.SENDING] for one in self._packages)

    def for_sending(self, standard: str, on: date) -> SchemaPackage:
        """Return the package of a standard (``xmeld``) that is valid for sending on that day.

        Raises GatewayError ``schema.none_valid`` if there is none; two at once are refused when loading.
        """
        for one in self._packages:
            package = one[Purpose.SENDING]
            begun = package.valid_from <= on
            if package.standard == standard and begun and (package.valid_until is None or on <= package.valid_until):
                return package
        raise GatewayError(NONE_VALID)

    def for_reading(self, content: bytes, on: date) -> SchemaPackage:
        """Return the package that a received message belongs to, by the namespace of its root element.

        A message of a coming version is read as soon as its package is there. Raises InvalidMessageError: ``V000`` for
        a version that is not known or not accepted any more on that day, ``xml.*`` for what cannot be read at all.
        """
        namespace = etree.QName(parse(content)).namespace
        for one in self._packages:
            package = one[Purpose.READING]
            accepted = package.accept_until is None or on <= package.accept_until
            if package.namespace == namespace and accepted:
                return package
        raise InvalidMessageError((Violation(path="/", rule=_UNKNOWN_VERSION),))


def _compile(entry: Entry, publisher: OfficialSchemas | None) -> dict[Purpose, SchemaPackage]:
    entry.verify()
    root = entry.directory / entry.root
    names = Names(namespace=entry.namespace, prefix=entry.prefix, declared=_declared(entry))
    second_opinion = SecondOpinion(root, names)
    profile = CompiledSchema(partial(_compile_profile, root), names, label="xsd", second_opinion=second_opinion)
    official = None
    if publisher is not None and publisher.has(entry.official):
        official = CompiledSchema(partial(publisher.compile, entry.official), names, label="official.xsd")
    every, namespaces = rules.read(entry.directory / entry.rules)

    def package(purpose: Purpose) -> SchemaPackage:
        sending = purpose is Purpose.SENDING
        chosen = tuple(rule for rule in every if sending or not rule.sending_only)
        return SchemaPackage(
            standard=entry.standard,
            version=entry.version,
            namespace=entry.namespace,
            valid_from=entry.valid_from,
            valid_until=entry.valid_until,
            accept_until=entry.accept_until,
            note=entry.note,
            sha256=entry.sha256,
            purpose=purpose,
            names=names,
            profile=profile,
            rules=rules.Rules(chosen, namespaces),
            official=official if sending else None,
        )

    return {purpose: package(purpose) for purpose in Purpose}


def _compile_profile(root: Path) -> etree.XMLSchema:
    try:
        return etree.XMLSchema(file=str(root))
    except etree.XMLSchemaParseError as error:
        raise ConfigurationError(str(root), "", f"does not compile: {error}") from error


def _declared(entry: Entry) -> frozenset[str]:
    """Return the names of all elements and attributes that the package declares."""
    xs = "{http://www.w3.org/2001/XMLSchema}"
    declarations = (
        one for file in entry.schema_files() for one in etree.parse(str(file)).iter(f"{xs}element", f"{xs}attribute")
    )
    return frozenset(name for one in declarations if (name := one.get("name")))
