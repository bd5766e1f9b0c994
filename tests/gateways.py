"""The whole gateway in a folder of its own, in this process or as a process of its own, and its simulated authority.

Everything is real: SQLite file, mutual TLS, SOAP, HTTP; only the times between attempts are fractions of a second.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import Row, Select, func, select

from adapters.xta.simulator import DEMO_AUTHOR, Simulator
from gateway.app import Gateway
from gateway.audit.logkey import LogKey
from gateway.audit.report import Report
from gateway.audit.verify import verify
from gateway.client import PortalClient
from gateway.portal.access import new_token
from gateway.resources import resource
from gateway.settings import Settings, load
from gateway.signing.pki import DemoPki
from gateway.store import tables
from gateway.store.database import Database
from tests.portal_harness import application

TIMES: dict[str, float] = {
    "first_retry": 0.1,
    "longest_retry": 0.4,
    "reconcile_after": 0.1,
    "hold": 0.3,
    "collect_every": 0.2,
    "connect_timeout": 2.0,
    "read_timeout": 1.0,
    "total_timeout": 3.0,
}
"""Seconds, keys of ``[delivery]`` and of the connection."""

_LAST_OF_CONNECTION = 'client_key_file = "pki/tls-client.key"'
_OF_CONNECTION = ("connect_timeout", "read_timeout", "total_timeout")
_PORTAL = "openrathaus-demo"


@dataclass(frozen=True, kw_only=True)
class Installation:
    """A configured folder. ``token`` may act for every administration of the demonstration."""

    directory: Path
    config: Path
    port: int
    token: str
    token_file: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log_file(self) -> Path:
        return self.directory / "gateway.log"

    @property
    def database_file(self) -> Path:
        return self.directory / "gateway.sqlite"

    @property
    def settings(self) -> Settings:
        return load(self.config)

    def change(self, old: str, new: str) -> None:
        """Replace a text of the configuration that stands there exactly once."""
        text = self.config.read_text(encoding="utf-8")
        assert text.count(old) == 1, old
        self.config.write_text(text.replace(old, new), encoding="utf-8")

    def client(self) -> PortalClient:
        return PortalClient(self.url, self.token)

    def command(self, *arguments: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        """Run ``gateway …`` in the folder and return how it ended."""
        return run_command(*arguments, directory=self.directory, seconds=seconds)

    def rows(self, statement: Select[Any]) -> list[Row[Any]]:
        """Read the database beside whatever else has it open."""
        database = Database(f"sqlite:///{self.database_file}", writable=False)
        try:
            return list(database.read(lambda c: c.execute(statement).all()))
        finally:
            database.close()

    def events(self, case: str) -> list[str]:
        """Return what the log says of a case, in order."""
        e = tables.event.c
        return [row.event for row in self.rows(select(e.event).where(e.case_id == case).order_by(e.id))]

    def audit(self) -> Report:
        """Verify the log in the database's file with the public key only."""
        audit = self.settings.audit
        return verify(self.database_file, LogKey.load(audit.key_file, audit.origin).verifier)


def install(directory: Path, pki: DemoPki, authority: Simulator | int = 0, **times: float) -> Installation:
    """Make a folder as the demonstration has it, for this authority (or its port; 0: there is none).

    ``times`` change :data:`TIMES` or set other keys of ``[delivery]``.
    """
    directory.mkdir(parents=True, exist_ok=True)
    shutil.copytree(resource("config", "areas"), directory / "areas")
    shutil.copytree(pki.directory, directory / "pki")
    token, digest = new_token()
    (directory / "tokens").mkdir()
    (directory / "tokens" / f"{_PORTAL}.sha256").write_text(digest + "\n", encoding="ascii")
    token_file = directory / "tokens" / f"{_PORTAL}.token"
    token_file.write_text(token + "\n", encoding="ascii")
    port = free_port()
    config = directory / "gateway.toml"
    config.write_text(_configuration(port, authority, TIMES | times), encoding="utf-8")
    return Installation(directory=directory, config=config, port=port, token=token, token_file=token_file)


def _configuration(port: int, authority: Simulator | int, times: dict[str, float]) -> str:
    text = resource("config", "demo.toml").read_text(encoding="utf-8")
    before, _, rest = text.partition("[delivery]\n")
    delivery = [f"{name} = {value}" for name, value in times.items() if name not in _OF_CONNECTION]
    connection = [f"{name} = {times[name]}" for name in _OF_CONNECTION]
    text = before + "\n".join(["[delivery]", *delivery, "", rest[rest.index("[[portal]]") :]])
    text = text.replace(_LAST_OF_CONNECTION, "\n".join([_LAST_OF_CONNECTION, *connection]))
    if isinstance(authority, Simulator):
        authority = int(authority.send_url.split(":")[2].split("/")[0])
    behind = authority or free_port()
    return text.replace("port = 8470", f"port = {port}").replace("127.0.0.1:8471", f"127.0.0.1:{behind}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_command(*arguments: str, directory: Path, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway", *arguments]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=seconds, check=False)


