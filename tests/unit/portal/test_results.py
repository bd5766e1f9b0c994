"""GET /v1/applications/{id}, …/message, …/documents/{n}: a portal sees its own, and only its own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.model import ApplicationState, Document, Reason
from gateway.store import applications, replies
from gateway.store.replies import NewReply
from tests.portal_harness import APPLICATION, Portal

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PDF = Document(filename="meldebescheinigung.pdf", media_type="application/pdf", content=b"%PDF-1.7 fictitious")


def answered(portal: Portal, *documents: Document) -> str:
    """Hand in an application and store an answer to it; return its address."""
    address = str(portal.post(APPLICATION).headers["Location"])
    case = address.rpartition("/")[2]
    reply = NewReply(
        id="00000000-0000-4000-8000-000000000001",
        connection="simulated",
        transport_id="urn:x",
        application_id=case,
        message_id=None,
        type="1701",
        created_at=NOW,
        received_at=NOW,
        content=b"<x/>",
        attachments=(),
        metadata=b"",
        code="matched",
    )
    portal.database.write(lambda c: replies.add(c, reply, documents))
    portal.database.write(
        lambda c: applications.set_state(
            c, case, ApplicationState.ANSWERED, at=NOW, reasons=(Reason(code="x.1", de="Grund.", en="Reason."),)
        )
    )
    return address


def test_the_status_shows_state_reasons_history_and_documents(portal: Portal) -> None:
    address = answered(portal, PDF)

    status = portal.get(address).json

    assert (status["state"], status["service"]) == ("answered", "meldebescheinigung")
    assert status["portal_case"] == APPLICATION["portal_case"]
    assert status["reasons"] == [{"code": "x.1", "detail": "Grund."}]
    assert status["updated_at"] == "2026-11-23T09:00:00.000Z"
    assert [one["event"] for one in status["history"]][:3] == [
        "application:accepted", "message:signed", "delivery:queued",
    ]  # fmt: skip
    assert status["documents"] == [
        {
            "number": 1,
            "filename": "meldebescheinigung.pdf",
            "media_type": "application/pdf",
            "size": len(PDF.content),
            "link": f"{address}/documents/1",
        }
    ]


def test_reasons_are_english_for_who_asks_so(portal: Portal) -> None:
    answer = portal.get(answered(portal), Accept_Language="en")

    assert answer.json["reasons"] == [{"code": "x.1", "detail": "Reason."}]
    assert answer.headers["Content-Language"] == "en"


def test_the_message_comes_byte_for_byte_as_stored(portal: Portal) -> None:
    address = portal.post(APPLICATION).headers["Location"]
    stored = portal.database.read(lambda c: c.exec_driver_sql("SELECT content FROM message").scalar_one())

    answer = portal.get(f"{address}/message")

    assert answer.data == stored
    assert answer.content_type == "application/xml"


def test_a_document_comes_to_be_saved_and_not_to_be_shown_or_kept(portal: Portal) -> None:
    answer = portal.get(answered(portal, PDF) + "/documents/1")

    assert (answer.data, answer.content_type) == (PDF.content, "application/pdf")
    assert answer.headers["Content-Disposition"] == "attachment; filename=meldebescheinigung.pdf"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("filename", "disposition"),
    [
        ("Gebühr.pdf", "attachment; filename=Geb_hr.pdf; filename*=UTF-8''Geb%C3%BChr.pdf"),
        ("a\r\nSet-Cookie: x.pdf", 'attachment; filename="a__Set-Cookie: x.pdf"'),
        ("../../etc/passwd", "attachment; filename=.._.._etc_passwd"),
        ('quo"te.pdf', 'attachment; filename="quo\\"te.pdf"'),
    ],
)
def test_a_hostile_file_name_stays_a_file_name(portal: Portal, filename: str, disposition: str) -> None:
    document = Document(filename=filename, media_type="application/pdf", content=b"x")

    answer = portal.get(answered(portal, document) + "/documents/1")

    assert answer.headers["Content-Disposition"] == disposition
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("media_type", ["text/html; charset=x", "nonsense", "a/b\r\nX: y", ""])
def test_an_odd_media_type_becomes_plain_bytes(portal: Portal, media_type: str) -> None:
    document = Document(filename="x", media_type=media_type, content=b"x")

    answer = portal.get(answered(portal, document) + "/documents/1")

    assert answer.content_type == "application/octet-stream"


@pytest.mark.parametrize("rest", ["", "/message", "/documents/1"])
@pytest.mark.parametrize("who", ["stranger", "narrowed", "neighbour"])
def test_what_is_not_the_portals_own_looks_like_none_at_all(portal: Portal, who: str, rest: str) -> None:
    """Another portal for other tenants; the portal itself, but no longer for this tenant; another for the same."""
    address = answered(portal, PDF)
    nobody = "/v1/applications/00000000-0000-4000-8000-00000000000f"

    assert portal.get(address + rest).status_code == 200
    theirs, none = portal.get(address + rest, token=getattr(portal, who)), portal.get(nobody + rest)

    assert theirs.status_code == none.status_code == 404
    assert theirs.json | {"instance": ""} == none.json | {"instance": ""}


@pytest.mark.parametrize("number", ["0", "2", "10000", "99999999999999999999", "-1", "x"])
def test_a_document_that_does_not_exist_is_404(portal: Portal, number: str) -> None:
    assert portal.get(f"{answered(portal, PDF)}/documents/{number}").status_code == 404


@pytest.mark.parametrize("rest", ["", "/message", "/documents/1"])
def test_without_token_nothing_is_shown(portal: Portal, rest: str) -> None:
    answer = portal.client.get(answered(portal, PDF) + rest)

    assert (answer.status_code, answer.json["code"]) == (401, "auth.missing")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="gateway"'
