"""What an adapter has to offer. The port of `adapters/<vendor>/adapter.py`; a class fits it by its shape alone.

A module ``adapters.<name>.adapter`` exports ``Settings`` (a pydantic model of its table in the configuration) and
``create(settings, *, name) -> Adapter``. Nothing else in the gateway knows a vendor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from gateway.model import Finding, Incoming, Outcome, Parcel


class Reports(StrEnum):
    """Which of the three states an adapter can learn from its destination."""

    RECEIPT = "receipt"
    ACCEPTANCE = "acceptance"
    DECISION = "decision"


@dataclass(frozen=True, kw_only=True, slots=True)
class Capabilities:
    """What an adapter can carry. ``max_bytes`` counts message and attachments together, decoded."""

    standards: frozenset[str]
    max_bytes: int
    synchronous: bool
    reports: frozenset[Reports]


class Adapter(Protocol):
    """Reaches one vendor's procedure. Methods may be called from several threads at once.

    Not promised: that ``deliver`` is atomic (after UNCLEAR the destination may or may not have the message), that
    ``collect`` gives every message only once (it gives it at least once), or any order between messages.
    """

    @property
    def capabilities(self) -> Capabilities: ...

    def reserve_id(self, parcel: Parcel) -> str:
        """Return the transport message id for this parcel.

        Called before the first attempt; the id is committed before anything is sent. Losing the answer costs
        nothing: it is called again. Raises :class:`gateway.errors.TransportError` if no id can be had now.
        """
        ...

    def deliver(self, parcel: Parcel) -> Outcome:
        """Send the parcel under ``parcel.transport_id``; never raises for what a network or a peer can do."""
        ...

    def reconcile(self, parcel: Parcel) -> Outcome:
        """Ask the destination what became of the parcel; sends nothing that could create a second case.

        DELIVERED or REFUSED: it knows the message. UNREACHABLE with code ending in ``not_known``: it certainly does
        not have it, send again under the same id. UNCLEAR: ask again later.
        """
        ...

    def collect(self, keep: Callable[[Incoming], None]) -> int:
        """Fetch what waits in our mailbox; return how many messages were kept.

        ``keep`` returns only when the message is durable; only then is it confirmed to the mailbox. If ``keep``
        raises, that message stays unconfirmed and is offered again. Raises TransportError if the mailbox is away.
        """
        ...

    def check(self) -> tuple[Finding, ...]:
        """Check settings, connection, credentials and certificate dates with one harmless call."""
        ...

    def close(self) -> None:
        """Release connections."""
        ...
