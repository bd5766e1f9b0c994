"""``gateway demo`` plays the main job: in an empty folder, a second time in the same one, and it owns up to failure."""

from __future__ import annotations

import contextlib
import fcntl
import json
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.client import PortalClient
from gateway.resources import resource
from tests.gateways import run_command

pytestmark = pytest.mark.slow

ANNOUNCED = {
    "01-mindestumfang-daten.json": "answered",
    "02-erweitert-dokument.json": "answered",
    "03-geburtsdatum-teilweise-dokument.json": "answered",
    "04-geburtsdatum-unbekannt-daten.json": "answered",
    "05-nur-familienname-daten.json": "answered",
    "06-buchstaben-din-91379-daten.json": "answered",
    "07-samtgemeinde-post.json": "sent_by_post",
    "80-authority-refuses-not-found.json": "refused",
    "90-refused-trust-level.json": "not accepted",
    "91-refused-31-february.json": "not accepted",
}
ACCEPTED = 8


@dataclass(frozen=True, kw_only=True)
class Played:
    """A demonstration that has ended."""

    directory: Path
    status: int
    seconds: float
    said: dict[str, Any]
    err: str

    @property
    def bundle(self) -> Path:
        return self.directory / "audit" / "log.zip"

    @property
    def key(self) -> Path:
        return self.directory / "audit" / "log.pub"

    @property
    def database(self) -> Path:
        return self.directory / "gateway.sqlite"


