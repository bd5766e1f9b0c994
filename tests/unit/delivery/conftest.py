"""A new database for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.store.database import Database
from tests.unit.delivery.desk import Clock, Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    database = Database(f"sqlite:///{tmp_path}/gateway.sqlite")
    yield Desk(database=database, clock=Clock())
    database.close()
