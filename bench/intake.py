"""CPU of one application from request to commit, the gateway against the floor, in interleaved rounds of one process.

CPU is the process's (all threads, user and system), so waiting for the disk does not count but asking for it does: on a
file system in memory asking costs nothing, which flatters the floor most. So the working folder lies beside the code.
"""

from __future__ import annotations

import io
import logging
import statistics
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import structlog

from bench.floor import Floor
from bench.setup import APPLICATION, filesystem, workplace
from gateway import logs
from gateway.app import Gateway
from gateway.demo.workspace import make_workspace
from gateway.settings import load

ROUNDS = 9
EACH = 300
BAR = 2.0

Work = Callable[[], object]
Places = Mapping[str, tuple[type, str]]
"""By its label, the class and method in which a step happens."""
FLOOR_PLACES: Places = {
    "read and check the JSON": (Floor, "parse"),
    "build the message": (Floor, "build"),
    "validate (parse, XSD, rules)": (Floor, "validate"),
    "sign": (Floor, "sign"),
    "store (one durable commit)": (Floor, "store"),
}
REST = "route, tokens, HTTP, answer"


def run() -> list[str]:
    """Print the steps and the ratio; return the bars that were missed."""
    with workplace() as directory:
        workspace = make_workspace(directory)
        file, token = workspace.config, workspace.token_file.read_text(encoding="ascii").strip()
        with _logging_to(directory / "log"):
            gateway = Gateway(load(file), file)
            floor = Floor(directory, directory / "pki")
            try:
                return _judge(_measure(gateway, floor, token, filesystem(directory)))
            finally:
                gateway.database.close()


@contextmanager
def _logging_to(file: Path) -> Iterator[None]:
    """Write log lines to a file, as they cost time in production too; afterwards no longer."""
    root = logging.getLogger()
    handlers = list(root.handlers)
    with file.open("w", encoding="utf-8") as log:
        logs.configure("INFO", log)
        try:
            yield
        finally:
            root.handlers[:] = handlers
            structlog.reset_defaults()


def _judge(ratio: float) -> list[str]:
    return [f"intake: ratio {ratio:.2f}, bar {BAR:.2f}"] if ratio > BAR else []


def _measure(gateway: Gateway, floor: Floor, token: str, disk: str) -> float:
    def ours() -> None:
        _post(gateway, token)

    def theirs() -> None:
        floor.accept(APPLICATION, str(uuid.uuid4()))

    _cpu(ours, 100), _cpu(theirs, 100)
    wholes, mine, others = list[tuple[float, float]](), list[dict[str, float]](), list[dict[str, float]]()
    for _ in range(ROUNDS):
        wholes.append((_cpu(ours, EACH), _cpu(theirs, EACH)))
        mine.append(_steps(ours, _gateway_places(gateway)))
        others.append(_steps(theirs, FLOOR_PLACES))
    print(f"\nCPU per application, request to commit (ECDSA P-256), on {disk}; medians of {ROUNDS} rounds of {EACH}")
    print(f"  {'step':<34}{'gateway µs':>12}{'floor µs':>12}")
    for step in (*FLOOR_PLACES, REST):
        own, least = (statistics.median(one[step] for one in rounds) for rounds in (mine, others))
        print(f"  {step:<34}{own:>12.0f}{least:>12.0f}")
    own, least = (statistics.median(one) for one in zip(*wholes, strict=True))
    ratio = statistics.median(one / other for one, other in wholes)
    print(f"  {'whole request':<34}{own:>12.0f}{least:>12.0f}   ratio {ratio:.2f} (bar: {BAR:.2f})")
    return ratio


def _gateway_places(gateway: Gateway) -> Places:
    service, _ = gateway.intake.catalogue.parse(APPLICATION)
    package = gateway.parts.schemas.for_sending("xmeld", datetime.now(UTC).date())
    return {
        "read and check the JSON": (type(gateway.intake.catalogue), "parse"),
        "build the message": (type(service), "build"),
        "validate (parse, XSD, rules)": (type(package), "validate"),
        "sign": (type(gateway.parts.signer), "sign"),
        "store (one durable commit)": (type(gateway.database), "write"),
    }


def _steps(whole: Work, places: Places) -> dict[str, float]:
    """Return the CPU microseconds of each step where it happens, inside of ``whole``, and of the rest."""
    spent = dict.fromkeys(places, 0.0)
    with ExitStack() as stack:
        for step, (owner, name) in places.items():
            stack.enter_context(patch.object(owner, name, _timed(getattr(owner, name), spent, step)))
        together = _cpu(whole, EACH)
    steps = {step: seconds / EACH * 1e6 for step, seconds in spent.items()}
    return steps | {REST: together - sum(steps.values())}


def _timed(function: Callable[..., Any], spent: dict[str, float], step: str) -> Callable[..., Any]:
    def timed(*values: Any, **named: Any) -> Any:
        begun = time.process_time()
        try:
            return function(*values, **named)
        finally:
            spent[step] += time.process_time() - begun

    return timed


def _post(gateway: Gateway, token: str) -> None:
    """Hand in the application at the WSGI application, as the server does."""
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/v1/applications",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8470",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(APPLICATION),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(APPLICATION)),
        "HTTP_AUTHORIZATION": f"Bearer {token}",
        "HTTP_IDEMPOTENCY_KEY": str(uuid.uuid4()),
    }
    answers: list[str] = []

    def start(status: str, *_: object) -> Callable[[bytes], object]:
        answers.append(status)
        return io.BytesIO().write

    body = b"".join(gateway.portal(environ, start))
    if not answers[0].startswith("202"):
        raise RuntimeError(f"{answers[0]}: {body.decode()}")


def _cpu(step: Callable[[], object], times: int) -> float:
    """Return the CPU microseconds of one call."""
    begun = time.process_time()
    for _ in range(times):
        step()
    return (time.process_time() - begun) / times * 1e6
