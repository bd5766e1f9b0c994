"""Figures for Prometheus (text exposition format 0.0.4): what was taken in, what was refused, what waits.

No label ever carries an id, a name or a path: every label's values form a small closed set, anything else is counted
as ``other``. A leaf: any room may import it; the wiring makes one :class:`Metrics` and hands it on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from gateway.errors import Problem
from gateway.model import OutcomeKind

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_METHODS = frozenset({"GET", "HEAD", "POST"})
_ACTS = frozenset({"reserve", "deliver", "reconcile"})


disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for every counter, which nobody reads


@dataclass(frozen=True, kw_only=True, slots=True)
class Backlog:
    """What waits, read from the store at the time of the scrape.

    ``deliveries`` counts by state those that are not finished (``due``, ``unclear``) or need a person (``dead``);
    the two ages are in seconds, 0 if nothing waits: how long the most overdue attempt is overdue, and how long the
    oldest open delivery has been open. ``unsequenced`` are audit records that no checkpoint covers yet,
    ``parked`` are replies that fit no application and need a person.
    """

    deliveries: Mapping[str, int]
    overdue: float
    oldest_open: float
    unsequenced: int
    parked: int


class Metrics:
    """The counters of one process, in a registry of their own. Safe to use from several threads."""

    def __init__(self, *, services: Iterable[str] = ()) -> None:
        """``services`` are the ids that may stand in a label."""
        self._services = frozenset(services)
        self._registry = CollectorRegistry()
        self._accepted = Counter(
            "gateway_applications_accepted",
            "Applications stored and answered with 202, without repeated requests",
            ["service"],
            registry=self._registry,
        )
        self._replayed = Counter(
            "gateway_applications_replayed",
            "Requests answered with the stored answer of an earlier request (same Idempotency-Key)",
            registry=self._registry,
        )
        self._refused = Counter(
            "gateway_applications_refused", "Applications refused by the gateway", ["code"], registry=self._registry
        )
        self._attempts = Counter(
            "gateway_delivery_attempts", "Attempts ended", ["act", "outcome"], registry=self._registry
        )
        self._requests = Histogram(
            "gateway_http_request_duration_seconds",
            "Time from request to answer",
            ["method", "route", "status"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        ProcessCollector(registry=self._registry)

    def application_accepted(self, service: str) -> None:
        """Count an application that was stored."""
        self._accepted.labels(service if service in self._services else "other").inc()

    def application_replayed(self) -> None:
        """Count a repeated request that made no second application."""
        self._replayed.inc()

    def application_refused(self, code: str) -> None:
        """Count a refusal under the code of its problem."""
        self._refused.labels(code if code in Problem.declared else "other").inc()

    def attempt_ended(self, act: str, outcome: OutcomeKind) -> None:
        """Count an attempt; ``act`` is ``reserve``, ``deliver`` or ``reconcile``."""
        self._attempts.labels(act if act in _ACTS else "other", outcome.value).inc()

    def request_served(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request; ``route`` is the template (``/v1/applications/{application_id}``), never the path."""
        known = method if method in _METHODS else "other"
        self._requests.labels(known, route, f"{status // 100}xx").observe(seconds)

    def watch(self, read: Callable[[], Backlog]) -> None:
        """Show what waits: ``read`` is called at every scrape."""
        self._registry.register(_BacklogCollector(read))

    def exposition(self) -> bytes:
        """Return all figures in the text format of :data:`CONTENT_TYPE`."""
        return generate_latest(self._registry)


class _BacklogCollector(Collector):
    def __init__(self, read: Callable[[], Backlog]) -> None:
        self._read = read

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Name nothing at registration: the store is read at the scrape only."""
        return ()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        backlog = self._read()
        deliveries = GaugeMetricFamily(
            "gateway_deliveries", "Deliveries that are open or need a person", labels=["state"]
        )
        for state, number in backlog.deliveries.items():
            deliveries.add_metric([state], number)
        yield deliveries
        yield GaugeMetricFamily(
            "gateway_delivery_overdue_seconds", "How long the most overdue attempt is overdue", value=backlog.overdue
        )
        yield GaugeMetricFamily(
            "gateway_delivery_oldest_open_seconds", "Age of the oldest open delivery", value=backlog.oldest_open
        )
        yield GaugeMetricFamily(
            "gateway_audit_unsequenced_records", "Audit records not yet in the signed log", value=backlog.unsequenced
        )
        yield GaugeMetricFamily(
            "gateway_replies_parked", "Replies that fit no application and need a person", value=backlog.parked
        )
