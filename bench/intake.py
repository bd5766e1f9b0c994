"""CPU of one application from request to commit, the gateway against the floor, in alternating rounds of one process.

CPU is the process's (all threads, user and system), so waiting for the disk does not count but asking for it does.
"""

from __future__ import annotations

import io
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bench.floor import Floor
from bench.setup import APPLICATION, prepare
from gateway import logs
from gateway.app import Gateway
from gateway.intake.pipeline import Caller
from gateway.model import MessageHeader
from gateway.settings import load

ROUNDS = 9
EACH = 300


def run() -> float:
    """Print the steps and the ratio; return the ratio."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        file, token = prepare(directory)
        with (directory / "log").open("w", encoding="utf-8") as log:
            logs.configure("INFO", log)
            gateway = Gateway(load(file), file)
            floor = Floor(directory, directory / "pki")
            try:
                return _measure(gateway, floor, token)
            finally:
                gateway.database.close()


def _measure(gateway: Gateway, floor: Floor, token: str) -> float:
    def ours() -> None:
        _post(gateway, token)

    def theirs() -> None:
        floor.accept(APPLICATION, str(uuid.uuid4()))

    _cpu(ours, 100), _cpu(theirs, 100)
    pairs = [(_cpu(ours, EACH), _cpu(theirs, EACH)) for _ in range(ROUNDS)]
    own, least = statistics.median(one for one, _ in pairs), statistics.median(one for _, one in pairs)
    ratio = statistics.median(one / other for one, other in pairs)
    print(f"\nCPU per application, request to commit (ECDSA P-256), median of {ROUNDS} rounds of {EACH}")
    print(f"  {'step':<34}{'gateway µs':>12}{'floor µs':>12}")
    for step, mine, other in _steps(gateway, floor):
        print(f"  {step:<34}{mine:>12.0f}{other:>12.0f}")
    print(f"  {'whole request':<34}{own:>12.0f}{least:>12.0f}   ratio {ratio:.2f} (bar: 2.00)")
    return ratio


def _steps(gateway: Gateway, floor: Floor) -> list[tuple[str, float, float]]:
    """Time each step alone; the gateway's commit is what accepting costs more than the steps before it."""
    now = datetime.now(UTC)
    service, application = gateway.intake.catalogue.parse(APPLICATION)
    author, reader = gateway.settings.author.party(), gateway.settings.destination[0].reader.party()
    header = MessageHeader(message_id=str(uuid.uuid4()), created_at=now, author=author, reader=reader, test=True)
    message = service.build(application, header, "25.11a")
    package = gateway.parts.schemas.for_sending("xmeld", now.date())
    signer = gateway.parts.signer
    caller = Caller(
        portal="openrathaus-demo",
        tenants=frozenset(gateway.settings.portal[0].tenants),
        correlation_id=str(uuid.uuid4()),
    )
    plain = floor.parse(APPLICATION)
    content = floor.build(plain, header.message_id, now)

    def signed() -> None:
        signer.sign(message.content, filename=message.filename, media_type="application/xml", at=now)

    def stored() -> None:
        floor.store(plain, APPLICATION, str(uuid.uuid4()), str(uuid.uuid4()), content, content, now)

    sign = _cpu(signed, EACH)
    preview = _cpu(lambda: gateway.intake.preview(APPLICATION, caller), EACH)
    accept = _cpu(lambda: gateway.intake.accept(APPLICATION, caller, str(uuid.uuid4())), EACH)
    return [
        (
            "read and check the JSON",
            _cpu(lambda: gateway.intake.catalogue.parse(APPLICATION), EACH),
            _cpu(lambda: floor.parse(APPLICATION), EACH),
        ),
        (
            "build the message",
            _cpu(lambda: service.build(application, header, "25.11a"), EACH),
            _cpu(lambda: floor.build(plain, header.message_id, now), EACH),
        ),
        (
            "validate (parse, XSD, rules)",
            _cpu(lambda: package.validate(message.content), EACH),
            _cpu(lambda: floor.validate(content), EACH),
        ),
        ("sign", sign, _cpu(lambda: floor.sign(content, header.message_id, now), EACH)),
        ("store (one durable commit)", accept - preview - sign, _cpu(stored, EACH)),
        ("all of intake", accept, _cpu(lambda: floor.accept(APPLICATION, str(uuid.uuid4())), EACH)),
    ]


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
    body = b"".join(gateway.portal(environ, lambda status, *_: answers.append(status)))
    if not answers[0].startswith("202"):
        raise RuntimeError(f"{answers[0]}: {body.decode()}")


def _cpu(step: Callable[[], object], times: int) -> float:
    """Return the CPU microseconds of one call."""
    begun = time.process_time()
    for _ in range(times):
        step()
    return (time.process_time() - begun) / times * 1e6
