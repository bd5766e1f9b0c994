"""The second half of the way: claims what is due, as many as there are free threads, and has it attempted."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from gateway.delivery.attempt import Attempts, Ended
from gateway.delivery.policy import RetryPolicy
from gateway.loop import Loop
from gateway.model import DeliveryState
from gateway.ports import Adapter
from gateway.store import deliveries
from gateway.store.database import Database, moment

log = structlog.get_logger(room="delivery")

_LONGEST_SLEEP = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _InHand:
    """An attempt under way, and over which connection."""

    connection: str
    future: Future[None]


class Worker:
    """Delivers on its own threads between :meth:`start` and :meth:`stop`; :meth:`run_once` does the same in line.

    A delivery is claimed for the time of ``lease``, again and again while it is in hand: others may take it over only
    from a worker that is dead. One connection gets all threads but one: a silent server leaves the others a way.
    ``on_attempt`` hears how every attempt ended, ``on_delivered`` that an answer may soon wait in the mailbox.
    """

    def __init__(
        self,
        *,
        database: Database,
        adapters: Mapping[str, Adapter],
        policy: RetryPolicy,
        threads: int = 4,
        lease: timedelta = timedelta(minutes=5),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        on_attempt: Callable[[Ended], None] = lambda ended: None,
        on_delivered: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._threads = threads
        self._lease = lease
        self._clock = clock
        self._on_attempt = on_attempt
        self._on_delivered = on_delivered
        self._owner = f"worker-{uuid.uuid4().hex[:12]}"
        self._attempts = Attempts(database=database, adapters=adapters, policy=policy, owner=self._owner, clock=clock)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="delivery")
        self._most_of_one = max(threads - 1, 1)
        self._in_hand: dict[str, _InHand] = {}
        self._renewed = clock()
        self._loop = Loop("delivery-claim", self._fill)

    def start(self) -> None:
        """Begin to deliver. The database belongs to this process alone, so what a dead one held is free."""
        freed = self._database.write(deliveries.release_all)
        if freed:
            log.warning("deliveries taken over", count=freed)
        self._loop.start()

    def poke(self) -> None:
        """Say that something may be due now."""
        self._loop.poke()

    def stop(self) -> None:
        """Claim nothing more and finish what is in hand."""
        self._loop.stop()
        self._pool.shutdown(wait=True)

    def run_once(self) -> int:
        """Attempt everything that is due now, one after the other; return how many attempts that were."""
        claimed = self._claim(64, busy=())
        for delivery_id in claimed:
            self._attempt(delivery_id)
        return len(claimed)

    def _fill(self) -> float:
        """Claim no more than there are free threads, so that nothing waits under a running lease.

        Returns for how many seconds nothing can become due.
        """
        self._in_hand = {one: held for one, held in self._in_hand.items() if not held.future.done()}
        self._renew()
        counts = Counter(held.connection for held in self._in_hand.values())
        busy = tuple(connection for connection, count in counts.items() if count >= self._most_of_one)
        free = self._threads - len(self._in_hand)
        if free == 0:
            return self._longest_sleep
        room = self._most_of_one - max((count for name, count in counts.items() if name not in busy), default=0)
        for delivery_id, connection in self._claim(min(free, room), busy=busy).items():
            future = self._pool.submit(self._attempt, delivery_id)
            self._in_hand[delivery_id] = _InHand(connection=connection, future=future)
            future.add_done_callback(lambda _: self._loop.poke())
        earliest = self._database.read(lambda c: deliveries.next_due(c, busy=busy))
        if earliest is None:
            return self._longest_sleep
        return min(max((moment(earliest) - self._clock()).total_seconds(), 0.0), self._longest_sleep)

    @property
    def _longest_sleep(self) -> float:
        """Seconds after which to look again whatever happens: in time to renew what is in hand."""
        return min(_LONGEST_SLEEP, self._lease.total_seconds() / 4) if self._in_hand else _LONGEST_SLEEP

    def _renew(self) -> None:
        """Hold on to what is in hand, once in half a lease: an attempt that takes long is not one that died."""
        now = self._clock()
        if not self._in_hand:
            self._renewed = now
        elif now - self._renewed >= self._lease / 2:
            held, until = tuple(self._in_hand), now + self._lease
            self._database.write(lambda c: deliveries.renew(c, held, owner=self._owner, lease_until=until))
            self._renewed = now

    def _claim(self, limit: int, *, busy: tuple[str, ...]) -> dict[str, str]:
        """Claim what is due, except over ``busy`` connections; return the ids with their connections.

        Asks a reader first, because an idle worker must not commit.
        """
        now = self._clock()
        earliest = self._database.read(lambda c: deliveries.next_due(c, busy=busy))
        if earliest is None or moment(earliest) > now:
            return {}
        until = now + self._lease
        return self._database.write(
            lambda c: deliveries.claim(c, owner=self._owner, now=now, lease_until=until, limit=limit, busy=busy)
        )

    def _attempt(self, delivery_id: str) -> None:
        try:
            claimed = self._database.read(lambda c: deliveries.load(c, delivery_id))
            structlog.contextvars.bind_contextvars(correlation_id=claimed.correlation_id)
            ended = self._attempts.make(claimed)
            self._on_attempt(ended)
            if ended.decision.state is DeliveryState.DELIVERED:
                self._on_delivered()
        except Exception:  # one delivery's trouble stays its own; its lease frees it
            log.exception("attempt failed inside the gateway", delivery=delivery_id)
        finally:
            structlog.contextvars.clear_contextvars()
