"""``gateway demo`` and ``gateway simulate``."""

from __future__ import annotations

import signal
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.options import as_json, write_json

if TYPE_CHECKING:
    from gateway.demo.evidence import Checked
    from gateway.demo.story import Told
    from gateway.demo.workspace import Workspace

_COLOURS = {
    "answered": "green",
    "delivered": "green",
    "refused": "yellow",
    "field": "yellow",
    "unclear": "yellow",
    "not there": "yellow",
    "on purpose": "magenta",
    "document": "cyan",
    "reason": "yellow",
}


@click.command()
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("gateway-demo"),
    show_default=True,
    help="Where keys, messages, evidence and the log are written.",
)
@click.option("--serve", is_flag=True, help="Keep the gateway and the simulated authority running; print the URLs.")
@as_json
def demo(directory: Path, serve: bool, as_json: bool) -> None:
    """Show the main job, visibly, and check it.

    A simulated Meldebehörde, every fixture application, the answers, the evidence, the verified log.

    Everything runs on the loopback address and is fictitious. Exit status 0 if all went as announced.
    """
    from gateway.demo.process import NotStartedError
    from gateway.demo.workspace import make_workspace

    begun = time.monotonic()
    quiet = as_json
    _headline(f"set-up in {directory}/ (keys, token, configuration: all fictitious)", quiet=quiet)
    workspace = make_workspace(directory)
    try:
        if serve:
            _serve(workspace)
            return
        told, cases, checked = _play(workspace, quiet=quiet)
    except NotStartedError as error:
        raise click.ClickException(str(error)) from error
    ids = [one for one in told if one.id is not None]
    good = all(one.expected for one in told) and cases == len(ids) and not checked.broken
    good = good and checked.report.exit_code == 0
    if as_json:
        summary = {
            "ok": good,
            "applications": [asdict(one) for one in told],
            "cases_at_the_authority": cases,
            "signatures_verified": checked.seals,
            "audit": checked.report.verdict.value,
            "directory": str(directory),
            "seconds": round(time.monotonic() - begun, 1),
        }
        write_json(summary)
    else:
        _results(workspace, told, cases, checked)
        click.secho(
            f"\n{'everything went as announced' if good else 'NOT everything went as announced'}"
            f" ({time.monotonic() - begun:.1f} s)",
            fg="green" if good else "red",
            bold=True,
        )
    sys.exit(0 if good else 1)


def _play(workspace: Workspace, *, quiet: bool) -> tuple[list[Told], int, Checked]:
    from adapters.xta.simulator import demo_simulator
    from gateway.client import PortalClient
    from gateway.demo.evidence import check
    from gateway.demo.process import GatewayProcess
    from gateway.demo.story import Story, fixtures

    def say(when: str, what: str, about: str) -> None:
        if not quiet:
            click.echo(f"  {when}  {click.style(f'{what:<12}', fg=_COLOURS.get(what))} {about}")

    client = PortalClient(workspace.url, workspace.token_file.read_text(encoding="ascii").strip(), language="en")
    with demo_simulator(workspace.pki, port=workspace.authority_port) as authority:
        _headline(f"simulated Meldebehörde: {authority.send_url} (XTA 2.1.1, SOAP 1.2, mutual TLS)", quiet=quiet)
        with GatewayProcess(workspace, client):
            _headline(f"gateway: {workspace.url} (log lines in {workspace.log_file})", quiet=quiet)
            story = Story(client, authority, workspace.folder("documents"), workspace.folder("messages"), say)
            told = []
            for file in fixtures():
                _headline(file.name, quiet=quiet)
                told.append(story.tell(file))
        cases = authority.office.cases
    _headline("gateway stopped; now the evidence, with public keys only", quiet=quiet)
    return told, cases, check(workspace, told)


def _serve(workspace: Workspace) -> None:
    from adapters.xta.simulator import demo_simulator
    from gateway.client import PortalClient
    from gateway.demo.process import GatewayProcess

    client = PortalClient(workspace.url, workspace.token_file.read_text(encoding="ascii").strip())
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with demo_simulator(workspace.pki, port=workspace.authority_port) as authority, GatewayProcess(workspace, client):
        click.echo(f"""
portal API       {workspace.url}/v1/docs
OpenAPI          {workspace.url}/v1/openapi.json
health, figures  {workspace.url}/healthz  {workspace.url}/readyz  {workspace.url}/metrics
authority        {authority.send_url} (simulated, mutual TLS)
token            {workspace.token_file}
log lines        {workspace.log_file}

try   gateway submit fixtures/applications/01-mindestumfang-daten.json \\
        --url {workspace.url} --token-file {workspace.token_file} --wait 10
stop  Ctrl-C""")
        stopping.wait()


def _results(workspace: Workspace, told: list[Told], cases: int, checked: Checked) -> None:
    ids = [one for one in told if one.id is not None]
    click.echo(f"  signatures   {checked.seals} of {len(ids)} verified ({checked.broken} broken)")
    click.echo(f"  no doubles   {cases} cases at the authority for {len(ids)} accepted applications")
    for line in checked.report.text_en.splitlines():
        click.echo(f"  audit log    {line}")
    _headline("what became of each", quiet=False)
    for one in told:
        mark = click.style("as announced", fg="green") if one.expected else click.style("UNEXPECTED", fg="red")
        click.echo(f"  {one.file:<44} {one.state:<14} {mark}")
    _headline("where things lie", quiet=False)
    here = workspace.directory
    for name, path in (
        ("messages", here / "messages"),
        ("evidence", here / "evidence"),
        ("documents", here / "documents"),
        ("audit log", checked.bundle),
        ("its key", checked.key),
        ("database", here / "gateway.sqlite"),
        ("log lines", workspace.log_file),
    ):
        click.echo(f"  {name:<12} {path}")
    click.echo(f"  check again  gateway audit verify {checked.bundle} --key {checked.key}")


def _headline(text: str, *, quiet: bool) -> None:
    if not quiet:
        click.secho(f"\n▸ {text}", bold=True)


@click.group()
def simulate() -> None:
    """Simulated specialist procedures."""


@simulate.command()
@click.option("--pki", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--port", type=int, default=8471, show_default=True)
def xta(pki: Path, port: int) -> None:
    """An XTA 2.1.1 server with a Meldebehörde behind it, on the loopback address; keys from `gateway pki demo`."""
    from adapters.xta.simulator import main as run

    sys.exit(run(["--pki", str(pki), "--port", str(port)]))
