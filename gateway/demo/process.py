"""The gateway as a process of its own, started and stopped as an operator would."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from gateway.client import PortalClient
from gateway.demo.workspace import Workspace

_START_WITHIN = 30.0
_STOP_WITHIN = 60.0


class NotStartedError(Exception):
    """The gateway ended or did not become ready; the text holds its last log lines."""


class GatewayProcess:
    """``gateway serve`` with its log lines in a file, between ``with`` and the end of the block."""

    def __init__(self, workspace: Workspace, client: PortalClient) -> None:
        self._workspace = workspace
        self._client = client
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "gateway", "serve", "--config", str(self._workspace.config)]
        self._workspace.log_file.touch(mode=0o600)
        with self._workspace.log_file.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)  # noqa: S603 - our own command
        end = time.monotonic() + _START_WITHIN
        while not self._client.ready():
            if self._process.poll() is not None or time.monotonic() > end:
                self._stop()
                raise NotStartedError(f"the gateway did not start:\n{_tail(self._workspace.log_file)}")
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def wait(self) -> None:
        """Return when the process has ended by itself."""
        if self._process is not None:
            self._process.wait()

    def _stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


def _tail(file: Path, lines: int = 8) -> str:
    return "\n".join(file.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
