"""Bad input at the portal API: its own code and status for each kind, nothing half stored, nothing personal logged.

Everything is real but the delivery: the WSGI application, the intake with its schemas and seal, a SQLite file.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from gateway.portal.access import new_token
from tests.portal_harness import (
    APPLICATION,
    DOERPEN,
    LINGEN,
    MARKER,
    Portal,
    application,
    captured_logs,
    elsewhere,
    running,
)

PERSONAL = (MARKER, "Erika", "Musterstra", "1984", "1985")
"""What stands in the applications of these tests and must stand in no log line."""


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    with running(tmp_path) as one:
        yield one


@pytest.fixture
def log(portal: Portal) -> Iterator[StringIO]:
    with captured_logs() as stream:
        yield stream


@dataclass(frozen=True, kw_only=True)
class Case:
    """A bad request and what it must be answered. ``fields`` are (pointer, code) of the wrong places."""

    status: int
    code: str
    body: Any = field(default_factory=lambda: APPLICATION)
    fields: tuple[tuple[str, str], ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    token: str | None = None


def _deep() -> bytes:
    return b'{"antrag":' * 40 + b"1" + b"}" * 40


BAD = {
    "unknown field": Case(
        body=application(antragsteller__haustier=MARKER), status=422, code="application.invalid",
        fields=(("/antragsteller/haustier", "field.unknown"),),
    ),
    "missing birth date": Case(
        body=application(antragsteller__geburtsdatum=None), status=422, code="application.invalid",
        fields=(("/antragsteller/geburtsdatum", "field.missing"),),
    ),
    "31 February": Case(
        body=application(antragsteller__geburtsdatum="1985-02-31"), status=422, code="application.invalid",
        fields=(("/antragsteller/geburtsdatum", "date.invalid"),),
    ),
    "letter outside DIN 91379": Case(
        body=application(antragsteller__vornamen__name="Erika Мария"), status=422, code="application.invalid",
        fields=(("/antragsteller/vornamen/name", "text.not_din_91379"),),
    ),
    "several wrong fields at once": Case(
        body=application(antragsteller__geburtsdatum="1985-02-31", antrag__zustellung="fax", antragsteller__x=MARKER),
        status=422, code="application.invalid",
        fields=(
            ("/antrag/zustellung", "choice.unknown"),
            ("/antragsteller/geburtsdatum", "date.invalid"),
            ("/antragsteller/x", "field.unknown"),
        ),
    ),
    "unknown AGS": Case(
        body=elsewhere("03999999"), status=422, code="ags.unknown", fields=(("/ags", "ags.unknown"),)
    ),
    "AGS with no registered destination": Case(body=elsewhere(LINGEN), status=503, code="destination.none"),
    "trust level too low": Case(
        body=application(identification__vertrauensniveau="substanziell"), status=403, code="trust_level.too_low",
        fields=(("/identification/vertrauensniveau", "trust_level.too_low"),),
    ),
    "wrong content type": Case(headers={"Content_Type": "text/xml"}, status=415, code="request.media_type"),
    "not JSON": Case(body=f"<antrag>{MARKER}</antrag>".encode(), status=400, code="json.malformed"),
    "not UTF-8": Case(
        body=json.dumps(APPLICATION, ensure_ascii=False).encode("latin-1"), status=400, code="json.malformed"
    ),
    "deep nesting": Case(body=_deep(), status=400, code="json.too_deep"),
    "the same member twice": Case(
        body=json.dumps(APPLICATION).replace('"ags"', '"ags": "03454032", "ags"', 1).encode(), status=400,
        code="json.duplicate_key",
    ),
    "10 MB body": Case(body=b'{"x":"' + MARKER.encode() * 800_000 + b'"}', status=413, code="request.too_large"),
    "no service": Case(
        body=application(service=None), status=422, code="service.missing",
        fields=(("/service", "service.missing"),),
    ),
    "unknown service": Case(
        body=application(service="hundesteuer"), status=422, code="service.unknown",
        fields=(("/service", "service.unknown"),),
    ),
    "no token": Case(headers={"Authorization": ""}, status=401, code="auth.missing"),
    "wrong token": Case(token=new_token()[0], status=401, code="auth.invalid"),
    "place of another tenant": Case(body=elsewhere(DOERPEN), status=403, code="tenant.forbidden"),
    "no idempotency key": Case(headers={"Idempotency_Key": ""}, status=400, code="idempotency.key_missing"),
    "idempotency key with blanks": Case(
        headers={"Idempotency_Key": "a b"}, status=400, code="idempotency.key_malformed"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_by_its_own_code_and_leaves_no_trace(portal: Portal, log: StringIO, name: str) -> None:
    case = BAD[name]

    answer = portal.post(case.body, token=case.token, **case.headers)

    assert (answer.status_code, answer.json["code"]) == (case.status, case.code)
    assert answer.content_type == "application/problem+json"
    assert tuple(sorted((one["pointer"], one["code"]) for one in answer.json.get("errors", ()))) == case.fields
    assert set(portal.rows().values()) == {0}
    assert portal.accepted == []
    assert_nothing_personal(log.getvalue() + answer.text, portal, case.token)


@pytest.mark.parametrize("name", [name for name in BAD if "idempotency" not in name])
def test_the_dry_run_refuses_what_the_real_one_refuses(portal: Portal, name: str) -> None:
    case = BAD[name]

    answer = portal.post(case.body, token=case.token, validate=True, **case.headers)

    assert (answer.status_code, answer.json["code"]) == (case.status, case.code)


def test_no_two_kinds_of_bad_input_look_alike() -> None:
    alike = {"not UTF-8", "several wrong fields at once"}
    seen = [
        (case.status, case.code, case.fields and case.fields[0][1]) for name, case in BAD.items() if name not in alike
    ]

    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize("rest", ["", "/message", "/documents/1"])
def test_the_token_of_another_tenant_sees_nothing(portal: Portal, log: StringIO, rest: str) -> None:
    address = portal.post(APPLICATION).headers["Location"]

    answer = portal.get(address + rest, token=portal.stranger)

    assert answer.status_code == 404
    assert_nothing_personal(log.getvalue() + answer.text, portal, None)


def test_the_token_of_another_tenant_cannot_hand_in(portal: Portal) -> None:
    answer = portal.post(APPLICATION, token=portal.stranger)

    assert (answer.status_code, answer.json["code"]) == (403, "tenant.forbidden")
    assert portal.rows()["application"] == 0


def test_the_same_key_with_another_body_is_refused_and_changes_nothing(portal: Portal, log: StringIO) -> None:
    first = portal.post(APPLICATION)
    before = portal.rows()

    second = portal.post(application(portal_case="OR-2026-999999"))

    assert first.status_code == 202
    assert (second.status_code, second.json["code"]) == (422, "idempotency.key_reused")
    assert portal.rows() == before
    assert_nothing_personal(log.getvalue() + second.text, portal, None)


def test_the_same_key_with_the_same_body_gives_the_same_answer_and_no_second_application(portal: Portal) -> None:
    first = portal.post(APPLICATION)
    before = portal.rows()

    second = portal.post(APPLICATION)

    assert (first.status_code, second.status_code) == (202, 202)
    assert second.data == first.data
    assert portal.rows() == before
    assert before["application"] == before["message"] == before["delivery"] == 1


def test_two_portals_may_use_the_same_key(portal: Portal) -> None:
    ours = portal.post(APPLICATION)
    theirs = portal.post(elsewhere(DOERPEN), token=portal.stranger)

    assert (ours.status_code, theirs.status_code) == (202, 202)
    assert ours.json["id"] != theirs.json["id"]


def test_a_refused_request_does_not_use_up_its_key(portal: Portal) -> None:
    portal.post(application(antragsteller__geburtsdatum=None))

    assert portal.post(APPLICATION).status_code == 202


def at_once(portal: Portal, bodies: list[dict[str, Any]]) -> list[TestResponse]:
    """Post all bodies under one key at the same moment, each from its own thread."""
    barrier = threading.Barrier(len(bodies))

    def post(body: dict[str, Any]) -> TestResponse:
        client = portal.client.application.test_client()
        barrier.wait()
        return client.post(
            "/v1/applications",
            data=json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {portal.token}",
                "Content-Type": "application/json",
                "Idempotency-Key": "the-same",
            },
        )

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(post, bodies))


def test_the_same_request_at_the_same_moment_makes_one_application(portal: Portal, log: StringIO) -> None:
    answers = at_once(portal, [APPLICATION] * 12)

    assert {one.status_code for one in answers} == {202}
    assert len({one.data for one in answers}) == 1
    assert sum("Idempotency-Replayed" not in one.headers for one in answers) == 1
    rows = portal.rows()
    assert (rows["application"], rows["message"], rows["delivery"], rows["event"]) == (1, 1, 1, 3)
    assert len(portal.accepted) == 1
    assert_nothing_personal(log.getvalue(), portal, None)


def test_different_requests_under_one_key_at_the_same_moment_make_one_application(portal: Portal) -> None:
    answers = at_once(portal, [application(portal_case=f"OR-2026-{number}") for number in range(12)])

    accepted = [one for one in answers if one.status_code == 202]
    refused = [one.json["code"] for one in answers if one.status_code == 422]
    assert (len(accepted), refused) == (1, ["idempotency.key_reused"] * 11)
    rows = portal.rows()
    assert (rows["application"], rows["message"], rows["delivery"], rows["event"]) == (1, 1, 1, 3)


def assert_nothing_personal(text: str, portal: Portal, token: str | None) -> None:
    secrets = [*PERSONAL, portal.token, portal.stranger, *([token] if token else [])]
    assert [one for one in secrets if one in text] == []


def test_what_is_searched_for_in_the_logs_does_stand_in_what_is_stored(portal: Portal) -> None:
    """Keeps the search honest: the marker is what the message really carries."""
    address = portal.post(APPLICATION).headers["Location"]

    assert MARKER in portal.get(f"{address}/message").text
