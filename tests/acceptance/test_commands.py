"""The commands of the shell: what they print, and how they end (0 done, 1 refused, 2 wrong usage, 3 not reachable)."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import click
import pytest
from lxml import etree

from adapters.xta.simulator import demo_simulator
from gateway import __version__
from gateway.audit.note import VerifierKey
from gateway.cli import gateway as command_line
from gateway.resources import resource
from gateway.signing.pki import DemoPki
from tests.acceptance.commands import Run
from tests.gateways import Installation, Served, assert_each_once, free_port, install, running, served, wait_for
from tests.portal_harness import application

FIRST = resource("fixtures", "applications", "01-mindestumfang-daten.json")
TOO_LOW = resource("fixtures", "applications", "90-refused-trust-level.json")
UNKNOWN = "00000000-0000-4000-8000-000000000000"
WRONG_DATE = resource("fixtures", "applications", "91-refused-31-february.json")


@dataclass(frozen=True, kw_only=True)
class Place:
    """A gateway that serves, with its authority."""

    folder: Installation
    server: Served
    access: tuple[str, ...]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[Place]:
    with demo_simulator(pki) as authority:
        folder = install(tmp_path_factory.mktemp("commands") / "gateway", pki, authority)
        with served(folder) as server:
            access = ("--url", folder.url, "--token-file", str(folder.token_file))
            yield Place(folder=folder, server=server, access=access)


@pytest.fixture
def away(place: Place) -> tuple[str, ...]:
    """The options of a gateway that is not there."""
    return ("--url", f"http://127.0.0.1:{free_port()}", "--token-file", str(place.folder.token_file))


def every_command() -> Iterator[list[str]]:
    """Walk the tree of commands."""

    def walk(command: click.Command, path: list[str]) -> Iterator[list[str]]:
        yield path
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                found = command.get_command(context, name)
                assert found is not None
                yield from walk(found, [*path, name])

    yield from walk(command_line, [])


@pytest.mark.parametrize("path", [pytest.param(path, id=" ".join(path) or "gateway") for path in every_command()])
def test_every_command_explains_itself(gateway: Run, path: list[str]) -> None:
    ended = gateway(*path, "--help")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith("Usage:")
    assert len(ended.out.splitlines()) > 4


def test_the_installed_script_tells_its_version() -> None:
    script = Path(sys.executable).with_name("gateway")
    ended = subprocess.run([script, "--version"], capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stdout) == (0, f"gateway, version {__version__}\n")


@pytest.mark.parametrize(
    "arguments", [["sumbit"], ["submit"], ["serve", "--port", "1"], ["audit", "verify", "/nowhere"]]
)
def test_wrong_usage_ends_with_2(gateway: Run, arguments: list[str]) -> None:
    ended = gateway(*arguments)
    assert (ended.status, ended.out) == (2, "")
    assert "Error:" in ended.err


class TestSubmit:
    def test_prints_id_and_state(self, place: Place, gateway: Run) -> None:
        ended = gateway("submit", FIRST, *place.access, "--idempotency-key", "prints")
        assert (ended.status, ended.err) == (0, "")
        assert ended.out.split()[1] == "accepted"

    def test_as_json(self, place: Place, gateway: Run) -> None:
        ended = gateway("submit", FIRST, *place.access, "--json", "--idempotency-key", "json")
        assert (ended.status, json.loads(ended.out)["state"]) == (0, "accepted")

    def test_the_same_file_is_the_same_application_another_key_makes_another(self, place: Place, gateway: Run) -> None:
        first, again = (gateway("submit", FIRST, *place.access).out for _ in range(2))
        other = gateway("submit", FIRST, *place.access, "--idempotency-key", "other").out
        assert first == again != other

    def test_waiting_tells_what_happens_and_ends_with_documents(self, place: Place, gateway: Run) -> None:
        ended = gateway("submit", FIRST, *place.access, "--wait", "20", "--idempotency-key", "waits")
        assert ended.status == 0
        assert "answered" in ended.out.splitlines()[0]
        assert "document 1: meldedaten.json (application/json" in ended.out
        assert "answered" in ended.err

    def test_waiting_as_json_prints_one_document(self, place: Place, gateway: Run) -> None:
        ended = gateway("submit", FIRST, *place.access, "--wait", "20", "--json", "--idempotency-key", "waits-json")
        assert (ended.status, json.loads(ended.out)["state"]) == (0, "answered")

    def test_a_key_that_is_none_is_refused(self, place: Place, gateway: Run) -> None:
        ended = gateway("submit", FIRST, *place.access, "--idempotency-key", "a b")
        assert (ended.status, ended.out, "idempotency.key_malformed" in ended.err) == (1, "", True)

    def test_dry_run_prints_the_message_and_stores_nothing(self, place: Place, gateway: Run, tmp_path: Path) -> None:
        file = tmp_path / "dry.json"
        file.write_text(json.dumps(application(portal_case="OR-DRY-1")), encoding="utf-8")
        ended = gateway("submit", file, *place.access, "--dry-run")
        assert ended.status == 0
        root = etree.fromstring(ended.out.encode())
        assert etree.QName(root).localname == "onlinedienste.abrufanfrage.meldebescheinigung.1700"
        assert place.server.client.submit(file.read_bytes(), "dry").headers.get("Idempotency-Replayed") is None

    @pytest.mark.parametrize("more", [[], ["--dry-run"]])
    def test_a_refusal_names_code_and_field(self, place: Place, gateway: Run, more: list[str]) -> None:
        ended = gateway("submit", WRONG_DATE, *place.access, *more)
        assert (ended.status, ended.out) == (1, "")
        assert "422 application.invalid" in ended.err
        assert "/antragsteller/geburtsdatum" in ended.err

    def test_a_refusal_as_json_is_the_problem_itself(self, place: Place, gateway: Run) -> None:
        ended = gateway("submit", TOO_LOW, *place.access, "--json")
        assert (ended.status, json.loads(ended.out)["code"]) == (1, "trust_level.too_low")

    def test_a_wrong_token_is_a_refusal(self, place: Place, gateway: Run, tmp_path: Path) -> None:
        wrong = tmp_path / "wrong.token"
        wrong.write_text("xgw_" + "a" * 43, encoding="ascii")
        ended = gateway("submit", FIRST, "--url", place.folder.url, "--token-file", wrong)
        assert (ended.status, ended.out) == (1, "")
        assert "401 auth.invalid" in ended.err

    def test_a_gateway_that_is_away(self, away: tuple[str, ...], gateway: Run) -> None:
        ended = gateway("submit", FIRST, *away)
        assert (ended.status, ended.out) == (3, "")
        assert "does not answer" in ended.err

    def test_a_file_that_holds_no_token(self, place: Place, gateway: Run) -> None:
        seal = place.folder.directory / "pki" / "seal-ec.p12"
        ended = gateway("submit", FIRST, "--url", place.folder.url, "--token-file", seal)
        assert (ended.status, "holds no token" in ended.err) == (2, True)

    def test_an_address_that_is_none(self, place: Place, gateway: Run) -> None:
        ended = gateway("submit", FIRST, "--url", "localhost:8470", "--token-file", place.folder.token_file)
        assert (ended.status, "must begin with http" in ended.err) == (2, True)


class TestStatus:
    def test_prints_state_and_history(self, place: Place, gateway: Run) -> None:
        one = place.server.post()
        place.server.until("answered", one)
        ended = gateway("status", one, *place.access)
        assert (ended.status, ended.err) == (0, "")
        assert ended.out.splitlines()[0] == f"{one}  meldebescheinigung  answered"
        assert "application:accepted" in ended.out

    def test_as_json(self, place: Place, gateway: Run) -> None:
        one = place.server.post()
        ended = gateway("status", one, *place.access, "--json")
        assert (ended.status, json.loads(ended.out)["id"]) == (0, one)

    @pytest.mark.parametrize("unknown", [UNKNOWN, "x", "../../metrics", "Dörpen"])
    def test_an_unknown_application(self, place: Place, gateway: Run, unknown: str) -> None:
        ended = gateway("status", unknown, *place.access)
        assert (ended.status, ended.out) == (1, "")
        assert "404" in ended.err

    def test_a_gateway_that_is_away(self, away: tuple[str, ...], gateway: Run) -> None:
        assert gateway("status", "x", *away).status == 3

    def test_something_else_at_that_address(self, place: Place, gateway: Run) -> None:
        with HTTPServer(("127.0.0.1", 0), _WebPage) as page:
            thread = threading.Thread(target=page.serve_forever)
            thread.start()
            url = f"http://127.0.0.1:{page.server_port}"
            ended = gateway("status", "x", "--url", url, "--token-file", place.folder.token_file)
            page.shutdown()
            thread.join()
        assert (ended.status, ended.out) == (3, "")
        assert "it is no gateway" in ended.err


class _WebPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>It works!</html>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""


class TestWorker:
    def test_delivers_what_a_stopped_gateway_had_accepted(self, tmp_path: Path, pki: DemoPki) -> None:
        with demo_simulator(pki) as authority:
            folder = install(tmp_path / "gateway", pki, authority)
            with running(folder, threads=False) as stopped:
                ids = [stopped.post() for _ in range(4)]
            ended = folder.command("worker", "--until-idle")
            assert (ended.returncode, ended.stdout) == (0, "")
            assert "Traceback" not in ended.stderr
            assert_each_once(folder, authority, ids)

    def test_with_nothing_to_do_ends_at_once(self, tmp_path: Path, pki: DemoPki) -> None:
        folder = install(tmp_path / "gateway", pki)
        assert folder.command("worker", "--until-idle").returncode == 0

    def test_is_refused_while_serve_owns_the_database(self, place: Place) -> None:
        ended = place.folder.command("worker", "--until-idle")
        assert (ended.returncode, ended.stdout) == (2, "")
        assert "belongs to another running gateway" in ended.stderr
        assert "Traceback" not in ended.stderr

    def test_ends_well_when_it_is_stopped(self, tmp_path: Path, pki: DemoPki) -> None:
        folder = install(tmp_path / "gateway", pki)
        with running(folder, threads=False) as stopped:
            one = stopped.post()
        command = [sys.executable, "-m", "gateway", "worker", "--config", str(folder.config)]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            wait_for(lambda: "delivery:attempt:unreachable" in folder.events(one), "an attempt")
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        assert (folder.audit().verdict.value, folder.audit().pending) == ("valid", 0)


@pytest.fixture(scope="module")
def closed(place: Place) -> str:
    """Return an application whose case is closed and sealed into the log."""
    one = place.server.post()
    place.server.until("answered", one)
    wait_for(lambda: place.folder.audit().pending == 0, "everything sequenced")
    return one


class TestAudit:
    def test_key_is_the_public_key_that_verifies(self, place: Place, gateway: Run, closed: str, tmp_path: Path) -> None:
        key = gateway("audit", "key", "--config", place.folder.config).out.strip()
        assert VerifierKey.parse(key).name == "gateway.example.org/demo"
        exported = gateway("audit", "export", tmp_path / "log.zip", "--config", place.folder.config, "--json")
        assert (exported.status, json.loads(exported.out)["file"]) == (0, str(tmp_path / "log.zip"))
        ended = gateway("audit", "verify", tmp_path / "log.zip", "--key", key)
        assert (ended.status, ended.out.splitlines()[0]) == (0, "Result: VALID")

    def test_one_case_beside_the_running_gateway(self, place: Place, gateway: Run, closed: str, tmp_path: Path) -> None:
        bundle, key = tmp_path / "case.zip", tmp_path / "log.pub"
        key.write_text(gateway("audit", "key", "--config", place.folder.config).out, encoding="utf-8")
        exported = gateway("audit", "export", bundle, "--case", closed, "--config", place.folder.config)
        assert exported.status == 0
        ended = gateway("audit", "verify", bundle, "--key", key, "--json", "--language", "de")
        assert (ended.status, json.loads(ended.out)["case"]) == (0, closed)

    def test_the_running_gateways_database(self, place: Place, gateway: Run, closed: str) -> None:
        key = gateway("audit", "key", "--config", place.folder.config).out.strip()
        assert gateway("audit", "verify", place.folder.database_file, "--key", key).status == 0

    def test_an_unknown_case(self, place: Place, gateway: Run, closed: str, tmp_path: Path) -> None:
        ended = gateway("audit", "export", tmp_path / "x.zip", "--case", UNKNOWN, "--config", place.folder.config)
        assert (ended.status, ended.out, "no record of this case" in ended.err) == (1, "", True)
        assert list(tmp_path.iterdir()) == []

    def test_another_logs_key(self, place: Place, gateway: Run, closed: str, tmp_path: Path, pki: DemoPki) -> None:
        folder = install(tmp_path / "other", pki)
        assert gateway("pki", "demo", folder.directory / "pki", "--force").status == 0
        other = gateway("audit", "key", "--config", folder.config).out.strip()
        ended = gateway("audit", "verify", place.folder.database_file, "--key", other)
        assert (ended.status, ended.out.splitlines()[0]) == (1, "Result: INVALID")

    def test_what_is_no_bundle(self, place: Place, gateway: Run) -> None:
        key = gateway("audit", "key", "--config", place.folder.config).out.strip()
        ended = gateway("audit", "verify", place.folder.config, "--key", key)
        assert (ended.status, ended.out.splitlines()[0]) == (1, "Result: INVALID")

    @pytest.mark.parametrize("key", ["nothing", "a+b+c"])
    def test_what_is_no_key(self, place: Place, gateway: Run, key: str) -> None:
        assert gateway("audit", "verify", place.folder.config, "--key", key).status == 2

    def test_a_key_file_that_is_none(self, place: Place, gateway: Run) -> None:
        seal = place.folder.directory / "pki" / "seal-ec.p12"
        ended = gateway("audit", "verify", place.folder.config, "--key", seal)
        assert (ended.status, "Traceback" in ended.err) == (2, False)

    def test_where_nothing_was_ever_stored(self, tmp_path: Path, pki: DemoPki, gateway: Run) -> None:
        folder = install(tmp_path / "gateway", pki)
        ended = gateway("audit", "export", tmp_path / "x.zip", "--config", folder.config)
        assert (ended.status, ended.out, "nothing was ever stored" in ended.err) == (2, "", True)
        assert not folder.database_file.exists()

    def test_a_folder_that_is_not_there(self, place: Place, gateway: Run, closed: str, tmp_path: Path) -> None:
        ended = gateway("audit", "export", tmp_path / "no" / "x.zip", "--config", place.folder.config)
        assert (ended.status, ended.out, "No such file or directory" in ended.err) == (2, "", True)
        assert "Traceback" not in ended.err


class TestPki:
    def test_makes_what_is_missing_and_keeps_the_rest(self, gateway: Run, tmp_path: Path) -> None:
        ended = gateway("pki", "demo", tmp_path / "pki", "--json")
        made = {name: Path(path).read_bytes() for name, path in json.loads(ended.out).items() if name != "directory"}
        assert (ended.status, ended.err) == (0, "")
        assert len(made) > 12
        Path(json.loads(ended.out)["seal_ec"]).unlink()

        again = gateway("pki", "demo", tmp_path / "pki")

        assert (again.status, "never use it for real" in again.out) == (0, True)
        now = {name: Path(path).read_bytes() for name, path in json.loads(ended.out).items() if name != "directory"}
        assert {name for name in made if now[name] != made[name]} == {"seal_ec"}

    def test_private_keys_are_for_the_owner_only(self, gateway: Run, tmp_path: Path) -> None:
        gateway("pki", "demo", tmp_path / "pki")
        keys = [*(tmp_path / "pki").glob("*.key"), *(tmp_path / "pki").glob("*.p12")]
        assert {oct(one.stat().st_mode & 0o077) for one in keys} == {"0o0"}

    def test_a_folder_that_cannot_be_made(self, gateway: Run, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        ended = gateway("pki", "demo", tmp_path / "file" / "pki")
        assert (ended.status, ended.out, "Traceback" in ended.err) == (2, "", False)


class TestToken:
    def test_is_printed_once_and_only_its_hash_is_kept(self, gateway: Run, tmp_path: Path) -> None:
        ended = gateway("token", "openrathaus", directory=tmp_path)
        token = ended.out.strip()
        kept = (tmp_path / "tokens" / "openrathaus.sha256").read_text(encoding="ascii")
        assert (ended.status, kept.split()) == (0, [hashlib.sha256(token.encode()).hexdigest()])
        assert token not in ended.err

    def test_a_second_one_is_added_so_that_tokens_can_be_changed_without_a_gap(
        self, gateway: Run, tmp_path: Path, pki: DemoPki
    ) -> None:
        folder = install(tmp_path / "gateway", pki)
        new = gateway("token", "openrathaus-demo", "--directory", folder.directory / "tokens").out.strip()
        with running(folder, threads=False) as one:
            statuses = [
                one.portal.get(f"/v1/applications/{UNKNOWN}", headers={"Authorization": f"Bearer {token}"}).status_code
                for token in (folder.token, new, "xgw_" + "a" * 43)
            ]
        assert statuses == [404, 404, 401]

    @pytest.mark.parametrize("name", ["a/b", "../x", "Open Rathaus", ""])
    def test_a_name_that_no_portal_can_have(self, gateway: Run, tmp_path: Path, name: str) -> None:
        ended = gateway("token", name, directory=tmp_path)
        assert (ended.status, ended.out, list(tmp_path.iterdir())) == (2, "", [])


class TestSimulate:
    def test_runs_until_it_is_stopped(self, pki: DemoPki) -> None:
        port = str(free_port())
        command = [sys.executable, "-m", "gateway", "simulate", "xta", "--pki", str(pki.directory), "--port", port]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert f"https://127.0.0.1:{port}/" in process.stdout.readline()
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0

    def test_without_keys_says_what_is_missing(self, gateway: Run, tmp_path: Path) -> None:
        ended = gateway("simulate", "xta", "--pki", tmp_path)
        assert (ended.status, ended.out, "tls-" in ended.err) == (2, "", True)
        assert "Traceback" not in ended.err
