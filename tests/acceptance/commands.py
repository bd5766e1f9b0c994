"""Calls the command line as the shell does, but in this process: fast enough to try every refusal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.cli import main


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Give a function that runs ``gateway`` with these arguments, in ``directory`` if one is named."""

    def run(*arguments: str | Path, directory: Path | None = None) -> Ended:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["gateway", *map(str, arguments)])
            if directory is not None:
                patch.chdir(directory)
            capfd.readouterr()
            with pytest.raises(SystemExit) as ended:
                main()
        out, err = capfd.readouterr()
        code = ended.value.code
        return Ended(status=code if isinstance(code, int) else 0, out=out, err=err)

    return run
