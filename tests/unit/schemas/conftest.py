"""The shipped packages, loaded once."""

from __future__ import annotations

from datetime import date

import pytest

from gateway.schemas import SchemaPackage, Schemas

DAY = date(2026, 3, 2)


@pytest.fixture(scope="session")
def schemas() -> Schemas:
    return Schemas.load()


@pytest.fixture(scope="session")
def sending(schemas: Schemas) -> SchemaPackage:
    return schemas.for_sending("xmeld", DAY)
