"""The seal key: loaded once, checked once, used for every signature.

Takes PKCS#12 (RFC 7292) or PEM (RFC 7468). Refuses what a verifier would refuse later: a key that does not belong to
the certificate, a certificate that may not sign (RFC 5280, 4.2.1.3: digitalSignature or nonRepudiation; 4.2.1.9: no
CA), RSA below 3072 bit, curves other than P-256 and P-384. Loading a key is slow (RSA-3072: about 100 ms), signing is
not. A password comes from a file or an environment variable, and no error text contains it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from gateway.errors import ConfigurationError
from gateway.signing.xmldsig import SignatureAlgorithm, ecdsa_value

MIN_RSA_BITS: Final = 3072
UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises for a malformed key or certificate, some of it only when a part is first asked for."""
_CURVES: Final = {
    "secp256r1": (SignatureAlgorithm.ECDSA_SHA256, ec.ECDSA(hashes.SHA256())),
    "secp384r1": (SignatureAlgorithm.ECDSA_SHA384, ec.ECDSA(hashes.SHA384())),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CertificateInfo:
    """What a check, a log or an auditor needs to know of a certificate.

    ``subject`` and ``issuer`` are RFC 4514 strings, ``serial_number`` is decimal, ``sha256`` the fingerprint of the
    DER form as lower case hex, times are UTC.
    """

    subject: str
    issuer: str
    serial_number: str
    sha256: str
    not_before: datetime
    not_after: datetime

    @classmethod
    def of(cls, certificate: x509.Certificate) -> Self:
        """Read a parsed certificate."""
        return cls(
            subject=certificate.subject.rfc4514_string(),
            issuer=certificate.issuer.rfc4514_string(),
            serial_number=str(certificate.serial_number),
            sha256=certificate.fingerprint(hashes.SHA256()).hex(),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
        )

    def valid_at(self, at: datetime) -> bool:
        """True if ``at`` (with a zone) lies within the validity, both ends included."""
        return self.not_before <= at <= self.not_after


def read_password(*, file: Path | None = None, env: str | None = None) -> bytes | None:
    """Return the password from a file (one trailing line end is dropped) or an environment variable; None for neither.

    Raises ConfigurationError if both are named, the file cannot be read, or what is found is empty.
    """
    if file is not None and env is not None:
        raise ConfigurationError(str(file), "password", f"is named twice: as a file and as ${env}")
    if file is not None:
        password = _read(file, "password_file").removesuffix(b"\n").removesuffix(b"\r")
        if not password:
            raise ConfigurationError(str(file), "password_file", "is empty")
        return password
    if env is not None:
        value = os.environ.get(env, "")
        if not value:
            raise ConfigurationError(f"${env}", "password_env", "this environment variable is not set")
        return value.encode()
    return None


class SealKey:
    """A private key with its certificate chain, ready to sign. Safe to use from several threads.

    An expired certificate can be loaded, so that a self-check can tell its date, but :class:`gateway.signing.xades`
    refuses to sign with it.
    """

    def __init__(self, key: object, chain: tuple[x509.Certificate, ...], *, source: str) -> None:
        """Check key and chain (signer first). ``source`` names the file in errors.

        Raises ConfigurationError with the reason.
        """
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise ConfigurationError(source, "key", "must be an RSA or an EC key")
        if not chain:
            raise ConfigurationError(source, "certificate", "there is none")
        _check_strength(key, source)
        _check_certificate(key, chain[0], source)
        self._key = key
        self.chain: Final = _ordered(chain)
        """Signer first, then its issuers as far as known, without the root."""
        self.certificate: Final = CertificateInfo.of(chain[0])

    @classmethod
    def from_pkcs12(cls, file: Path, password: bytes | None) -> Self:
        """Load key, certificate and chain from a PKCS#12 file (``.p12``, ``.pfx``).

        Raises ConfigurationError if the file cannot be read, the password is wrong or the key is not fit to seal.
        """
        data = _read(file, "key_file")
        try:
            store = pkcs12.load_pkcs12(data, password)
        except UNREADABLE as error:
            raise ConfigurationError(str(file), "key_file", "no PKCS#12 file, or the password is wrong") from error
        if store.key is None or store.cert is None:
            raise ConfigurationError(str(file), "key_file", "holds no private key with its certificate")
        chain = (store.cert.certificate, *(one.certificate for one in store.additional_certs))
        return cls(store.key, chain, source=str(file))

    @classmethod
    def from_pem(cls, key_file: Path, certificate_file: Path, password: bytes | None = None) -> Self:
        """Load a PEM private key (PKCS#8 or traditional) and a PEM file with the certificate first, then its chain.

        Raises ConfigurationError as :meth:`from_pkcs12` does.
        """
        try:
            key = serialization.load_pem_private_key(_read(key_file, "key_file"), password)
        except UNREADABLE as error:
            reason = "no PEM private key, or the password is wrong, missing or not needed"
            raise ConfigurationError(str(key_file), "key_file", reason) from error
        return cls(key, read_certificates(certificate_file, "certificate_file"), source=str(key_file))

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """The signature method that goes with this key."""
        if isinstance(self._key, rsa.RSAPrivateKey):
            return SignatureAlgorithm.RSA_SHA256
        return _CURVES[self._key.curve.name][0]

    def sign(self, data: bytes) -> bytes:
        """Return the value for ``ds:SignatureValue``: PKCS#1 v1.5 for RSA, r‖s for ECDSA. Does not look at dates."""
        key = self._key
        if isinstance(key, rsa.RSAPrivateKey):
            return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return ecdsa_value(key.sign(data, _CURVES[key.curve.name][1]), key.key_size)


def read_certificates(file: Path, setting: str) -> tuple[x509.Certificate, ...]:
    """Return the certificates of a PEM file in their order; ``setting`` names the key of the configuration.

    Raises ConfigurationError if the file cannot be read or holds none.
    """
    try:
        return tuple(x509.load_pem_x509_certificates(_read(file, setting)))
    except UNREADABLE as error:
        raise ConfigurationError(str(file), setting, "holds no PEM certificate") from error


def _read(file: Path, setting: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigurationError(str(file), setting, f"cannot be read: {error.strerror}") from error


def _check_strength(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, source: str) -> None:
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size < MIN_RSA_BITS:
            raise ConfigurationError(source, "key", f"RSA with {key.key_size} bit is too short: {MIN_RSA_BITS} or more")
    elif key.curve.name not in _CURVES:
        raise ConfigurationError(source, "key", f"the curve {key.curve.name} is not supported: use P-256 or P-384")


def _check_certificate(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, certificate: x509.Certificate, source: str
) -> None:
    if certificate.public_key() != key.public_key():
        raise ConfigurationError(source, "certificate", "does not belong to the key")
    if reason := unfit_to_seal(certificate):
        raise ConfigurationError(source, "certificate", reason)


def unfit_to_seal(certificate: x509.Certificate) -> str | None:
    """Say why a certificate may not seal (RFC 5280, 4.2.1.3 and 4.2.1.9); None if it may."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return "has no keyUsage"
    if not (usage.digital_signature or usage.content_commitment):
        return "may not sign: keyUsage has neither digitalSignature nor nonRepudiation"
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return None
    return "is a certification authority's, not a seal's" if constraints.ca else None


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """True if the name and the signature say that ``issuer`` issued ``certificate``; looks at nothing else."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _ordered(certificates: tuple[x509.Certificate, ...]) -> tuple[x509.Certificate, ...]:
    """Follow the issuers from the first certificate on; a PKCS#12 file keeps its extra certificates in any order."""
    chain = [certificates[0]]
    rest = [one for one in certificates[1:] if one.subject != one.issuer]
    while issuer := next((one for one in rest if issued_by(chain[-1], one)), None):
        chain.append(issuer)
        rest.remove(issuer)
    return tuple(chain)
