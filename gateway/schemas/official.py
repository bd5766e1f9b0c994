"""Compiles the publisher's own schemas, where an operator has installed them, without ever touching the network.

An installed set is a folder with an OASIS XML catalog ``catalog.xml`` that maps every remote ``schemaLocation`` (and
namespace) to a file below the folder, as the XRepository packages need: their imports are ``http(s)`` addresses. The
root schema of a package lies at the path that ``packages.toml`` calls ``official`` (XMeld 25.11a:
``xmeld/25.11a/xinneres.xmeld.xsd``); a package whose file is not there is checked against our profile only. Licences
(CC BY-ND and others) are why the gateway does not ship these files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lxml import etree

from gateway.errors import ConfigurationError

CATALOG = "catalog.xml"
_CATALOG_NS = "{urn:oasis:names:tc:entity:xmlns:xml:catalog}"


class _Resolver(etree.Resolver):
    """Answers remote references from the catalog; what the catalog does not know is answered empty and remembered."""

    def __init__(self, files: dict[str, Path]) -> None:
        super().__init__()
        self._files = files
        self.unknown: set[str] = set()

    def resolve(self, system_url: str | None, public_id: str | None, context: object) -> Any:  # type: ignore[override]
        if system_url in self._files:
            return self.resolve_filename(str(self._files[system_url]), context)  # type: ignore[attr-defined]
        if system_url and "://" in system_url and not system_url.startswith("file:"):
            self.unknown.add(system_url)
            return self.resolve_empty(context)  # type: ignore[attr-defined]
        return None


class OfficialSchemas:
    """A folder of official packages. Raises ConfigurationError if it has no usable ``catalog.xml``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files = _read_catalog(folder / CATALOG)

    def has(self, root: str) -> bool:
        """True if the root schema (path relative to the folder) is installed."""
        return bool(root) and (self.folder / root).is_file()

    def compile(self, root: str) -> etree.XMLSchema:
        """Return the compiled schema; takes about a second for XMeld.

        Raises ConfigurationError if the set does not compile or refers to something that the catalog does not know.
        """
        resolver = _Resolver(self._files)
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        parser.resolvers.add(resolver)
        try:
            schema = etree.XMLSchema(etree.parse(str(self.folder / root), parser))
        except (OSError, etree.XMLSyntaxError, etree.XMLSchemaParseError) as error:
            reason = f"does not compile: {error}; not in the catalog: {sorted(resolver.unknown)}"
            raise ConfigurationError(str(self.folder / root), "schemas.official_directory", reason) from error
        if resolver.unknown:
            reason = f"not in the catalog: {sorted(resolver.unknown)}"
            raise ConfigurationError(str(self.folder / CATALOG), "schemas.official_directory", reason)
        return schema


def _read_catalog(catalog: Path) -> dict[str, Path]:
    try:
        root = etree.parse(str(catalog), etree.XMLParser(resolve_entities=False, no_network=True)).getroot()
    except (OSError, etree.XMLSyntaxError) as error:
        raise ConfigurationError(str(catalog), "schemas.official_directory", f"cannot be read: {error}") from error
    files: dict[str, Path] = {}
    for tag, key in (("system", "systemId"), ("uri", "name")):
        for entry in root.iter(_CATALOG_NS + tag):
            name, target = entry.get(key), entry.get("uri")
            if name and target:
                files[name] = catalog.parent / target
    return files
