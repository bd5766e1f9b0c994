"""Plays the main job: hands in every application, shows what becomes of it, and checks the evidence at the end."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.xta.simulator import How, Mishap, Simulator
from gateway.client import PortalClient
from gateway.resources import resource

Say = Callable[[str, str, str], None]
"""Shows one line: seconds since the application was handed in, what happened, and what there is to say about it."""

_WAIT = 20.0
_WORDS = {
    "application:accepted": ("received", "checked and stored with everything below in one commit"),
    "message:signed": ("signed", "detached XAdES-B-B beside the message"),
    "delivery:queued": ("queued", "for the authority in charge"),
    "delivery:id:reserved": ("id reserved", "fixed before anything is sent; every attempt uses it"),
    "delivery:attempt:started": ("attempt", ""),
    "delivery:attempt:delivered": ("delivered", "the transport report says so"),
    "delivery:attempt:unclear": ("unclear", "perhaps there: ask before sending again"),
    "delivery:attempt:unreachable": ("not there", "certainly not taken: send again under the same id"),
    "delivery:attempt:refused": ("refused", "by the destination"),
    "reply:received": ("reply", "fetched from the mailbox, matched by nachrichtenUUID"),
    "application:answered": ("answered", ""),
    "application:sent_by_post": ("answered", "the certificate goes out as a letter"),
    "application:refused": ("refused", "by the authority: final, and no technical fault"),
    "application:waiting_for_citizen": ("waiting", "for the citizen"),
    "case:closed": ("closed", ""),
}
_MISHAPS = {
    "05": ("the answer to sendMessage is lost after the authority has stored it", How.DROP, True, ""),
    "06": ("the authority's server has stored nothing and says 503, come back in 7 s", How.STATUS, False, "503"),
}


@dataclass(kw_only=True, slots=True)
class Told:
    """One application's end. ``expected`` tells whether it is what its file's name announces."""

    file: str
    id: str | None
    state: str
    expected: bool
    problems: list[str] = field(default_factory=list)


def fixtures() -> list[Path]:
    """Return the applications that are handed in, in order."""
    return sorted(resource("fixtures", "applications").glob("*.json"))


class Story:
    """Tells it application by application."""

    def __init__(self, client: PortalClient, authority: Simulator, documents: Path, messages: Path, say: Say) -> None:
        self._client = client
        self._authority = authority
        self._documents = documents
        self._messages = messages
        self._say = say
        self._run = uuid.uuid4().hex[:12]

    def tell(self, file: Path) -> Told:
        """Hand in one application and follow it to its end."""
        begun = time.monotonic()

        def say(what: str, about: str = "") -> None:
            self._say(f"{time.monotonic() - begun:5.2f} s", what, about)

        self._plan_mishap(file, say)
        reply = self._client.submit(file.read_bytes(), f"demo-{self._run}-{file.stem}")
        if not reply.ok:
            return self._refused(file, reply.data, say)
        accepted = reply.data
        application_id = accepted["id"]
        message = self._client.message(application_id).body
        (self._messages / f"{file.stem}.xml").write_bytes(message)
        seen = 0
        last: dict[str, Any] = accepted
        for last in self._client.follow(application_id, seconds=_WAIT, every=0.05):
            for entry in last["history"][seen:]:
                seen += 1
                self._tell_event(entry, message, say)
        for reason in last.get("reasons", []):
            say("reason", f"{reason['detail']} ({reason['code']})")
        for one in last.get("documents", []):
            self._fetch(application_id, file, one, say)
        return Told(
            file=file.name, id=application_id, state=last["state"], expected=last["state"] == _announced(file.stem)
        )

    def _plan_mishap(self, file: Path, say: Callable[..., None]) -> None:
        if mishap := _MISHAPS.get(file.stem[:2]):
            words, how, handled, value = mishap
            say("on purpose", words)
            self._authority.script.plan("sendMessage", Mishap(how=how, handled=handled, value=value))

    @staticmethod
    def _tell_event(entry: dict[str, Any], message: bytes, say: Callable[..., None]) -> None:
        word, about = _WORDS.get(entry["event"], (entry["event"], ""))
        if entry["event"] == "message:signed":
            say("translated", f"XMeld 25.11a 1700, {len(message)} bytes, valid against the profile and its rules")
        if entry["event"] == "delivery:attempt:started":
            return
        say(word, " ".join(part for part in (about, f"[{entry['code']}]" if entry.get("code") else "") if part))

    def _refused(self, file: Path, problem: dict[str, Any], say: Callable[..., None]) -> Told:
        say("refused", f"by the gateway, nothing stored: {problem['detail']} ({problem['status']} {problem['code']})")
        places = [f"{one['pointer']}: {one['detail']} ({one['code']})" for one in problem.get("errors", [])]
        for place in places:
            say("field", place)
        expected = _announced(file.stem) == "not accepted"
        return Told(file=file.name, id=None, state="not accepted", expected=expected, problems=places)

    def _fetch(self, application_id: str, file: Path, one: dict[str, Any], say: Callable[..., None]) -> None:
        content = self._client.document(application_id, one["number"]).body
        target = self._documents / f"{file.stem}-{one['filename']}"
        target.write_bytes(content)
        say("document", f"{one['filename']}, {len(content)} bytes, fetched to {target.parent.name}/{target.name}")


def _announced(stem: str) -> str:
    """Return the state that a fixture's name announces."""
    if "-refused-" in stem:
        return "not accepted"
    if "-authority-refuses-" in stem:
        return "refused"
    return "sent_by_post" if stem.endswith("-post") else "answered"