def wait_for(condition: Callable[[], Any], what: str, *, seconds: float = 20.0) -> None:
    """Return as soon as the condition holds; fails the test if it never does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s in vain: {what}"
        time.sleep(0.01)


@dataclass(frozen=True, kw_only=True)
class Running:
    """A gateway in this process; its portal is called without HTTP."""

    gateway: Gateway
    portal: FlaskClient
    token: str

    def post(self, body: dict[str, Any] | None = None, *, key: str | None = None) -> str:
        """Hand in an application (a valid one if none is given), which must be accepted; return its id."""
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key or str(uuid.uuid4())}
        answer = self.portal.post("/v1/applications", json=body or application(), headers=headers)
        assert answer.status_code == 202, answer.text
        return str(answer.json["id"])

    def get(self, application_id: str) -> dict[str, Any]:
        """Return what the portal is told of an application."""
        headers = {"Authorization": f"Bearer {self.token}", "Accept-Language": "en"}
        answer = self.portal.get(f"/v1/applications/{application_id}", headers=headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json)

    def state(self, application_id: str) -> str:
        return str(self.get(application_id)["state"])

    def message_id(self, application_id: str) -> str:
        """Return the nachrichtenUUID of the application's message."""
        m = tables.message.c
        found = self.gateway.database.read(lambda c: c.scalar(select(m.id).where(m.application_id == application_id)))
        assert found
        return str(found)

    def delivery(self, application_id: str) -> Row[Any]:
        found = select(tables.delivery).where(tables.delivery.c.application_id == application_id)
        return self.gateway.database.read(lambda c: c.execute(found).one())

    def until(self, state: str, *ids: str, seconds: float = 20.0) -> None:
        """Wait until all applications are in this state."""
        wait_for(lambda: all(self.state(one) == state for one in ids), f"state {state}", seconds=seconds)


@contextmanager
def running(installation: Installation, *, threads: bool = True) -> Iterator[Running]:
    """Run a gateway in this process; without ``threads`` nothing happens but what the test asks for."""
    gateway = Gateway(installation.settings, installation.config)
    if threads:
        gateway.start()
    try:
        yield Running(gateway=gateway, portal=gateway.portal.test_client(), token=installation.token)
    finally:
        gateway.stop()


class Served:
    """``gateway serve`` as a process of its own, in a group of its own, so that it can be killed with its worker."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.client = installation.client()
        command = [sys.executable, "-m", "gateway", "serve", "--config", str(installation.config)]
        with installation.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )

    def ready(self) -> None:
        """Wait until it takes applications."""
        wait_for(lambda: self.process.poll() is not None or self.client.ready(), "gateway ready", seconds=40)
        assert self.process.poll() is None, self.installation.log_file.read_text(encoding="utf-8")

    def post(self, body: dict[str, Any] | None = None, *, key: str | None = None) -> str:
        """Hand in an application, which must be accepted; return its id."""
        reply = self.client.submit(json.dumps(body or application()).encode(), key or str(uuid.uuid4()))
        assert reply.status == 202, reply.body
        return str(reply.data["id"])

    def state(self, application_id: str) -> str:
        return str(self.client.status(application_id).data["state"])

    def until(self, state: str, *ids: str, seconds: float = 30.0) -> None:
        wait_for(lambda: all(self.state(one) == state for one in ids), f"state {state}", seconds=seconds)

    def kill(self) -> None:
        """SIGKILL to the process and its worker at the same moment: nothing of it gets to do anything more."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def terminate(self) -> int:
        """SIGTERM, as a service manager sends it; return the exit status."""
        self.process.terminate()
        return self.process.wait(60)


@contextmanager
def served(installation: Installation) -> Iterator[Served]:
    """Serve until the end of the block, where whatever is left of it is killed."""
    one = Served(installation)
    try:
        one.ready()
        yield one
    finally:
        with suppress(ProcessLookupError):  # nobody is left
            one.kill()


def assert_each_once(
    installation: Installation, authority: Simulator, ids: Iterable[str], *, documents: int = 1
) -> None:
    """Assert the end that is promised: every application one case, one answer, one set of documents, a valid log.

    To be called when the gateway has stopped.
    """
    wanted = sorted(ids)
    a, m, d, r = (table.c for table in (tables.application, tables.message, tables.delivery, tables.reply))
    states = installation.rows(select(a.id, a.state).order_by(a.id))
    assert [tuple(row) for row in states] == [(one, "answered") for one in wanted]
    delivered = installation.rows(select(d.application_id, d.state).order_by(d.application_id))
    assert [tuple(row) for row in delivered] == [(one, "delivered") for one in wanted]
    messages = installation.rows(select(m.id))
    assert [authority.office.orders(row.id) for row in messages] == [1] * len(wanted)
    assert authority.office.cases == len(wanted)
    kept = installation.rows(select(r.application_id, r.code).order_by(r.application_id))
    assert [tuple(row) for row in kept] == [(one, "matched") for one in wanted]
    pages = installation.rows(select(func.count()).select_from(tables.document))
    assert pages[0][0] == documents * len(wanted)
    assert authority.service.state.waiting(DEMO_AUTHOR) == 0
    assert all(installation.events(one)[-1] == "case:closed" for one in wanted)
    report = installation.audit()
    assert (report.verdict.value, report.pending) == ("valid", 0)
