"""Seals the shipped schema packages anew after a change: ``python -m gateway.schemas [DIRECTORY]``."""

from __future__ import annotations

import sys
from pathlib import Path

from gateway.resources import resource
from gateway.schemas import Schemas, manifest


def main(arguments: list[str]) -> None:
    """Write the checksums, then load everything once: a set that does not compile must not be sealed silently."""
    directory = Path(arguments[0]) if arguments else resource("xsd")
    for entry in manifest.seal(directory):
        sys.stdout.write(f"{entry.sha256}  {entry.standard} {entry.version}\n")
    Schemas.load(directory)


if __name__ == "__main__":
    main(sys.argv[1:])
