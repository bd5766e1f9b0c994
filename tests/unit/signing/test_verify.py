"""The verifier: every altered part fails for its own reason, whatever is only mathematically right is not enough."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.signing.issuing import Holder, PrivateKey, issue_ca, issue_seal
from gateway.signing.signature_file import read_signature
from gateway.signing.trust import TrustAnchors
from gateway.signing.verdict import Flaw, Indication, Level, SubIndication, Verdict
from gateway.signing.verify import verify
from tests.unit.signing.forge import (
    AT,
    ECDSA_SHA1,
    EXCLUSIVE_C14N,
    FILES,
    HMAC_SHA256,
    MESSAGE,
    NS,
    RSA_SHA1,
    SHA1,
    VALIDITY,
    Seal,
    add_file,
    authority,
    ec_key,
    find,
    resign,
    rsa_key,
    seal,
    serialised,
    special_certificate,
    subject,
    usage_of,
)

Alteration = Callable[[etree._Element], object]
ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
ONE = seal()
GENUINE = ONE.sign()


def judge(one: Seal, signature: bytes, files: dict[str, bytes] | None = None, at: datetime = AT) -> Verdict:
    return verify(signature, FILES if files is None else files, trust=one.trust, at=at)


def altered(alter: Alteration) -> bytes:
    """A genuine signature with a change that was not signed anew."""
    root = etree.fromstring(GENUINE)
    alter(root)
    return serialised(root)


def setting(path: str, name: str, value: str) -> Alteration:
    return lambda root: find(root, path).set(name, value)


def writing(path: str, text: str) -> Alteration:
    def alter(root: etree._Element) -> None:
        find(root, path).text = text

    return alter


def removing(path: str) -> Alteration:
    def alter(root: etree._Element) -> None:
        element = find(root, path)
        element.getparent().remove(element)

    return alter


def inserting(path: str, xml: str, *, at: int = 0) -> Alteration:
    names = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NS.items())
    return lambda root: find(root, path).insert(at, etree.fromstring(f"<x {names}>{xml}</x>")[0])


def copied(element: etree._Element) -> etree._Element:
    return etree.fromstring(etree.tostring(element, with_tail=False))


def foreign(other: Seal, method: str) -> bytes:
    """A correct signature with a key or certificate that our own signer would not take."""
    root = etree.fromstring(GENUINE)
    find(root, "//ds:X509Certificate").text = b64encode(other.chain[0].public_bytes(Encoding.DER)).decode()
    named = b64encode(other.chain[0].fingerprint(hashes.SHA256())).decode()
    find(root, "//xades:CertDigest/ds:DigestValue").text = named
    find(root, "//ds:SignatureMethod").set("Algorithm", method)
    resign(root, FILES, other.key)
    return serialised(root)


# --- what passes


def test_genuine_signature_passes_with_its_signer_and_time(any_seal: Seal) -> None:
    verdict = judge(any_seal, any_seal.sign())
    assert (verdict.indication, verdict.sub_indication, verdict.level) == (Indication.TOTAL_PASSED, None, Level.B_B)
    assert verdict.passed
    assert verdict.signing_time == AT
    assert verdict.certificate is not None
    assert verdict.certificate.serial_number == str(any_seal.chain[0].serial_number)


def test_p384_passes() -> None:
    one = seal(ec_key(ec.SECP384R1()))
    assert judge(one, one.sign()).passed


def test_p521_of_a_foreign_signer_passes() -> None:
    method = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"
    assert judge(ONE, foreign(seal(ec_key(ec.SECP521R1()), ONE.issuer), method)).passed


@pytest.mark.parametrize("digest", ["xmldsig-more#sha384", "xmlenc#sha512"])
def test_longer_digests_pass(digest: str) -> None:
    path = "//ds:Reference[@Id='S0-R0']/ds:DigestMethod"
    assert judge(ONE, ONE.forge(setting(path, "Algorithm", f"http://www.w3.org/2001/04/{digest}"))).passed


@pytest.mark.parametrize(
    "method", ["2001/04/xmldsig-more#rsa-sha512", "2007/05/xmldsig-more#sha256-rsa-MGF1"], ids=["sha512", "PSS"]
)
def test_other_allowed_rsa_methods_pass(rsa_seal: Seal, method: str) -> None:
    forged = rsa_seal.forge(setting("//ds:SignatureMethod", "Algorithm", f"http://www.w3.org/{method}"))
    assert judge(rsa_seal, forged).passed


def test_several_files_pass_together() -> None:
    files = {**FILES, "quittung.xml": b"<quittung/>"}
    assert judge(ONE, ONE.forge(lambda root: add_file(root, "quittung.xml"), files), files).passed


def test_unsigned_properties_change_nothing() -> None:
    more = inserting("//xades:QualifyingProperties", "<xades:UnsignedProperties/>", at=1)
    verdict = judge(ONE, altered(more))
    assert (verdict.passed, verdict.level) == (True, Level.B_B)


def test_base64_in_lines_passes() -> None:
    value = find(etree.fromstring(GENUINE), "//ds:SignatureValue").text
    assert judge(ONE, altered(writing("//ds:SignatureValue", f"\n  {value[:64]}\n  {value[64:]}\n"))).passed


def test_chain_over_an_intermediate_passes_and_breaks_without_it() -> None:
    root, middle_key, key = authority(), ec_key(), ec_key()
    middle = issue_ca(subject("Zwischen-CA"), middle_key, VALIDITY, issuer=root)
    leaf = issue_seal(subject("Siegel"), key.public_key(), Holder(certificate=middle, key=middle_key), VALIDITY)
    whole = Seal(key=key, issuer=root, chain=(leaf, middle))
    alone = Seal(key=key, issuer=root, chain=(leaf,))
    assert judge(whole, whole.sign()).passed
    assert judge(alone, alone.sign()).flaw is Flaw.NO_CHAIN


# --- what was signed has changed


def test_changed_message_is_named() -> None:
    verdict = judge(ONE, GENUINE, {"nachricht.xml": MESSAGE.replace(b"M", b"m", 1)})
    assert (verdict.indication, verdict.sub_indication) == (Indication.TOTAL_FAILED, SubIndication.HASH_FAILURE)
    assert (verdict.flaw, verdict.file, verdict.level) == (Flaw.FILE_CHANGED, "nachricht.xml", Level.NONE)
    assert (verdict.certificate, verdict.signing_time) == (None, None)


def test_changed_receipt_is_named() -> None:
    files = {**FILES, "quittung.xml": b"<quittung/>"}
    signature = ONE.forge(lambda root: add_file(root, "quittung.xml"), files)
    verdict = judge(ONE, signature, {**files, "quittung.xml": b"<quittung />"})
    assert (verdict.flaw, verdict.file) == (Flaw.FILE_CHANGED, "quittung.xml")


@pytest.mark.parametrize(
    "rewrite",
    [
        pytest.param(lambda data: etree.tostring(etree.fromstring(data)), id="serialised anew"),
        pytest.param(lambda data: etree.tostring(etree.fromstring(data), method="c14n"), id="canonicalised"),
        pytest.param(lambda data: data.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(lambda data: b"\xef\xbb\xbf" + data, id="BOM"),
        pytest.param(lambda data: data.decode().encode("utf-16"), id="UTF-16"),
        pytest.param(lambda data: data + b"\n", id="one byte more"),
        pytest.param(lambda data: data[:-1], id="one byte less"),
        pytest.param(lambda _: b"", id="nothing left"),
    ],
)
def test_message_must_stay_byte_for_byte(rewrite: Callable[[bytes], bytes]) -> None:
    assert judge(ONE, GENUINE, {"nachricht.xml": rewrite(MESSAGE)}).flaw is Flaw.FILE_CHANGED


@pytest.mark.parametrize(
    ("alter", "flaw"),
    [
        (writing("//xades:SigningTime", "2026-05-04T10:30:16Z"), Flaw.PROPERTIES_CHANGED),
        (writing("//xades:MimeType", "application/pdf"), Flaw.PROPERTIES_CHANGED),
        (writing("//xades:SigningTime", "yesterday"), Flaw.PROPERTIES_INCOMPLETE),
        (writing("//xades:SigningTime", "2026-05-04T10:30:15"), Flaw.PROPERTIES_INCOMPLETE),
        (setting("//xades:DataObjectFormat", "ObjectReference", "#S0-R1"), Flaw.PROPERTIES_INCOMPLETE),
        (setting("//xades:SignedProperties", "Id", "S0-SQ"), Flaw.PROPERTIES_ELSEWHERE),
        (setting("//xades:QualifyingProperties", "Target", "#S1"), Flaw.PROPERTIES_ELSEWHERE),
        (writing("//xades:CertDigest/ds:DigestValue", b64encode(bytes(32)).decode()), Flaw.CERTIFICATE_SUBSTITUTED),
        (setting("//xades:SignedProperties", "Alien", "x"), Flaw.PROPERTIES_CHANGED),
        (writing("//ds:Reference[@Type]/ds:DigestValue", b64encode(bytes(32)).decode()), Flaw.PROPERTIES_CHANGED),
        (writing("//ds:Reference[@Id]/ds:DigestValue", b64encode(bytes(32)).decode()), Flaw.FILE_CHANGED),
        (writing("//ds:SignatureValue", b64encode(bytes(64)).decode()), Flaw.VALUE_WRONG),
        (setting("//ds:SignedInfo", "Id", "S0-SI"), Flaw.VALUE_WRONG),
    ],
)
def test_each_change_has_its_own_reason(alter: Alteration, flaw: Flaw) -> None:
    assert judge(ONE, altered(alter)).flaw is flaw


@pytest.mark.parametrize("position", [0, 31, 32, 63])
def test_one_bit_of_the_value_is_enough(position: int) -> None:
    value = bytearray(b64decode(find(etree.fromstring(GENUINE), "//ds:SignatureValue").text))
    value[position] ^= 1
    verdict = judge(ONE, altered(writing("//ds:SignatureValue", b64encode(value).decode())))
    assert (verdict.indication, verdict.sub_indication) == (
        Indication.TOTAL_FAILED,
        SubIndication.SIG_CRYPTO_FAILURE,
    )


def test_ecdsa_value_in_der_is_refused() -> None:
    value = b64decode(find(etree.fromstring(GENUINE), "//ds:SignatureValue").text)
    der = encode_dss_signature(int.from_bytes(value[:32]), int.from_bytes(value[32:]))
    assert judge(ONE, altered(writing("//ds:SignatureValue", b64encode(der).decode()))).flaw is Flaw.VALUE_WRONG


def test_pretty_printed_signature_fails() -> None:
    assert judge(ONE, altered(etree.indent)).flaw is Flaw.PROPERTIES_CHANGED


@settings(max_examples=300, deadline=None)
@given(place=st.integers(0, len(GENUINE) - 1), byte=st.integers(0, 255))
def test_any_changed_byte_fails_or_changes_nothing_that_was_signed(place: int, byte: int) -> None:
    changed = GENUINE[:place] + bytes([byte]) + GENUINE[place + 1 :]
    if judge(ONE, changed).passed:
        assert read_signature(changed) == read_signature(GENUINE)


@pytest.mark.filterwarnings("ignore::UserWarning")  # cryptography warns of oddities in names and numbers
@settings(deadline=None)
@given(place=st.integers(0, len(ONE.chain[0].public_bytes(Encoding.DER)) - 1), byte=st.integers(0, 255))
def test_any_changed_byte_of_the_certificate_gets_a_verdict(place: int, byte: int) -> None:
    """Even if the signer itself names the damaged certificate, so that nothing else stops it."""
    der = bytearray(ONE.chain[0].public_bytes(Encoding.DER))
    der[place] = byte
    root = etree.fromstring(GENUINE)
    find(root, "//ds:X509Certificate").text = b64encode(der).decode()
    find(root, "//xades:CertDigest/ds:DigestValue").text = b64encode(sha256(der).digest()).decode()
    resign(root, FILES, ONE.key)
    if judge(ONE, serialised(root)).passed:  # the number of unused bits in the outer BIT STRING is not signed
        assert x509.load_der_x509_certificate(bytes(der)).tbs_certificate_bytes == ONE.chain[0].tbs_certificate_bytes


# --- XML signatures that are right and yet no evidence


def test_reference_without_its_type_is_no_xades() -> None:
    forged = ONE.forge(lambda root: find(root, "//ds:Reference[@Type]").attrib.pop("Type"))
    assert judge(ONE, forged).flaw is Flaw.PROPERTIES_NOT_SIGNED


def test_plain_xml_signature_is_no_xades() -> None:
    def alter(root: etree._Element) -> None:
        removing("//ds:Reference[@Type]")(root)
        removing("//ds:Object")(root)

    assert judge(ONE, ONE.forge(alter)).flaw is Flaw.PROPERTIES_NOT_SIGNED


def test_two_references_to_the_properties_are_refused() -> None:
    def alter(root: etree._Element) -> None:
        reference = find(root, "//ds:Reference[@Type]")
        reference.addnext(copied(reference))

    assert judge(ONE, ONE.forge(alter)).flaw is Flaw.STRUCTURE


def test_target_to_another_signature_is_refused() -> None:
    assert judge(ONE, ONE.forge(setting("//xades:QualifyingProperties", "Target", "#S1"))).flaw is (
        Flaw.PROPERTIES_ELSEWHERE
    )


def test_wrapped_properties_are_refused() -> None:
    def alter(root: etree._Element) -> None:
        """The signed properties move aside, forged ones take their place."""
        genuine = find(root, "//xades:SignedProperties")
        forged = copied(genuine)
        forged.set("Id", "forged")
        find(forged, "//xades:SigningTime").text = "2020-01-01T00:00:00Z"
        genuine.getparent().replace(genuine, forged)
        container = etree.SubElement(find(root, "//ds:Signature"), f"{{{NS['ds']}}}Object")
        container.append(genuine)

    assert judge(ONE, altered(alter)).flaw is Flaw.NOT_ALONE


def test_properties_referenced_elsewhere_are_refused() -> None:
    """The typed reference leads to something signed that is not the SignedProperties of this signature."""

    def alter(root: etree._Element) -> None:
        find(root, "//ds:KeyInfo").set("Id", "S0-KI")
        find(root, "//ds:Reference[@Type]").set("URI", "#S0-KI")

    assert judge(ONE, ONE.forge(alter)).flaw is Flaw.PROPERTIES_ELSEWHERE


def test_second_signature_is_refused() -> None:
    def alter(root: etree._Element) -> None:
        root.append(copied(find(root, "//ds:Signature")))

    assert judge(ONE, altered(alter)).flaw is Flaw.NOT_ALONE


@pytest.mark.parametrize("name", ["Id", "ID", "id", "{http://www.w3.org/XML/1998/namespace}id"])
def test_id_that_occurs_twice_is_refused(name: str) -> None:
    assert judge(ONE, altered(setting("//ds:KeyInfo", name, "S0-SP"))).flaw is Flaw.IDS_NOT_UNIQUE


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "#S0",
        "#S0-SP",
        "#xpointer(/)",
        "http://127.0.0.1/nachricht.xml",
        "file:///etc/hostname",
        "//host/nachricht.xml",
        "../nachricht.xml",
        "ordner/nachricht.xml",
        "nachricht.xml?x",
        "nachricht.xml#x",
        "%FF",
    ],
)
def test_reference_must_lead_to_a_file_beside(uri: str) -> None:
    forged = ONE.forge(setting("//ds:Reference[@Id='S0-R0']", "URI", uri))
    assert judge(ONE, forged).flaw is Flaw.NOT_DETACHED


def test_reference_without_uri_is_refused() -> None:
    forged = altered(lambda root: find(root, "//ds:Reference[@Id='S0-R0']").attrib.pop("URI"))
    assert judge(ONE, forged).flaw is Flaw.NOT_DETACHED


def test_reference_of_another_type_is_refused() -> None:
    manifest = "http://www.w3.org/2000/09/xmldsig#Manifest"
    forged = ONE.forge(setting("//ds:Reference[@Id='S0-R0']", "Type", manifest))
    assert judge(ONE, forged).flaw is Flaw.STRUCTURE


@pytest.mark.parametrize(
    ("alter", "flaw"),
    [
        (lambda root: setattr(root, "tag", "{urn:x}XAdESSignatures"), Flaw.STRUCTURE),
        (inserting("/asic:XAdESSignatures", "<ds:Object/>"), Flaw.STRUCTURE),
        (inserting("//ds:Signature", "<ds:Object/>", at=4), Flaw.STRUCTURE),
        (inserting("//ds:Signature", "<ds:Object/>", at=0), Flaw.STRUCTURE),
        (inserting("//xades:QualifyingProperties", "<ds:Object/>", at=1), Flaw.STRUCTURE),
        (inserting("//ds:KeyInfo", "<ds:KeyValue/>", at=1), Flaw.STRUCTURE),
        (inserting("//ds:X509Data", "<ds:X509SubjectName>x</ds:X509SubjectName>", at=1), Flaw.STRUCTURE),
        (inserting("//ds:SignedInfo", "<ds:Object/>", at=2), Flaw.STRUCTURE),
        (removing("//ds:CanonicalizationMethod"), Flaw.STRUCTURE),
        (removing("//ds:SignedInfo"), Flaw.STRUCTURE),
        (removing("//ds:SignatureValue"), Flaw.STRUCTURE),
        (writing("//ds:SignatureValue", "*"), Flaw.VALUE_WRONG),
        (writing("//ds:Reference[@Id]/ds:DigestValue", "*"), Flaw.STRUCTURE),
        (removing("//ds:Reference[@Id]/ds:DigestMethod"), Flaw.STRUCTURE),
        (removing("//ds:X509Certificate"), Flaw.CERTIFICATE_MISSING),
        (removing("//ds:X509Data"), Flaw.CERTIFICATE_MISSING),
        (writing("//ds:X509Certificate", "AAAA"), Flaw.CERTIFICATE_MISSING),
        (removing("//xades:SigningTime"), Flaw.PROPERTIES_INCOMPLETE),
        (removing("//xades:SigningCertificateV2"), Flaw.PROPERTIES_INCOMPLETE),
        (removing("//xades:CertDigest"), Flaw.PROPERTIES_INCOMPLETE),
        (removing("//xades:MimeType"), Flaw.PROPERTIES_INCOMPLETE),
        (removing("//xades:SignedDataObjectProperties"), Flaw.PROPERTIES_INCOMPLETE),
    ],
)
def test_other_structure_is_refused(alter: Alteration, flaw: Flaw) -> None:
    assert judge(ONE, altered(alter)).flaw is flaw


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"no XML", id="no XML"),
        pytest.param(GENUINE[:-1], id="cut off"),
        pytest.param(GENUINE.replace(b' Id="S0-SP"', b" xmlns:a='b' a:c='d' Id=\"S0-SP\""), id="relative namespace"),
        pytest.param(GENUINE.replace(b"?>\n", b"?>\n<!DOCTYPE x>", 1), id="DTD"),
        pytest.param(
            GENUINE.replace(b"?>\n", b"?>\n<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/hostname'>]>", 1), id="entity"
        ),
        pytest.param(GENUINE.replace(b"2026-05", b"2026<!-- -->-05"), id="comment"),
        pytest.param(GENUINE.replace(b"<ds:KeyInfo>", b"<?x y?><ds:KeyInfo>"), id="instruction"),
        pytest.param(GENUINE.decode().replace('encoding="UTF-8"', "").encode("utf-16"), id="UTF-16"),
        pytest.param(GENUINE + b" " * 1_000_000, id="too large"),
        pytest.param(b"<a>" * 100_000, id="too deep"),
    ],
)
def test_hostile_xml_is_refused(data: bytes) -> None:
    assert judge(ONE, data).flaw is Flaw.MALFORMED


def test_more_references_than_anybody_needs_are_refused() -> None:
    def alter(root: etree._Element) -> None:
        for number in range(101):
            add_file(root, f"{number}.xml", f"R{number}")

    assert judge(ONE, altered(alter)).flaw is Flaw.STRUCTURE


# --- algorithms


def transform(uri: str, inside: str = "") -> Alteration:
    """Put a transform into the file's reference."""
    xml = f'<ds:Transforms><ds:Transform Algorithm="{uri}">{inside}</ds:Transform></ds:Transforms>'
    return inserting("//ds:Reference[@Id='S0-R0']", xml)


