"""Makes keys and certificates of every kind, and alters genuine signatures in a way that stays mathematically correct.

An altered signature that merely fails its digest proves nothing about the rule that it breaks. ``resign`` computes all
digests and the value anew with the signer's own key, through lxml and not through the code under test.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID
from lxml import etree

from gateway.signing.issuing import Holder, PrivateKey, issue_ca, issue_seal
from gateway.signing.keys import SealKey
from gateway.signing.trust import TrustAnchors
from gateway.signing.xades import XadesSigner

AT = datetime(2026, 5, 4, 10, 30, 15, tzinfo=UTC)
"""When everything in these tests is signed."""
VALIDITY = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 12, 31, tzinfo=UTC))
MESSAGE = (
    "<?xml version='1.0' encoding='UTF-8'?>\n<nachricht ort='Lüneburg'>\n  Fräulein Müßig\n</nachricht>\n".encode()
)
FILES = {"nachricht.xml": MESSAGE}

NS = {
    "asic": "http://uri.etsi.org/02918/v1.2.1#",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "xades": "http://uri.etsi.org/01903/v1.3.2#",
}
SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"
RSA_SHA1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
ECDSA_SHA1 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1"
HMAC_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
EXCLUSIVE_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
_HASHES = {
    SHA1: "sha1",
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}


def subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name}, nur Test")])


def ec_key(curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve or ec.SECP256R1())


def rsa_key(bits: int = 3072) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def authority(name: str = "CA", *, path_length: int = 1) -> Holder:
    key = ec_key()
    return Holder(certificate=issue_ca(subject(name), key, VALIDITY, path_length=path_length), key=key)


@dataclass(frozen=True)
class Seal:
    """A seal with everything around it: its private key, the CA that issued it, a signer on it."""

    key: PrivateKey
    issuer: Holder
    chain: tuple[x509.Certificate, ...]

    @property
    def trust(self) -> TrustAnchors:
        return TrustAnchors([self.issuer.certificate])

    def sign(self, content: bytes = MESSAGE, *, at: datetime = AT, filename: str = "nachricht.xml") -> bytes:
        signer = XadesSigner(SealKey(self.key, self.chain, source="test"))
        return signer.sign(content, filename=filename, media_type="application/xml", at=at)

    def forge(self, alter: Callable[[etree._Element], object], files: Mapping[str, bytes] = FILES) -> bytes:
        """Alter a genuine signature over MESSAGE and sign the result anew, so that all its mathematics is right."""
        root = etree.fromstring(self.sign())
        alter(root)
        resign(root, files, self.key)
        return serialised(root)


def seal(key: PrivateKey | None = None, issuer: Holder | None = None) -> Seal:
    key, issuer = key or ec_key(), issuer or authority()
    certificate = issue_seal(subject("Siegel"), key.public_key(), issuer, VALIDITY)
    return Seal(key=key, issuer=issuer, chain=(certificate,))


def special_certificate(
    key: PrivateKey, issuer: Holder, *, usage: x509.KeyUsage | None = None, ca: bool = False
) -> x509.Certificate:
    """Issue a certificate that no seal should have: without keyUsage, with another one, or of a CA."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject("Sonderfall"))
        .issuer_name(issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(VALIDITY[0])
        .not_valid_after(VALIDITY[1])
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if usage is not None:
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(issuer.key, hashes.SHA256())


def usage_of(**granted: bool) -> x509.KeyUsage:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: granted.get(name, False) for name in names})


def find(root: etree._Element, path: str) -> etree._Element:
    (element,) = root.xpath(path, namespaces=NS)
    return element


def serialised(root: etree._Element) -> bytes:
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def canonical(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True, with_tail=False)


def resign(root: etree._Element, files: Mapping[str, bytes], key: PrivateKey) -> None:
    for reference in root.xpath("//ds:SignedInfo/ds:Reference", namespaces=NS):
        uri = reference.get("URI")
        if uri == "":
            data = canonical(root)
        elif uri.startswith("#"):
            data = b"".join(canonical(one) for one in root.xpath("//*[@Id=$id]", id=uri[1:]))
        else:
            data = files.get(uri, b"")
        algorithm = find(reference, "ds:DigestMethod").get("Algorithm")
        digest = hashlib.new(_HASHES[algorithm], data).digest()
        find(reference, "ds:DigestValue").text = b64encode(digest).decode()
    signed_info = canonical(find(root, "//ds:SignedInfo"))
    method = find(root, "//ds:SignatureMethod").get("Algorithm")
    find(root, "//ds:SignatureValue").text = b64encode(_value(signed_info, method, key)).decode()


def _value(data: bytes, method: str, key: PrivateKey) -> bytes:
    if method == HMAC_SHA256:  # the attack: what is public serves as the secret
        public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return hmac.new(public, data, "sha256").digest()
    name = "sha1" if method.endswith("sha1") else method.rpartition("#")[2].split("-")[-1]
    algorithm = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
    if "MGF1" in method:
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), salt_length=32)
        return key.sign(data, pss, hashes.SHA256())
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), algorithm[name])
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(algorithm[name])))
    width = (key.key_size + 7) // 8
    return r.to_bytes(width) + s.to_bytes(width)


def add_file(root: etree._Element, name: str, reference_id: str = "S0-R1") -> None:
    """Let the signature cover one more file, as XAdES wants it: a reference and its DataObjectFormat."""
    signed_info = find(root, "//ds:SignedInfo")
    first = find(signed_info, "ds:Reference[@Id='S0-R0']")
    more = etree.fromstring(etree.tostring(first, with_tail=False))
    more.set("Id", reference_id)
    more.set("URI", name)
    first.addnext(more)
    described = find(root, "//xades:DataObjectFormat[1]")
    another = etree.fromstring(etree.tostring(described, with_tail=False))
    another.set("ObjectReference", f"#{reference_id}")
    described.addnext(another)
