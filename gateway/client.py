"""A small client of the portal API, for the command line and the demonstration."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import urllib3

_FINAL = frozenset({"answered", "sent_by_post", "waiting_for_citizen", "refused", "undeliverable"})


class Unreachable(Exception):  # noqa: N818 - says what the gateway is
    """The gateway did not answer at this address."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """An answer of the API; ``data`` is its JSON, ``body`` its bytes.

    ``data`` raises Unreachable if what answers there is no gateway.
    """

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def data(self) -> dict[str, Any]:
        try:
            value = json.loads(self.body)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise Unreachable(f"something answers there (HTTP {self.status}), but it is no gateway")
        return value


class PortalClient:
    """Speaks to one gateway with one portal's token. ``url`` has no trailing slash (``http://127.0.0.1:8470``)."""

    def __init__(self, url: str, token: str, *, language: str = "de") -> None:
        self.url = url.rstrip("/")
        self._pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=5, read=30))
        self._headers = {"Authorization": f"Bearer {token}", "Accept-Language": language}

    def submit(self, body: bytes, idempotency_key: str) -> Reply:
        """Hand in an application (JSON bytes)."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": idempotency_key}
        return self._call("POST", "/v1/applications", body, headers)

    def validate(self, body: bytes) -> Reply:
        """Have an application checked; nothing is stored."""
        return self._call("POST", "/v1/applications/validate", body, {"Content-Type": "application/json"})

    def status(self, application_id: str) -> Reply:
        return self._call("GET", _path(application_id))

    def message(self, application_id: str) -> Reply:
        return self._call("GET", f"{_path(application_id)}/message")

    def document(self, application_id: str, number: int) -> Reply:
        return self._call("GET", f"{_path(application_id)}/documents/{number}")

    def ready(self) -> bool:
        """True if the gateway says that it can take applications."""
        try:
            return self._call("GET", "/readyz").ok
        except Unreachable:
            return False

    def follow(self, application_id: str, *, seconds: float, every: float = 0.2) -> Iterator[dict[str, Any]]:
        """Yield the application whenever its history has grown, until its state is final or the time is over."""
        seen = -1
        end = time.monotonic() + seconds
        while True:
            reply = self.status(application_id)
            if not reply.ok:
                return
            data = reply.data
            if len(data["history"]) > seen:
                seen = len(data["history"])
                yield data
            if data["state"] in _FINAL or time.monotonic() > end:
                return
            time.sleep(every)

    def _call(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Reply:
        try:
            response = self._pool.request(
                method, self.url + path, body=body, headers={**self._headers, **(headers or {})}, redirect=False
            )
        except urllib3.exceptions.HTTPError as error:
            raise Unreachable(f"{self.url} does not answer ({type(error).__name__})") from error
        return Reply(status=response.status, headers=dict(response.headers), body=response.data)


def _path(application_id: str) -> str:
    return f"/v1/applications/{quote(application_id, safe='')}"
