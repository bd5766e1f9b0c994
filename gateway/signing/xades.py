"""Detached XAdES-B-B over the octets of one file (ETSI EN 319 132-1, container root of EN 319 162-1).

The XÖV schemas have no place for a signature, so it stands beside the message: its reference has no transform, its
digest is that of the bytes that were validated and are sent.

``ds:SignedInfo`` and ``xades:SignedProperties`` are written as byte templates that already are in Exclusive XML
Canonicalization 1.0 (attributes in order, each namespace declared where it is first used, no empty-element tags, no
white space). So what is digested and signed stands literally in the result, and nothing is canonicalised at run time.
That these templates are canonical is proved by the tests with lxml, signxml and xmlsec1.

``IssuerSerialV2`` is left out, as the baseline profile allows: the digest in ``SigningCertificateV2`` identifies the
certificate alone, and no judge reads the other.
"""

from __future__ import annotations

import logging
import re
from base64 import b64encode
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final, Protocol
from urllib.parse import quote

from cryptography.hazmat.primitives.serialization import Encoding

from gateway.errors import GatewayError, Problem
from gateway.model import Whose
from gateway.signing.keys import CertificateInfo, SealKey
from gateway.signing.xmldsig import ASIC, DS, EXCLUSIVE_C14N, SIGNED_PROPERTIES_TYPE, XADES, DigestAlgorithm

SEAL_NOT_VALID: Final = Problem(
    code="signing.seal_not_valid",
    status=503,
    whose=Whose.OPERATOR,
    retry=True,
    de="Das Siegelzertifikat des Gateways ist nicht gültig; der Betreiber muss ein gültiges Zertifikat einspielen.",
    en="The gateway's seal certificate is not valid; the operator has to install a valid one.",
)

_MEDIA_TYPE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}")
_SHA256: Final = DigestAlgorithm.SHA256

_SIGNED_PROPERTIES: Final = (
    f'<xades:SignedProperties xmlns:xades="{XADES}" Id="S0-SP"><xades:SignedSignatureProperties>'
    "<xades:SigningTime>%(time)s</xades:SigningTime>"
    "<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>"
    f'<ds:DigestMethod xmlns:ds="{DS}" Algorithm="{_SHA256}"></ds:DigestMethod>'
    f'<ds:DigestValue xmlns:ds="{DS}">%(certificate)s</ds:DigestValue>'
    "</xades:CertDigest></xades:Cert></xades:SigningCertificateV2></xades:SignedSignatureProperties>"
    '<xades:SignedDataObjectProperties><xades:DataObjectFormat ObjectReference="#S0-R0">'
    "<xades:MimeType>%(media_type)s</xades:MimeType>"
    "</xades:DataObjectFormat></xades:SignedDataObjectProperties></xades:SignedProperties>"
)
_SIGNED_INFO: Final = (
    f'<ds:SignedInfo xmlns:ds="{DS}">'
    f'<ds:CanonicalizationMethod Algorithm="{EXCLUSIVE_C14N}"></ds:CanonicalizationMethod>'
    '<ds:SignatureMethod Algorithm="%(algorithm)s"></ds:SignatureMethod>'
    '<ds:Reference Id="S0-R0" URI="%(uri)s">'
    f'<ds:DigestMethod Algorithm="{_SHA256}"></ds:DigestMethod>'
    "<ds:DigestValue>%(file)s</ds:DigestValue></ds:Reference>"
    f'<ds:Reference Type="{SIGNED_PROPERTIES_TYPE}" URI="#S0-SP"><ds:Transforms>'
    f'<ds:Transform Algorithm="{EXCLUSIVE_C14N}"></ds:Transform></ds:Transforms>'
    f'<ds:DigestMethod Algorithm="{_SHA256}"></ds:DigestMethod>'
    "<ds:DigestValue>%(properties)s</ds:DigestValue></ds:Reference></ds:SignedInfo>"
)
_SIGNATURE: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    f'<asic:XAdESSignatures xmlns:asic="{ASIC}"><ds:Signature xmlns:ds="{DS}" Id="S0">%(signed_info)s'
    '<ds:SignatureValue Id="S0-SV">%(value)s</ds:SignatureValue>'
    "<ds:KeyInfo><ds:X509Data>%(certificates)s</ds:X509Data></ds:KeyInfo>"
    f'<ds:Object><xades:QualifyingProperties xmlns:xades="{XADES}" Target="#S0">%(signed_properties)s'
    "</xades:QualifyingProperties></ds:Object></ds:Signature></asic:XAdESSignatures>"
)


