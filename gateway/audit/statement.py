"""The signed statement that the list of records of one case is complete, as of one checkpoint.

Nothing in the tree itself can prove that no further record of a case exists; the operator says so under the log's
key, and a whole log can convict the statement. A record ``case:closed`` is no substitute: a case may go on after it.
The statement is a signed note whose first line holds spaces, so that it can
never be taken for a checkpoint (an origin has none):

    xoev-gateway audit case statement v1
    log gateway.example.org/audit
    case 6f1c…
    size 8
    records 5
    last <leaf hash of the case's last record, hex>
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.audit import note
from gateway.audit.note import NoteError, VerifierKey

_TITLE = "xoev-gateway audit case statement v1"
_NAMES = ("log", "case", "size", "records", "last")


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """Of the first ``size`` records of ``log``, ``records`` are of ``case``; ``last`` is the leaf hash of its last."""

    log: str
    case: str
    size: int
    records: int
    last: bytes

    def text(self) -> str:
        """Return the lines that are signed."""
        values = (self.log, self.case, str(self.size), str(self.records), self.last.hex())
        return "".join(f"{line}\n" for line in (_TITLE, *map(" ".join, zip(_NAMES, values, strict=True))))


def open_statement(data: bytes, key: VerifierKey) -> Statement:
    """Return the statement of a signed note after checking its signature. Raises NoteError."""
    signed = note.parse(data)
    title, *lines = signed.text.removesuffix("\n").split("\n")
    pairs = [line.partition(" ") for line in lines]
    if title != _TITLE or tuple(name for name, _, _ in pairs) != _NAMES:
        raise NoteError("not a statement about a case")
    log, case, size, records, last = (value for _, _, value in pairs)
    try:
        statement = Statement(log=log, case=case, size=int(size), records=int(records), last=bytes.fromhex(last))
    except ValueError as error:
        raise NoteError("a value in the statement has a wrong form") from error
    if statement.text() != signed.text or log != key.name:
        raise NoteError("the statement has a wrong form or is of another log")
    if not signed.signed_by(key):
        raise NoteError(f"the statement is not signed by the given key of {key.name}")
    return statement
