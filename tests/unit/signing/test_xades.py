"""The lean signer: the form that the standard names, canonical as written, and honest about what it cannot sign."""

from __future__ import annotations

import importlib.resources
from base64 import b64decode
from datetime import datetime, timedelta, timezone
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.errors import GatewayError
from gateway.signing.keys import SealKey
from gateway.signing.verdict import Indication
from gateway.signing.verify import verify
from gateway.signing.xades import NullSigner, Signer, XadesSigner
from tests.unit.signing.forge import AT, MESSAGE, NS, VALIDITY, Seal, canonical, find, seal

ONE = seal()


def signer_of(one: Seal) -> XadesSigner:
    return XadesSigner(SealKey(one.key, one.chain, source="t"))


def outline(element: etree._Element) -> str:
    """The elements with their prefixes, as nested words."""
    name = f"{element.prefix}:{etree.QName(element).localname}"
    inner = " ".join(outline(one) for one in element)
    return f"{name}({inner})" if inner else name


def test_structure_is_that_of_the_standard(ec_seal: Seal) -> None:
    reference = "ds:DigestMethod ds:DigestValue"
    assert outline(etree.fromstring(ec_seal.sign())) == (
        "asic:XAdESSignatures(ds:Signature("
        "ds:SignedInfo(ds:CanonicalizationMethod ds:SignatureMethod "
        f"ds:Reference({reference}) ds:Reference(ds:Transforms(ds:Transform) {reference})) "
        "ds:SignatureValue ds:KeyInfo(ds:X509Data(ds:X509Certificate)) "
        "ds:Object(xades:QualifyingProperties(xades:SignedProperties("
        "xades:SignedSignatureProperties(xades:SigningTime "
        f"xades:SigningCertificateV2(xades:Cert(xades:CertDigest({reference})))) "
        "xades:SignedDataObjectProperties(xades:DataObjectFormat(xades:MimeType)))))))"
    )


@pytest.mark.parametrize("path", ["//ds:SignedInfo", "//xades:SignedProperties"])
def test_what_is_digested_stands_literally_in_the_file(any_seal: Seal, path: str) -> None:
    signature = any_seal.sign()
    assert canonical(find(etree.fromstring(signature), path)) in signature


def test_qualifying_properties_are_valid_against_the_published_schema(ec_seal: Seal) -> None:
    schemas = importlib.resources.files("signxml.xades.schemas")
    with importlib.resources.as_file(schemas) as folder:
        schema = etree.XMLSchema(file=str(folder / "XAdES01903v141-201601.xsd"))
    properties = find(etree.fromstring(ec_seal.sign()), "//xades:QualifyingProperties")
    schema.assertValid(etree.fromstring(etree.tostring(properties)))


def test_file_reference_digests_the_octets_without_transform(ec_seal: Seal) -> None:
    reference = find(etree.fromstring(ec_seal.sign()), "//ds:Reference[@Id='S0-R0']")
    assert reference.get("URI") == "nachricht.xml"
    assert b64decode(find(reference, "ds:DigestValue").text) == sha256(MESSAGE).digest()


def test_signing_certificate_is_named_by_its_digest(any_seal: Seal) -> None:
    value = find(etree.fromstring(any_seal.sign()), "//xades:CertDigest/ds:DigestValue").text
    assert b64decode(value) == sha256(any_seal.chain[0].public_bytes(Encoding.DER)).digest()


def test_signing_time_is_utc_in_whole_seconds(ec_seal: Seal) -> None:
    berlin = datetime(2026, 7, 1, 0, 30, 59, 999_999, timezone(timedelta(hours=2)))
    root = etree.fromstring(ec_seal.sign(at=berlin))
    assert find(root, "//xades:SigningTime").text == "2026-06-30T22:30:59Z"


def test_rsa_signature_is_the_same_each_time(rsa_seal: Seal) -> None:
    assert rsa_seal.sign() == rsa_seal.sign()


def test_ec_signature_differs_in_its_value_only(ec_seal: Seal) -> None:
    first, second = (etree.fromstring(ec_seal.sign()) for _ in range(2))
    for root in (first, second):
        find(root, "//ds:SignatureValue").text = "-"
    assert etree.tostring(first) == etree.tostring(second)


def test_ec_value_is_r_and_s_padded_to_the_curve(ec_seal: Seal) -> None:
    values = [find(etree.fromstring(ec_seal.sign()), "//ds:SignatureValue").text for _ in range(40)]
    assert {len(b64decode(one)) for one in values} == {64}


