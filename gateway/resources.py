"""Finds the data files that are shipped beside the code: profiles, fixtures, demo configuration.

In a checkout they lie at the top of the repository, in the installed wheel under ``gateway/_data``.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource(*parts: str) -> Path:
    """Return the path of a shipped file or folder, for example ``resource("xsd", "xmeld")``.

    Raises FileNotFoundError naming the missing part; it means a broken installation.
    """
    for base in (_PACKAGE / "_data", _PACKAGE.parent):
        path = base.joinpath(*parts)
        if path.exists():
            return path
    raise FileNotFoundError(f"shipped file missing: {'/'.join(parts)}")
