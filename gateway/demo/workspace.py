"""Everything that the demonstration needs, made in one folder: keys, token, configuration. All of it fictitious."""

from __future__ import annotations

import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

from gateway.portal.access import new_token
from gateway.resources import resource
from gateway.signing.pki import DemoPki, make_demo_pki

PORTAL = "openrathaus-demo"
_GATEWAY_PORT = 8470
_AUTHORITY_PORT = 8471


@dataclass(frozen=True, kw_only=True, slots=True)
class Workspace:
    """The folder of a demonstration and what lies where."""

    directory: Path
    pki: DemoPki
    config: Path
    token_file: Path
    port: int
    authority_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log_file(self) -> Path:
        return self.directory / "gateway.log"

    def folder(self, name: str) -> Path:
        """Return a sub-folder, made if it is not there."""
        path = self.directory / name
        path.mkdir(exist_ok=True)
        return path


def make_workspace(directory: Path) -> Workspace:
    """Make what is missing and keep the rest, so that a second run goes on with the same keys and the same log."""
    directory.mkdir(parents=True, exist_ok=True)
    shutil.copytree(resource("config", "areas"), directory / "areas", dirs_exist_ok=True)
    pki = make_demo_pki(directory / "pki")
    port, authority_port = _free(_GATEWAY_PORT), _free(_AUTHORITY_PORT)
    text = resource("config", "demo.toml").read_text(encoding="utf-8")
    text = text.replace(f"port = {_GATEWAY_PORT}", f"port = {port}")
    text = text.replace(f"127.0.0.1:{_AUTHORITY_PORT}", f"127.0.0.1:{authority_port}")
    config = directory / "gateway.toml"
    config.write_text(text, encoding="utf-8")
    return Workspace(
        directory=directory,
        pki=pki,
        config=config,
        token_file=_token(directory / "tokens"),
        port=port,
        authority_port=authority_port,
    )


def _token(directory: Path) -> Path:
    """Make the demonstration portal's token once: the secret for the portal, its hash for the gateway."""
    secret, digest = directory / f"{PORTAL}.token", directory / f"{PORTAL}.sha256"
    if not (secret.exists() and digest.exists()):
        directory.mkdir(mode=0o700, exist_ok=True)
        token, value = new_token()
        secret.touch(mode=0o600)
        secret.write_text(token + "\n", encoding="ascii")
        digest.write_text(value + "\n", encoding="ascii")
    return secret


def _free(wanted: int) -> int:
    """Return the wanted port of the loopback address, or any free one if something else listens there."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # an earlier run's connections do not count
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on 127.0.0.1")
