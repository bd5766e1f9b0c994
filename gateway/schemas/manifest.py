"""Reads ``packages.toml``: which schema packages are shipped, from when to when they hold, and that they are unchanged.

Versions of a standard are data with dates (XMeld changes on 1 May and 1 November). The checksum of a package covers
every schema file that its root reaches and its rules, so that an auditor can name exactly what a message was checked
against: it is the SHA-256 of what ``sha256sum`` prints for those files, sorted by path.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from lxml import etree

from gateway.errors import ConfigurationError

FILE = "packages.toml"
_XS = "{http://www.w3.org/2001/XMLSchema}"
_REQUIRED = frozenset({"standard", "version", "namespace", "prefix", "root", "rules", "valid_from", "sha256"})
_OPTIONAL = frozenset({"official", "valid_until", "accept_until", "note"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One package as ``packages.toml`` describes it; paths are relative to ``directory``, days are included."""

    directory: Path
    standard: str
    version: str
    namespace: str
    prefix: str
    root: str
    rules: str
    valid_from: date
    sha256: str
    official: str = ""
    valid_until: date | None = None
    accept_until: date | None = None
    note: str = ""

    def sends_on(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_until is None or on <= self.valid_until)

    def schema_files(self) -> list[Path]:
        """Return every schema file that the root reaches, sorted by path.

        Raises ConfigurationError if one is missing, no XML, or outside the directory.
        """
        found: set[Path] = set()
        waiting = [self.directory / self.root]
        while waiting:
            file = waiting.pop().resolve()
            if file not in found:
                found.add(file)
                waiting.extend(file.parent / location for location in self._locations(file))
        return sorted(found)

    def checksum(self) -> str:
        """Return the SHA-256 (hex) of the package as it lies on the disk."""
        files = [*self.schema_files(), (self.directory / self.rules).resolve()]
        base = self.directory.resolve()
        lines = sorted((file.relative_to(base).as_posix(), self._digest(file)) for file in files)
        listing = "".join(f"{digest}  {path}\n" for path, digest in lines)
        return hashlib.sha256(listing.encode()).hexdigest()

    def verify(self) -> None:
        """Raise ConfigurationError if a file of the package is not what was sealed."""
        if self.checksum() != self.sha256:
            reason = (
                "the files differ from their checksum; reinstall, or seal a change you made: python -m gateway.schemas"
            )
            raise ConfigurationError(str(self.directory / FILE), f"{self.standard} {self.version} sha256", reason)

    def _locations(self, file: Path) -> list[str]:
        if not file.is_relative_to(self.directory.resolve()):
            raise ConfigurationError(str(self.directory / FILE), self.root, "a schema refers to a file outside")
        try:
            tree = etree.parse(str(file), etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
        except (OSError, etree.XMLSyntaxError) as error:
            raise ConfigurationError(str(file), "", f"cannot be read: {error}") from error
        references = tree.iter(f"{_XS}include", f"{_XS}import", f"{_XS}redefine")
        return [location for one in references if (location := one.get("schemaLocation"))]

    @staticmethod
    def _digest(file: Path) -> str:
        try:
            return hashlib.sha256(file.read_bytes()).hexdigest()
        except OSError as error:
            raise ConfigurationError(str(file), "", f"cannot be read: {error}") from error


def read(directory: Path) -> list[Entry]:
    """Return the packages in ``directory``.

    Raises ConfigurationError if the file cannot be read, a key is missing or unknown, a span of days is empty, or two
    packages of one standard would be valid for sending on the same day.
    """
    file = directory / FILE
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8")).get("package", [])
    except (OSError, ValueError) as error:
        raise ConfigurationError(str(file), "", f"cannot be read: {error}") from error
    entries = [_entry(table, directory) for table in tables]
    for number, entry in enumerate(entries):
        for other in entries[:number]:
            _refuse_conflict(entry, other, file)
    return entries


def seal(directory: Path) -> list[Entry]:
    """Write the checksums of the files as they are now into ``packages.toml`` and return the packages."""
    file = directory / FILE
    sums = [entry.checksum() for entry in read(directory)]
    remaining = iter(sums)
    text = file.read_text(encoding="utf-8")
    sealed = re.sub(r'(?m)^sha256 = ".*"$', lambda _: f'sha256 = "{next(remaining)}"', text)
    file.write_text(sealed, encoding="utf-8")
    return read(directory)


def _entry(table: dict[str, Any], directory: Path) -> Entry:
    file = str(directory / FILE)
    key = f"{table.get('standard', '?')} {table.get('version', '?')}"
    missing = _REQUIRED - table.keys()
    unknown = table.keys() - _REQUIRED - _OPTIONAL
    if missing or unknown:
        raise ConfigurationError(file, key, f"missing {sorted(missing)}, unknown {sorted(unknown)}")
    entry = Entry(directory=directory, **table)
    for day in (entry.valid_from, entry.valid_until, entry.accept_until):
        if day is not None and type(day) is not date:
            raise ConfigurationError(file, key, "days are written as dates without quotes: 2025-11-01")
    if entry.valid_until is not None and entry.valid_until < entry.valid_from:
        raise ConfigurationError(file, key, "valid_until lies before valid_from")
    if entry.accept_until is not None and entry.accept_until < (entry.valid_until or date.max):
        raise ConfigurationError(file, key, "accept_until lies before valid_until")
    return entry


def _refuse_conflict(one: Entry, other: Entry, file: Path) -> None:
    if one.namespace == other.namespace:
        raise ConfigurationError(str(file), one.namespace, "two packages have the same namespace")
    if one.standard == other.standard and (one.sends_on(other.valid_from) or other.sends_on(one.valid_from)):
        key = f"{one.standard} {other.version}, {one.version}"
        raise ConfigurationError(str(file), key, "both are valid for sending on the same day; set valid_until")
