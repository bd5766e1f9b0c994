"""What an XTA server remembers: accounts, ids, transport orders with their reports, mailboxes with their iterators.

Not thread-safe by itself; the service holds one lock around it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto
from uuid import uuid4

from lxml import etree


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Who owns a client certificate and for which author identifiers it may speak; ``blocked`` answers 9011."""

    authors: frozenset[str]
    blocked: bool = False


class Final(Enum):
    """How an order ends once its report is closed."""

    GREEN = auto()
    YELLOW = auto()
    RED = auto()
    REFUSED = auto()
    """Red, with an entry of the fault list (9050)."""


@dataclass(kw_only=True, slots=True)
class Order:
    """A message that was accepted. ``open_polls``: so many reports still say that it is under way."""

    author: str
    metadata: etree._Element
    accepted_at: datetime
    open_polls: int
    final: Final


@dataclass(kw_only=True, slots=True)
class Post:
    """A message in a mailbox; stays until it is confirmed."""

    xta_id: str
    metadata: etree._Element
    container: etree._Element


@dataclass(kw_only=True, slots=True)
class Iterator:
    """A walk through a mailbox: the ids still to be given out, as they were at its beginning."""

    owner: str
    left: list[str]


@dataclass(kw_only=True, slots=True)
class State:
    """Everything, in memory. XTA ids are keys in lower case."""

    issued: dict[str, str] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    boxes: dict[str, dict[str, Post]] = field(default_factory=dict)
    iterators: dict[str, Iterator] = field(default_factory=dict)

    def issue(self, author: str) -> str:
        """Return a new XTA message id in the form of the standard (V5 text, section on ids)."""
        xta_id = f"urn:de:xta:messageid:Simulator_01:{uuid4()}"
        self.issued[xta_id.lower()] = author
        return xta_id

    def post(self, reader: str, post: Post) -> None:
        """Put a message into the mailbox of ``reader``."""
        self.boxes.setdefault(reader, {})[post.xta_id.lower()] = post

    def open_box(self, owner: str, wanted: Iterable[str]) -> str:
        """Begin a walk through the owner's unconfirmed messages (those ``wanted``, or all); return its id."""
        only = {one.lower() for one in wanted}
        left = [xta_id for xta_id in self.boxes.get(owner, {}) if not only or xta_id in only]
        iterator_id = f"urn:uuid:{uuid4()}"
        self.iterators[iterator_id] = Iterator(owner=owner, left=left)
        return iterator_id

    def confirm(self, owner: str, xta_ids: Iterable[str]) -> None:
        """Remove messages from the owner's mailbox for good; their ids have to come back exactly as they were given."""
        box = self.boxes.get(owner, {})
        for xta_id in xta_ids:
            if (post := box.get(xta_id.lower())) is not None and post.xta_id == xta_id:
                del box[xta_id.lower()]

    def waiting(self, owner: str) -> int:
        """Return how many unconfirmed messages the mailbox holds."""
        return len(self.boxes.get(owner, {}))


def utc_now() -> datetime:
    return datetime.now(UTC)
