"""Signed notes: the text format that checkpoints travel in (C2SP signed-note), with Ed25519.

A note is a text whose every line ends in LF, an empty line, and signature lines ``— <key name> <base64>`` (EM DASH,
space), where the base64 is a 4-byte key id and the signature over the text. Signatures by unknown keys are normal
(witnesses) and ignored.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_ED25519 = b"\x01"
_MARK = "— "
_LARGEST = 1_000_000
_MOST_SIGNATURES = 100


class NoteError(ValueError):
    """Bytes are not a signed note, a text is not a verifier key, or no signature of the key is valid."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """One signature line: the key's name, its 4-byte id and the signature's bytes."""

    name: str
    key_id: bytes
    value: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifierKey:
    """A named Ed25519 public key; as text ``<name>+<8 hex digits of the key id>+<base64(0x01 || key)>``."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.public) != 32:
            raise NoteError("an Ed25519 public key has 32 bytes")

    @property
    def key_id(self) -> bytes:
        """First four bytes of ``SHA-256(name || LF || 0x01 || public key)``."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read the text form. Raises NoteError if it is malformed, of another algorithm, or its key id does not fit."""
        parts = text.strip().split("+", 2)
        if len(parts) != 3:
            raise NoteError("a verifier key has the form name+id+key")
        data = decode_base64(parts[2])
        if data[:1] != _ED25519:
            raise NoteError("the verifier key is not an Ed25519 key")
        key = cls(name=parts[0], public=data[1:])
        if key.key_id.hex() != parts[1]:
            raise NoteError("the verifier key's id does not fit its name and key: it was copied wrongly")
        return key

    def valid(self, signature: bytes, text: str) -> bool:
        """Return whether ``signature`` (64 bytes) is this key's over the note text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """A text, ending in LF, and its signature lines."""

    text: str
    signatures: tuple[Signature, ...]

    def signed_by(self, key: VerifierKey) -> bool:
        """Return whether the note carries this key's signature. Raises NoteError if it does and that is wrong."""
        own = [one for one in self.signatures if (one.name, one.key_id) == (key.name, key.key_id)]
        if not all(key.valid(one.value, self.text) for one in own):
            raise NoteError(f"the signature of {key.name} is wrong")
        return bool(own)

    def __str__(self) -> str:
        lines = (f"{_MARK}{one.name} {base64.b64encode(one.key_id + one.value).decode()}\n" for one in self.signatures)
        return self.text + "\n" + "".join(lines)


def parse(data: bytes) -> Note:
    """Read a signed note. Raises NoteError if it is malformed; checks no signature."""
    if len(data) > _LARGEST:
        raise NoteError("larger than a note may be")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NoteError("a note is UTF-8") from error
    if any(char < " " and char != "\n" for char in whole):
        raise NoteError("a note holds no control character but LF")
    head, empty_line, tail = whole.rpartition("\n\n")
    if not empty_line or not tail.endswith("\n"):
        raise NoteError("a note is a text, an empty line and signature lines, each ended by LF")
    lines = tail[:-1].split("\n")
    if len(lines) > _MOST_SIGNATURES:
        raise NoteError("a note has too many signatures")
    return Note(text=head + "\n", signatures=tuple(map(_signature, lines)))


def check_name(name: str) -> None:
    """Raise NoteError if this cannot name a key: empty, with white space, or with a plus sign."""
    if not name or "+" in name or any(char.isspace() or not char.isprintable() for char in name):
        raise NoteError("a key name is not empty and has neither white space nor plus sign")


def decode_base64(text: str) -> bytes:
    """Decode standard base64 in its one canonical form (a changed unused bit is an error, not a second spelling)."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError("not base64") from error
    if base64.b64encode(data).decode() != text:
        raise NoteError("not canonical base64")
    return data


def signed(text: str, signatures: Iterable[Signature]) -> Note:
    """Return the note of a text that ends in LF. Raises NoteError for another text."""
    if not text.endswith("\n") or any(char < " " and char != "\n" for char in text):
        raise NoteError("a note's text ends in LF and holds no other control character")
    return Note(text=text, signatures=tuple(signatures))


def _signature(line: str) -> Signature:
    name, space, encoded = line.removeprefix(_MARK).partition(" ")
    if not line.startswith(_MARK) or not space:
        raise NoteError("a signature line has the form '— name base64'")
    check_name(name)
    data = decode_base64(encoded)
    if len(data) < 5:
        raise NoteError("a signature is longer than its key id")
    return Signature(name=name, key_id=data[:4], value=data[4:])