@pytest.mark.parametrize(
    ("filename", "uri"),
    [
        ("anlage 01.pdf", "anlage%2001.pdf"),
        ("Bestätigung.pdf", "Best%C3%A4tigung.pdf"),
        ('a&b<c>"d"%.xml', "a%26b%3Cc%3E%22d%22%25.xml"),
        ("x:y#z?.xml", "x%3Ay%23z%3F.xml"),
    ],
)
def test_file_names_are_percent_encoded(ec_seal: Seal, filename: str, uri: str) -> None:
    signature = ec_seal.sign(filename=filename)
    assert find(etree.fromstring(signature), "//ds:Reference[@Id='S0-R0']").get("URI") == uri
    assert verify(signature, {filename: MESSAGE}, trust=ec_seal.trust, at=AT).passed


@pytest.mark.parametrize("filename", ["", ".", "..", "../nachricht.xml", "a/b", "a\\b", "a\nb", "a\x00b", "\ud800"])
def test_file_names_that_lead_elsewhere_are_refused(ec_seal: Seal, filename: str) -> None:
    with pytest.raises(ValueError, match="file name"):
        ec_seal.sign(filename=filename)


@pytest.mark.parametrize("media_type", ["", "xml", "text/", "a/b; charset=utf-8", "a/b\n", "a/<b>"])
def test_malformed_media_types_are_refused(ec_seal: Seal, media_type: str) -> None:
    with pytest.raises(ValueError, match="media type"):
        signer_of(ec_seal).sign(b"", filename="a", media_type=media_type, at=AT)


def test_ampersand_in_a_media_type_is_escaped(ec_seal: Seal) -> None:
    signature = signer_of(ec_seal).sign(b"", filename="a", media_type="application/a&b", at=AT)
    assert find(etree.fromstring(signature), "//xades:MimeType").text == "application/a&b"
    assert verify(signature, {"a": b""}, trust=ec_seal.trust, at=AT).passed


@pytest.mark.parametrize("at", [VALIDITY[0] - timedelta(seconds=1), VALIDITY[1] + timedelta(seconds=1)])
def test_nothing_is_signed_outside_the_validity_of_the_certificate(ec_seal: Seal, at: datetime) -> None:
    with pytest.raises(GatewayError, match=r"signing\.seal_not_valid"):
        ec_seal.sign(at=at)


def test_time_without_zone_is_refused(ec_seal: Seal) -> None:
    with pytest.raises(ValueError, match="no zone"):
        ec_seal.sign(at=AT.replace(tzinfo=None))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param("<a>äöüßẞ ŵ</a>".encode(), id="umlauts"),
        pytest.param(b"<a>\r\n</a>\r\n", id="CRLF"),
        pytest.param(b"\xef\xbb\xbf<a/>", id="BOM"),
        pytest.param(b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", id="DTD"),
        pytest.param(b"\x00\xff\xfe", id="binary"),
        pytest.param(b"<a>" + b"0123456789" * 500_000 + b"</a>", id="5 MB"),
    ],
)
def test_any_octets_are_signed_and_verified(any_seal: Seal, content: bytes) -> None:
    verdict = verify(any_seal.sign(content), {"nachricht.xml": content}, trust=any_seal.trust, at=AT)
    assert verdict.indication is Indication.TOTAL_PASSED


@settings(deadline=None)
@given(content=st.binary(max_size=4096))
def test_random_octets_are_signed_and_verified(content: bytes) -> None:
    assert verify(ONE.sign(content), {"nachricht.xml": content}, trust=ONE.trust, at=AT).passed


def test_signer_tells_algorithm_and_certificate(ec_seal: Seal) -> None:
    signer: Signer = signer_of(ec_seal)
    assert signer.algorithm == "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
    assert signer.certificate is not None
    assert signer.certificate.not_after == VALIDITY[1]


def test_null_signer_signs_nothing_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    signer: Signer = NullSigner()
    signature = signer.sign(MESSAGE, filename="nachricht.xml", media_type="application/xml", at=AT)
    assert (signature, signer.certificate, signer.algorithm) == (None, None, "none")
    assert [(one.levelname, "NO SEAL" in one.message) for one in caplog.records] == [("WARNING", True)]


def test_null_signer_refuses_what_a_real_one_refuses() -> None:
    with pytest.raises(ValueError, match="file name"):
        NullSigner().sign(b"", filename="../a", media_type="application/xml", at=AT)


def test_chain_is_enclosed_signer_first(ec_seal: Seal) -> None:
    root = etree.fromstring(ec_seal.sign())
    enclosed = [b64decode(one.text) for one in root.iterfind(".//ds:X509Certificate", NS)]
    assert enclosed == [one.public_bytes(Encoding.DER) for one in ec_seal.chain]
