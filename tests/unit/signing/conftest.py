from __future__ import annotations

import pytest

from tests.unit.signing.forge import Seal, rsa_key, seal


@pytest.fixture(scope="session")
def ec_seal() -> Seal:
    return seal()


@pytest.fixture(scope="session")
def rsa_seal() -> Seal:
    return seal(rsa_key())


@pytest.fixture(params=["ec", "rsa"])
def any_seal(request: pytest.FixtureRequest, ec_seal: Seal, rsa_seal: Seal) -> Seal:
    return {"ec": ec_seal, "rsa": rsa_seal}[request.param]
