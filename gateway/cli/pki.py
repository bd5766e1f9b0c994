"""``gateway pki`` and ``gateway token``: keys for the demonstration, tokens for portals."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

import click

from gateway.cli.options import as_json, write_json

_PORTAL = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@click.group()
def pki() -> None:
    """Keys and certificates."""


@pki.command("demo")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Make everything anew.")
@as_json
def demo_pki(directory: Path, force: bool, as_json: bool) -> None:
    """Make a demonstration PKI in DIRECTORY: CA, TLS certificates, seal and log keys. For tests only.

    What is there and valid is kept.
    """
    from gateway.signing.pki import make_demo_pki

    made = asdict(make_demo_pki(directory, force=force))
    if as_json:
        write_json(made)
        return
    click.echo(f"demonstration PKI in {directory} (never use it for real):")
    for name, path in made.items():
        if name != "directory":
            click.echo(f"  {name:<22} {Path(path).name}")


@click.command()
@click.argument("portal")
@click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("tokens"),
    show_default=True,
    help="Where the token's hash is kept for the gateway.",
)
def token(portal: str, directory: Path) -> None:
    """Make a token for PORTAL.

    It is printed once, for the portal; its hash is written for `token_hash_files`.
    """
    from gateway.portal.access import new_token

    if not _PORTAL.fullmatch(portal):
        raise click.BadParameter("must be a portal's id as in the configuration: a-z, 0-9, . _ -", param_hint="PORTAL")
    secret, digest = new_token()
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / f"{portal}.sha256"
    with target.open("a", encoding="ascii") as lines:
        lines.write(digest + "\n")
    click.echo(f"hash added to {target}; hand this token to the portal, it is not kept:", err=True)
    click.echo(secret)
