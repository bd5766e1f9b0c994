"""Reads an exported bundle (format in docs/audit.md) as hostile input: bounded, without extracting anything."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gateway.audit.chain import Record
from gateway.audit.faults import Fault
from gateway.audit.log_source import StoredCheckpoint, StoredRecord
from gateway.audit.merkle import Node
from gateway.audit.report import Finding

FORMAT = "xoev-gateway-audit-bundle"
VERSION = 1

MANIFEST = "bundle.json"
RECORDS = "records.jsonl"
HASHES = "hashes.txt"
CHECKPOINT = "checkpoint.txt"
EARLIER = "checkpoints.jsonl"
PROOFS = "proofs.json"
STATEMENT = "statement.txt"
CONSISTENCY = "consistency.json"

_LONGEST_LINE = 1_000_000
_LARGEST_FILE = 64_000_000


class BundleError(ValueError):
    """The file is no bundle of a known version, or a part of it is missing or malformed."""


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """Damage inside a ZIP shows as errors of many kinds (zlib, struct, zipfile, OS); here they all mean the same."""
    try:
        yield
    except BundleError:
        raise
    except Exception as error:
        raise BundleError(f"{name} is missing or damaged") from error


class BundleReader:
    """An open bundle. Every method raises BundleError for what is missing, malformed or too large."""

    def __init__(self, path: Path) -> None:
        # Held here, because a ZipFile keeps its file open while a part of it is being read.
        self._file = path.open("rb")
        try:
            with _reading(path.name):
                self._zip = zipfile.ZipFile(self._file)
            manifest = self._manifest()
            self.kind = _text(manifest, "kind")
            self.origin = _text(manifest, "origin")
            self.case = _text(manifest, "case") if self.kind == "case" else ""
        except BundleError:
            self._file.close()
            raise

    def close(self) -> None:
        """Let go of the file, also in the middle of reading a part."""
        self._zip.close()
        self._file.close()

    def has(self, name: str) -> bool:
        return name in self._zip.namelist()

    def file(self, name: str) -> bytes:
        """Return a whole (small) file."""
        with _reading(name), self._zip.open(name) as file:
            data = file.read(_LARGEST_FILE + 1)
        if len(data) > _LARGEST_FILE:
            raise BundleError(f"{name} is too large")
        return data

    def json(self, name: str) -> Any:
        data = self.file(name)
        with _reading(name):
            return json.loads(data)

    def lines(self, name: str) -> Iterator[bytes]:
        """Yield the lines of a file without their LF, reading as it goes."""
        with _reading(name), self._zip.open(name) as file:
            while line := file.readline(_LONGEST_LINE):
                if not line.endswith(b"\n"):
                    raise BundleError(f"{name} has a line that is too long or not ended")
                yield line[:-1]

    def _manifest(self) -> dict[str, Any]:
        names = self._zip.namelist()
        if len(names) != len(set(names)):
            raise BundleError("a file stands in the bundle twice")
        manifest = self.json(MANIFEST)
        if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
            raise BundleError("not an audit bundle")
        if manifest.get("version") != VERSION:
            raise BundleError("a bundle of another format version")
        return manifest


class BundleLog:
    """A whole log in a bundle, as a :class:`gateway.audit.log_source.LogSource`."""

    kind = "log"
    pending = 0

    def __init__(self, bundle: BundleReader) -> None:
        self._bundle = bundle

    def records(self) -> Iterator[StoredRecord]:
        hashes = self._bundle.lines(HASHES)
        for place, data in enumerate(self._bundle.lines(RECORDS)):
            yield StoredRecord(place=place, data=data, leaf=_hash(next(hashes, b"")))

    def checkpoints(self) -> Iterator[StoredCheckpoint]:
        for line in self._bundle.lines(EARLIER):
            with _reading(EARLIER):
                note = json.loads(line)
            if not isinstance(note, str):
                raise BundleError(f"{EARLIER} holds something else than notes")
            yield StoredCheckpoint(note=note.encode("utf-8", "surrogatepass"))
        yield StoredCheckpoint(note=self._bundle.file(CHECKPOINT))

    def contradicts(self, record: Record) -> Fault | None:
        return None

    def known(self, place: int) -> tuple[str, str]:
        return "", ""

    def holds(self, node: Node) -> bool:
        return True

    def surplus(self, size: int) -> Finding | None:
        if sum(1 for _ in self._bundle.lines(HASHES)) > size:
            return Finding(fault=Fault.RECORD_MISSING, seq=size)
        return None


def hashes(value: object) -> list[bytes]:
    """Return the 32-byte hashes of a JSON list of hex strings. Raises BundleError."""
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BundleError("not a list of hashes")
    read = [_hash(one.encode("utf-8", "surrogatepass")) for one in value]
    if not all(read):
        raise BundleError("not a list of hashes")
    return read


def _hash(text: bytes) -> bytes:
    """The hash of 64 lower-case hex digits, nothing for anything else."""
    if len(text) != 64 or text.strip(b"0123456789abcdef"):
        return b""
    return bytes.fromhex(text.decode())


def _text(manifest: dict[str, Any], name: str) -> str:
    value = manifest.get(name)
    if not isinstance(value, str):
        raise BundleError(f"{MANIFEST} does not say {name}")
    return value
