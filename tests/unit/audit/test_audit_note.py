"""Signed notes and checkpoints against the published examples, and against every small change."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audit import note
from gateway.audit.checkpoint import Checkpoint, open_checkpoint, parse_text
from gateway.audit.logkey import LogKey
from gateway.audit.note import NoteError, VerifierKey
from gateway.errors import ConfigurationError
from tests.unit.audit.conftest import ORIGIN, make_key
from tests.unit.audit.test_audit_merkle import ROOTS

VERIFIER = "gateway.example.org/audit+61ed07e6+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
SIGNED = (
    "gateway.example.org/audit\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n"
    "— gateway.example.org/audit Ye0H5nN/7W1FfytGYmMwD5eJQVgtsHG5spXGqMHswDhBEBHophvBiex0zwwb/mTLgc92VXXMEp1G4UL9rPIw5"
    "rjH6QU=\n"
)
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def checkpoint() -> Checkpoint:
    return Checkpoint(origin=ORIGIN, size=8, root=bytes.fromhex(ROOTS[8]))


def test_the_text_of_a_checkpoint() -> None:
    text = checkpoint().text().encode()
    assert len(text) == 73
    assert hashlib.sha256(text).hexdigest() == "c7f051d9f55f2436e6a38f355cf64005c207653a4631f89669a2f3d008c2ac95"


def test_the_verifier_key_string_of_the_vector() -> None:
    assert str(make_key().verifier) == VERIFIER
    assert VerifierKey.parse(VERIFIER + "\n") == make_key().verifier


def test_signing_gives_the_note_of_the_vector() -> None:
    assert str(make_key().sign(checkpoint().text())) == SIGNED


def test_the_note_of_the_vector_opens() -> None:
    assert open_checkpoint(SIGNED.encode(), VerifierKey.parse(VERIFIER)) == checkpoint()


def test_the_published_go_example_is_accepted() -> None:
    opened = note.parse((PETER_TEXT + "\n" + PETER_LINE).encode())
    assert opened.signed_by(VerifierKey.parse(PETER))
    assert opened.text == PETER_TEXT


def test_signatures_of_others_are_ignored() -> None:
    both = SIGNED + PETER_LINE
    assert open_checkpoint(both.encode(), VerifierKey.parse(VERIFIER)) == checkpoint()
    assert str(note.parse(both.encode())) == both


def test_a_note_without_our_signature_is_refused() -> None:
    other = make_key(seed=b"\x01" * 32)
    with pytest.raises(NoteError, match="not signed by the given key"):
        open_checkpoint(str(other.sign(checkpoint().text())).encode(), make_key().verifier)


def test_a_checkpoint_of_another_log_is_refused() -> None:
    text = Checkpoint(origin="other.example.org/audit", size=8, root=b"\0" * 32).text()
    with pytest.raises(NoteError, match="another log"):
        open_checkpoint(str(make_key().sign(text)).encode(), make_key().verifier)


def test_no_changed_byte_of_a_checkpoint_goes_unnoticed() -> None:
    data, key = SIGNED.encode(), make_key().verifier
    unnoticed = []
    for place in range(len(data)):
        for bit in (1, 4, 32, 128):
            changed = data[:place] + bytes([data[place] ^ bit]) + data[place + 1 :]
            try:
                open_checkpoint(changed, key)
            except NoteError:
                continue
            unnoticed.append((place, bit))
    assert unnoticed == []


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_whatever_is_not_a_note_is_refused_cleanly(data: bytes) -> None:
    with pytest.raises(NoteError):
        open_checkpoint(data, make_key().verifier)


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}\n08\n{'A' * 43}=\n",
        f"{ORIGIN}\n-1\n{'A' * 43}=\n",
        f"{ORIGIN}\n٨\n{'A' * 43}=\n",
        f"{ORIGIN}\n8\n{'A' * 42}==\n",
        f"{ORIGIN}\n8\n{'A' * 42}B=\n",
        f"{ORIGIN}\n8\n\n{'A' * 43}=\n",
        f"{ORIGIN}\n8\n{'A' * 43}=",
        f"two words\n8\n{'A' * 43}=\n",
        f"{ORIGIN}\n8\n",
    ],
)
def test_a_malformed_checkpoint_text_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        parse_text(text)


def test_extension_lines_are_allowed() -> None:
    assert parse_text(checkpoint().text() + "more\n") == checkpoint()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name+00000000",
        VERIFIER.replace("61ed07e6", "61ed07e7"),
        VERIFIER.replace("gateway", "gatewax"),
        VERIFIER[:-4],
        VERIFIER.replace("+AQ", "+BQ"),
        VERIFIER + "A",
    ],
)
def test_a_wrongly_copied_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        VerifierKey.parse(text)


@pytest.mark.parametrize("name", ["", "with space", "with+plus", "line\nbreak"])
def test_a_log_cannot_have_such_a_name(name: str) -> None:
    with pytest.raises(NoteError):
        make_key(name)


def test_a_text_must_end_its_last_line() -> None:
    with pytest.raises(NoteError):
        make_key().sign("no line feed")


def test_a_generated_key_loads_and_its_signatures_verify(tmp_path: Path) -> None:
    file = tmp_path / "audit-log.key"
    file.write_bytes(LogKey.generate())
    key = LogKey.load(file, ORIGIN)
    signed = str(key.sign(checkpoint().text())).encode()
    assert open_checkpoint(signed, VerifierKey.parse(str(key.verifier))) == checkpoint()


def pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    ("content", "origin", "setting"),
    [
        (b"not a key", ORIGIN, "audit.key_file"),
        (pem(ec.generate_private_key(ec.SECP256R1())), ORIGIN, "audit.key_file"),
        (LogKey.generate(), "two words", "audit.origin"),
        (None, ORIGIN, "audit.key_file"),
    ],
    ids=["not a key", "other kind", "origin", "no file"],
)
def test_a_wrong_key_file_is_refused_naming_the_setting(
    tmp_path: Path, content: bytes | None, origin: str, setting: str
) -> None:
    file = tmp_path / "audit-log.key"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        LogKey.load(file, origin)
    assert caught.value.key == setting


def test_keys_are_ed25519() -> None:
    generated = LogKey.generate()
    assert generated.startswith(b"-----BEGIN PRIVATE KEY-----")
    assert LogKey(ed25519.Ed25519PrivateKey.generate(), ORIGIN).origin == ORIGIN
