"""A thread that does one step again and again: after the pause that the step asks for, or at once when poked."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger(room="loop")

_AFTER_FAILURE = 1.0


class Loop:
    """Runs ``step`` on a thread called ``name`` between :meth:`start` and :meth:`stop`.

    ``step`` returns for how many seconds there is nothing to do. What it raises is logged, and it is tried again a
    second later: a loop must outlive a full disk.
    """

    def __init__(self, name: str, step: Callable[[], float]) -> None:
        self._step = step
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def poke(self) -> None:
        """Say that there may be something to do now."""
        self._wake.set()

    def stop(self) -> None:
        """Begin no further step, and return when the one in hand has ended."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                pause = self._step()
            except Exception:
                log.exception("step failed", thread=self._thread.name)
                pause = _AFTER_FAILURE
            self._wake.wait(pause)
