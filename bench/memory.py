"""Resident memory of a serving process: 10,000 applications over HTTP, flat over the last 5,000.

The process is the real one (``gateway serve``) with worker, collector and sequencer; the simulated authority runs here
and answers every application, so that all rooms are in use. What is read is VmRSS of granian's worker process.
"""

from __future__ import annotations

import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from adapters.xta.simulator import demo_simulator
from bench.setup import APPLICATION
from gateway.client import PortalClient
from gateway.demo.process import GatewayProcess
from gateway.demo.workspace import make_workspace

TOTAL = 10_000
EVERY = 1_000
CLIENTS = 4
BAR_MB = 150


def run() -> float:
    """Print the memory after every thousand applications; return the last figure in MB."""
    with tempfile.TemporaryDirectory() as name:
        workspace = make_workspace(Path(name))
        token = workspace.token_file.read_text(encoding="ascii").strip()
        client = PortalClient(workspace.url, token)
        with (
            demo_simulator(workspace.pki, port=workspace.authority_port) as authority,
            GatewayProcess(workspace, client),
            ThreadPoolExecutor(CLIENTS) as pool,
        ):
            worker = _worker()
            print(f"\nResident memory of the serving process, {TOTAL} applications handed in, delivered and answered")
            print(f"  {'applications':>12}  {'MB':>7}  {'per second':>10}")
            print(f"  {0:>12}  {_resident(worker):>7.1f}")
            figures: list[float] = []
            last = ""
            for done in range(EVERY, TOTAL + 1, EVERY):
                begun = time.monotonic()
                last = list(pool.map(lambda _: _submit(client), range(EVERY)))[-1]
                rate = EVERY / (time.monotonic() - begun)
                figures.append(_resident(worker))
                print(f"  {done:>12}  {figures[-1]:>7.1f}  {rate:>10.0f}", flush=True)
            _drain(client, last)
            end = _resident(worker)
            print(f"  {'all answered':>12}  {end:>7.1f}              {authority.office.cases} cases at the authority")
    growth = max(figures[-1], end) - figures[len(figures) // 2 - 1]
    print(f"  growth over the last {TOTAL // 2}: {growth:+.1f} MB; bar: at most {BAR_MB} MB, flat")
    return max(figures[-1], end)


def _submit(client: PortalClient) -> str:
    reply = client.submit(APPLICATION, str(uuid.uuid4()))
    if reply.status != 202:
        raise RuntimeError(f"{reply.status}: {reply.body.decode()}")
    application: str = reply.data["id"]
    return application


def _drain(client: PortalClient, last: str) -> None:
    """Wait until the application that came last is answered."""
    for data in client.follow(last, seconds=1800, every=1.0):
        if data["state"] == "answered":
            return
    raise RuntimeError("the last application was not answered in half an hour")


def _worker() -> psutil.Process:
    """Return granian's worker: the child of the process that this one has started."""
    (parent,) = [one for one in psutil.Process().children() if "serve" in one.cmdline()]
    (worker,) = [one for one in parent.children() if one.status() != psutil.STATUS_ZOMBIE]
    return worker


def _resident(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 1e6
