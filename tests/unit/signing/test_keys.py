"""The seal key: what is loaded, what is refused, and that no error tells a secret."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import pkcs12

from gateway.errors import ConfigurationError
from gateway.signing.issuing import Holder, PrivateKey, issue_ca, issue_seal
from gateway.signing.keys import SealKey, read_password
from gateway.signing.xmldsig import SignatureAlgorithm
from tests.unit.signing.forge import (
    VALIDITY,
    Seal,
    authority,
    ec_key,
    rsa_key,
    seal,
    special_certificate,
    subject,
    usage_of,
)

PASSWORD = b"streng-geheim-4711"


def write_pkcs12(
    file: Path, key: PrivateKey, certificate: x509.Certificate, others: list[x509.Certificate] | None = None
) -> Path:
    encryption = serialization.BestAvailableEncryption(PASSWORD)
    file.write_bytes(pkcs12.serialize_key_and_certificates(b"siegel", key, certificate, others, encryption))
    return file


def write_pem(folder: Path, key: PrivateKey, *certificates: x509.Certificate, password: bytes | None = None) -> Path:
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    key_file = folder / "seal.key"
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption))
    pems = [one.public_bytes(serialization.Encoding.PEM) for one in certificates]
    (folder / "seal.pem").write_bytes(b"".join(pems))
    return key_file


def test_pkcs12_gives_key_and_certificate(tmp_path: Path, any_seal: Seal) -> None:
    file = write_pkcs12(tmp_path / "seal.p12", any_seal.key, any_seal.chain[0])
    key = SealKey.from_pkcs12(file, PASSWORD)
    assert key.chain == any_seal.chain
    assert key.certificate.sha256 == any_seal.chain[0].fingerprint(any_seal.chain[0].signature_hash_algorithm).hex()
    assert key.certificate.not_after == VALIDITY[1]


def test_pem_with_encrypted_key_gives_key_and_certificate(tmp_path: Path, ec_seal: Seal) -> None:
    key_file = write_pem(tmp_path, ec_seal.key, *ec_seal.chain, password=PASSWORD)
    assert SealKey.from_pem(key_file, tmp_path / "seal.pem", PASSWORD).chain == ec_seal.chain


def test_algorithm_follows_the_key(rsa_seal: Seal) -> None:
    p384 = seal(ec_key(ec.SECP384R1()))
    p256 = seal(ec_key(ec.SECP256R1()))
    algorithms = [SealKey(one.key, one.chain, source="t").algorithm for one in (p256, p384, rsa_seal)]
    assert algorithms == [
        SignatureAlgorithm.ECDSA_SHA256,
        SignatureAlgorithm.ECDSA_SHA384,
        SignatureAlgorithm.RSA_SHA256,
    ]


def test_chain_is_put_in_order_without_the_root_and_without_strangers(tmp_path: Path) -> None:
    root = authority("Wurzel", path_length=2)
    upper_key, lower_key, key = ec_key(), ec_key(), ec_key()
    upper = issue_ca(subject("Obere"), upper_key, VALIDITY, issuer=root, path_length=1)
    lower = issue_ca(subject("Untere"), lower_key, VALIDITY, issuer=Holder(certificate=upper, key=upper_key))
    leaf = issue_seal(subject("Siegel"), key.public_key(), Holder(certificate=lower, key=lower_key), VALIDITY)
    stranger = authority("Fremde").certificate
    file = write_pkcs12(tmp_path / "seal.p12", key, leaf, [root.certificate, upper, stranger, lower])
    assert SealKey.from_pkcs12(file, PASSWORD).chain == (leaf, lower, upper)


@pytest.mark.parametrize("password", [b"falsch", b"", None])
def test_wrong_password_is_refused_and_appears_nowhere(tmp_path: Path, ec_seal: Seal, password: bytes | None) -> None:
    file = write_pkcs12(tmp_path / "seal.p12", ec_seal.key, ec_seal.chain[0])
    with pytest.raises(ConfigurationError, match="password is wrong") as caught:
        SealKey.from_pkcs12(file, password)
    assert "falsch" not in str(caught.value)


def test_file_that_is_no_pkcs12_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "seal.p12"
    file.write_bytes(b"no such thing")
    with pytest.raises(ConfigurationError, match=r"seal\.p12: key_file: no PKCS#12 file"):
        SealKey.from_pkcs12(file, PASSWORD)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"absent\.p12: key_file: cannot be read"):
        SealKey.from_pkcs12(tmp_path / "absent.p12", PASSWORD)


def test_pkcs12_without_a_key_is_refused(tmp_path: Path, ec_seal: Seal) -> None:
    encryption = serialization.BestAvailableEncryption(PASSWORD)
    file = tmp_path / "trust.p12"
    file.write_bytes(pkcs12.serialize_key_and_certificates(b"x", None, None, list(ec_seal.chain), encryption))
    with pytest.raises(ConfigurationError, match="no private key"):
        SealKey.from_pkcs12(file, PASSWORD)


def test_encrypted_pem_key_without_password_is_refused(tmp_path: Path, ec_seal: Seal) -> None:
    key_file = write_pem(tmp_path, ec_seal.key, *ec_seal.chain, password=PASSWORD)
    with pytest.raises(ConfigurationError, match=r"seal\.key: key_file: no PEM private key"):
        SealKey.from_pem(key_file, tmp_path / "seal.pem")


def test_pem_file_without_certificate_is_refused(tmp_path: Path, ec_seal: Seal) -> None:
    key_file = write_pem(tmp_path, ec_seal.key)
    with pytest.raises(ConfigurationError, match=r"seal\.pem: certificate_file: holds no PEM certificate"):
        SealKey.from_pem(key_file, tmp_path / "seal.pem")


def test_key_of_another_certificate_is_refused(ec_seal: Seal) -> None:
    with pytest.raises(ConfigurationError, match="does not belong to the key"):
        SealKey(ec_key(), ec_seal.chain, source="t")


def test_short_rsa_key_is_refused() -> None:
    weak = seal(rsa_key(2048))
    with pytest.raises(ConfigurationError, match="RSA with 2048 bit is too short"):
        SealKey(weak.key, weak.chain, source="t")


def test_other_curve_is_refused() -> None:
    odd = seal(ec_key(ec.SECP521R1()))
    with pytest.raises(ConfigurationError, match="secp521r1 is not supported"):
        SealKey(odd.key, odd.chain, source="t")


def test_other_kind_of_key_is_refused(ec_seal: Seal) -> None:
    with pytest.raises(ConfigurationError, match="must be an RSA or an EC key"):
        SealKey(ed25519.Ed25519PrivateKey.generate(), ec_seal.chain, source="t")


@pytest.mark.parametrize(
    ("usage", "ca", "reason"),
    [
        (None, False, "has no keyUsage"),
        (usage_of(key_encipherment=True), False, "neither digitalSignature nor nonRepudiation"),
        (usage_of(digital_signature=True, key_cert_sign=True), True, "certification authority"),
    ],
)
def test_certificate_that_may_not_seal_is_refused(usage: x509.KeyUsage | None, ca: bool, reason: str) -> None:
    key = ec_key()
    certificate = special_certificate(key, authority(), usage=usage, ca=ca)
    with pytest.raises(ConfigurationError, match=reason):
        SealKey(key, (certificate,), source="t")


@pytest.mark.parametrize("usage", [usage_of(digital_signature=True), usage_of(content_commitment=True)])
def test_either_usage_will_do(usage: x509.KeyUsage) -> None:
    key = ec_key()
    assert SealKey(key, (special_certificate(key, authority(), usage=usage),), source="t").certificate


@pytest.mark.parametrize("written", [b"kennwort", b"kennwort\n", b"kennwort\r\n"])
def test_password_file_loses_its_last_line_end_only(tmp_path: Path, written: bytes) -> None:
    file = tmp_path / "password"
    file.write_bytes(written)
    assert read_password(file=file) == b"kennwort"


def test_password_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAL_PASSWORD", "käse")
    assert read_password(env="SEAL_PASSWORD") == "käse".encode()


def test_no_password_is_none() -> None:
    assert read_password() is None


def test_unset_environment_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEAL_PASSWORD", raising=False)
    with pytest.raises(ConfigurationError, match=r"\$SEAL_PASSWORD: password_env: .* not set"):
        read_password(env="SEAL_PASSWORD")


def test_empty_password_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "password").write_bytes(b"\n")
    with pytest.raises(ConfigurationError, match="is empty"):
        read_password(file=tmp_path / "password")


def test_password_named_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="named twice"):
        read_password(file=tmp_path / "password", env="SEAL_PASSWORD")


def test_expiry_times_carry_a_zone(ec_seal: Seal) -> None:
    assert SealKey(ec_seal.key, ec_seal.chain, source="t").certificate.not_after.tzinfo is UTC
