"""The demo PKI: everything with a key that a demo or a test needs, made on the spot by one command.

Nothing here is trusted by anybody, and every name says so ("nur Test"). The certificates satisfy
``VERIFY_X509_STRICT``, which Python switches on from 3.13. Keys of the demo must never seal for a real administration.
"""

from __future__ import annotations

import os
import secrets
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from gateway.errors import ConfigurationError
from gateway.signing.issuing import Holder, Hosts, PrivateKey, issue_ca, issue_seal, issue_tls
from gateway.signing.keys import MIN_RSA_BITS, SealKey, issued_by

_VALID_FOR: Final = timedelta(days=730)
_REMAKE_BEFORE_EXPIRY: Final = timedelta(days=30)
_HOSTS: Final[Hosts] = (
    x509.DNSName("localhost"),
    x509.IPAddress(ip_address("127.0.0.1")),
    x509.IPAddress(ip_address("::1")),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoPki:
    """Where the parts of the demo PKI lie. Certificates and plain keys are PEM, seals are PKCS#12.

    ``server_*`` is the simulator's TLS certificate (localhost, 127.0.0.1, ::1), ``client_*`` the gateway's for mutual
    TLS. ``stranger_*`` is a client certificate of the same CA that has no account anywhere, ``foreign_*`` one of
    another CA: both must be refused. ``seal_*`` are the seal keys with ``seal_password`` as their password file.
    ``audit_key`` is the log's Ed25519 key (PKCS#8 PEM), ``audit_public_key`` its 32 raw bytes as one base64 line.
    """

    directory: Path
    ca: Path
    ca_key: Path
    server_certificate: Path
    server_key: Path
    client_certificate: Path
    client_key: Path
    stranger_certificate: Path
    stranger_key: Path
    foreign_ca: Path
    foreign_ca_key: Path
    foreign_certificate: Path
    foreign_key: Path
    seal_ec: Path
    seal_rsa: Path
    seal_password: Path
    audit_key: Path
    audit_public_key: Path

    @classmethod
    def within(cls, directory: Path) -> Self:
        """Return the paths in this directory, whether or not anything is there."""
        return cls(directory=directory, **{field: directory / name for field, name in _NAMES.items()})


_NAMES: Final[Mapping[str, str]] = {
    "ca": "ca.pem",
    "ca_key": "ca.key",
    "server_certificate": "tls-server.pem",
    "server_key": "tls-server.key",
    "client_certificate": "tls-client.pem",
    "client_key": "tls-client.key",
    "stranger_certificate": "tls-client-stranger.pem",
    "stranger_key": "tls-client-stranger.key",
    "foreign_ca": "foreign-ca.pem",
    "foreign_ca_key": "foreign-ca.key",
    "foreign_certificate": "tls-client-foreign.pem",
    "foreign_key": "tls-client-foreign.key",
    "seal_ec": "seal-ec.p12",
    "seal_rsa": "seal-rsa.p12",
    "seal_password": "seal.password",
    "audit_key": "audit-log.key",
    "audit_public_key": "audit-log.pub",
}


def make_demo_pki(directory: Path, *, force: bool = False) -> DemoPki:
    """Make what is missing, unreadable or within 30 days of its expiry; keep the rest, so that it can be repeated.

    ``force`` makes everything anew, the audit log's key too: an existing log then no longer fits its key. The
    directory gets mode 0700, files with secrets 0600. Raises ConfigurationError if the directory holds files but none
    of a demo PKI, because its mode would be changed.
    """
    pki = DemoPki.within(directory)
    _open_directory(directory)
    if force:
        for name in _NAMES.values():
            (directory / name).unlink(missing_ok=True)
    authority = _authority(pki.ca, pki.ca_key, "Demo CA, nur Test")
    foreign = _authority(pki.foreign_ca, pki.foreign_ca_key, "Fremde Demo CA, nur Test")
    _tls(authority, pki.server_certificate, pki.server_key, "Demo-Fachverfahren, nur Test", hosts=_HOSTS)
    _tls(authority, pki.client_certificate, pki.client_key, "Demo-Gateway, nur Test")
    _tls(authority, pki.stranger_certificate, pki.stranger_key, "Demo-Unbekannter ohne Konto, nur Test")
    _tls(foreign, pki.foreign_certificate, pki.foreign_key, "Demo-Gateway fremder CA, nur Test")
    _seal(authority, pki.seal_ec, pki.seal_password, "Demo-Siegel EC, nur Test", _ec_key)
    _seal(authority, pki.seal_rsa, pki.seal_password, "Demo-Siegel RSA, nur Test", _rsa_key)
    _audit_key(pki)
    return pki


def _open_directory(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        present = {one.name for one in directory.iterdir()}
    except OSError as error:
        raise ConfigurationError(str(directory), "directory", f"cannot be used: {error.strerror}") from error
    if present and present.isdisjoint(_NAMES.values()):
        raise ConfigurationError(str(directory), "directory", "holds other files and no demo PKI: name an empty one")
    directory.chmod(0o700)


def _authority(certificate_file: Path, key_file: Path, name: str) -> Holder:
    """Load the CA of these files, or make it."""
    present = _pair(certificate_file, key_file)
    if present and issued_by(present.certificate, present.certificate) and _lasts(present.certificate):
        return present
    key = _ec_key()
    return _keep(Holder(certificate=issue_ca(_subject(name), key, _validity()), key=key), certificate_file, key_file)


def _tls(issuer: Holder, certificate_file: Path, key_file: Path, name: str, *, hosts: Hosts = ()) -> None:
    """Make a TLS certificate unless there is one of this issuer: for a server with ``hosts``, else for a client."""
    present = _pair(certificate_file, key_file)
    if present and issued_by(present.certificate, issuer.certificate) and _lasts(present.certificate):
        return
    key = _ec_key()
    certificate = issue_tls(_subject(name), key.public_key(), issuer, _validity(), hosts=hosts)
    _keep(Holder(certificate=certificate, key=key), certificate_file, key_file)


def _seal(issuer: Holder, file: Path, password_file: Path, name: str, make_key: Callable[[], PrivateKey]) -> None:
    """Make a seal key with its certificate unless there is one of this issuer under this password."""
    password = _seal_password(password_file)
    try:
        present = SealKey.from_pkcs12(file, password).chain[0]
        if issued_by(present, issuer.certificate) and _lasts(present):
            return
    except ConfigurationError:
        pass  # nothing usable there: made below
    key = make_key()
    certificate = issue_seal(_subject(name), key.public_key(), issuer, _validity())
    encryption = serialization.BestAvailableEncryption(password)
    store = pkcs12.serialize_key_and_certificates(name.encode(), key, certificate, [issuer.certificate], encryption)
    _write(file, store, secret=True)


def _keep(holder: Holder, certificate_file: Path, key_file: Path) -> Holder:
    _write(key_file, _pem(holder.key), secret=True)
    _write(certificate_file, holder.certificate.public_bytes(serialization.Encoding.PEM))
    return holder


def _seal_password(file: Path) -> bytes:
    try:
        if password := file.read_bytes().strip():
            return password
    except OSError:
        pass  # made below
    password = secrets.token_urlsafe(24).encode()
    _write(file, password + b"\n", secret=True)
    return password


def _audit_key(pki: DemoPki) -> None:
    """The public file is written anew each time: it follows from the key."""
    try:
        key = serialization.load_pem_private_key(pki.audit_key.read_bytes(), None)
    except (OSError, ValueError, TypeError):
        key = None
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        key = ed25519.Ed25519PrivateKey.generate()
        _write(pki.audit_key, _pem(key), secret=True)
    _write(pki.audit_public_key, b64encode(key.public_key().public_bytes_raw()) + b"\n")


def _ec_key() -> PrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _rsa_key() -> PrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=MIN_RSA_BITS)


def _pair(certificate_file: Path, key_file: Path) -> Holder | None:
    """Load a certificate with its key; None if one is missing or unreadable or they do not belong together."""
    try:
        (certificate,) = x509.load_pem_x509_certificates(certificate_file.read_bytes())
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
    except (OSError, ValueError, TypeError):
        return None
    if not isinstance(key, PrivateKey) or certificate.public_key() != key.public_key():
        return None
    return Holder(certificate=certificate, key=key)


def _lasts(certificate: x509.Certificate) -> bool:
    now = datetime.now(UTC)
    return certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - _REMAKE_BEFORE_EXPIRY


def _validity() -> tuple[datetime, datetime]:
    now = datetime.now(UTC).replace(microsecond=0)
    return now - timedelta(hours=1), now + _VALID_FOR


def _subject(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Gateway-Demo, nur Test"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def _pem(key: PrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(file: Path, content: bytes, *, secret: bool = False) -> None:
    """Write in one step, never readable by others for a moment if it is secret."""
    part = file.with_name(file.name + ".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if secret else 0o644), "wb") as stream:
        stream.write(content)
    part.replace(file)
