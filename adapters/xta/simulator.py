"""An XTA server to try things out with: TLS with client certificates, twelve operations, a Meldebehörde behind it.

For tests it is a context manager on a free port; ``python -m adapters.xta.simulator --pki DIRECTORY`` runs it for a
demonstration. It keeps everything in memory and listens on loopback only. Never use it for anything real.
"""

from __future__ import annotations

import argparse
import hashlib
import signal
import ssl
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from adapters.xta.simulation.https import PATHS, XtaHttpServer, server_context
from adapters.xta.simulation.meldebehoerde import Meldebehoerde
from adapters.xta.simulation.mishaps import How, Mishap, Script
from adapters.xta.simulation.service import XtaService
from adapters.xta.simulation.state import Account, Final
from gateway.signing.pki import DemoPki

__all__ = ["Account", "Final", "How", "Mishap", "Simulator", "demo_simulator"]

DEMO_PORT = 8471
DEMO_AUTHOR = "mbp:000000001"


class Simulator:
    """The server. ``accounts``: PEM files of client certificates and what their owners may do.

    ``office`` is the procedure behind it and counts its cases, ``script`` makes calls go wrong, ``service`` holds
    orders, reports and mailboxes.
    """

    def __init__(
        self,
        *,
        certificate: Path,
        key: Path,
        client_ca: Path,
        accounts: Mapping[Path, Account],
        office: Meldebehoerde | None = None,
        port: int = 0,
    ) -> None:
        self.office = office or Meldebehoerde()
        self.service = XtaService({_fingerprint(file): account for file, account in accounts.items()}, self.office)
        self.script = Script()
        tls = server_context(certificate, key, client_ca)
        self._server = XtaHttpServer(("127.0.0.1", port), tls, self.service, self.script)
        self._thread: threading.Thread | None = None

    @property
    def management_url(self) -> str:
        return self._url("management")

    @property
    def send_url(self) -> str:
        return self._url("send")

    @property
    def msgbox_url(self) -> str:
        return self._url("msgbox")

    @property
    def connections(self) -> int:
        """How many TCP connections were opened so far."""
        return self._server.connections

    def start(self) -> Self:
        """Serve on a thread of its own."""
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="xta-simulator")
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop listening, cut every connection, end every thread."""
        self._server.shutdown()
        self._server.cut()
        self._server.server_close()
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _url(self, port: str) -> str:
        return f"https://127.0.0.1:{self._server.server_port}{PATHS[port]}"


def demo_simulator(pki: DemoPki, *, authors: frozenset[str] = frozenset({DEMO_AUTHOR}), port: int = 0) -> Simulator:
    """Return a simulator with the demo PKI's server certificate; the demo client has an account for ``authors``."""
    return Simulator(
        certificate=pki.server_certificate,
        key=pki.server_key,
        client_ca=pki.ca,
        accounts={pki.client_certificate: Account(authors=authors)},
        port=port,
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the simulator until it is interrupted."""
    parser = argparse.ArgumentParser(prog="adapters.xta.simulator", description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--pki", type=Path, required=True, help="directory made by `gateway pki demo`")
    parser.add_argument("--port", type=int, default=DEMO_PORT)
    parser.add_argument("--author", action="append", help=f"author identifier of the account ({DEMO_AUTHOR})")
    options = parser.parse_args(arguments)
    authors = frozenset(options.author or [DEMO_AUTHOR])
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with demo_simulator(DemoPki.within(options.pki), authors=authors, port=options.port) as simulator:
        sys.stdout.write(f"XTA simulator: {simulator.management_url}\n")
        sys.stdout.flush()
        stop.wait()
    return 0


def _fingerprint(certificate: Path) -> str:
    """SHA-256 of the first certificate in a PEM file, hex."""
    pem = certificate.read_text(encoding="ascii").partition("-----END CERTIFICATE-----")
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem[0] + pem[1] + "\n")).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
