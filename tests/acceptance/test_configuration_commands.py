"""``config check`` and ``serve`` with a wrong configuration: file, key and reason, status 2, and never a traceback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.xta.simulator import demo_simulator
from gateway import server
from gateway.signing.pki import DemoPki
from tests.acceptance.commands import Ended, Run
from tests.gateways import Installation, install

Break = Callable[[Installation], None]


def replaced(old: str, new: str) -> Break:
    return lambda folder: folder.change(old, new)


def deleted(name: str) -> Break:
    return lambda folder: (folder.directory / name).unlink()


def written(name: str, content: bytes) -> Break:
    def write(folder: Installation) -> None:
        (folder.directory / name).write_bytes(content)

    return write


def without_log_key(folder: Installation) -> None:
    folder.change('key_file = "pki/audit-log.key"', "")


WRONG: dict[str, tuple[Break, str, str]] = {
    "no such file": (deleted("gateway.toml"), "gateway.toml", "does not exist"),
    "no TOML": (written("gateway.toml", b"[listen\n"), "gateway.toml", "cannot be read"),
    "no UTF-8": (written("gateway.toml", "# Dörpen".encode("latin-1")), "gateway.toml", "cannot be read"),
    "unknown key": (replaced('test = true', 'tset = true'), "test", "required"),
    "a word for a number": (replaced("hold = 0.3", 'hold = "bald"'), "delivery.hold", "number"),
    "a key left out": (without_log_key, "audit.key_file", "required"),
    "a secret in the file": (replaced("[signing]", '[signing]\npassword = "x"'), "signing.password", "not permitted"),
    "no seal": (deleted("pki/seal-ec.p12"), "key_file", "cannot be read"),
    "another seal's password": (written("pki/seal.password", b"wrong"), "seal-ec.p12", "password"),
    "no log key": (deleted("pki/audit-log.key"), "audit", "cannot be read"),
    "a log key that is none": (written("pki/audit-log.key", b"x"), "audit.key_file", "Ed25519"),
    "no areas": (deleted("areas/emsland.csv"), "areas.file", "cannot be read"),
    "no token hash": (deleted("tokens/openrathaus-demo.sha256"), "token_hash_files", "gateway token"),
    "a token for a hash": (written("tokens/openrathaus-demo.sha256", b"xgw_abc\n"), "token_hash_files", "SHA-256"),
    "no such adapter": (replaced('adapter = "xta"', 'adapter = "fax"'), "connection.xta-demo.adapter", "fax"),
    "no TLS": (replaced('send_url = "https', 'send_url = "http'), "connection.xta-demo.send_url", "https"),
    "no CA": (deleted("pki/ca.pem"), "ca_file", "does not exist"),
    "a client key of another certificate": (
        replaced("pki/tls-client.key", "pki/tls-server.key"), "client_key_file", "does not belong"
    ),
    "no such service": (
        replaced(
            'administration = "034540010"  # Emsbüren\nservices = ["meldebescheinigung"]',
            'administration = "034540010"\nservices = ["hund"]',
        ),
        "destination emsbueren: services",
        "hund",
    ),
    "no such administration": (
        replaced('administration = "034540010"', 'administration = "999999999"'),
        "destination emsbueren: administration",
        "999999999",
    ),
    "another database": (
        replaced("sqlite:///gateway.sqlite", "postgresql://localhost/gateway"), "url", "SQLite"
    ),
    "no database URL": (replaced("sqlite:///gateway.sqlite", "gateway.sqlite"), "database.url", "URL"),
}  # fmt: skip
"""What is wrong: how it is made, the key (or file) that must be named, a word of the reason."""
SEEN_WHEN_OPENED = frozenset({"another database"})
"""``config check`` opens no database."""


@pytest.fixture
def folder(tmp_path: Path, pki: DemoPki) -> Installation:
    return install(tmp_path / "gateway", pki)


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Notice, instead of hanging, if a wrong configuration gets as far as the server."""
    reached: list[Path] = []
    monkeypatch.setattr(server, "serve", lambda file, plan: reached.append(file))
    return reached


def assert_said(ended: Ended, key: str, reason: str) -> None:
    assert ended.status == 2
    assert key in ended.err
    assert reason in ended.err
    assert "Traceback" not in ended.err
    assert ended.out == ""


