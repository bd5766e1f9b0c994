"""POST /v1/applications and …/validate: what the HTTP layer promises around the intake."""

from __future__ import annotations

import io
import json
import re
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

from tests.portal_harness import APPLICATION, Portal, application, captured_logs, running


def test_an_application_is_accepted_with_location_id_state_and_links(portal: Portal) -> None:
    answer = portal.post(APPLICATION)

    assert answer.status_code == 202
    assert answer.content_type == "application/json"
    here = f"/v1/applications/{answer.json['id']}"
    assert answer.headers["Location"] == here
    assert answer.json["state"] == "accepted"
    assert answer.json["links"] == {"application": here, "message": f"{here}/message"}
    assert "Idempotency-Replayed" not in answer.headers
    assert portal.rows()["application"] == 1


def test_the_delivery_is_woken_once_for_a_new_application_and_not_for_a_repeated_one(portal: Portal) -> None:
    portal.post(APPLICATION)
    portal.post(APPLICATION)

    assert len(portal.accepted) == 1


def test_a_repeated_request_gets_the_same_bytes_and_says_so(portal: Portal) -> None:
    first = portal.post(APPLICATION)
    second = portal.post(APPLICATION)

    assert (second.status_code, second.data, second.headers["Location"]) == (202, first.data, first.headers["Location"])
    assert second.headers["Idempotency-Replayed"] == "true"


SINCE_THEN: dict[str, tuple[Callable[[Path], AbstractContextManager[Portal]], str, str]] = {
    "the seal has expired": (
        lambda folder: running(folder, clock=lambda: datetime.now(UTC) + timedelta(days=731)),
        "token",
        "signing.seal_not_valid",
    ),
    "the destination is gone": (lambda folder: running(folder, served={}), "token", "destination.none"),
    "the portal lost the administration": (running, "narrowed", "tenant.forbidden"),
}
"""What changed after the first request, for whose token, and the code with which a new request is refused."""


@pytest.mark.parametrize("change", SINCE_THEN)
def test_a_repeated_request_gets_its_first_answer_even_if_it_would_be_refused_today(
    tmp_path: Path, change: str
) -> None:
    reopen, who, code = SINCE_THEN[change]
    with running(tmp_path) as before:
        first = before.post(APPLICATION)
    with reopen(tmp_path) as today:
        token = getattr(today, who)
        repeated, other = today.post(APPLICATION, token=token), today.post(APPLICATION, key="key-2", token=token)
        reused = today.post(application(portal_case="OR-2026-000124"), token=token)

    assert (repeated.status_code, repeated.data) == (202, first.data)
    assert repeated.headers["Idempotency-Replayed"] == "true"
    assert other.json["code"] == code
    assert reused.json["code"] == "idempotency.key_reused"


def test_acceptances_and_repetitions_and_refusals_are_counted(portal: Portal) -> None:
    portal.post(APPLICATION)
    portal.post(APPLICATION)
    portal.post(b"{}", key="key-2")

    text = portal.get("/metrics").text
    assert 'gateway_applications_accepted_total{service="meldebescheinigung"} 1.0' in text
    assert "gateway_applications_replayed_total 1.0" in text
    assert 'gateway_applications_refused_total{code="service.missing"} 1.0' in text


def test_validation_gives_the_message_and_stores_nothing(portal: Portal) -> None:
    answer = portal.post(APPLICATION, validate=True, key=None)

    assert answer.status_code == 200
    assert answer.content_type == "application/xml"
    root = etree.fromstring(answer.data)
    assert etree.QName(root).localname == "onlinedienste.abrufanfrage.meldebescheinigung.1700"
    assert set(portal.rows().values()) == {0}
    assert portal.accepted == []


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"']
)
def test_json_in_utf_8_is_accepted_however_it_is_spelt(portal: Portal, content_type: str) -> None:
    assert portal.post(APPLICATION, Content_Type=content_type).status_code == 202


@pytest.mark.parametrize(
    "content_type",
    ["", "text/json", "application/xml", "application/json; charset=iso-8859-1", "application/json-patch+json",
     "application/json; profile=x", "multipart/form-data; boundary=x"],
)  # fmt: skip
def test_any_other_content_type_is_415(portal: Portal, content_type: str) -> None:
    answer = portal.post(APPLICATION, Content_Type=content_type)

    assert (answer.status_code, answer.json["code"]) == (415, "request.media_type")


def test_a_compressed_body_is_415(portal: Portal) -> None:
    answer = portal.post(APPLICATION, Content_Encoding="gzip")

    assert (answer.status_code, answer.json["code"]) == (415, "request.media_type")


