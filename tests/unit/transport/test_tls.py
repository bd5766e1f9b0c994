"""Broken certificate and key files are named, with the setting that names them and without their secrets."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from gateway.errors import ConfigurationError
from gateway.signing.pki import DemoPki
from gateway.transport.tls import TlsFiles, certificate_dates, client_context
from tests.xta_exchange import data


def files(pki: DemoPki, **changes: Path) -> TlsFiles:
    chosen = {"ca_file": pki.ca, "certificate_file": pki.client_certificate, "key_file": pki.client_key}
    return TlsFiles(**(chosen | changes))


def encrypted_key(pki: DemoPki, directory: Path) -> Path:
    key = serialization.load_pem_private_key(pki.client_key.read_bytes(), None)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"geheim"),
    )
    return data(directory, "encrypted.key", pem)


def test_encrypted_key_opens_with_its_password(pki: DemoPki, tmp_path: Path) -> None:
    password = data(tmp_path, "password", b"geheim\n")
    assert client_context(files(pki, key_file=encrypted_key(pki, tmp_path), key_password_file=password))


@pytest.mark.parametrize("password", [None, b"falsch\n"])
def test_encrypted_key_without_its_password_is_a_configuration_error(
    pki: DemoPki, tmp_path: Path, password: bytes | None
) -> None:
    changes = {"key_file": encrypted_key(pki, tmp_path)}
    if password is not None:
        changes["key_password_file"] = data(tmp_path, "password", password)
    with pytest.raises(ConfigurationError) as raised:
        client_context(files(pki, **changes))
    assert raised.value.key == "client_key_file"
    assert "falsch" not in str(raised.value)


@pytest.mark.parametrize(
    ("field", "key"),
    [("ca_file", "ca_file"), ("certificate_file", "client_certificate_file"), ("key_file", "client_key_file")],
)
@pytest.mark.parametrize("content", [None, b"no PEM at all\n"])
def test_unusable_file_is_named(pki: DemoPki, tmp_path: Path, field: str, key: str, content: bytes | None) -> None:
    file = tmp_path / "absent" if content is None else data(tmp_path, "broken.pem", content)
    with pytest.raises(ConfigurationError) as raised:
        client_context(files(pki, **{field: file}))
    assert (raised.value.file, raised.value.key) == (str(file), key)


def test_key_of_another_certificate_is_named(pki: DemoPki) -> None:
    with pytest.raises(ConfigurationError, match="does not belong to the certificate"):
        client_context(files(pki, key_file=pki.stranger_key))


def test_missing_password_file_is_named(pki: DemoPki, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        client_context(files(pki, key_password_file=tmp_path / "absent"))
    assert raised.value.key == "client_key_password_file"


def test_dates_are_those_of_the_certificate(pki: DemoPki) -> None:
    (found,) = certificate_dates(pki.client_certificate, "client_certificate_file")
    assert found.not_before < found.not_after
    assert "Demo-Gateway" in found.subject
