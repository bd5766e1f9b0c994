"""Writes what happened into the transaction that makes it happen (the outbox of the audit log).

A record holds ids, codes and salted digests, never personal data. A digest is ``SHA-256(salt || payload)`` with 32
random bytes of salt for each object: once payload and salt are erased, nobody can test guesses against what stays,
and the log is still verifiable. Records get their place in the log later (:mod:`gateway.audit.sequencer`), so writers
never wait for each other.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from gateway.audit.events import Event
from gateway.store.database import timestamp
from gateway.store.insertion import Value, insert
from gateway.store.tables import audit_salt, event

LOG_CASE = "log"
"""The case of records that concern the log itself."""

_CASE = re.compile(r"log|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ACCOUNT = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
_REF_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+=-]{0,127}")
_DIGEST_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_CODE = re.compile(r"(?:[a-z][a-z0-9_]{0,31}(?:[.-][A-Za-z0-9_]{1,40}){0,4})?")

_EVENT_COLUMNS = ("case_id", "at", "event", "actor", "peer", "ref", "dig", "err")
_SALT_COLUMNS = ("case_id", "name", "salt")


def _guard(name: str, pattern: re.Pattern[str], value: str) -> None:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError(f"audit entry: {name} is not a short ASCII id or code")


class ActorKind(StrEnum):
    """Who acted: the gateway itself, a portal (API client), or a person at the operator (by account id)."""

    SYSTEM = "system"
    CLIENT = "client"
    OPERATOR = "operator"


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """An account, never a name: ``id`` is lower-case ASCII (``portal-emsland``, ``delivery``)."""

    kind: ActorKind
    id: str

    def __post_init__(self) -> None:
        _guard("actor", _ACCOUNT, self.id)


GATEWAY = Actor(kind=ActorKind.SYSTEM, id="gateway")
"""The gateway acting on its own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One record to be written.

    ``case`` is the pseudonymous application id (a lower-case UUID) or :data:`LOG_CASE`; ``peer`` the other side's
    directory id (``ags:03454035``); ``ref`` message ids and numbers by name (``{"xta": "urn:de:xta:messageid:…"}``);
    ``digests`` pairs of a name that we chose (``nachricht.xml``, ``receipt-2.xml``; unique within the case, never a
    citizen's file name) and the payload; ``err_code`` and ``err_class`` codes from our lists (``xta.9050``,
    ``unreachable``).

    Raises ValueError, naming the field but not the value, for anything that is not a short ASCII id or code: such a
    value might be personal data, and what is once in the log stays there. An id from outside (message id,
    author of a reply) may not fit the pattern; pass it through :func:`foreign_id`.
    """

    case: str
    event: Event
    actor: Actor = GATEWAY
    peer: str = ""
    ref: Mapping[str, str] = field(default_factory=dict)
    digests: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)
    err_code: str = ""
    err_class: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.event, Event):
            raise TypeError("audit entry: event is not from the closed list")
        _guard("case", _CASE, self.case)
        if self.peer:
            _guard("peer", _ID, self.peer)
        _guard("err_code", _CODE, self.err_code)
        _guard("err_class", _CODE, self.err_class)
        for name, value in self.ref.items():
            _guard("ref name", _REF_NAME, name)
            _guard(f"ref {name}", _ID, value)
        for name, _ in self.digests:
            _guard("digest name", _DIGEST_NAME, name)


def foreign_id(text: str) -> str:
    """Return an id that another system chose in a form that a record may hold.

    Ordinary ids (URN, UUID, base64) stay as they are; anything else becomes ``sha256:<hex>`` of its UTF-8 bytes, so
    that a peer with strange ids cannot stop a delivery, and the id can still be compared.
    """
    if _ID.fullmatch(text):
        return text
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def salted_digest(salt: bytes, payload: bytes) -> str:
    """Return ``SHA-256(salt || payload)`` in lower-case hex, the ``d`` of a record."""
    hasher = hashlib.sha256(salt)
    hasher.update(payload)
    return hasher.hexdigest()


def write(connection: Connection, entries: Iterable[Entry], *, at: datetime) -> None:
    """Insert the entries in this order, with new salts for their digests, in the caller's transaction.

    ``at`` is when it happened (with zone). It may repeat or go back when the clock is set: the order of the log is
    the order of writing, never of time. Raises sqlalchemy.exc.IntegrityError if a digest name is used twice in a case.
    """
    if at.tzinfo is None:
        raise ValueError("audit entry: at is a time without a zone")
    stamp = timestamp(at)
    rows: list[tuple[Value, ...]] = []
    salts: list[tuple[Value, ...]] = []
    for entry in entries:
        digests: list[str] = []
        for name, payload in entry.digests:
            salt = os.urandom(32)
            salts.append((entry.case, name, salt))
            digests.append(f'{{"d":"{salted_digest(salt, payload)}","n":"{name}"}}')
        rows.append(_row(entry, stamp, f"[{','.join(digests)}]"))
    insert(connection, event, _EVENT_COLUMNS, rows)
    insert(connection, audit_salt, _SALT_COLUMNS, salts)


def _row(entry: Entry, stamp: str, digests: str) -> tuple[Value, ...]:
    actor = f"{entry.actor.kind.value}:{entry.actor.id}"
    err = _json({"class": entry.err_class, "code": entry.err_code})
    return entry.case, stamp, entry.event.value, actor, entry.peer, _json(entry.ref), digests, err


def _json(texts: Mapping[str, str]) -> str:
    """Write a flat object without escapes: the guards let no character through that would need one."""
    return "{" + ",".join([f'"{name}":"{texts[name]}"' for name in sorted(texts) if texts[name]]) + "}"
