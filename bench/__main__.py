"""Run every benchmark, or the named ones: ``python -m bench [intake] [memory]``. Exit status 1: a bar was missed."""

from __future__ import annotations

import platform
import sys

from bench import intake, memory

BENCHMARKS = {"intake": intake.run, "memory": memory.run}


def main() -> int:
    names = sys.argv[1:] or list(BENCHMARKS)
    print(f"Python {platform.python_version()}, {platform.machine()}, {platform.system()} {platform.release()}")
    missed = [bar for name in names for bar in BENCHMARKS[name]()]
    for bar in missed:
        print(f"missed: {bar}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
