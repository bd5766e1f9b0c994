"""``gateway serve`` and ``gateway worker``."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click

from gateway.cli.options import config_file


@click.command()
@config_file
def serve(file: Path) -> None:
    """Serve the portal API and deliver.

    One process, until SIGTERM or SIGINT.

    Log lines (JSON) go to standard error.
    """
    from gateway.server import rehearse
    from gateway.server import serve as run

    plan = rehearse(file)
    click.echo(f"portal API on http://{plan.host}:{plan.port}/v1/docs", err=True)
    run(file, plan)


@click.command()
@config_file
@click.option("--until-idle", is_flag=True, help="End as soon as no delivery is open.")
def worker(file: Path, until_idle: bool) -> None:
    """Deliver and collect replies, without the API.

    On SQLite one process owns the database: stop `gateway serve` first.
    """
    from gateway import logs
    from gateway.app import Gateway
    from gateway.settings import load
    from gateway.store.deliveries import open_count

    settings = load(file)
    logs.configure(settings.log_level)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    running = Gateway(settings, file)
    running.start()
    try:
        while not stopping.wait(0.2):
            if until_idle and running.database.read(open_count) == 0:
                running.collector.run_once()
                break
    finally:
        running.stop()
