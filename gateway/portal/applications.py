"""`/v1/applications`, the way in: hand in an application, or try it out without anything being stored."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, request

from gateway.errors import GatewayError
from gateway.intake.pipeline import KEY_REUSED, Caller, Intake
from gateway.metrics import Metrics
from gateway.model import ApplicationState
from gateway.portal.access import AUTH_INVALID, AUTH_MISSING, Access
from gateway.portal.problems import MEDIA_TYPE, TOO_LARGE
from gateway.portal.representations import AcceptedApplication, ApplicationLinks
from gateway.portal.requests import (
    KEY_HEADER,
    KEY_MALFORMED,
    KEY_MISSING,
    KEY_PATTERN,
    caller,
    idempotency_key,
    json_body,
)
from gateway.portal.routes import Reply, Route
from gateway.portal.uploads import TOO_MANY_UPLOADS, Uploads

REPLAYED_HEADER = "Idempotency-Replayed"

_KEY_PARAMETER = {
    "name": KEY_HEADER,
    "in": "header",
    "required": True,
    "description": "Ein eigener, zufälliger Schlüssel je Antrag, zum Beispiel eine UUID. Derselbe Schlüssel mit "
    "demselben Inhalt ergibt dieselbe Antwort und keinen zweiten Antrag.",
    "schema": {"type": "string", "pattern": KEY_PATTERN, "minLength": 1, "maxLength": 255},
    "example": "5b0c9f4e-2f0a-4f6e-9a53-0d2f3c1f7b11",
}
_REFUSALS = (AUTH_MISSING, AUTH_INVALID, MEDIA_TYPE, TOO_LARGE, TOO_MANY_UPLOADS)


class Applications:
    """The views that take applications."""

    def __init__(
        self,
        *,
        intake: Intake,
        access: Access,
        metrics: Metrics,
        max_body: int,
        uploads: Uploads,
        on_accepted: Callable[[], None],
    ) -> None:
        self._intake = intake
        self._access = access
        self._metrics = metrics
        self._max_body = max_body
        self._uploads = uploads
        self._on_accepted = on_accepted

    def accept(self) -> Response:
        """Store an application; the answer 202 follows the commit."""
        who = caller(request, self._access)
        try:
            key = idempotency_key(request)
            receipt = self._intake.accept(self._body(who), who, key)
        except GatewayError as error:
            self._metrics.application_refused(error.problem.code)
            raise
        if receipt.replayed:
            self._metrics.application_replayed()
        else:
            self._metrics.application_accepted(receipt.service)
            self._on_accepted()
        here = f"/v1/applications/{receipt.application_id}"
        accepted = AcceptedApplication(
            id=receipt.application_id,
            state=ApplicationState.ACCEPTED,
            received_at=receipt.received_at,
            links=ApplicationLinks(application=here, message=f"{here}/message"),
        )
        response = Response(accepted.model_dump_json(), status=202, content_type="application/json")
        response.headers["Location"] = here
        if receipt.replayed:
            response.headers[REPLAYED_HEADER] = "true"
        return response

    def validate(self) -> Response:
        """Run every check and show the message; store nothing."""
        who = caller(request, self._access)
        preview = self._intake.preview(self._body(who), who)
        return Response(preview.message.content, content_type="application/xml")

    def _body(self, who: Caller) -> bytes:
        with self._uploads.place(who.portal):
            return json_body(request, limit=self._max_body)

    def routes(self) -> tuple[Route, ...]:
        """Return the addresses of these views."""
        accept = Route(
            name="acceptApplication",
            method="POST",
            rule="/v1/applications",
            view=self.accept,
            tag="Anträge",
            summary="Antrag abgeben",
            description="Prüft den Antrag, baut daraus die Nachricht des Standards, prüft und signiert sie und "
            "speichert alles zusammen. Die Antwort 202 kommt erst, wenn nichts mehr verloren gehen kann; zugestellt "
            "wird danach. Geht die Antwort verloren: mit demselben Idempotency-Key wiederholen.",
            replies=(
                Reply(
                    status=202,
                    description="Angenommen, oder unter demselben Schlüssel schon früher angenommen.",
                    model=AcceptedApplication,
                    headers={
                        "Location": "Adresse des Antrags",
                        REPLAYED_HEADER: "true, wenn dieser Antrag schon früher angenommen wurde",
                    },
                ),
            ),
            problems=(*_REFUSALS, KEY_MISSING, KEY_MALFORMED, KEY_REUSED),
            parameters=(_KEY_PARAMETER,),
            takes_application=True,
            secured=True,
        )
        validate = Route(
            name="validateApplication",
            method="POST",
            rule="/v1/applications/validate",
            view=self.validate,
            tag="Anträge",
            summary="Antrag nur prüfen",
            description="Macht dieselben Prüfungen wie die Abgabe und zeigt die Nachricht, die daraus würde. "
            "Gespeichert und gesendet wird nichts.",
            replies=(
                Reply(status=200, description="Die Nachricht, wie sie gesendet würde.", media_type="application/xml"),
            ),
            problems=_REFUSALS,
            takes_application=True,
            secured=True,
        )
        return accept, validate
