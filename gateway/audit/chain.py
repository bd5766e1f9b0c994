"""Reads records strictly and follows each case: its running numbers and its chain of hashes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from gateway.audit.canonical import CanonicalError, parse
from gateway.audit.faults import Fault

_TEXTS = ("ts", "log", "case", "cprev", "event", "peer")
_NUMBERS = ("v", "seq", "cseq")
_OBJECTS = ("actor", "ref", "err")
_NAMES = frozenset((*_TEXTS, *_NUMBERS, *_OBJECTS, "dig"))
_EVENT = re.compile(r"[a-z_]+(?::[a-z_]+){1,2}")
_CLOSED = "case:closed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A record as its bytes say (format version 1); ``cprev`` in hex, ``count`` only in ``case:closed``."""

    seq: int
    ts: str
    log: str
    case: str
    cseq: int
    cprev: str
    event: str
    count: int | None
    body: dict[str, object]


def read_record(data: bytes) -> Record:
    """Return the record. Raises CanonicalError if the bytes are not a canonical record of version 1."""
    body = parse(data)
    if not isinstance(body, dict):
        raise CanonicalError("a record is an object")
    count = body.get("count")
    if set(body) - {"count"} != _NAMES or body["v"] != 1:
        raise CanonicalError("not a record of version 1")
    right = (
        all(isinstance(body[name], str) for name in _TEXTS)
        and all(type(body[name]) is int and body[name] >= 0 for name in _NUMBERS)
        and all(_texts(body[name]) for name in _OBJECTS)
        and isinstance(body["dig"], list)
        and all(_texts(one) and set(one) == {"d", "n"} for one in body["dig"])
        and set(body["actor"]) == {"id", "kind"}
        and (type(count) is int) == (body["event"] == _CLOSED)
        and ("count" in body) == (body["event"] == _CLOSED)
    )
    if not right or not _EVENT.fullmatch(body["event"]):
        raise CanonicalError("a member of the record has a wrong form")
    return Record(**{name: body[name] for name in ("seq", *_TEXTS[:5], "cseq")}, count=count, body=body)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Head:
    seq: int
    cseq: int
    leaf: str


@dataclass(slots=True)
class Chains:
    """The last record of each case so far."""

    heads: dict[str, _Head] = field(default_factory=dict)

    def follow(self, record: Record, leaf: bytes) -> Fault | None:
        """Take the case's next record, with its leaf hash; return what does not fit, if anything."""
        head = self.heads.get(record.case)
        if record.cseq != (head.cseq + 1 if head else 0):
            return Fault.CASE_GAP
        if record.cprev != (head.leaf if head else ""):
            return Fault.CASE_CHAIN
        if record.count is not None and record.count != record.cseq + 1:
            return Fault.COUNT_WRONG
        self.resume(record, leaf)
        return None

    def resume(self, record: Record, leaf: bytes) -> None:
        """Take the record as the last one of its case without looking at what came before."""
        self.heads[record.case] = _Head(seq=record.seq, cseq=record.cseq, leaf=leaf.hex())

    def last(self, case: str) -> int:
        """Return the running number of the case's last record, -1 if there is none."""
        head = self.heads.get(case)
        return head.cseq if head else -1

    def predecessor(self, case: str) -> str:
        """Return a remark on where the last record of the case stands."""
        head = self.heads.get(case)
        return f"the record of the case before it: {head.seq}" if head else "no record of the case before it"


def _texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