@pytest.mark.parametrize(
    ("alter", "flaw"),
    [
        pytest.param(setting("//ds:Reference[@Id]/ds:DigestMethod", "Algorithm", SHA1), Flaw.ALGORITHM, id="file"),
        pytest.param(setting("//ds:Reference[@Type]/ds:DigestMethod", "Algorithm", SHA1), Flaw.ALGORITHM, id="props"),
        pytest.param(setting("//xades:CertDigest/ds:DigestMethod", "Algorithm", SHA1), Flaw.ALGORITHM, id="cert"),
        pytest.param(setting("//ds:SignatureMethod", "Algorithm", ECDSA_SHA1), Flaw.ALGORITHM, id="ecdsa-sha1"),
        pytest.param(setting("//ds:SignatureMethod", "Algorithm", HMAC_SHA256), Flaw.ALGORITHM, id="HMAC"),
        pytest.param(
            inserting("//ds:SignatureMethod", "<ds:HMACOutputLength>8</ds:HMACOutputLength>"),
            Flaw.ALGORITHM,
            id="parameters",
        ),
        pytest.param(
            setting("//ds:CanonicalizationMethod", "Algorithm", f"{EXCLUSIVE_C14N}WithComments"),
            Flaw.ALGORITHM,
            id="C14N with comments",
        ),
        pytest.param(
            setting("//ds:CanonicalizationMethod", "Algorithm", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
            Flaw.ALGORITHM,
            id="inclusive C14N",
        ),
        pytest.param(
            transform("http://www.w3.org/TR/1999/REC-xpath-19991116", "<ds:XPath>self::a</ds:XPath>"),
            Flaw.TRANSFORMED,
            id="XPath",
        ),
        pytest.param(transform("http://www.w3.org/TR/1999/REC-xslt-19991116"), Flaw.TRANSFORMED, id="XSLT"),
        pytest.param(transform("http://www.w3.org/2000/09/xmldsig#base64"), Flaw.TRANSFORMED, id="base64"),
        pytest.param(transform(EXCLUSIVE_C14N), Flaw.TRANSFORMED, id="C14N of the file"),
        pytest.param(removing("//ds:Reference[@Type]/ds:Transforms"), Flaw.TRANSFORMED, id="default C14N"),
        pytest.param(
            setting("//ds:Reference[@Type]//ds:Transform", "Algorithm", "http://www.w3.org/2006/12/xml-c14n11"),
            Flaw.TRANSFORMED,
            id="C14N 1.1 of the properties",
        ),
        pytest.param(
            inserting("//ds:Reference[@Type]/ds:Transforms", f'<ds:Transform Algorithm="{EXCLUSIVE_C14N}"/>'),
            Flaw.TRANSFORMED,
            id="two transforms",
        ),
    ],
)
def test_algorithms_outside_the_list_are_refused(alter: Alteration, flaw: Flaw) -> None:
    verdict = judge(ONE, ONE.forge(alter))
    assert (verdict.flaw, verdict.indication) == (flaw, Indication.INDETERMINATE)


def test_rsa_with_sha1_is_refused(rsa_seal: Seal) -> None:
    assert judge(rsa_seal, rsa_seal.forge(setting("//ds:SignatureMethod", "Algorithm", RSA_SHA1))).flaw is (
        Flaw.ALGORITHM
    )


@pytest.mark.parametrize(
    ("key", "method"),
    [
        (rsa_key(2048), "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"),
        (ec_key(ec.SECP224R1()), "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"),
    ],
    ids=["RSA-2048", "P-224"],
)
def test_weak_keys_are_refused(key: PrivateKey, method: str) -> None:
    assert judge(ONE, foreign(seal(key, ONE.issuer), method)).flaw is Flaw.KEY_TOO_WEAK


def test_key_that_does_not_fit_the_method_is_refused() -> None:
    method = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    assert judge(ONE, altered(setting("//ds:SignatureMethod", "Algorithm", method))).flaw is Flaw.KEY_TOO_WEAK


@pytest.mark.parametrize(
    ("usage", "ca"),
    [
        (None, False),
        (usage_of(key_encipherment=True), False),
        (usage_of(digital_signature=True, key_cert_sign=True), True),
    ],
    ids=["no keyUsage", "other keyUsage", "CA"],
)
def test_certificate_that_may_not_seal_leaves_it_open(usage: x509.KeyUsage | None, ca: bool) -> None:
    key = ec_key()
    certificate = special_certificate(key, ONE.issuer, usage=usage, ca=ca)
    signature = foreign(Seal(key=key, issuer=ONE.issuer, chain=(certificate,)), ECDSA_SHA256)
    assert judge(ONE, signature).flaw is Flaw.CERTIFICATE_PURPOSE


# --- certificates


def test_substituted_certificate_of_the_same_key_is_refused() -> None:
    twin = seal(ONE.key, ONE.issuer)
    der = b64encode(twin.chain[0].public_bytes(Encoding.DER)).decode()
    verdict = judge(ONE, altered(writing("//ds:X509Certificate", der)))
    assert (verdict.flaw, verdict.sub_indication) == (
        Flaw.CERTIFICATE_SUBSTITUTED,
        SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
    )


def test_unknown_authority_leaves_it_open(ec_seal: Seal) -> None:
    verdict = verify(ec_seal.sign(), FILES, trust=seal().trust, at=AT)
    assert (verdict.indication, verdict.sub_indication, verdict.level) == (
        Indication.INDETERMINATE,
        SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
        Level.B_B,
    )


def test_authority_of_the_same_name_is_not_the_authority() -> None:
    assert verify(GENUINE, FILES, trust=TrustAnchors([authority("CA").certificate]), at=AT).flaw is Flaw.NO_CHAIN


def test_expired_certificate_leaves_it_open_unless_the_time_is_proven() -> None:
    later = VALIDITY[1] + timedelta(days=1)
    verdict = judge(ONE, GENUINE, at=later)
    assert (verdict.indication, verdict.sub_indication) == (
        Indication.INDETERMINATE,
        SubIndication.OUT_OF_BOUNDS_NO_POE,
    )
    assert judge(ONE, GENUINE, at=VALIDITY[1]).passed


def test_signing_time_in_the_future_is_implausible() -> None:
    assert judge(ONE, GENUINE, at=AT - timedelta(minutes=6)).flaw is Flaw.SIGNING_TIME
    assert judge(ONE, GENUINE, at=AT - timedelta(minutes=4)).passed


def test_signing_time_before_the_certificate_is_implausible() -> None:
    forged = ONE.forge(writing("//xades:SigningTime", "2025-12-31T23:59:59Z"))
    assert judge(ONE, forged).flaw is Flaw.SIGNING_TIME


def test_certificate_that_is_not_yet_valid_fails() -> None:
    begin = VALIDITY[0]
    signature = ONE.sign(at=begin)
    verdict = judge(ONE, signature, at=begin - timedelta(minutes=1))
    assert (verdict.indication, verdict.sub_indication) == (Indication.TOTAL_FAILED, SubIndication.NOT_YET_VALID)


# --- files


def test_missing_file_is_named() -> None:
    verdict = judge(ONE, GENUINE, {})
    assert (verdict.flaw, verdict.file, verdict.sub_indication) == (
        Flaw.FILE_MISSING,
        "nachricht.xml",
        SubIndication.SIGNED_DATA_NOT_FOUND,
    )


def test_file_that_is_not_signed_is_named() -> None:
    verdict = judge(ONE, GENUINE, {**FILES, "anlage.pdf": b"%PDF"})
    assert (verdict.flaw, verdict.file) == (Flaw.FILE_NOT_SIGNED, "anlage.pdf")


@pytest.mark.parametrize("again", ["nachricht.xml", "nachricht%2Exml"])
def test_file_referenced_twice_is_refused(again: str) -> None:
    files = {**FILES, again: MESSAGE}
    forged = ONE.forge(lambda root: add_file(root, again), files)
    assert judge(ONE, forged).flaw is Flaw.FILE_TWICE


def test_time_of_validation_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="no zone"):
        judge(ONE, GENUINE, at=datetime(2026, 5, 4, tzinfo=UTC).replace(tzinfo=None))


def test_no_trust_anchor_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        TrustAnchors([])


def test_every_flaw_has_its_own_code_and_both_languages() -> None:
    assert len({one.code for one in Flaw}) == len(Flaw)
    assert all(one.de.endswith(".") and one.en.endswith(".") for one in Flaw)
