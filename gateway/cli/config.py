"""``gateway config``: is this configuration usable?"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from gateway.cli.options import as_json, config_file, write_json
from gateway.errors import ConfigurationError
from gateway.model import Finding
from gateway.ports import Capabilities


@click.group()
def config() -> None:
    """The configuration file."""


@config.command()
@config_file
@click.option("--connect", is_flag=True, help="Also call every destination's transport once (harmless).")
@as_json
def check(file: Path, connect: bool, as_json: bool) -> None:
    """Check the configuration with everything it names; print what is wrong: file, key and reason.

    Opens no database and, without --connect, no connection.
    """
    findings = list(_findings(file, reach=connect))
    failed = any(one.level == "error" for one in findings)
    if as_json:
        lines = [{"level": one.level, "subject": one.subject, "text": one.text} for one in findings]
        write_json({"ok": not failed, "findings": lines})
    else:
        colours = {"ok": "green", "warning": "yellow", "error": "red"}
        for one in findings:
            click.echo(click.style(f"{one.level:<8}", fg=colours[one.level]) + f"{one.subject}: {one.text}")
    sys.exit(2 if failed else 0)


def _findings(file: Path, *, reach: bool) -> Iterator[Finding]:
    from gateway import app
    from gateway.settings import load

    try:
        settings = load(file)
        yield Finding(level="ok", subject=str(file), text="can be read, no unknown keys")
        yield from app.check(settings, file)
        for name, adapter in app.connect(settings, str(file)).items():
            yield Finding(level="ok", subject=f"connection.{name}", text=_abilities(adapter.capabilities))
            if reach:
                yield from adapter.check()
            adapter.close()
    except ConfigurationError as error:
        yield Finding(level="error", subject=f"{error.file}: {error.key}", text=error.reason)


def _abilities(capabilities: Capabilities) -> str:
    standards, reports = ", ".join(sorted(capabilities.standards)), ", ".join(sorted(capabilities.reports))
    size = capabilities.max_bytes / 1e6
    return f"settings are complete; carries {standards} up to {size:.0f} MB, can report {reports}"
