"""gateway/portal/problems.py: every error is a problem (RFC 9457), also those of the HTTP layer and unexpected ones."""

from __future__ import annotations

import json

import pytest

from gateway.errors import InvalidMessageError, Violation
from tests.portal_harness import APPLICATION, MARKER, Portal, captured_logs


def test_a_problem_has_the_members_of_rfc_9457_and_ours(portal: Portal) -> None:
    answer = portal.get("/v1/nothing")

    assert answer.content_type == "application/problem+json"
    assert answer.json == {
        "type": "/v1/docs#request.not_found",
        "title": "Nicht gefunden",
        "status": 404,
        "detail": "Diese Adresse gibt es nicht; die vorhandenen stehen unter /v1/docs.",
        "instance": f"urn:uuid:{answer.headers['X-Correlation-ID']}",
        "code": "request.not_found",
        "retry": False,
        "whose": "portal",
    }


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "de"), ("de", "de"), ("en", "en"), ("en-US,en;q=0.5", "en"), ("de;q=0.5, en;q=0.9", "en"),
        ("fr", "de"), ("*", "de"), ("de, en;q=0.9", "de"), (";;q=x", "de"),
    ],
)  # fmt: skip
def test_the_language_follows_accept_language_and_is_german_else(portal: Portal, accepted: str, language: str) -> None:
    answer = portal.get("/v1/nothing", **({"Accept_Language": accepted} if accepted else {}))

    assert answer.headers["Content-Language"] == language
    assert answer.json["title"] == {"de": "Nicht gefunden", "en": "Not Found"}[language]
    assert answer.headers["Vary"] == "Accept-Language"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "GET"])
def test_a_wrong_method_is_405_and_names_the_allowed_ones(portal: Portal, method: str) -> None:
    answer = portal.client.open("/v1/applications", method=method)

    assert (answer.status_code, answer.json["code"]) == (405, "request.method_not_allowed")
    assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize("path", ["/v1//applications", "/v1/applications/", "/V1/applications", "/v1/applications/%00"])
def test_a_path_that_is_nearly_right_is_404_and_no_redirect(portal: Portal, path: str) -> None:
    assert portal.client.post(path).json["code"] == "request.not_found"


def test_an_unexpected_exception_is_500_and_logged_without_its_text(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_work: object) -> None:
        raise RuntimeError(f"cannot store {MARKER}")

    monkeypatch.setattr(portal.database, "write", broken)
    with captured_logs() as log:
        answer = portal.post(APPLICATION)

    assert (answer.status_code, answer.json["code"], answer.json["retry"]) == (500, "internal", True)
    assert MARKER not in answer.text + log.getvalue()
    failed, request = (json.loads(line) for line in log.getvalue().splitlines())
    assert failed["exception"][0]["type"] == "builtins.RuntimeError"
    assert failed["exception"][0]["frames"][-1].startswith("tests/unit/portal/test_problems.py:")
    assert failed["correlation_id"] == request["correlation_id"] == answer.headers["X-Correlation-ID"]
    assert (request["status"], request["code"]) == (500, "internal")


def test_a_message_that_would_be_invalid_is_logged_with_its_rules(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def invalid(_self: object, _content: bytes) -> None:
        raise InvalidMessageError((Violation(path="/a/b", rule="xsd.pattern"),))

    monkeypatch.setattr("gateway.schemas.package.SchemaPackage.validate", invalid)
    with captured_logs() as log:
        answer = portal.post(APPLICATION)

    assert (answer.status_code, answer.json["code"]) == (500, "message.invalid")
    assert '"violations": ["/a/b: xsd.pattern"]' in log.getvalue()
    assert MARKER not in log.getvalue()


def test_refusals_are_counted_by_code_and_requests_by_route(portal: Portal) -> None:
    portal.get("/v1/nothing/Zwiebelmarkus")
    portal.get("/v1/applications/00000000-0000-4000-8000-00000000000f")

    text = portal.get("/metrics").text
    assert 'route="unmatched",status="4xx"} 1.0' in text
    assert 'route="/v1/applications/{application_id}",status="4xx"} 1.0' in text
    assert MARKER not in text


def test_the_log_names_the_route_and_neither_path_nor_query(portal: Portal) -> None:
    with captured_logs() as log:
        portal.get(f"/v1/applications/00000000-0000-4000-8000-00000000000f?name={MARKER}")
        portal.get(f"/v1/{MARKER}")
        portal.client.open("/v1/applications", method=MARKER.upper())

    assert MARKER.lower() not in log.getvalue().lower()
    assert "000000000f" not in log.getvalue()
    assert [json.loads(line)["route"] for line in log.getvalue().splitlines()] == [
        "/v1/applications/{application_id}",
        "unmatched",
        "unmatched",
    ]


def test_one_requests_correlation_id_does_not_stick_to_the_next(portal: Portal) -> None:
    with captured_logs() as log:
        portal.get("/healthz")
        portal.get("/healthz")

    first, second = (json.loads(line)["correlation_id"] for line in log.getvalue().splitlines())
    assert first != second