def play(directory: Path) -> Played:
    begun = time.monotonic()
    ended = run_command("demo", "--json", "--directory", "demo", directory=directory, seconds=120)
    assert ended.stdout, ended.stderr
    return Played(
        directory=directory / "demo",
        status=ended.returncode,
        seconds=time.monotonic() - begun,
        said=json.loads(ended.stdout),
        err=ended.stderr,
    )


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def kept(first: Played, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the first run's folder, as it was after that run."""
    return shutil.copytree(first.directory, tmp_path_factory.mktemp("kept") / "demo")


@pytest.fixture(scope="module")
def second(first: Played, kept: Path) -> Played:
    """Play again in the same folder, while something else listens on both of the demonstration's usual ports."""
    with contextlib.ExitStack() as taken:
        for port in (8470, 8471):
            with contextlib.suppress(OSError):  # then it is taken already
                taken.enter_context(socket.create_server(("127.0.0.1", port)))
        return play(first.directory.parent)


def count(database: Path, sql: str) -> int:
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return int(connection.execute(sql).fetchone()[0])


def test_everything_goes_as_announced_within_a_minute(first: Played) -> None:
    assert (first.status, first.said["ok"], first.err) == (0, True, "")
    assert {one["file"]: one["state"] for one in first.said["applications"]} == ANNOUNCED
    assert all(one["expected"] for one in first.said["applications"])
    assert first.seconds < 60


def test_every_fixture_is_played() -> None:
    assert {file.name for file in resource("fixtures", "applications").glob("*.json")} == set(ANNOUNCED)


def test_nothing_is_doubled_and_everything_sealed(first: Played) -> None:
    assert (first.said["cases_at_the_authority"], first.said["signatures_verified"]) == (ACCEPTED, ACCEPTED)
    assert first.said["audit"] == "valid"


def test_what_it_says_is_what_lies_in_the_database(first: Played, kept: Path) -> None:
    database = kept / "gateway.sqlite"
    assert count(database, "SELECT count(*) FROM application") == ACCEPTED
    assert count(database, "SELECT count(*) FROM reply WHERE code = 'matched'") == ACCEPTED
    assert count(database, "SELECT count(DISTINCT application_id) FROM reply") == ACCEPTED
    assert count(database, "SELECT count(*) FROM delivery WHERE state <> 'delivered'") == 0
    assert count(database, "SELECT count(*) FROM event WHERE seq IS NULL") == 0


def test_it_leaves_messages_evidence_and_documents_to_look_at(first: Played, kept: Path) -> None:
    assert len(list((kept / "messages").glob("*.xml"))) == ACCEPTED
    assert len(list((kept / "evidence").glob("*.xades.xml"))) == ACCEPTED
    documents = sorted(file.suffix for file in (kept / "documents").iterdir())
    assert documents == [".json"] * 4 + [".pdf"] * 2
    assert all(file.read_bytes().startswith(b"%PDF-") for file in (kept / "documents").glob("*.pdf"))


def test_keys_and_token_are_for_the_owner_only(first: Played) -> None:
    secrets = [file for kind in ("pki/*.key", "pki/*.p12", "tokens/*.token") for file in first.directory.glob(kind)]
    assert len(secrets) > 5
    assert {oct(file.stat().st_mode & 0o077) for file in secrets} == {"0o0"}


@pytest.mark.parametrize("name", ["audit/log.zip", "gateway.sqlite"])
def test_bundle_and_database_verify_with_the_public_key_alone(kept: Path, name: str, tmp_path: Path) -> None:
    key = shutil.copyfile(kept / "audit" / "log.pub", tmp_path / "log.pub")
    ended = run_command("audit", "verify", str(kept / name), "--key", str(key), "--json", directory=tmp_path)
    report = json.loads(ended.stdout)
    assert (ended.returncode, report["verdict"], report["pending"]) == (0, "valid", 0)
    assert report["cases"] == ACCEPTED + 1


def test_one_changed_byte_in_the_database_is_found_and_the_record_named(kept: Path, tmp_path: Path) -> None:
    changed = shutil.copyfile(kept / "gateway.sqlite", tmp_path / "gateway.sqlite")
    with contextlib.closing(sqlite3.connect(changed)) as connection, connection:
        seq, case, data = connection.execute(
            "SELECT seq, case_id, bytes FROM audit_record WHERE seq = (SELECT max(seq) / 2 FROM audit_record)"
        ).fetchone()
        place = data.index(b'"event":"') + len(b'"event":"')
        other = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        connection.execute("UPDATE audit_record SET bytes = ? WHERE seq = ?", (other, seq))

    ended = run_command("audit", "verify", str(changed), "--key", str(kept / "audit" / "log.pub"), directory=tmp_path)

    assert ended.returncode == 1
    assert ended.stdout.splitlines()[0] == "Result: INVALID"
    assert f"{seq}" in ended.stdout
    assert case in ended.stdout


def test_a_second_run_in_the_same_folder_with_its_ports_taken(first: Played, second: Played, kept: Path) -> None:
    assert (second.status, second.said["ok"], second.err) == (0, True, "")
    assert {one["file"]: one["state"] for one in second.said["applications"]} == ANNOUNCED
    assert count(second.database, "SELECT count(*) FROM application") == 2 * ACCEPTED
    for name in ("pki/seal-ec.p12", "pki/audit-log.key", "tokens/openrathaus-demo.token"):
        assert (second.directory / name).read_bytes() == (kept / name).read_bytes()


def test_the_second_runs_log_still_contains_what_the_first_ones_proved(second: Played, kept: Path) -> None:
    published = kept / "audit" / "log.zip"
    arguments = ("--key", str(second.key), "--published", str(published), "--json")
    ended = run_command("audit", "verify", str(second.bundle), *arguments, directory=second.directory)
    assert (ended.returncode, json.loads(ended.stdout)["published"]) == (0, 1)


def test_a_log_that_was_forked_from_the_first_run_is_found(second: Played, kept: Path) -> None:
    """The older log does not contain what the newer one has published."""
    arguments = ("--key", str(second.key), "--published", str(second.bundle))
    ended = run_command("audit", "verify", str(kept / "audit" / "log.zip"), *arguments, directory=kept)
    assert ended.returncode == 1


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Return a copy of the program with one fixture, which announces a refusal that will not come."""
    here = Path(resource("fixtures")).parent
    for name in ("gateway", "adapters", "xsd", "config"):
        shutil.copytree(here / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "_data"))
    fixtures = tmp_path / "fixtures" / "applications"
    fixtures.mkdir(parents=True)
    announced = resource("fixtures", "applications", "01-mindestumfang-daten.json")
    shutil.copyfile(announced, fixtures / "80-authority-refuses-nobody.json")
    return tmp_path


def test_an_end_that_was_not_announced_is_owned_up_to(program: Path) -> None:
    ended = run_command("demo", directory=program)
    assert ended.returncode == 1
    assert "UNEXPECTED" in ended.stdout
    assert "NOT everything went as announced" in ended.stdout
    assert "Result: VALID" in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr


def test_a_gateway_that_cannot_start_is_told_with_its_reason(kept: Path, tmp_path: Path) -> None:
    directory = shutil.copytree(kept, tmp_path / "demo")
    with (directory / "gateway.sqlite.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = run_command("demo", "--directory", str(directory), directory=tmp_path)
    assert ended.returncode == 1
    assert "the gateway did not start" in ended.stderr
    assert "belongs to another running gateway" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_serve_keeps_everything_running_until_it_is_stopped(kept: Path, tmp_path: Path) -> None:
    directory = shutil.copytree(kept, tmp_path / "demo")
    command = [sys.executable, "-m", "gateway", "demo", "--serve", "--directory", str(directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said: dict[str, str] = {}
        for line in process.stdout:
            name, _, value = line.strip().partition("  ")
            said[name] = value.strip()
            if name.startswith("stop"):
                break
        url = said["portal API"].removesuffix("/v1/docs")
        client = PortalClient(url, Path(said["token"]).read_text(encoding="ascii").strip())
        fixture = resource("fixtures", "applications", "02-erweitert-dokument.json")
        accepted = client.submit(fixture.read_bytes(), "one-more").data
        *_, last = client.follow(accepted["id"], seconds=20)
        assert last["state"] == "answered"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert not client.ready()
