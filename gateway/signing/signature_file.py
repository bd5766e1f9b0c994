"""Reads a signature file strictly: XAdES-B-B in ``asic:XAdESSignatures`` (EN 319 132-1, EN 319 162-1).

Every element is reached by its absolute path and found exactly as often as it must be, so that there is nothing for a
wrapping attack to hide in: what is checked is what is referenced. All algorithms are looked up in the allow lists
before anything is hashed. Unsigned properties may be there and are not read. ``IssuerSerialV2`` is only a hint and
not read either.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import new as new_hash
from typing import Final, TypeVar
from urllib.parse import unquote

from cryptography import x509
from lxml import etree

from gateway.signing.keys import UNREADABLE
from gateway.signing.verdict import Flaw, FlawFoundError
from gateway.signing.xmldsig import (
    ASIC,
    DS,
    EXCLUSIVE_C14N,
    SIGNED_PROPERTIES_TYPE,
    XADES,
    DigestAlgorithm,
    SignatureAlgorithm,
    exclusive_c14n,
    hardened_parser,
)

_MAX_BYTES: Final = 1_000_000
_MAX_REFERENCES: Final = 100
_MAX_CERTIFICATES: Final = 10
_HASHES: Final = {
    DigestAlgorithm.SHA256: "sha256",
    DigestAlgorithm.SHA384: "sha384",
    DigestAlgorithm.SHA512: "sha512",
}
_ROOT: Final = f"{{{ASIC}}}XAdESSignatures"
_SIGNATURE: Final = f"{{{DS}}}Signature"
_SIGNED_INFO: Final = f"{{{DS}}}SignedInfo"
_VALUE: Final = f"{{{DS}}}SignatureValue"
_KEY_INFO: Final = f"{{{DS}}}KeyInfo"
_OBJECT: Final = f"{{{DS}}}Object"
_TRANSFORMS: Final = f"{{{DS}}}Transforms"
_DIGEST_METHOD: Final = f"{{{DS}}}DigestMethod"
_DIGEST_VALUE: Final = f"{{{DS}}}DigestValue"
_SIGNED_PROPERTIES: Final = f"{{{XADES}}}SignedProperties"
_Listed = TypeVar("_Listed", bound=StrEnum)


@dataclass(frozen=True, kw_only=True, slots=True)
class Digest:
    """A digest with its method, as it stands in the signature."""

    algorithm: DigestAlgorithm
    value: bytes

    def fits(self, data: bytes) -> bool:
        """True if this is the digest of ``data``."""
        return new_hash(_HASHES[self.algorithm], data).digest() == self.value


@dataclass(frozen=True, kw_only=True, slots=True)
class FileReference:
    """One signed file: its decoded name and the digest of its octets."""

    id: str | None
    filename: str
    digest: Digest


@dataclass(frozen=True, kw_only=True, slots=True)
class SignatureFile:
    """A signature file as read; nothing in it is proven yet.

    ``properties`` is the canonical form of ``xades:SignedProperties``, ``properties_position`` the place of its
    reference among all. ``certificates`` are those of ``ds:KeyInfo``, signer first.
    """

    algorithm: SignatureAlgorithm
    files: tuple[FileReference, ...]
    properties: bytes
    properties_digest: Digest
    properties_position: int
    certificates: tuple[x509.Certificate, ...]
    certificate_digest: Digest
    signing_time: datetime


def read_signature(data: bytes) -> SignatureFile:
    """Read a signature file; raises FlawFoundError with the first thing that is not as it must be."""
    root = _parse(data)
    signature = _only_signature(root)
    method, references = _signed_info(_first(signature, _SIGNED_INFO))
    position = _properties_position(references)
    _, _, key_info, container = _children(signature, _SIGNED_INFO, _VALUE, _KEY_INFO, _OBJECT)
    properties = _properties(signature, container, references[position])
    files = tuple(_file_reference(one) for index, one in enumerate(references) if index != position)
    _check_formats(properties, files)
    return SignatureFile(
        algorithm=_listed(SignatureAlgorithm, method),
        files=files,
        properties=_canonical(properties),
        properties_digest=_properties_digest(references[position]),
        properties_position=position,
        certificates=_certificates(key_info),
        certificate_digest=_certificate_digest(properties),
        signing_time=_signing_time(properties),
    )


def _parse(data: bytes) -> etree._Element:
    """Parse hostile bytes: bounded, no DTD, no entities, no network; nothing but elements and text."""
    if len(data) > _MAX_BYTES:
        raise FlawFoundError(Flaw.MALFORMED)
    try:
        root = etree.fromstring(data, hardened_parser())
    except etree.XMLSyntaxError as error:
        raise FlawFoundError(Flaw.MALFORMED) from error
    if root.getroottree().docinfo.internalDTD is not None or any(not isinstance(one.tag, str) for one in root.iter()):
        raise FlawFoundError(Flaw.MALFORMED)
    return root


def _only_signature(root: etree._Element) -> etree._Element:
    """Return the one signature; what stands twice anywhere in the file (element or Id) could stand in for another."""
    if len(list(root.iter(_SIGNATURE))) > 1 or len(list(root.iter(_SIGNED_PROPERTIES))) > 1:
        raise FlawFoundError(Flaw.NOT_ALONE)
    ids = [
        value
        for element in root.iter()
        for name, value in element.attrib.items()
        if etree.QName(name).localname.lower() == "id"
    ]
    if len(ids) != len(set(ids)):
        raise FlawFoundError(Flaw.IDS_NOT_UNIQUE)
    if root.tag != _ROOT:
        raise FlawFoundError(Flaw.STRUCTURE)
    (signature,) = _children(root, _SIGNATURE)
    return signature


def _signed_info(signed_info: etree._Element) -> tuple[etree._Element, Sequence[etree._Element]]:
    """Return SignatureMethod and the references."""
    if len(signed_info) < 3:
        raise FlawFoundError(Flaw.STRUCTURE)
    canonicalization, method, *references = signed_info
    names = [one.tag for one in references]
    if (canonicalization.tag, method.tag) != (f"{{{DS}}}CanonicalizationMethod", f"{{{DS}}}SignatureMethod"):
        raise FlawFoundError(Flaw.STRUCTURE)
    if names != [f"{{{DS}}}Reference"] * len(names) or len(names) > _MAX_REFERENCES:
        raise FlawFoundError(Flaw.STRUCTURE)
    if canonicalization.get("Algorithm") != EXCLUSIVE_C14N or len(canonicalization):
        raise FlawFoundError(Flaw.ALGORITHM)
    return method, references


def _properties_position(references: Sequence[etree._Element]) -> int:
    """Return which reference is that to the signed properties."""
    positions = [index for index, one in enumerate(references) if one.get("Type") == SIGNED_PROPERTIES_TYPE]
    if not positions:
        raise FlawFoundError(Flaw.PROPERTIES_NOT_SIGNED)
    if len(positions) > 1:
        raise FlawFoundError(Flaw.STRUCTURE)
    return positions[0]


def _properties(signature: etree._Element, container: etree._Element, reference: etree._Element) -> etree._Element:
    """Return SignedProperties, reached by its path and proven to be what the reference means."""
    (qualifying,) = _children(container, f"{{{XADES}}}QualifyingProperties")
    properties = _first(qualifying, _SIGNED_PROPERTIES)
    if [one.tag for one in list(qualifying)[1:]] not in ([], [f"{{{XADES}}}UnsignedProperties"]):
        raise FlawFoundError(Flaw.STRUCTURE)
    target, uri = signature.get("Id"), properties.get("Id")
    if not target or not uri or qualifying.get("Target") != f"#{target}" or reference.get("URI") != f"#{uri}":
        raise FlawFoundError(Flaw.PROPERTIES_ELSEWHERE)
    return properties


def _canonical(properties: etree._Element) -> bytes:
    try:
        return exclusive_c14n(properties)
    except etree.C14NError as error:  # a namespace name that is a relative URI has no canonical form
        raise FlawFoundError(Flaw.MALFORMED) from error


def _properties_digest(reference: etree._Element) -> Digest:
    """Return the digest of the signed properties: exactly one transform, exclusive C14N."""
    transforms = _first(reference, _TRANSFORMS, else_flaw=Flaw.TRANSFORMED)
    _, method, value = _children(reference, _TRANSFORMS, _DIGEST_METHOD, _DIGEST_VALUE)
    (transform,) = _children(transforms, f"{{{DS}}}Transform", else_flaw=Flaw.TRANSFORMED)
    if transform.get("Algorithm") != EXCLUSIVE_C14N or len(transform):
        raise FlawFoundError(Flaw.TRANSFORMED)
    return Digest(algorithm=_listed(DigestAlgorithm, method), value=_base64(value))


def _file_reference(reference: etree._Element) -> FileReference:
    """Read a reference to a file beside the signature: a relative name and no transform at all."""
    filename = _filename(reference.get("URI"))
    if reference.get("Type") is not None:
        raise FlawFoundError(Flaw.STRUCTURE)
    if reference.find(_TRANSFORMS) is not None:
        raise FlawFoundError(Flaw.TRANSFORMED, file=filename)
    method, value = _children(reference, _DIGEST_METHOD, _DIGEST_VALUE)
    digest = Digest(algorithm=_listed(DigestAlgorithm, method), value=_base64(value))
    return FileReference(id=reference.get("Id"), filename=filename, digest=digest)


def _filename(uri: str | None) -> str:
    """Decode a relative reference of one path segment (RFC 3986); whatever could lead elsewhere is refused."""
    if not uri or any(mark in uri for mark in "#:/?\\"):
        raise FlawFoundError(Flaw.NOT_DETACHED)
    try:
        return unquote(uri, errors="strict")
    except UnicodeDecodeError as error:
        raise FlawFoundError(Flaw.NOT_DETACHED) from error


def _check_formats(properties: etree._Element, files: Sequence[FileReference]) -> None:
    """Every signed file has exactly one DataObjectFormat with a MimeType (EN 319 132-1, 5.2.4 and 6.3)."""
    formats = properties.findall(f"{{{XADES}}}SignedDataObjectProperties/{{{XADES}}}DataObjectFormat")
    described = sorted(one.get("ObjectReference", "") for one in formats)
    typed = all((one.findtext(f"{{{XADES}}}MimeType") or "").strip() for one in formats)
    if not typed or described != sorted(f"#{one.id}" for one in files):
        raise FlawFoundError(Flaw.PROPERTIES_INCOMPLETE)


def _signing_time(properties: etree._Element) -> datetime:
    text = _signature_property(properties, "SigningTime").text or ""
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise FlawFoundError(Flaw.PROPERTIES_INCOMPLETE) from error
    if time.tzinfo is None:
        raise FlawFoundError(Flaw.PROPERTIES_INCOMPLETE)
    return time


def _certificate_digest(properties: etree._Element) -> Digest:
    """Return the digest of the first certificate that SigningCertificateV2 names: the signer's (5.2.2)."""
    named = _signature_property(properties, "SigningCertificateV2")
    digest = named.find(f"{{{XADES}}}Cert[1]/{{{XADES}}}CertDigest")
    if digest is None:
        raise FlawFoundError(Flaw.PROPERTIES_INCOMPLETE)
    method, value = _children(digest, _DIGEST_METHOD, _DIGEST_VALUE)
    return Digest(algorithm=_listed(DigestAlgorithm, method), value=_base64(value))


