"""Issues the certificates of the demo PKI and of tests, in the form that RFC 5280 wants.

Every certificate has basicConstraints and keyUsage (critical) and both key identifiers, so that a chain passes
OpenSSL's ``X509_V_FLAG_X509_STRICT``. A seal certificate has no extended key usage: it signs evidence, nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
Hosts = Sequence[x509.GeneralName]
Validity = tuple[datetime, datetime]
"""First and last moment, with a zone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """Somebody who has a certificate and its key: here mostly an authority that issues others."""

    certificate: x509.Certificate
    key: PrivateKey


def issue_ca(
    subject: x509.Name, key: PrivateKey, validity: Validity, *, issuer: Holder | None = None, path_length: int = 0
) -> x509.Certificate:
    """Issue a CA certificate: a root, or an intermediate of ``issuer``, with at most ``path_length`` CAs below it."""
    above = key if issuer is None else issuer.key
    builder = _builder(subject, subject if issuer is None else issuer.certificate.subject, key.public_key(), validity)
    return (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key()), critical=False)
        .sign(above, hashes.SHA256())
    )


def issue_tls(
    subject: x509.Name, key: PublicKey, issuer: Holder, validity: Validity, *, hosts: Hosts = ()
) -> x509.Certificate:
    """Issue a TLS certificate: for a server reached under ``hosts`` (subjectAltName), or without them for a client."""
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = _issued(subject, key, issuer, validity, _usage(digital_signature=True))
    builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
    return builder.sign(issuer.key, hashes.SHA256())


def issue_seal(subject: x509.Name, key: PublicKey, issuer: Holder, validity: Validity) -> x509.Certificate:
    """Issue a seal certificate: keyUsage digitalSignature and nonRepudiation (contentCommitment)."""
    usage = _usage(digital_signature=True, content_commitment=True)
    return _issued(subject, key, issuer, validity, usage).sign(issuer.key, hashes.SHA256())


def _issued(
    subject: x509.Name, key: PublicKey, issuer: Holder, validity: Validity, usage: x509.KeyUsage
) -> x509.CertificateBuilder:
    """Begin an end entity's certificate."""
    return (
        _builder(subject, issuer.certificate.subject, key, validity)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
    )


def _builder(subject: x509.Name, issuer: x509.Name, key: PublicKey, validity: Validity) -> x509.CertificateBuilder:
    begin, end = validity
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
