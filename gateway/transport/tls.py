"""TLS towards one endpoint: pinned CA, our client certificate, versions and suites of BSI TR-02102-2, section 3.

TLS 1.2 and newer; with 1.2 only ECDHE with AES-GCM, a strict part of the suites with forward secrecy that the guideline
recommends. With TLS 1.3 every suite has forward secrecy and AEAD: OpenSSL's defaults stay.

The system's certificate store is never used: an endpoint is trusted because its operator handed over its CA.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from gateway.errors import ConfigurationError

_TLS_1_2_SUITES = "ECDHE+AESGCM"


@dataclass(frozen=True, kw_only=True, slots=True)
class TlsFiles:
    """PEM files: the CA(s) of the server, our certificate (with its chain) and our private key.

    ``key_password_file`` holds the key's password on its first line; without it the key must not be encrypted.
    """

    ca_file: Path
    certificate_file: Path
    key_file: Path
    key_password_file: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CertificateDates:
    """Validity of one certificate, as its file says; ``subject`` is its RFC 4514 name."""

    file: Path
    subject: str
    not_before: datetime
    not_after: datetime


def client_context(files: TlsFiles) -> ssl.SSLContext:
    """Return a context that demands a server certificate of ``ca_file`` and shows our own.

    Raises ConfigurationError naming the file that cannot be used; no secret is in its text.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_TLS_1_2_SUITES)
    try:
        context.load_verify_locations(cafile=str(files.ca_file))
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(str(files.ca_file), "ca_file", _why(error)) from error
    password = _password(files.key_password_file)
    try:
        # A callable keeps OpenSSL from asking on the terminal when the key is encrypted and no password was given.
        context.load_cert_chain(str(files.certificate_file), str(files.key_file), lambda: password)
    except (OSError, ssl.SSLError, ValueError) as error:
        broken = _first_broken(files)
        raise ConfigurationError(str(broken[1]), broken[0], _why(error)) from error
    return context


def certificate_dates(file: Path, key: str) -> tuple[CertificateDates, ...]:
    """Return the validity of every certificate in a PEM file.

    Raises ConfigurationError with ``key``, the setting that names the file, if it holds none that can be read.
    """
    try:
        found = x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigurationError(str(file), key, _why(error)) from error
    return tuple(
        CertificateDates(
            file=file,
            subject=one.subject.rfc4514_string(),
            not_before=one.not_valid_before_utc.astimezone(UTC),
            not_after=one.not_valid_after_utc.astimezone(UTC),
        )
        for one in found
    )


def _password(file: Path | None) -> bytes:
    if file is None:
        return b""
    try:
        return file.read_bytes().split(b"\n", 1)[0].rstrip(b"\r")
    except OSError as error:
        raise ConfigurationError(str(file), "client_key_password_file", _why(error)) from error


def _first_broken(files: TlsFiles) -> tuple[str, Path]:
    """Tell which of the two files to blame: the key unless the certificate cannot even be read."""
    try:
        certificate_dates(files.certificate_file, "client_certificate_file")
    except ConfigurationError:
        return "client_certificate_file", files.certificate_file
    return "client_key_file", files.key_file


def _why(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "does not exist"
    if isinstance(error, PermissionError):
        return "may not be read by this user"
    if isinstance(error, ssl.SSLError) and error.reason == "KEY_VALUES_MISMATCH":
        return "the key does not belong to the certificate"
    return "is no usable PEM file (or its password is missing or wrong)"
