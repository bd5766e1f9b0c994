"""How many bodies are read at the same time: so few that slow senders never hold every request thread.

A request thread waits for its body as long as the sender takes: the server's ``wsgi.input`` knows no timeout (granian
2.8: ``read``, ``readline``, ``readlines``, each until the bytes are there or the connection ends). So the places for
bodies are counted, by portal and in all, and whoever finds none is told to come back (RFC 6585, section 4).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.errors import GatewayError, Problem
from gateway.model import Whose

TOO_MANY_UPLOADS = Problem(
    code="request.too_many_uploads",
    status=429,
    whose=Whose.PORTAL,
    retry=True,
    de="Es werden schon zu viele Anträge gleichzeitig übertragen; bitte nach der Zeit im Kopf Retry-After mit "
    "demselben Idempotency-Key wiederholen und weniger Anträge gleichzeitig senden.",
    en="Too many applications are being uploaded at the same time; repeat after the time in the Retry-After header "
    "with the same Idempotency-Key, and send fewer at the same time.",
)

_RETRY_AFTER = "1"
"""Seconds."""
_PATIENCE = 0.1
"""Seconds. Bodies that are there already are read in less: a burst of quick requests is not refused."""


class Uploads:
    """The places for bodies that are being read. Safe to use from several threads."""

    def __init__(self, threads: int) -> None:
        """``threads`` serve requests: a portal gets half of them for bodies, all portals together all but one.

        With one thread there is nothing to keep free.
        """
        self._each = max(1, threads // 2)
        self._all = max(1, threads - 1)
        self._changed = threading.Condition()
        self._taken: Counter[str] = Counter()
        self._waiting: set[str] = set()

    @contextmanager
    def place(self, portal: str) -> Iterator[None]:
        """Hold a place while this portal's body is read; raises GatewayError ``request.too_many_uploads``.

        One request of a portal waits a moment for a place, all others are refused at once.
        """
        with self._changed:
            if not self._free(portal) and not self._soon_free(portal):
                raise GatewayError(TOO_MANY_UPLOADS, headers={"Retry-After": _RETRY_AFTER})
            self._taken[portal] += 1
        try:
            yield
        finally:
            with self._changed:
                self._taken[portal] -= 1
                self._changed.notify_all()

    def _free(self, portal: str) -> bool:
        return self._taken[portal] < self._each and self._taken.total() < self._all

    def _soon_free(self, portal: str) -> bool:
        if portal in self._waiting:
            return False
        self._waiting.add(portal)
        try:
            return self._changed.wait_for(lambda: self._free(portal), _PATIENCE)
        finally:
            self._waiting.discard(portal)
