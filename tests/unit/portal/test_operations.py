"""/healthz, /readyz, /metrics and /v1/services."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import insert, text, update

from gateway import __version__
from gateway.model import Finding
from gateway.portal.backlog import read_backlog
from gateway.store import tables
from gateway.store.database import moment
from tests.portal_harness import APPLICATION, Portal


def test_health_tells_the_version_without_a_token(portal: Portal) -> None:
    answer = portal.client.get("/healthz")

    assert (answer.status_code, answer.json) == (200, {"status": "ok", "version": __version__})


def test_ready_with_a_warning_is_still_ready(portal: Portal) -> None:
    portal.findings.append(Finding(level="warning", subject="signing", text="ends soon"))

    answer = portal.client.get("/readyz")

    assert (answer.status_code, answer.json["status"]) == (200, "ready")
    assert {"level": "warning", "subject": "signing"} in answer.json["findings"]


def test_an_error_is_not_ready_and_does_not_tell_strangers_the_text(portal: Portal) -> None:
    portal.findings.append(Finding(level="error", subject="signing", text="/secret/place expired"))

    answer = portal.client.get("/readyz")

    assert (answer.status_code, answer.json["status"]) == (503, "not_ready")
    assert "secret" not in answer.text


def test_the_backlog_counts_what_is_open_and_how_long(portal: Portal) -> None:
    portal.post(APPLICATION)
    portal.post(APPLICATION, key="key-2")
    created = portal.database.read(lambda c: moment(str(c.scalar(text("SELECT min(created_at) FROM delivery")))))

    backlog = portal.database.read(lambda c: read_backlog(c, created + timedelta(seconds=90)))

    assert backlog.deliveries == {"due": 2, "unclear": 0, "dead": 0}
    assert backlog.overdue == backlog.oldest_open == 90.0
    assert backlog.unsequenced == 6


def test_dead_deliveries_are_counted_and_finished_ones_are_not(portal: Portal) -> None:
    for number, state in enumerate(["dead", "delivered", "refused"]):
        portal.post(APPLICATION, key=f"key-{number}")
        portal.database.write(
            lambda c, state=state: c.execute(
                update(tables.delivery).where(tables.delivery.c.state == "due").values(state=state)
            )
        )

    backlog = portal.database.read(read_backlog)

    assert backlog.deliveries == {"due": 0, "unclear": 0, "dead": 1}
    assert (backlog.overdue, backlog.oldest_open) == (0.0, 0.0)


def test_a_parked_reply_is_counted_and_one_that_was_matched_is_not(portal: Portal) -> None:
    mine = portal.post(APPLICATION).json["id"]
    rows = [
        {
            "id": str(number),
            "connection": "simulated",
            "transport_id": str(number),
            "application_id": application_id,
            "received_at": "2026-11-23T08:15:30.250Z",
            "content": b"",
            "metadata": b"",
            "code": code,
        }
        for number, (application_id, code) in enumerate([(mine, "matched"), (None, "invalid"), (None, "wrong_type")])
    ]
    portal.database.write(lambda c: c.execute(insert(tables.reply), rows))

    assert portal.database.read(read_backlog).parked == 2
    assert "gateway_replies_parked 2.0" in portal.get("/metrics").text


def test_the_backlog_never_reads_the_whole_table(portal: Portal) -> None:
    plans: list[str] = []

    def explain(connection: object) -> None:
        from gateway.portal import backlog  # noqa: PLC0415

        for statement in (backlog._OPEN_ROWS, backlog._DEAD_ROWS, backlog._UNSEQUENCED, backlog._PARKED):
            sql = str(statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))  # type: ignore[attr-defined]
            plans.extend(str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}"))  # type: ignore[attr-defined]

    portal.database.read(explain)

    scans = [plan for plan in plans if plan.startswith("SCAN") and "INDEX" not in plan]
    assert scans == []


def test_services_are_listed_with_law_and_trust_level_in_both_languages(portal: Portal) -> None:
    german, english = portal.client.get("/v1/services"), portal.get("/v1/services", Accept_Language="en")

    (service,) = german.json["services"]
    assert (service["id"], service["trust_level"], service["trust_law"]) == (
        "meldebescheinigung", "hoch", "§ 4 BMeldDigiV",
    )  # fmt: skip
    assert english.json["services"][0]["title"] == "Certificate of registration"
    assert portal.client.get(service["schema_link"]).json["properties"]["service"]["const"] == "meldebescheinigung"


def test_an_unknown_services_schema_is_404(portal: Portal) -> None:
    answer = portal.client.get("/v1/services/nothing/schema")

    assert (answer.status_code, answer.json["code"]) == (404, "service.not_found")
