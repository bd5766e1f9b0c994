"""Names and primitives of XML Signature (W3C XML Signature 1.1, RFC 6931) that signing and verifying share."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree

DS: Final = "http://www.w3.org/2000/09/xmldsig#"
XADES: Final = "http://uri.etsi.org/01903/v1.3.2#"
ASIC: Final = "http://uri.etsi.org/02918/v1.2.1#"
EXCLUSIVE_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
SIGNED_PROPERTIES_TYPE: Final = "http://uri.etsi.org/01903#SignedProperties"
"""Type of the reference to the signed properties: without a version number (EN 319 132-1, 5.1)."""


class SignatureAlgorithm(StrEnum):
    """The signature methods that are made or accepted; ECDSA values are r‖s (RFC 6931, 2.3.6), never DER."""

    ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
    ECDSA_SHA384 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"
    ECDSA_SHA512 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"
    RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    RSA_SHA384 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"
    RSA_SHA512 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
    RSA_PSS_SHA256 = "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"
    RSA_PSS_SHA384 = "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1"
    RSA_PSS_SHA512 = "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1"


class DigestAlgorithm(StrEnum):
    """The digest methods that are made (SHA-256) or accepted."""

    SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
    SHA384 = "http://www.w3.org/2001/04/xmldsig-more#sha384"
    SHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"


def hardened_parser() -> etree.XMLParser:
    """Return a new parser for hostile XML: no entities, no DTD, no network, libxml2's limits kept, UTF-8 whatever the
    declaration says (so that no two readers read differently)."""
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, encoding="UTF-8")


def exclusive_c14n(element: etree._Element) -> bytes:
    """Return the element in Exclusive XML Canonicalization 1.0 without comments, tail text excluded."""
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False, with_tail=False)


def ecdsa_value(der: bytes, key_bits: int) -> bytes:
    """Turn a DER ``ECDSA-Sig-Value`` into r‖s, each padded to the byte length of the curve's order."""
    r, s = decode_dss_signature(der)
    width = (key_bits + 7) // 8
    return r.to_bytes(width) + s.to_bytes(width)
