"""Where the benchmarks work, and the one application that they hand in."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

APPLICATION = json.dumps(
    {
        "service": "meldebescheinigung",
        "ags": "03454035",
        "portal_case": "OR-2026-000123",
        "submitted_at": "2026-11-23T01:15:30+01:00",
        "identification": {"vertrauensniveau": "hoch", "mittel": "eid"},
        "antragsteller": {
            "familienname": {"name": "Mustermann"},
            "vornamen": {"name": "Erika"},
            "geburtsdatum": "1984-08-12",
            "anschrift": {"ags": "03454035", "plz": "49716", "strasse_und_hausnummer": "Musterstraße 12 a"},
        },
        "antrag": {"umfang": "mindestumfang", "zustellung": "daten"},
    },
    ensure_ascii=False,
).encode()


_WORKPLACE = Path(__file__).resolve().parent.parent / "var" / "bench"


@contextmanager
def workplace() -> Iterator[Path]:
    """Make a folder on the disk of the checkout, for the time of one benchmark."""
    _WORKPLACE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_WORKPLACE) as name:
        yield Path(name)


def filesystem(directory: Path) -> str:
    """Return the type of the file system on which a folder lies, for example ``ext4``."""
    mounted = {Path(one.mountpoint): one.fstype for one in psutil.disk_partitions(all=True)}
    return next((mounted[one] for one in (directory, *directory.parents) if one in mounted), "an unknown file system")
