"""The portal API on a database of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.portal_harness import Portal, running


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    with running(tmp_path) as one:
        yield one
