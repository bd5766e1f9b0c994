"""The process that serves: granian in front of the Flask application, with the gateway's threads beside it.

On SQLite there is one process with one writer, so granian gets exactly one worker; its parent only supervises. The
configuration is checked in the parent, so that a wrong one ends the command with a message and not a worker.
"""

from __future__ import annotations

import os
import socket
import threading
from functools import partial
from multiprocessing import connection, parent_process
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TYPE_CHECKING

from granian.constants import Interfaces
from granian.server import Server

from gateway import logs
from gateway.app import Gateway, assemble, connect
from gateway.errors import ConfigurationError
from gateway.settings import Settings, load
from gateway.store.database import Database

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def rehearse(file: Path, settings: Settings) -> None:
    """Open once, and let go of, everything that the worker will need; raises ConfigurationError."""
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


def serve(file: Path, settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; then finish what is in hand and return."""
    logs.configure(settings.log_level)
    Server(
        "gateway",
        address=settings.listen.host,
        port=settings.listen.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=settings.listen.threads,
        log_dictconfig=logs.GRANIAN_LOGGING,
        workers_kill_timeout=60,
        process_name=None,
    ).serve(target_loader=partial(_open, file), wrap_loader=False)


def _open(file: Path) -> WSGIApplication:
    """Make the gateway inside the worker process and start its threads; they stop when the process ends."""
    threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()
    settings = load(file)
    logs.configure(settings.log_level)
    gateway = Gateway(settings, file)
    gateway.start()
    Finalize(None, gateway.stop, exitpriority=100)
    application: WSGIApplication = gateway.portal.wsgi_app
    return application


def _end_with_parent() -> None:
    """End at once when the parent was killed: an orphan would keep port and database from whoever takes over.

    Nothing needs to be finished, because everything that was promised is committed.
    """
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
