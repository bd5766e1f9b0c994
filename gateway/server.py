"""The process that serves: granian in front of the Flask application, with the gateway's threads beside it.

On SQLite there is one process with one writer, so granian gets exactly one worker; its parent only supervises. The
configuration is checked in the parent, so that a wrong one ends the command with a message and not a worker.
"""

from __future__ import annotations

from functools import partial
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TYPE_CHECKING

from granian.constants import Interfaces
from granian.server import Server

from gateway import logs
from gateway.app import Gateway
from gateway.settings import Settings, load

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


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
    settings = load(file)
    logs.configure(settings.log_level)
    gateway = Gateway(settings, file)
    gateway.start()
    Finalize(None, gateway.stop, exitpriority=100)
    application: WSGIApplication = gateway.portal.wsgi_app
    return application
