"""Trust anchors: to which authorities a certificate chain must lead (RFC 5280, section 6).

Only what is given counts; the system's certificate store is never asked, and nothing is fetched from a network.
Revocation is not looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.x509.verification import ExtensionPolicy, PolicyBuilder, Store, VerificationError

from gateway.signing.keys import read_certificates


class TrustAnchors:
    """The CA certificates that are trusted. Build once, use often; safe to use from several threads."""

    def __init__(self, certificates: Sequence[x509.Certificate]) -> None:
        """Raises ValueError if there is none: trusting nobody by mistake looks like an attack on every message."""
        self._store = Store(list(certificates))
        # A seal has no TLS purpose, so the web's rules for end entities do not apply; gateway.signing.keys knows the
        # rules for a seal. For authorities the strict rules stay.
        self._builder = (
            PolicyBuilder()
            .store(self._store)
            .extension_policies(ee_policy=ExtensionPolicy.permit_all(), ca_policy=ExtensionPolicy.webpki_defaults_ca())
        )

    @classmethod
    def load(cls, *files: Path) -> Self:
        """Read PEM files with one or more CA certificates each.

        Raises ConfigurationError if a file cannot be read or holds no certificate.
        """
        return cls([one for file in files for one in read_certificates(file, "trust_anchors")])

    def lead_to(self, certificate: x509.Certificate, others: Sequence[x509.Certificate], at: datetime) -> bool:
        """True if a chain from ``certificate`` over some of ``others`` to an anchor is valid at ``at`` (has a zone)."""
        try:
            self._builder.time(at).build_client_verifier().verify(certificate, list(others))
        except VerificationError:
            return False
        return True
