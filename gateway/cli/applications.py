"""``gateway submit`` and ``gateway status``: what a portal does, from the command line."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import click

from gateway.cli.options import as_json, url_and_token, write_json
from gateway.client import PortalClient, Reply, Unreachable

_EXIT = {"answered": 0, "sent_by_post": 0, "waiting_for_citizen": 0, "refused": 1, "undeliverable": 1}
"""Exit status of a followed application; any other state means that the time was over."""


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@url_and_token
@click.option(
    "--idempotency-key",
    help="The key under which the application counts once; made from the file's content if not given.",
)
@click.option("--wait", type=float, default=0, metavar="SECONDS", help="Follow the application that long.")
@click.option("--dry-run", is_flag=True, help="Only check; print the XML that would be sent.")
@as_json
def submit(  # noqa: PLR0917 - click passes them by name
    file: Path,
    url: str,
    token: str,
    idempotency_key: str | None,
    wait: float,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Hand in the application in FILE (JSON).

    With --wait the exit status tells its end: 0 answered, 1 refused or undeliverable, 3 not yet.
    """
    client = PortalClient(url, token)
    body = file.read_bytes()
    key = idempotency_key or hashlib.sha256(body).hexdigest()
    try:
        reply = client.validate(body) if dry_run else client.submit(body, key)
        if not reply.ok:
            _refused(reply, as_json=as_json)
        if dry_run:
            click.echo(reply.body.decode())
            return
        accepted = reply.data
        if wait <= 0:
            write_json(accepted) if as_json else click.echo(f"{accepted['id']}  {accepted['state']}")
            return
        last, seen = accepted, 0
        for last in client.follow(accepted["id"], seconds=wait):
            for entry in last["history"][seen:]:
                click.echo(f"{entry['at']}  {entry['event']}", err=True)
            seen = len(last["history"])
        write_json(last) if as_json else _show(last)
        sys.exit(_EXIT.get(last["state"], 3))
    except Unreachable as error:
        _away(error)


@click.command()
@click.argument("application_id")
@url_and_token
@as_json
def status(application_id: str, url: str, token: str, as_json: bool) -> None:
    """Print what became of an application."""
    try:
        reply = PortalClient(url, token).status(application_id)
        if not reply.ok:
            _refused(reply, as_json=as_json)
        write_json(reply.data) if as_json else _show(reply.data)
    except Unreachable as error:
        _away(error)


def _show(data: dict[str, Any]) -> None:
    click.echo(f"{data['id']}  {data['service']}  {data['state']}")
    for reason in data["reasons"]:
        click.echo(f"  {reason['code']}: {reason['detail']}")
    for entry in data["history"]:
        click.echo(f"  {entry['at']}  {entry['event']}  {entry.get('code') or ''}".rstrip())
    for one in data["documents"]:
        click.echo(f"  document {one['number']}: {one['filename']} ({one['media_type']}, {one['size']} bytes)")


def _refused(reply: Reply, *, as_json: bool) -> None:
    problem = reply.data
    if as_json:
        write_json(problem)
    else:
        click.secho(f"{reply.status} {problem.get('code', '')}: {problem.get('detail', '')}", fg="red", err=True)
        for one in problem.get("errors", []):
            click.echo(f"  {one['pointer']}: {one['detail']} ({one['code']})", err=True)
    sys.exit(1)


def _away(error: Unreachable) -> None:
    click.secho(str(error), fg="red", err=True)
    sys.exit(3)
