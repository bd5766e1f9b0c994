"""bench/: a bar that is missed ends the command with status 1."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench import __main__ as command
from bench import intake, memory
from bench.memory import Memory
from bench.setup import filesystem


def figures(*worker: float) -> list[Memory]:
    """One figure every thousand applications, and one at the end."""
    return [Memory(worker=one, parent=35.0, together=one + 1) for one in worker]


@pytest.mark.parametrize(("missed", "status"), [([], 0), (["memory: 151.0 MB, bar 150"], 1)])
def test_the_status_tells_whether_a_bar_was_missed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], missed: list[str], status: int
) -> None:
    monkeypatch.setattr(sys, "argv", ["bench"])
    monkeypatch.setattr(command, "BENCHMARKS", {"one": lambda: missed, "two": list})

    assert command.main() == status
    assert capsys.readouterr().err == "".join(f"missed: {one}\n" for one in missed)


def test_memory_that_is_low_and_flat_misses_nothing() -> None:
    assert memory._judge(figures(120, 128, 129, 130, 130, 131, 131, 132, 132, 133, 130)) == []


def test_memory_above_the_bar_is_missed_whenever_it_happens() -> None:
    assert memory._judge(figures(151, *[130] * 10)) == ["memory: 151.0 MB, bar 150"]


def test_memory_that_grows_over_the_last_half_is_missed() -> None:
    assert memory._judge(figures(*[120] * 5, 122, 124, 125, 126, 126, 120)) == ["memory: growth 6.0 MB, bar 5"]


@pytest.mark.parametrize(("ratio", "missed"), [(2.0, []), (2.01, ["intake: ratio 2.01, bar 2.00"])])
def test_a_ratio_above_the_bar_is_missed(ratio: float, missed: list[str]) -> None:
    assert intake._judge(ratio) == missed


def test_each_step_is_timed_where_it_happens() -> None:
    class Work:
        def part(self) -> None:
            sum(range(20_000))

        def whole(self) -> None:
            self.part()
            sum(range(2_000))

    steps = intake._steps(Work().whole, {"part": (Work, "part")})

    assert steps["part"] > 2 * steps[intake.REST] > 0


def test_the_file_system_of_a_folder_is_named() -> None:
    assert filesystem(Path("/proc/self")) == "proc"