class Signer(Protocol):
    """Seals messages. Not promised: that there is a seal at all (:class:`NullSigner`), or a time stamp in it."""

    @property
    def algorithm(self) -> str:
        """The signature method's URI (RFC 6931), or ``none``."""
        ...

    @property
    def certificate(self) -> CertificateInfo | None:
        """The signing certificate, with fingerprint and expiry; None if nothing is signed."""
        ...

    def sign(self, content: bytes, *, filename: str, media_type: str, at: datetime) -> bytes | None:
        """Return the detached signature over ``content``, or None if nothing is signed.

        ``filename`` is the name by which the signature refers to the content: one path segment, no control
        characters. ``media_type`` is ``type/subtype`` (RFC 6838) without parameters. ``at`` is the signing time and
        carries a zone. Raises GatewayError ``signing.seal_not_valid`` if the certificate is not valid at ``at``,
        ValueError if a name is malformed or the time has no zone.
        """
        ...


class XadesSigner:
    """Makes detached XAdES-B-B signatures with one key. Safe to use from several threads.

    The result is UTF-8 XML with root ``asic:XAdESSignatures`` on one line after the declaration. It is the same for
    the same input with RSA; with ECDSA the value differs each time.
    """

    def __init__(self, key: SealKey) -> None:
        self._key = key
        # What stays the same for this key is filled in once: the algorithm, the certificates and their digest.
        self._algorithm: str = key.algorithm
        ders = [one.public_bytes(Encoding.DER) for one in key.chain]
        self._certificate_digest = _digest(ders[0])
        self._certificates = "".join(
            f"<ds:X509Certificate>{b64encode(der).decode()}</ds:X509Certificate>" for der in ders
        )

    @property
    def algorithm(self) -> str:
        """See :class:`Signer`."""
        return self._algorithm

    @property
    def certificate(self) -> CertificateInfo:
        """See :class:`Signer`."""
        return self._key.certificate

    def sign(self, content: bytes, *, filename: str, media_type: str, at: datetime) -> bytes:
        """See :class:`Signer`."""
        time = _time(at)
        if not self._key.certificate.valid_at(at):
            raise GatewayError(SEAL_NOT_VALID)
        properties = _SIGNED_PROPERTIES % {
            "time": time,
            "certificate": self._certificate_digest,
            "media_type": _media_type(media_type),
        }
        signed_info = _SIGNED_INFO % {
            "algorithm": self._algorithm,
            "uri": _uri(filename),
            "file": _digest(content),
            "properties": _digest(properties.encode()),
        }
        signature = _SIGNATURE % {
            "signed_info": signed_info,
            "value": b64encode(self._key.sign(signed_info.encode())).decode(),
            "certificates": self._certificates,
            "signed_properties": properties,
        }
        return signature.encode()


class NullSigner:
    """Signs nothing: for development only. All evidence made with it is UNSIGNED and proves nothing to anybody.

    Says so in the log when it is made.
    """

    algorithm: Final = "none"
    certificate: Final = None

    def __init__(self) -> None:
        logging.getLogger(__name__).warning(
            "NO SEAL: messages are not signed, their evidence proves nothing; set [signing] to a seal key"
        )

    def sign(self, content: bytes, *, filename: str, media_type: str, at: datetime) -> None:
        """Check the arguments as a real signer does and return None."""
        _time(at)
        _uri(filename)
        _media_type(media_type)


def _digest(data: bytes) -> str:
    return b64encode(sha256(data).digest()).decode()


def _time(at: datetime) -> str:
    """Write a time as XAdES wants it: UTC, whole seconds, ``Z``."""
    if at.tzinfo is None:
        raise ValueError("the signing time has no zone")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _uri(filename: str) -> str:
    """Return the file name as a relative reference (RFC 3986): percent-encoded, so that it needs no XML escaping."""
    if not filename.isprintable() or filename in {"", ".", ".."} or "/" in filename or "\\" in filename:
        raise ValueError("the file name of signed content must be one printable path segment")
    return quote(filename, safe="")


@lru_cache(maxsize=64)
def _media_type(media_type: str) -> str:
    if _MEDIA_TYPE.fullmatch(media_type) is None:
        raise ValueError("the media type must be type/subtype without parameters (RFC 6838)")
    return media_type.replace("&", "&amp;")
