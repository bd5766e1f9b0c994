"""Who is calling: bearer tokens (RFC 6750), one or more a portal, each portal scoped to tenants.

Only SHA-256 hashes of the tokens are kept. A slow password hash would protect nothing here: a token has 256 random
bits, so nobody can try them out; and it would cost every request what the whole intake costs.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.errors import GatewayError, Problem
from gateway.model import Whose

AUTH_MISSING = Problem(
    code="auth.missing",
    status=401,
    whose=Whose.PORTAL,
    de="Der Aufruf trägt keinen Zugangsschlüssel; bitte im Kopf Authorization als Bearer-Token mitsenden.",
    en="The request carries no access token; send it as a bearer token in the Authorization header.",
)
AUTH_INVALID = Problem(
    code="auth.invalid",
    status=401,
    whose=Whose.PORTAL,
    de="Der Zugangsschlüssel ist unbekannt oder nicht mehr gültig; bitte beim Betreiber einen neuen anfordern.",
    en="The access token is unknown or no longer valid; ask the operator for a new one.",
)

_REALM = 'Bearer realm="gateway"'
_PREFIX = "xgw_"
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class PortalAccess:
    """A portal, the tenants (administrations, first nine digits of the ARS) it acts for, and its tokens' hashes.

    ``token_hashes`` are SHA-256 in lower-case hexadecimal; several allow a change of token without an outage.
    """

    id: str
    tenants: frozenset[str]
    token_hashes: frozenset[str]

    def __post_init__(self) -> None:
        if not all(_HASH.fullmatch(one) for one in self.token_hashes):
            raise ValueError(f"portal {self.id}: a token hash is not SHA-256 in lower-case hexadecimal")


class Access:
    """All portals that may call."""

    def __init__(self, portals: Iterable[PortalAccess]) -> None:
        """Raises ValueError if two portals share a token."""
        self._known: list[tuple[bytes, PortalAccess]] = []
        owners: dict[str, str] = {}
        for portal in portals:
            for one in sorted(portal.token_hashes):
                if owners.setdefault(one, portal.id) != portal.id:
                    raise ValueError(f"portals {owners[one]} and {portal.id} share a token")
                self._known.append((bytes.fromhex(one), portal))

    def identify(self, authorization: str | None) -> PortalAccess:
        """Return the portal whose token the Authorization header carries.

        Compares with every hash, each in constant time, so that the time of the answer tells nothing. Raises
        GatewayError ``auth.missing`` or ``auth.invalid`` with the WWW-Authenticate header of RFC 6750, section 3.
        """
        if authorization is None:
            raise GatewayError(AUTH_MISSING, headers={"WWW-Authenticate": _REALM})
        scheme, _, token = authorization.partition(" ")
        presented = hashlib.sha256(token.strip().encode("utf-8", "surrogateescape")).digest()
        found: PortalAccess | None = None
        for known, portal in self._known:
            if hmac.compare_digest(known, presented):
                found = portal
        if found is None or scheme.lower() != "bearer":
            raise GatewayError(AUTH_INVALID, headers={"WWW-Authenticate": f'{_REALM}, error="invalid_token"'})
        return found


def new_token() -> tuple[str, str]:
    """Make a token (256 random bits, with a prefix that secret scanners can find) and return it with its hash."""
    token = _PREFIX + secrets.token_urlsafe(32)
    return token, token_hash(token)


def token_hash(token: str) -> str:
    """Return what is kept of a token: SHA-256 in lower-case hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()
