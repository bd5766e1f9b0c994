"""``gateway audit``: take the log out, and check it without trusting whoever keeps it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from gateway.cli.options import as_json, config_file, write_json


@contextmanager
def _counted(what: str) -> Iterator[Callable[[int], None]]:
    """Show a growing number on the terminal while something long goes on; nothing where there is no terminal."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda number: None
        return
    with console.status(what) as status:
        yield lambda number: status.update(f"{number:,} {what}")


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def audit() -> None:
    """The tamper-evident log."""


@audit.command()
@click.argument("file", type=_FILE)
@click.option("--key", required=True, help="The log's public key (`gateway audit key`), or a file that holds it.")
@click.option("--published", type=_FILE, multiple=True, help="A checkpoint or bundle kept elsewhere; may be repeated.")
@click.option("--language", type=click.Choice(["de", "en"]), default="en", show_default=True)
@as_json
def verify(file: Path, key: str, published: tuple[Path, ...], language: str, as_json: bool) -> None:
    """Check FILE: an exported bundle, or the database file itself. Needs nothing but the public key.

    Names the first record that does not fit. Exit status: 0 valid, 1 invalid, 2 incomplete (or wrong usage).
    """
    from gateway.audit.note import NoteError, VerifierKey
    from gateway.audit.verify import verify as check

    text = Path(key).read_bytes().decode("utf-8", "replace") if Path(key).is_file() else key
    try:
        with _counted("records checked") as progress:
            report = check(file, VerifierKey.parse(text), published=published, progress=progress)
    except NoteError as error:
        raise click.UsageError(str(error)) from error
    readable = report.text_de if language == "de" else report.text_en
    click.echo(report.to_json() if as_json else readable, nl=as_json)
    sys.exit(report.exit_code)


@audit.command()
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@config_file
@click.option("--case", help="Only this application's records, with proofs that they are all.")
@click.option("--published", type=_FILE, multiple=True, help="With --case: a checkpoint that the auditor holds.")
@as_json
def export(target: Path, file: Path, case: str | None, published: tuple[Path, ...], as_json: bool) -> None:
    """Write the log, or one case of it, to TARGET (a ZIP file with plain text). The gateway may be running."""
    from gateway.audit.bundle import export_case, export_log
    from gateway.audit.logkey import LogKey
    from gateway.audit.note import NoteError
    from gateway.audit.storage import AuditError
    from gateway.audit.verify import read_published
    from gateway.settings import load
    from gateway.store.database import Database

    settings = load(file)
    key = LogKey.load(settings.audit.key_file, settings.audit.origin)
    database = Database(settings.database.url, writable=False)
    try:
        if case is None:
            written = export_log(database, target, key)
        else:
            held = [read_published(one, key.verifier) for one in published]
            written = export_case(database, target, key, case, published=held)
    except (AuditError, NoteError) as error:
        click.secho(str(error), fg="red", err=True)
        sys.exit(1)
    finally:
        database.close()
    if as_json:
        write_json({"file": str(written.path), "size": written.size, "records": written.records})
    else:
        click.echo(f"{written.path}: {written.records} records, log of {written.size}")


@audit.command()
@config_file
def key(file: Path) -> None:
    """Print the log's public key, to be published away from the log."""
    from gateway.audit.logkey import LogKey
    from gateway.settings import load

    settings = load(file)
    click.echo(str(LogKey.load(settings.audit.key_file, settings.audit.origin).verifier))
