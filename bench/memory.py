"""Memory of a serving gateway: 10,000 applications over HTTP, flat over the last 5,000.

The processes are the real ones (``gateway serve``) with worker, collector and sequencer; the simulated authority runs
here and answers every application, so that all rooms are in use. One answer is not valid, because the first of these
loads what explains it (``xmlschema``), for good. The bar holds for the resident memory (RSS) of the process that works.
The sum is of all processes, each page they share counted once (PSS).
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
import urllib3

from adapters.xta.simulator import DEMO_AUTHOR, Simulator, demo_simulator
from bench.setup import APPLICATION, filesystem, workplace
from gateway.client import PortalClient
from gateway.demo.process import GatewayProcess
from gateway.demo.workspace import make_workspace

TOTAL = 10_000
EVERY = 1_000
CLIENTS = 4
BAR_MB = 150
BAR_GROWTH_MB = 5

_INVALID = b'<x:onlinedienste.meldebescheinigungAntwort.1701 xmlns:x="http://www.osci.de/xmeld2511a"><x:a/></x:onlinedienste.meldebescheinigungAntwort.1701>'


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """Megabytes: resident memory of worker and parent, proportional sum of all processes."""

    worker: float
    parent: float
    together: float

    def __str__(self) -> str:
        return f"{self.worker:>10.1f}  {self.parent:>9.1f}  {self.together:>7.1f}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """A gateway process and its authority."""

    client: PortalClient
    authority: Simulator
    parent: psutil.Process

    def memory(self) -> Memory:
        children = self.parent.children(recursive=True)
        (worker,) = [one for one in children if "serve" in one.cmdline()]
        everybody = [one.memory_full_info().pss for one in (self.parent, *children)]
        return Memory(
            worker=worker.memory_info().rss / 1e6,
            parent=self.parent.memory_info().rss / 1e6,
            together=sum(everybody) / 1e6,
        )

    def submit(self) -> str:
        reply = self.client.submit(APPLICATION, str(uuid.uuid4()))
        if reply.status != 202:
            raise RuntimeError(f"{reply.status}: {reply.body.decode()}")
        application: str = reply.data["id"]
        return application

    def wait_for_answer(self, application: str) -> None:
        for data in self.client.follow(application, seconds=1800, every=1.0):
            if data["state"] == "answered":
                return
        raise RuntimeError("an application was not answered in half an hour")

    def answer_wrongly(self) -> None:
        """Put an answer that is not valid into the mailbox, and wait until the gateway has parked it."""
        question = next(iter(self.authority.service.state.orders.values())).metadata
        self.authority.service.deliver(DEMO_AUTHOR, question, _INVALID)
        end = time.monotonic() + 120
        while b"gateway_replies_parked 1.0" not in urllib3.request("GET", f"{self.client.url}/metrics").data:
            if time.monotonic() > end:
                raise RuntimeError("the answer that is not valid was not parked")
            time.sleep(0.5)


def run() -> list[str]:
    """Print the memory after every thousand applications; return the bars that were missed."""
    figures: list[Memory] = []
    with _bench() as bench, ThreadPoolExecutor(CLIENTS) as pool:
        print(f"  {0:>12}  {bench.memory()}", flush=True)
        bench.wait_for_answer(bench.submit())
        bench.answer_wrongly()
        print(f"  {'one invalid':>12}  {bench.memory()}", flush=True)
        last = ""
        for done in range(EVERY, TOTAL + 1, EVERY):
            begun = time.monotonic()
            last = list(pool.map(lambda _: bench.submit(), range(EVERY)))[-1]
            rate = EVERY / (time.monotonic() - begun)
            figures.append(bench.memory())
            print(f"  {done:>12}  {figures[-1]}  {rate:>10.0f}", flush=True)
        bench.wait_for_answer(last)
        figures.append(bench.memory())
        cases = bench.authority.office.cases
        print(f"  {'all answered':>12}  {figures[-1]}              {cases} cases at the authority")
    return _judge(figures)


def _judge(figures: list[Memory]) -> list[str]:
    """Say how the worker's figures (one every ``EVERY`` applications, and the last) compare with the bars."""
    half = TOTAL // EVERY // 2
    most = max(one.worker for one in figures)
    growth = max(one.worker for one in figures[half:]) - figures[half - 1].worker
    print(f"  worker: at most {most:.1f} MB (bar: {BAR_MB})")
    print(f"  worker: growth over the last {TOTAL - half * EVERY}: {growth:+.1f} MB (bar: {BAR_GROWTH_MB})")
    missed = [f"memory: {most:.1f} MB, bar {BAR_MB}"] if most > BAR_MB else []
    return missed + ([f"memory: growth {growth:.1f} MB, bar {BAR_GROWTH_MB}"] if growth > BAR_GROWTH_MB else [])


@contextmanager
def _bench() -> Iterator[Bench]:
    with workplace() as directory:
        workspace = make_workspace(directory)
        client = PortalClient(workspace.url, workspace.token_file.read_text(encoding="ascii").strip())
        with (
            demo_simulator(workspace.pki, port=workspace.authority_port) as authority,
            GatewayProcess(workspace, client),
        ):
            (parent,) = [one for one in psutil.Process().children() if "serve" in one.cmdline()]
            print(f"\nMemory in MB, {TOTAL} applications handed in, delivered and answered, on {filesystem(directory)}")
            print(f"  {'applications':>12}  {'worker RSS':>10}  {'parent RSS':>9}  {'all PSS':>7}  {'per second':>10}")
            yield Bench(client=client, authority=authority, parent=parent)
