"""Foreign judges and a foreign signer: plain signxml and xmlsec1 (C, libxml2) on our signatures, and the reverse."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree
from signxml.exceptions import InvalidSignature
from signxml.verifier import SignatureConfiguration, XMLVerifier

from gateway.signing.verdict import Indication
from gateway.signing.verify import verify
from tests.unit.signing.forge import AT, FILES, MESSAGE, NS, Seal, ec_key, find, rsa_key, seal, serialised

XMLSEC1 = shutil.which("xmlsec1")
needs_xmlsec1 = pytest.mark.skipif(XMLSEC1 is None, reason="xmlsec1 is missing (Debian: apt install xmlsec1)")
IDS = ("--id-attr:Id", f"{NS['xades']}:SignedProperties")
CONTENTS = [
    pytest.param(MESSAGE, id="umlauts"),
    pytest.param(b"", id="empty"),
    pytest.param(b"<a>\r\n</a>\r\n", id="CRLF"),
    pytest.param(b"\xef\xbb\xbf<a/>", id="BOM"),
    pytest.param(b"<a>" + b"0123456789" * 500_000 + b"</a>", id="5 MB"),
]


@pytest.fixture(scope="module", params=["P-256", "P-384", "RSA-3072"])
def any_seal(request: pytest.FixtureRequest) -> Seal:
    return seal({"P-256": ec_key, "P-384": lambda: ec_key(ec.SECP384R1()), "RSA-3072": rsa_key}[request.param]())


def xmlsec1(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    assert XMLSEC1 is not None
    return subprocess.run([XMLSEC1, *arguments], cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def judged_by_xmlsec1(folder: Path, one: Seal, signature: bytes, content: bytes) -> subprocess.CompletedProcess[str]:
    """The command of docs/signatures.md, in a folder with the message, the signature and the authority."""
    (folder / "nachricht.xml").write_bytes(content)
    (folder / "signatures0.xml").write_bytes(signature)
    (folder / "ca.pem").write_bytes(one.issuer.certificate.public_bytes(serialization.Encoding.PEM))
    at = AT.strftime("%Y-%m-%d %H:%M:%S")
    trust = ("--trusted-pem", "ca.pem", "--verification-time", at)
    return xmlsec1(folder, "--verify", *IDS, *trust, "signatures0.xml")


@needs_xmlsec1
@pytest.mark.parametrize("content", CONTENTS)
def test_xmlsec1_accepts_our_signature(tmp_path: Path, any_seal: Seal, content: bytes) -> None:
    result = judged_by_xmlsec1(tmp_path, any_seal, any_seal.sign(content), content)
    assert result.returncode == 0, result.stderr
    assert "SignedInfo References (ok/all): 2/2" in result.stdout + result.stderr


@needs_xmlsec1
def test_xmlsec1_finds_one_byte_more_in_the_message(tmp_path: Path, any_seal: Seal) -> None:
    assert judged_by_xmlsec1(tmp_path, any_seal, any_seal.sign(), MESSAGE + b"\n").returncode != 0


@needs_xmlsec1
def test_xmlsec1_finds_a_changed_signing_time(tmp_path: Path, any_seal: Seal) -> None:
    changed = any_seal.sign().replace(b"2026-05-04T10", b"2026-05-04T11")
    assert judged_by_xmlsec1(tmp_path, any_seal, changed, MESSAGE).returncode != 0


@needs_xmlsec1
def test_xmlsec1_refuses_another_authority(tmp_path: Path, any_seal: Seal) -> None:
    other = Seal(key=any_seal.key, issuer=seal().issuer, chain=any_seal.chain)
    assert judged_by_xmlsec1(tmp_path, other, any_seal.sign(), MESSAGE).returncode != 0


@needs_xmlsec1
def test_our_verifier_accepts_what_xmlsec1_signed(tmp_path: Path, any_seal: Seal) -> None:
    """xmlsec1 fills all digests and the value into a template with the same properties, in its own layout."""
    template = etree.fromstring(any_seal.sign())
    for path in ("//ds:Reference[1]/ds:DigestValue", "//ds:Reference[2]/ds:DigestValue", "//ds:SignatureValue"):
        find(template, path).text = None
    (tmp_path / "nachricht.xml").write_bytes(MESSAGE)
    (tmp_path / "template.xml").write_bytes(serialised(template))
    key = any_seal.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "seal.key").write_bytes(key)
    made = xmlsec1(tmp_path, "--sign", *IDS, "--privkey-pem", "seal.key", "--output", "out.xml", "template.xml")
    assert made.returncode == 0, made.stderr
    verdict = verify((tmp_path / "out.xml").read_bytes(), FILES, trust=any_seal.trust, at=AT)
    assert (verdict.indication, verdict.flaw) == (Indication.TOTAL_PASSED, None)


def judged_by_signxml(one: Seal, signature: bytes, content: bytes) -> None:
    XMLVerifier().verify(
        signature,
        x509_cert=one.chain[0],
        uri_resolver={"nachricht.xml": content}.__getitem__,
        expect_config=SignatureConfiguration(location="./", expect_references=2, verification_time=AT),
    )


@pytest.mark.parametrize("content", CONTENTS)
def test_signxml_accepts_our_signature(any_seal: Seal, content: bytes) -> None:
    judged_by_signxml(any_seal, any_seal.sign(content), content)


def test_signxml_finds_one_byte_more_in_the_message(any_seal: Seal) -> None:
    with pytest.raises(InvalidSignature, match="Digest mismatch for reference 0"):
        judged_by_signxml(any_seal, any_seal.sign(), MESSAGE + b"\n")