def _signature_property(properties: etree._Element, name: str) -> etree._Element:
    found = properties.findall(f"{{{XADES}}}SignedSignatureProperties/{{{XADES}}}{name}")
    if len(found) != 1:
        raise FlawFoundError(Flaw.PROPERTIES_INCOMPLETE)
    return found[0]


def _certificates(key_info: etree._Element) -> tuple[x509.Certificate, ...]:
    """Read KeyInfo: certificates and nothing else, so that no other key can be meant."""
    if len(key_info) == 0:
        raise FlawFoundError(Flaw.CERTIFICATE_MISSING)
    (data,) = _children(key_info, f"{{{DS}}}X509Data")
    _children(data, *[f"{{{DS}}}X509Certificate"] * len(data))
    if not 0 < len(data) <= _MAX_CERTIFICATES:
        raise FlawFoundError(Flaw.CERTIFICATE_MISSING)
    try:
        return tuple(_certificate(one) for one in data)
    except UNREADABLE as error:
        raise FlawFoundError(Flaw.CERTIFICATE_MISSING) from error


def _certificate(element: etree._Element) -> x509.Certificate:
    certificate = x509.load_der_x509_certificate(_base64(element))
    # These are parsed only when they are asked for: ask now, where a malformed one is expected.
    _ = (certificate.extensions, certificate.public_key(), certificate.subject.rfc4514_string(), certificate.issuer)
    return certificate


def _listed(algorithms: type[_Listed], method: etree._Element) -> _Listed:
    """Look a method up in its allow list; parameters inside the element are not allowed."""
    uri = method.get("Algorithm")
    if len(method) or uri not in set(algorithms):
        raise FlawFoundError(Flaw.ALGORITHM)
    return algorithms(uri)


def _children(parent: etree._Element, *names: str, else_flaw: Flaw = Flaw.STRUCTURE) -> tuple[etree._Element, ...]:
    """Return the children, which must be exactly these, in this order."""
    children = tuple(parent)
    if tuple(one.tag for one in children) != names:
        raise FlawFoundError(else_flaw)
    return children


def _first(parent: etree._Element, name: str, *, else_flaw: Flaw = Flaw.STRUCTURE) -> etree._Element:
    """Return the first child, which must be this one."""
    if len(parent) == 0 or parent[0].tag != name:
        raise FlawFoundError(else_flaw)
    return parent[0]


def _base64(element: etree._Element) -> bytes:
    """Decode xsd:base64Binary: white space is allowed, anything else foreign is not."""
    try:
        return b64decode("".join((element.text or "").split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise FlawFoundError(Flaw.STRUCTURE) from error
