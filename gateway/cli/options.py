"""Options that several commands share."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_TOKEN = re.compile(r"[\x21-\x7e]+")

config_file = click.option(
    "--config",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("gateway.toml"),
    envvar="GATEWAY_CONFIG",
    show_default=True,
    show_envvar=True,
    help="The configuration file.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Write one JSON object instead of text.")


def _url(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise click.BadParameter("must begin with http:// or https://")
    return value


def _token(_context: click.Context, _parameter: click.Parameter, value: Path) -> str:
    token = value.read_bytes().decode("ascii", "replace").strip()
    if not _TOKEN.fullmatch(token):
        raise click.BadParameter("holds no token; `gateway token` prints one")
    return token


def url_and_token(function: F) -> F:
    """Add ``--url`` and ``--token-file``, whose content is handed on as ``token``."""
    url = click.option(
        "--url",
        callback=_url,
        default="http://127.0.0.1:8470",
        envvar="GATEWAY_URL",
        show_default=True,
        show_envvar=True,
        help="Where the gateway listens.",
    )
    token = click.option(
        "--token-file",
        "token",
        callback=_token,
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        required=True,
        envvar="GATEWAY_TOKEN_FILE",
        show_envvar=True,
        help="File with the portal's token.",
    )
    return url(token(function))


def write_json(value: object) -> None:
    """Write a value as one JSON document to standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))
