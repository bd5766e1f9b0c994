"""The process that serves: granian in front of the Flask application, with the gateway's threads beside it.

On SQLite there is one process with one writer, so granian gets exactly one worker; its parent only supervises. The
configuration is checked before there is a worker, in a process that ends again: a wrong one ends the command with a
message, and the parent never holds what only the worker needs. For the same reason this module imports little.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from dataclasses import dataclass
from functools import partial
from multiprocessing import connection, get_context, parent_process
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TYPE_CHECKING

from granian.constants import Interfaces
from granian.server import Server

from gateway import logs
from gateway.errors import ConfigurationError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What the parent needs to know of a configuration that can be used."""

    host: str
    port: int
    threads: int
    log_level: str


def rehearse(file: Path) -> Plan:
    """Open once, and let go of, everything that the worker will need; raises ConfigurationError or OSError."""
    context = get_context("fork")  # as granian makes its worker: the parent has one thread and has loaded little
    answers, to_parent = context.Pipe(duplex=False)
    child = context.Process(target=_report, args=(file, to_parent), name="rehearsal")
    child.start()
    to_parent.close()
    try:
        answer = answers.recv()
    except EOFError:
        child.join()
        answer = ConfigurationError(str(file), "rehearsal", f"ended with status {child.exitcode} and no answer")
    child.join()
    if isinstance(answer, Plan):
        return answer
    raise answer


def serve(file: Path, plan: Plan) -> None:
    """Serve until SIGTERM or SIGINT; then finish what is in hand and return."""
    logs.configure(plan.log_level)
    Server(
        "gateway",
        address=plan.host,
        port=plan.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=plan.threads,
        log_dictconfig=logs.GRANIAN_LOGGING,
        workers_kill_timeout=60,
        process_name=None,
    ).serve(target_loader=partial(_open, file), wrap_loader=False)


def _report(file: Path, to_parent: connection.Connection) -> None:
    """Rehearse, in the process made for it, and send the plan or what is wrong."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _watch_parent()
    try:
        to_parent.send(_rehearse(file))
    except (ConfigurationError, OSError) as error:
        to_parent.send(error)


def _rehearse(file: Path) -> Plan:
    from gateway.app import assemble, connect
    from gateway.settings import load
    from gateway.store.database import Database

    settings = load(file)
    assemble(settings, file)
    for adapter in connect(settings, str(file)).values():
        adapter.close()
    Database(settings.database.url).close()
    listen = settings.listen
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    try:
        socket.create_server((listen.host, listen.port), family=family).close()
    except OSError as error:
        reason = f"cannot listen on {listen.host} port {listen.port}: {error.strerror}"
        raise ConfigurationError(str(file), "listen", reason) from error
    return Plan(host=listen.host, port=listen.port, threads=listen.threads, log_level=settings.log_level)


def _open(file: Path) -> WSGIApplication:
    """Make the gateway inside the worker process and start its threads; they stop when the process ends."""
    from gateway.app import Gateway
    from gateway.settings import load

    # A terminal sends Ctrl-C to both processes; the parent passes it on once as SIGTERM.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    _watch_parent()
    settings = load(file)
    logs.configure(settings.log_level)
    gateway = Gateway(settings, file)
    gateway.start()
    Finalize(None, gateway.stop, exitpriority=100)
    application: WSGIApplication = gateway.portal.wsgi_app
    return application


def _watch_parent() -> None:
    threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()


def _end_with_parent() -> None:
    """End at once when the parent was killed: an orphan would keep port and database from whoever takes over.

    Nothing needs to be finished, because everything that was promised is committed.
    """
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
