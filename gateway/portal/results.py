"""`/v1/applications/{id}`, the way back: what became of an application, its message, the authority's documents.

An application of another portal or another tenant looks exactly like one that does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import quote
from uuid import UUID

from flask import Response, request
from sqlalchemy import Connection
from werkzeug.http import dump_options_header

from gateway.errors import GatewayError, Problem
from gateway.model import Whose
from gateway.portal.access import AUTH_INVALID, AUTH_MISSING, Access
from gateway.portal.language import chosen_language
from gateway.portal.representations import (
    ApplicationStatus,
    DocumentLine,
    HistoryLine,
    ReasonGiven,
    SentMessage,
)
from gateway.portal.requests import caller
from gateway.portal.routes import Reply, Route
from gateway.store import applications
from gateway.store.applications import ApplicationView
from gateway.store.database import Database

APPLICATION_NOT_FOUND = Problem(
    code="application.not_found",
    status=404,
    whose=Whose.PORTAL,
    de="Unter dieser Nummer liegt für dieses Portal kein Antrag vor; bitte die Nummer aus der Annahme verwenden.",
    en="There is no application of this portal under this id; use the id from the acceptance.",
)
DOCUMENT_NOT_FOUND = Problem(
    code="document.not_found",
    status=404,
    whose=Whose.PORTAL,
    de="Dieses Dokument gibt es zu dem Antrag nicht; die vorhandenen nennt der Stand des Antrags.",
    en="The application has no such document; its status names those that exist.",
)

_ONE = "/v1/applications/<uuid:application_id>"
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]*")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\]")

T = TypeVar("T")


class Results:
    """The views that show a portal its own applications."""

    def __init__(self, *, database: Database, access: Access) -> None:
        self._database = database
        self._access = access

    def status(self, application_id: UUID) -> Response:
        """Show state, reasons, history and documents."""
        view = self._own(applications.view, APPLICATION_NOT_FOUND, application_id)
        language = chosen_language(request)
        response = Response(_status(view, language).model_dump_json(), content_type="application/json")
        response.headers["Content-Language"] = language
        response.headers["Vary"] = "Accept-Language"
        return response

    def message(self, application_id: UUID) -> Response:
        """Give the XÖV message, byte for byte as stored, signed and sent."""
        message = self._own(applications.message_content, APPLICATION_NOT_FOUND, application_id)
        return _file(message.content, "application/xml", message.filename)

    def document(self, application_id: UUID, number: int) -> Response:
        """Give one document of the authority."""
        document = self._own(applications.document, DOCUMENT_NOT_FOUND, application_id, number)
        return _file(document.content, document.media_type, document.filename)

    def _own(self, query: Callable[..., T | None], missing: Problem, application_id: UUID, *more: int) -> T:
        who = caller(request, self._access)

        def work(connection: Connection) -> T | None:
            return query(connection, str(application_id), *more, portal=who.portal, tenants=who.tenants)

        found = self._database.read(work)
        if found is None:
            raise GatewayError(missing)
        return found

    def routes(self) -> tuple[Route, ...]:
        """Return the addresses of these views."""
        status = Route(
            name="getApplication",
            method="GET",
            rule=_ONE,
            view=self.status,
            tag="Anträge",
            summary="Stand eines Antrags",
            description="Zeigt Stand, Gründe, Verlauf und die Dokumente, die von der Behörde kamen.",
            replies=(Reply(status=200, description="Der Stand.", model=ApplicationStatus),),
            problems=(AUTH_MISSING, AUTH_INVALID, APPLICATION_NOT_FOUND),
            secured=True,
        )
        message = Route(
            name="getMessage",
            method="GET",
            rule=f"{_ONE}/message",
            view=self.message,
            tag="Anträge",
            summary="Die gesendete Nachricht",
            description="Gibt die Nachricht Byte für Byte so, wie sie gespeichert, signiert und gesendet wurde.",
            replies=(Reply(status=200, description="Die Nachricht.", media_type="application/xml"),),
            problems=(AUTH_MISSING, AUTH_INVALID, APPLICATION_NOT_FOUND),
            secured=True,
        )
        document = Route(
            name="getDocument",
            method="GET",
            rule=f"{_ONE}/documents/<int(min=1,max=9999):number>",
            view=self.document,
            tag="Anträge",
            summary="Ein Dokument der Behörde",
            description="Gibt ein Dokument oder einen Datensatz, der für die antragstellende Person zurückkam.",
            replies=(Reply(status=200, description="Das Dokument in seinem eigenen Inhaltstyp.", media_type="*/*"),),
            problems=(AUTH_MISSING, AUTH_INVALID, DOCUMENT_NOT_FOUND),
            secured=True,
        )
        return status, message, document


def _status(view: ApplicationView, language: str) -> ApplicationStatus:
    here = f"/v1/applications/{view.id}"
    return ApplicationStatus(
        id=view.id,
        service=view.service,
        portal_case=view.portal_case,
        state=view.state,
        reasons=[ReasonGiven(code=one.code, detail=one.de if language == "de" else one.en) for one in view.reasons],
        received_at=view.received_at,
        updated_at=view.updated_at,
        message=SentMessage(id=view.message_id, type=view.message_type, link=f"{here}/message"),
        history=[HistoryLine(at=one.at, event=one.event, code=one.code or None) for one in view.history],
        documents=[
            DocumentLine(
                number=one.number,
                filename=one.filename,
                media_type=one.media_type,
                size=one.size,
                link=f"{here}/documents/{one.number}",
            )
            for one in view.documents
        ],
    )


def _file(content: bytes, media_type: str, filename: str) -> Response:
    """Return bytes to be saved, not shown: a document from outside must not run in a browser."""
    known = media_type if _MEDIA_TYPE.fullmatch(media_type) else "application/octet-stream"
    response = Response(content, content_type=known)
    response.headers["Content-Disposition"] = _attachment(_UNSAFE.sub("_", filename))
    return response


def _attachment(filename: str) -> str:
    """Return the Content-Disposition of a file to be saved (RFC 6266), other letters than ASCII as in RFC 8187."""
    plain = filename.encode("ascii", "replace").decode().replace("?", "_")
    options = {"filename": plain}
    if plain != filename:
        options["filename*"] = f"UTF-8''{quote(filename, safe='')}"
    return dump_options_header("attachment", options)
