"""The log's own key: Ed25519, PKCS#8 in a PEM file; its name is the log's origin (C2SP signed-note)."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from gateway.audit import note
from gateway.audit.note import Note, NoteError, VerifierKey
from gateway.errors import ConfigurationError


class LogKey:
    """Signs notes in the name of one log.

    ``origin`` is a schema-less URL, unique for the log for ever (``gateway.example.org/audit``), without white space
    and plus signs; raises NoteError otherwise.
    """

    def __init__(self, private: Ed25519PrivateKey, origin: str) -> None:
        self._private = private
        public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.verifier = VerifierKey(name=origin, public=public)
        self._key_id = self.verifier.key_id

    @property
    def origin(self) -> str:
        return self.verifier.name

    @staticmethod
    def generate() -> bytes:
        """Return a new private key as PEM (PKCS#8, not encrypted); the caller keeps it in a file of mode 0600."""
        return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @classmethod
    def load(cls, path: Path, origin: str) -> LogKey:
        """Load the key of the log ``origin``. Raises ConfigurationError that says what is wrong with file or origin."""
        try:
            private = load_pem_private_key(path.read_bytes(), password=None)
        except OSError as error:
            raise ConfigurationError(str(path), "audit.key_file", f"cannot be read ({error.strerror})") from error
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            reason = "must be an Ed25519 private key: PEM, PKCS#8, not encrypted"
            raise ConfigurationError(str(path), "audit.key_file", reason) from error
        if not isinstance(private, Ed25519PrivateKey):
            raise ConfigurationError(str(path), "audit.key_file", "must be an Ed25519 key, but is of another kind")
        try:
            return cls(private, origin)
        except NoteError as error:
            raise ConfigurationError(str(path), "audit.origin", str(error)) from error

    def sign(self, text: str) -> Note:
        """Return the note with this key's signature over ``text`` (ended by LF)."""
        value = self._private.sign(text.encode())
        return note.signed(text, (note.Signature(name=self.origin, key_id=self._key_id, value=value),))
