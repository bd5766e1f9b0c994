"""Checkpoints: what the log signs about itself (C2SP tlog-checkpoint inside a signed note).

The text is the origin (the log's name, also the name of its key), the number of records and the root hash:

    gateway.example.org/audit
    8
    XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=

Two checkpoints of one origin and one size with different roots are the proof of fraud.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from gateway.audit import note
from gateway.audit.note import NoteError, VerifierKey


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkpoint:
    """The log ``origin`` had ``size`` records, and this root hash (32 bytes), when this was signed."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def parse_text(text: str) -> Checkpoint:
    """Read a checkpoint's text; further (extension) lines are allowed and ignored. Raises NoteError."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] != "" or not all(lines[:-1]):
        raise NoteError("a checkpoint is the origin, the size and the root hash, each on its line")
    origin, size, root = lines[:3]
    note.check_name(origin)
    if not (size.isascii() and size.isdigit()) or (size[0] == "0" and size != "0") or len(size) > 19:
        raise NoteError("a checkpoint's size is a decimal number without leading zeros")
    hashed = note.decode_base64(root)
    if len(hashed) != 32:
        raise NoteError("a checkpoint's root hash has 32 bytes")
    return Checkpoint(origin=origin, size=int(size), root=hashed)


def open_checkpoint(data: bytes, key: VerifierKey) -> Checkpoint:
    """Return the checkpoint of a signed note after checking its signature.

    Raises NoteError if the note is malformed, is not signed by ``key``, or speaks for another log than that key.
    """
    signed = note.parse(data)
    checkpoint = parse_text(signed.text)
    if checkpoint.origin != key.name:
        raise NoteError(f"the checkpoint is of another log than {key.name}")
    if not signed.signed_by(key):
        raise NoteError(f"the checkpoint is not signed by the given key of {key.name}")
    return checkpoint
