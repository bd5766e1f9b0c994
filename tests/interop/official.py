"""Finds the publisher's schemas and examples, which are not part of this project.

The environment variable ``XOEV_OFFICIAL`` names their folder (with a ``catalog.xml``); without it
``../shared/official`` beside the repository is tried. Tests that need them are skipped where they are absent.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).resolve().parents[2]


def official_directory() -> Path:
    """Return the folder, or skip the calling test."""
    folder = Path(os.environ.get("XOEV_OFFICIAL") or _REPOSITORY.parent / "shared" / "official")
    if not (folder / "catalog.xml").is_file():
        pytest.skip("the publisher's schemas are not installed: set XOEV_OFFICIAL to a folder with catalog.xml")
    return folder
