"""gateway/portal/access.py: who a bearer token belongs to."""

from __future__ import annotations

import hashlib

import pytest

from gateway.errors import GatewayError
from gateway.portal.access import Access, PortalAccess, new_token, token_hash

TENANT = frozenset({"034540035"})


def portal(name: str, *tokens: str) -> PortalAccess:
    return PortalAccess(id=name, tenants=TENANT, token_hashes=frozenset(token_hash(one) for one in tokens))


def test_each_token_of_a_portal_identifies_it() -> None:
    access = Access([portal("one", "old", "new"), portal("two", "other")])

    assert access.identify("Bearer old").id == "one"
    assert access.identify("bearer new").id == "one"
    assert access.identify("Bearer other").id == "two"


def test_no_header_is_auth_missing_with_the_challenge() -> None:
    with pytest.raises(GatewayError) as caught:
        Access([portal("one", "t")]).identify(None)

    assert caught.value.problem.code == "auth.missing"
    assert caught.value.headers["WWW-Authenticate"] == 'Bearer realm="gateway"'


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic t", "t", "Bearer \udcff", "Bearer t,t"]
)
def test_anything_but_a_known_token_is_auth_invalid(header: str) -> None:
    with pytest.raises(GatewayError) as caught:
        Access([portal("one", "t")]).identify(header)

    assert caught.value.problem.code == "auth.invalid"
    assert caught.value.headers["WWW-Authenticate"].endswith('error="invalid_token"')


def test_without_portals_nobody_gets_in() -> None:
    with pytest.raises(GatewayError, match=r"auth\.invalid"):
        Access([]).identify("Bearer t")


def test_every_known_hash_is_compared_whatever_matches(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []

    def compare(known: bytes, presented: bytes) -> bool:
        compared.append(known)
        return known == presented

    access = Access([portal("one", "a"), portal("two", "b"), portal("three", "c")])
    monkeypatch.setattr("gateway.portal.access.hmac.compare_digest", compare)
    access.identify("Bearer a")

    assert len(compared) == 3


def test_a_token_has_256_random_bits_and_its_hash_is_sha256() -> None:
    token, kept = new_token()

    assert len(token.removeprefix("xgw_")) == 43
    assert kept == hashlib.sha256(token.encode()).hexdigest()
    assert token != new_token()[0]


def test_two_portals_cannot_share_a_token() -> None:
    with pytest.raises(ValueError, match="share a token"):
        Access([portal("one", "t"), portal("two", "t")])


def test_a_token_in_place_of_its_hash_is_refused_without_quoting_it() -> None:
    with pytest.raises(ValueError) as caught:
        PortalAccess(id="one", tenants=TENANT, token_hashes=frozenset({"xgw_secret"}))

    assert "secret" not in str(caught.value)
