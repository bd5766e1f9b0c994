"""gateway/metrics.py: the right figures, and labels that cannot grow."""

from __future__ import annotations

import pytest

from gateway.metrics import Backlog, Metrics
from gateway.model import OutcomeKind


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(services=["meldebescheinigung"])


def test_acceptances_are_counted_by_service(metrics: Metrics) -> None:
    metrics.application_accepted("meldebescheinigung")
    metrics.application_accepted("meldebescheinigung")

    assert b'gateway_applications_accepted_total{service="meldebescheinigung"} 2.0' in metrics.exposition()


def test_a_service_outside_the_catalogue_makes_no_new_label(metrics: Metrics) -> None:
    metrics.application_accepted("erika-mustermann")

    assert b"erika" not in metrics.exposition()
    assert b'gateway_applications_accepted_total{service="other"} 1.0' in metrics.exposition()


def test_refusals_are_counted_by_declared_code_only(metrics: Metrics) -> None:
    metrics.application_refused("not.declared.anywhere")

    assert b'gateway_applications_refused_total{code="other"} 1.0' in metrics.exposition()


def test_attempts_are_counted_by_act_and_outcome(metrics: Metrics) -> None:
    metrics.attempt_ended("deliver", OutcomeKind.UNCLEAR)
    metrics.attempt_ended("reconcile", OutcomeKind.DELIVERED)
    metrics.attempt_ended("reserve", OutcomeKind.UNREACHABLE)

    text = metrics.exposition()
    assert b'gateway_delivery_attempts_total{act="deliver",outcome="unclear"} 1.0' in text
    assert b'gateway_delivery_attempts_total{act="reconcile",outcome="delivered"} 1.0' in text
    assert b'gateway_delivery_attempts_total{act="reserve",outcome="unreachable"} 1.0' in text


def test_an_invented_http_method_makes_no_new_label(metrics: Metrics) -> None:
    metrics.request_served("ERIKA", "unmatched", 405, 0.001)

    assert b"ERIKA" not in metrics.exposition()
    assert b'_count{method="other",route="unmatched",status="4xx"} 1.0' in metrics.exposition()


def test_what_waits_is_read_at_every_scrape(metrics: Metrics) -> None:
    waiting = iter((3, 4))
    metrics.watch(
        lambda: Backlog(
            deliveries={"due": next(waiting), "dead": 1}, overdue=2.5, oldest_open=60.0, unsequenced=7, parked=2
        )
    )

    first, second = metrics.exposition(), metrics.exposition()

    assert b'gateway_deliveries{state="due"} 3.0' in first
    assert b'gateway_deliveries{state="due"} 4.0' in second
    assert b"gateway_delivery_overdue_seconds 2.5" in first
    assert b"gateway_delivery_oldest_open_seconds 60.0" in first
    assert b"gateway_audit_unsequenced_records 7.0" in first
    assert b"gateway_replies_parked 2.0" in first


def test_two_instances_share_nothing(metrics: Metrics) -> None:
    metrics.application_accepted("meldebescheinigung")

    assert b"gateway_applications_accepted_total{" not in Metrics(services=["meldebescheinigung"]).exposition()
