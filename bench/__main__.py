"""Run every benchmark, or the named ones: ``python -m bench [intake] [memory]``."""

from __future__ import annotations

import platform
import sys

from bench import intake, memory

BENCHMARKS = {"intake": intake.run, "memory": memory.run}


def main() -> None:
    names = sys.argv[1:] or list(BENCHMARKS)
    print(f"Python {platform.python_version()}, {platform.machine()}, {platform.system()} {platform.release()}")
    for name in names:
        BENCHMARKS[name]()


if __name__ == "__main__":
    main()
