"""Where a whole log is read from when it is verified: the database's file or an exported bundle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from gateway.audit.chain import Record
from gateway.audit.faults import Fault
from gateway.audit.merkle import Node
from gateway.audit.report import Finding


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredRecord:
    """A record's bytes and leaf hash as found at a place."""

    place: int
    data: bytes
    leaf: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredCheckpoint:
    """A signed note as found; ``size`` and ``root`` are what stands beside it, ``None`` if nothing does."""

    note: bytes
    size: int | None = None
    root: bytes | None = None


class LogSource(Protocol):
    """A whole log as it is found. Nothing that it gives is trusted."""

    kind: str
    pending: int

    def records(self) -> Iterator[StoredRecord]:
        """All records, by place."""
        ...

    def checkpoints(self) -> Iterator[StoredCheckpoint]:
        """All checkpoints, by size."""
        ...

    def contradicts(self, record: Record) -> Fault | None:
        """What the source says elsewhere about the record that it gave last, if that differs."""
        ...

    def known(self, place: int) -> tuple[str, str]:
        """Case and event of the record at this place as far as the source knows them without its bytes, else ""."""
        ...

    def holds(self, node: Node) -> bool:
        """Whether the source has the same hash for this inner node, where it keeps inner nodes."""
        ...

    def surplus(self, size: int) -> Finding | None:
        """What the source holds beyond its ``size`` records, if anything."""
        ...
