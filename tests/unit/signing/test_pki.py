"""The demo PKI: complete, private, repeatable, and accepted by the strictest TLS check that Python has."""

from __future__ import annotations

import ssl
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from gateway.errors import ConfigurationError
from gateway.signing.issuing import Holder, issue_tls
from gateway.signing.keys import SealKey, read_password
from gateway.signing.pki import DemoPki, make_demo_pki
from gateway.signing.trust import TrustAnchors
from gateway.signing.verify import verify
from gateway.signing.xades import XadesSigner

SECRETS = {
    "audit-log.key",
    "ca.key",
    "foreign-ca.key",
    "seal-ec.p12",
    "seal-rsa.p12",
    "seal.password",
    "tls-client-foreign.key",
    "tls-client-stranger.key",
    "tls-client.key",
    "tls-server.key",
}


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> DemoPki:
    return make_demo_pki(tmp_path_factory.mktemp("demo") / "pki")


@pytest.fixture
def own_pki(tmp_path: Path) -> DemoPki:
    return make_demo_pki(tmp_path / "pki")


def contents(directory: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in directory.iterdir()}


def context(protocol: int, pki: DemoPki, certificate: Path, key: Path) -> ssl.SSLContext:
    made = ssl.SSLContext(protocol)
    made.load_cert_chain(certificate, key)
    made.load_verify_locations(pki.ca)
    made.verify_mode = ssl.CERT_REQUIRED
    made.verify_flags |= ssl.VERIFY_X509_STRICT
    return made


def shake_hands(pki: DemoPki, *, hostname: str = "127.0.0.1", certificate: Path, key: Path) -> None:
    """A mutual TLS handshake in memory; raises ssl.SSLError if one side refuses the other."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context(ssl.PROTOCOL_TLS_SERVER, pki, pki.server_certificate, pki.server_key)
    client = context(ssl.PROTOCOL_TLS_CLIENT, pki, certificate, key)
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=hostname),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue


@pytest.mark.parametrize("hostname", ["127.0.0.1", "localhost", "::1"])
def test_gateway_and_simulator_shake_hands_under_strict_rules(pki: DemoPki, hostname: str) -> None:
    shake_hands(pki, hostname=hostname, certificate=pki.client_certificate, key=pki.client_key)


def test_stranger_is_known_to_the_authority(pki: DemoPki) -> None:
    """Its refusal is the account check's business, not that of TLS."""
    shake_hands(pki, certificate=pki.stranger_certificate, key=pki.stranger_key)


def test_foreign_client_is_refused(pki: DemoPki) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(pki, certificate=pki.foreign_certificate, key=pki.foreign_key)


def test_server_certificate_is_no_client_certificate(pki: DemoPki) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="purpose"):
        shake_hands(pki, certificate=pki.server_certificate, key=pki.server_key)


def test_other_host_name_is_refused(pki: DemoPki) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake_hands(pki, hostname="gateway.example", certificate=pki.client_certificate, key=pki.client_key)


@pytest.mark.parametrize(("name", "kind"), [("seal_ec", ec.EllipticCurvePrivateKey), ("seal_rsa", rsa.RSAPrivateKey)])
def test_seals_sign_and_lead_to_the_demo_authority(pki: DemoPki, name: str, kind: type) -> None:
    key = SealKey.from_pkcs12(getattr(pki, name), read_password(file=pki.seal_password))
    now = datetime.now(UTC)
    signature = XadesSigner(key).sign(b"x", filename="x", media_type="text/plain", at=now)
    assert verify(signature, {"x": b"x"}, trust=TrustAnchors.load(pki.ca), at=now).passed
    assert isinstance(key._key, kind)


def test_every_name_says_that_it_is_a_test(pki: DemoPki) -> None:
    certificates = [x509.load_pem_x509_certificate(one.read_bytes()) for one in pki.directory.glob("*.pem")]
    assert len(certificates) == 6
    assert all("nur Test" in one.subject.rfc4514_string() for one in certificates)


