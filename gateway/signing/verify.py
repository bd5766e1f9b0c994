"""Verifies detached XAdES-B-B signatures (ETSI EN 319 132-1; verdict as in EN 319 102-1).

Two pairs of eyes: this module and :mod:`gateway.signing.signature_file` check what makes it XAdES and what stops
substitution and wrapping; the XML signature itself, that is every digest again and the signature value, is verified by
signxml, which shares no code with our signer. signxml's own XAdES verifier is not used: it cannot follow references
that were canonicalised exclusively (its version 5.2).

Nothing is fetched: references are resolved only to the given files. Revocation and time stamps are not evaluated yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import DigestAlgorithm as TheirDigests
from signxml.algorithms import SignatureMethod as TheirMethods
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from gateway.signing.keys import MIN_RSA_BITS, CertificateInfo, unfit_to_seal
from gateway.signing.signature_file import SignatureFile, read_signature
from gateway.signing.trust import TrustAnchors
from gateway.signing.verdict import Flaw, FlawFoundError, Indication, Level, Verdict
from gateway.signing.xmldsig import DigestAlgorithm, SignatureAlgorithm, hardened_parser

CLOCK_SKEW: Final = timedelta(minutes=5)
_CURVES: Final = {"secp256r1", "secp384r1", "secp521r1"}


def verify(signature: bytes, files: Mapping[str, bytes], *, trust: TrustAnchors, at: datetime) -> Verdict:
    """Verify a signature file over these files, by their names.

    ``at`` is a time at which the signature is proven to have existed (from a time stamp or the audit log), else now;
    it carries a zone. The certificate chain must be valid at that time: without proof, a signature with a certificate
    that has expired since is INDETERMINATE. Never raises for what stands in ``signature`` or ``files``; raises
    ValueError if ``at`` has no zone.
    """
    if at.tzinfo is None:
        raise ValueError("the time of validation has no zone")
    try:
        read = read_signature(signature)
        _check_signer(read)
        _check_files(read, files)
        _check_value(signature, read, files)
    except FlawFoundError as found:
        return Verdict(indication=found.flaw.sub_indication.indication, flaw=found.flaw, file=found.file)
    certificate = CertificateInfo.of(read.certificates[0])
    flaw = _doubt(read, certificate, trust, at)
    return Verdict(
        indication=flaw.sub_indication.indication if flaw else Indication.TOTAL_PASSED,
        flaw=flaw,
        level=Level.B_B,
        signing_time=read.signing_time,
        certificate=certificate,
    )


def _check_signer(read: SignatureFile) -> None:
    """The certificate in KeyInfo is the one that was signed for, and its key is strong enough and fits."""
    signer = read.certificates[0]
    if not read.certificate_digest.fits(signer.public_bytes(Encoding.DER)):
        raise FlawFoundError(Flaw.CERTIFICATE_SUBSTITUTED)
    key = signer.public_key()
    method = read.algorithm.name
    strong_rsa = isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA_BITS and method.startswith("RSA")
    strong_ec = isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES and method.startswith("EC")
    if not (strong_rsa or strong_ec):
        raise FlawFoundError(Flaw.KEY_TOO_WEAK)


def _check_files(read: SignatureFile, files: Mapping[str, bytes]) -> None:
    """Every given file is referenced exactly once, every referenced file is given, and all digests fit."""
    names = [one.filename for one in read.files]
    for name in names:
        if names.count(name) > 1:
            raise FlawFoundError(Flaw.FILE_TWICE, file=name)
        if name not in files:
            raise FlawFoundError(Flaw.FILE_MISSING, file=name)
    for name in files:
        if name not in names:
            raise FlawFoundError(Flaw.FILE_NOT_SIGNED, file=name)
    for one in read.files:
        if not one.digest.fits(files[one.filename]):
            raise FlawFoundError(Flaw.FILE_CHANGED, file=one.filename)
    if not read.properties_digest.fits(read.properties):
        raise FlawFoundError(Flaw.PROPERTIES_CHANGED)


class _OctetVerifier(XMLVerifier):
    """signxml's verifier, kept from parsing signed files.

    It would parse every signed octet stream as XML to hand it back parsed. We want only its judgement; the files may
    be large, hostile, or harmless with a DTD, which it refuses.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__()
        self._octets = {id(content) for content in files.values()}

    def _fromstring(self, xml_string: Any, **options: Any) -> Any:
        # For what is not XML, which an empty string is, signxml returns the octets alone.
        source = b"" if id(xml_string) in self._octets else xml_string
        return super()._fromstring(source, **options)  # type: ignore[no-untyped-call]


def _check_value(signature: bytes, read: SignatureFile, files: Mapping[str, bytes]) -> None:
    """Let signxml verify the XML signature, and compare what it saw with what we saw."""
    signer = read.certificates[0]
    configuration = SignatureConfiguration(
        location="./",
        expect_references=len(read.files) + 1,
        signature_methods=frozenset(TheirMethods(one.value) for one in SignatureAlgorithm),
        digest_algorithms=frozenset(TheirDigests(one.value) for one in DigestAlgorithm),
        # Whether the certificate is valid at the time that counts is judged later, with a verdict of its own.
        verification_time=signer.not_valid_before_utc,
    )
    try:
        results = _OctetVerifier(files).verify(
            signature,
            x509_cert=signer,
            uri_resolver=lambda uri: files[unquote(uri)],
            id_attribute="Id",
            parser=hardened_parser(),
            expect_config=configuration,
        )
    except etree.LxmlError as error:
        raise FlawFoundError(Flaw.STRUCTURE) from error
    except (SignXMLException, ValueError) as error:
        raise FlawFoundError(Flaw.VALUE_WRONG) from error
    expected = [files[one.filename] for one in read.files]
    expected.insert(read.properties_position, read.properties)
    if not isinstance(results, list) or [one.signed_data for one in results] != expected:
        raise FlawFoundError(Flaw.VALUE_WRONG)


def _doubt(read: SignatureFile, signer: CertificateInfo, trust: TrustAnchors, at: datetime) -> Flaw | None:
    """Return what keeps a mathematically correct signature from passing, or None."""
    certificate: x509.Certificate = read.certificates[0]
    if unfit_to_seal(certificate):
        return Flaw.CERTIFICATE_PURPOSE
    if read.signing_time > at + CLOCK_SKEW or not signer.valid_at(read.signing_time):
        return Flaw.SIGNING_TIME
    if at < signer.not_before:
        return Flaw.CERTIFICATE_NOT_YET_VALID
    if at > signer.not_after:
        return Flaw.CERTIFICATE_EXPIRED
    if not trust.lead_to(certificate, read.certificates[1:], at):
        return Flaw.NO_CHAIN
    return None