@pytest.mark.parametrize("name", WRONG)
def test_serve_says_what_is_wrong_and_does_not_start(
    folder: Installation, gateway: Run, serving: list[Path], name: str
) -> None:
    make_wrong, key, reason = WRONG[name]
    make_wrong(folder)

    ended = gateway("serve", "--config", folder.config)

    assert_said(ended, key, reason)
    assert serving == []


@pytest.mark.parametrize("name", [name for name in WRONG if name not in SEEN_WHEN_OPENED])
def test_config_check_finds_the_same(folder: Installation, gateway: Run, name: str) -> None:
    make_wrong, key, reason = WRONG[name]
    make_wrong(folder)

    ended = gateway("config", "check", "--config", folder.config, "--json")

    answer = json.loads(ended.out)
    assert (ended.status, answer["ok"]) == (2, False)
    (error,) = [one for one in answer["findings"] if one["level"] == "error"]
    assert key in error["subject"] + error["text"]
    assert reason in error["subject"] + error["text"]


def test_serve_in_a_process_of_its_own_ends_with_2_and_without_a_traceback(folder: Installation) -> None:
    deleted("pki/seal-ec.p12")(folder)
    ended = folder.command("serve")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "seal-ec.p12" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_serve_names_a_port_that_is_taken(folder: Installation) -> None:
    with socket.create_server(("127.0.0.1", folder.port)):
        ended = folder.command("serve")
    assert ended.returncode == 2
    assert f"cannot listen on 127.0.0.1 port {folder.port}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_parent_that_serves_loads_nothing_that_only_its_worker_needs(folder: Installation) -> None:
    program = (
        "import sys; from pathlib import Path; from gateway.server import rehearse\n"
        "if __name__ == '__main__':\n"
        "    print(rehearse(Path('gateway.toml')).port)\n"
        "    print(*{one.split('.')[0] for one in sys.modules} & {'flask', 'lxml', 'pydantic', 'sqlalchemy'})\n"
    )
    file = folder.directory / "program.py"
    file.write_text(program, encoding="utf-8")

    ended = subprocess.run([sys.executable, file], cwd=folder.directory, capture_output=True, text=True, check=True)

    assert ended.stdout.split() == [str(folder.port)]


def dies(_file: Path, _to_parent: object) -> None:
    os._exit(7)


def test_a_rehearsal_that_dies_is_said_and_not_waited_for(
    folder: Installation, gateway: Run, serving: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_report", dies)

    ended = gateway("serve", "--config", folder.config)

    assert_said(ended, "rehearsal", "status 7")
    assert serving == []


def test_a_good_configuration_is_called_good(folder: Installation, gateway: Run) -> None:
    ended = gateway("config", "check", directory=folder.directory)
    assert ended.status == 0
    levels = {line.split()[0] for line in ended.out.splitlines()}
    assert "ok" in levels <= {"ok", "warning"}
    assert not folder.database_file.exists()


def test_checking_with_connect_asks_the_destinations_server(tmp_path: Path, pki: DemoPki, gateway: Run) -> None:
    with demo_simulator(pki) as authority:
        folder = install(tmp_path / "gateway", pki, authority)
        there = gateway("config", "check", "--config", folder.config, "--connect", "--json")
        assert authority.connections == 1
    away = gateway("config", "check", "--config", folder.config, "--connect", "--json")

    assert (there.status, json.loads(there.out)["ok"]) == (0, True)
    assert (away.status, json.loads(away.out)["ok"]) == (2, False)
    wrong = [one["subject"] for one in json.loads(away.out)["findings"] if one["level"] == "error"]
    assert wrong == ["account"]


def test_checking_without_connect_asks_nobody(tmp_path: Path, pki: DemoPki, gateway: Run) -> None:
    with demo_simulator(pki) as authority:
        folder = install(tmp_path / "gateway", pki, authority)
        assert gateway("config", "check", "--config", folder.config).status == 0
        assert authority.connections == 0


def test_what_will_soon_be_wrong_is_a_warning_and_no_error(folder: Installation, gateway: Run) -> None:
    text = folder.config.read_text("utf-8")
    folder.config.write_text(text[: text.index('[[destination]]\nid = "sg-werlte"')], "utf-8")
    ended = gateway("config", "check", "--config", folder.config, "--json")
    warnings = [one for one in json.loads(ended.out)["findings"] if one["level"] == "warning"]
    assert ended.status == 0
    assert "1 administrations have none" in {one["subject"]: one["text"] for one in warnings}["meldebescheinigung"]