def test_certificates_live_about_two_years(pki: DemoPki) -> None:
    for file in pki.directory.glob("*.pem"):
        left = x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc - datetime.now(UTC)
        assert timedelta(days=729) < left < timedelta(days=731)


def test_log_key_and_its_public_half_fit(pki: DemoPki) -> None:
    key = serialization.load_pem_private_key(pki.audit_key.read_bytes(), None)
    assert isinstance(key, ed25519.Ed25519PrivateKey)
    assert b64decode(pki.audit_public_key.read_bytes()) == key.public_key().public_bytes_raw()


def test_secrets_are_for_the_owner_only(pki: DemoPki) -> None:
    modes = {one.name: one.stat().st_mode & 0o777 for one in pki.directory.iterdir()}
    assert {name: modes[name] for name in SECRETS} == dict.fromkeys(SECRETS, 0o600)
    assert {name for name in modes if name not in SECRETS and not name.endswith((".pem", ".pub"))} == set()
    assert pki.directory.stat().st_mode & 0o777 == 0o700


def test_second_run_changes_nothing(own_pki: DemoPki) -> None:
    before = contents(own_pki.directory)
    assert make_demo_pki(own_pki.directory) == own_pki
    assert contents(own_pki.directory) == before


def test_force_makes_everything_anew(own_pki: DemoPki) -> None:
    before = contents(own_pki.directory)
    make_demo_pki(own_pki.directory, force=True)
    after = contents(own_pki.directory)
    assert before.keys() == after.keys()
    assert all(before[name] != after[name] for name in before)


@pytest.mark.parametrize("name", ["tls-client.key", "seal-ec.p12", "tls-server.pem"])
def test_damaged_part_is_made_anew_and_the_rest_is_kept(own_pki: DemoPki, name: str) -> None:
    before = contents(own_pki.directory)
    (own_pki.directory / name).write_bytes(b"damaged")
    make_demo_pki(own_pki.directory)
    changed = {one for one, content in contents(own_pki.directory).items() if content != before[one]}
    stem = name.rpartition(".")[0]
    assert name in changed
    assert {one.rpartition(".")[0] for one in changed} == {stem}


def test_new_authority_makes_new_certificates(own_pki: DemoPki) -> None:
    before = contents(own_pki.directory)
    own_pki.ca_key.unlink()
    make_demo_pki(own_pki.directory)
    changed = {one for one, content in contents(own_pki.directory).items() if content != before[one]}
    assert {"ca.pem", "tls-server.pem", "tls-client.pem", "seal-ec.p12", "seal-rsa.p12"} <= changed
    assert changed.isdisjoint({"foreign-ca.pem", "tls-client-foreign.pem", "audit-log.key", "seal.password"})
    shake_hands(own_pki, certificate=own_pki.client_certificate, key=own_pki.client_key)


def test_certificate_near_its_end_is_made_anew(own_pki: DemoPki) -> None:
    ca = Holder(
        certificate=x509.load_pem_x509_certificate(own_pki.ca.read_bytes()),
        key=serialization.load_pem_private_key(own_pki.ca_key.read_bytes(), None),  # type: ignore[arg-type]
    )
    old = x509.load_pem_x509_certificate(own_pki.client_certificate.read_bytes())
    now = datetime.now(UTC)
    short = issue_tls(old.subject, old.public_key(), ca, (now, now + timedelta(days=29)))  # type: ignore[arg-type]
    own_pki.client_certificate.write_bytes(short.public_bytes(serialization.Encoding.PEM))
    make_demo_pki(own_pki.directory)
    new = x509.load_pem_x509_certificate(own_pki.client_certificate.read_bytes())
    assert new.not_valid_after_utc > now + timedelta(days=700)


def test_directory_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "important.txt").write_text("mine")
    tmp_path.chmod(0o755)
    with pytest.raises(ConfigurationError, match="holds other files"):
        make_demo_pki(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_path_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be used"):
        make_demo_pki(tmp_path / "file")