@pytest.mark.parametrize("key", ["with blank", "ü", "tab\t", "x" * 256])
def test_an_ill_formed_idempotency_key_is_refused(portal: Portal, key: str) -> None:
    answer = portal.post(APPLICATION, key=key)

    assert (answer.status_code, answer.json["code"]) == (400, "idempotency.key_malformed")


@pytest.mark.parametrize("key", ["!", "~" * 255, str(uuid.uuid4())])
def test_visible_ascii_up_to_255_is_a_good_key(portal: Portal, key: str) -> None:
    assert portal.post(APPLICATION, key=key).status_code == 202


def test_without_idempotency_key_nothing_is_accepted(portal: Portal) -> None:
    answer = portal.post(APPLICATION, key=None)

    assert (answer.status_code, answer.json["code"]) == (400, "idempotency.key_missing")
    assert portal.rows()["application"] == 0


def test_a_body_of_exactly_the_limit_is_read(portal: Portal) -> None:
    body = b"{" + b" " * 999_998 + b"}"

    assert portal.post(body).json["code"] == "service.missing"
    assert portal.post(body + b" ").json["code"] == "request.too_large"


class Endless(io.RawIOBase):
    """A chunked body as the server hands it on: blanks without end."""

    def __init__(self) -> None:
        self.given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        size = min(len(buffer), 8192)
        buffer[:size] = b" " * size
        self.given += size
        return size


def sent(portal: Portal, stream: io.RawIOBase | io.BytesIO, **environ: str) -> tuple[int, str]:
    """Send a body as a server that takes chunked bodies hands it on."""
    answer = portal.client.post(
        "/v1/applications",
        headers={
            "Authorization": f"Bearer {portal.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": "k",
        },
        environ_overrides={"wsgi.input": stream, "wsgi.input_terminated": True, **environ},
    )
    return answer.status_code, answer.json.get("code", "")


def test_a_chunked_body_is_cut_off_at_the_limit(portal: Portal) -> None:
    stream = Endless()

    assert sent(portal, stream, HTTP_TRANSFER_ENCODING="chunked") == (413, "request.too_large")
    assert stream.given <= 1_000_000 + 8192


def test_a_chunked_body_below_the_limit_is_accepted(portal: Portal) -> None:
    body = io.BytesIO(json.dumps(APPLICATION).encode())

    assert sent(portal, body, HTTP_TRANSFER_ENCODING="chunked")[0] == 202


def test_a_body_shorter_than_announced_is_refused(portal: Portal) -> None:
    assert sent(portal, io.BytesIO(b"{}"), CONTENT_LENGTH="20") == (400, "request.malformed")


def test_the_portals_correlation_id_is_answered_stored_and_logged(portal: Portal) -> None:
    wished = "7C3F9D1E-52F4-4B0E-8A3B-6F1D2E9C0A55"
    with captured_logs() as log:
        answer = portal.post(APPLICATION, X_Correlation_ID=wished)

    assert answer.headers["X-Correlation-ID"] == wished.lower()
    assert f'"correlation_id": "{wished.lower()}"' in log.getvalue()
    stored = portal.database.read(lambda c: c.exec_driver_sql("SELECT correlation_id FROM application").scalar_one())
    assert stored == wished.lower()


@pytest.mark.parametrize(
    "wished", ["", "not-a-uuid", "7c3f9d1e52f44b0e8a3b6f1d2e9c0a55", "7c3f9d1e-52f4-4b0e-8a3b-6f1d2e9c0a55x"]
)
def test_anything_else_as_correlation_id_is_replaced(portal: Portal, wished: str) -> None:
    given = portal.post(APPLICATION, X_Correlation_ID=wished).headers["X-Correlation-ID"]

    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", given)
    assert given != wished


def test_wrong_fields_are_named_by_pointer_in_german_or_english(portal: Portal) -> None:
    wrong = application(antragsteller__geburtsdatum=None)
    german = portal.post(wrong)
    english = portal.post(wrong, Accept_Language="en-GB,en;q=0.9,de;q=0.5")

    assert german.headers["Content-Language"] == "de"
    assert english.headers["Content-Language"] == "en"
    assert [one["pointer"] for one in german.json["errors"]] == ["/antragsteller/geburtsdatum"]
    assert german.json["errors"][0]["detail"] == "Diese Angabe fehlt."
    assert english.json["errors"][0]["detail"] == "This field is missing."
    assert german.json["code"] == english.json["code"] == "application.invalid"
