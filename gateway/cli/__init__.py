"""The command ``gateway``.

Commands are imported when they are called, so that ``gateway --help`` answers at once.
"""

from __future__ import annotations

import importlib
import sys

import click

from gateway import __version__
from gateway.errors import ConfigurationError

_COMMANDS = {
    "serve": ("gateway.cli.serving", "serve"),
    "worker": ("gateway.cli.serving", "worker"),
    "submit": ("gateway.cli.applications", "submit"),
    "status": ("gateway.cli.applications", "status"),
    "audit": ("gateway.cli.audit", "audit"),
    "pki": ("gateway.cli.pki", "pki"),
    "token": ("gateway.cli.pki", "token"),
    "config": ("gateway.cli.config", "config"),
    "demo": ("gateway.cli.demo", "demo"),
    "simulate": ("gateway.cli.demo", "simulate"),
}


class _Commands(click.Group):
    """Loads a command's module when it is wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="gateway")
def gateway() -> None:
    """Interoperability gateway: applications from portals become valid, signed XÖV messages, delivered and proven.

    Exit status: 0 done, 1 refused or not valid, 2 wrong usage or configuration, 3 not reachable, or not in time.
    """


def main() -> None:
    """Run the command line; what the configuration or the disk has wrong ends with status 2 and says what to change."""
    try:
        gateway()
    except ConfigurationError as error:
        click.secho(f"configuration: {error.file}\n  {error.key}: {error.reason}", fg="red", err=True)
        sys.exit(2)
    except OSError as error:
        click.secho(f"{error.filename or 'system'}: {error.strerror or type(error).__name__}", fg="red", err=True)
        sys.exit(2)
