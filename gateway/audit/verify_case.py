"""Verifies a bundle of one case: each record's place in the signed tree, the case's chain, and completeness."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from gateway.audit.bundle_reader import (
    CHECKPOINT,
    CONSISTENCY,
    PROOFS,
    RECORDS,
    STATEMENT,
    BundleError,
    BundleReader,
    hashes,
)
from gateway.audit.canonical import CanonicalError
from gateway.audit.chain import Chains, Record, read_record
from gateway.audit.checkpoint import Checkpoint, open_checkpoint
from gateway.audit.faults import Fault
from gateway.audit.merkle import leaf_hash, verify_consistency, verify_inclusion
from gateway.audit.note import NoteError, VerifierKey
from gateway.audit.report import DoesNotFitError, Finding, Report
from gateway.audit.statement import Statement, open_statement


def verify_case(bundle: BundleReader, key: VerifierKey, published: Iterable[Checkpoint]) -> Report:
    """Verify the bundle; ``published`` are checkpoints that were kept elsewhere. Raises BundleError if unreadable."""
    check = _CaseCheck(bundle, key)
    try:
        check.run(list(published))
    except DoesNotFitError as error:
        return dataclasses.replace(check.report, finding=error.finding)
    return check.report


class _CaseCheck:
    def __init__(self, bundle: BundleReader, key: VerifierKey) -> None:
        self._bundle = bundle
        self._key = key
        self._chains = Chains()
        self._gap: Finding | None = None
        """The first place at which a record of the case was left out."""
        self.report = Report(kind="case", origin=key.name, case=bundle.case)

    def run(self, published: list[Checkpoint]) -> None:
        checkpoint = self._checkpoint()
        last, leaf = self._records(checkpoint)
        self._compare(published, checkpoint)
        self._complete(checkpoint, last, leaf)

    def _checkpoint(self) -> Checkpoint:
        try:
            checkpoint = open_checkpoint(self._bundle.file(CHECKPOINT), self._key)
        except NoteError as error:
            raise DoesNotFitError(Finding(fault=Fault.CHECKPOINT_WRONG, detail=str(error))) from error
        self.report = dataclasses.replace(self.report, size=checkpoint.size, root=checkpoint.root.hex(), checkpoints=1)
        return checkpoint

    def _records(self, checkpoint: Checkpoint) -> tuple[Record, bytes]:
        """Check all records; return the last one and its leaf hash."""
        proofs = self._proofs()
        places = list(proofs)
        last: tuple[Record, bytes] | None = None
        for number, data in enumerate(self._bundle.lines(RECORDS)):
            leaf = leaf_hash(data)
            try:
                record = read_record(data)
            except CanonicalError as error:
                seq = places[number] if number < len(places) else None
                found = Finding(fault=Fault.RECORD_MALFORMED, seq=seq, case=self._bundle.case, detail=str(error))
                raise DoesNotFitError(found) from error
            proof = proofs.get(record.seq)
            if proof is None or not verify_inclusion(record.seq, checkpoint.size, leaf, proof, checkpoint.root):
                raise DoesNotFitError(_about(record, Fault.PROOF_WRONG))
            self._follow(record, leaf)
            self.report = dataclasses.replace(self.report, records=number + 1, cases=1)
            last = record, leaf
        if last is None:
            raise DoesNotFitError(Finding(fault=Fault.CASE_INCOMPLETE, case=self._bundle.case))
        return last

    def _follow(self, record: Record, leaf: bytes) -> None:
        """Check that the record is the case's next one; one left out before it makes the bundle incomplete."""
        before = self._chains.predecessor(record.case)
        if record.log != self._key.name or record.case != self._bundle.case:
            raise DoesNotFitError(_about(record, Fault.FOREIGN_RECORD))
        fault = self._chains.follow(record, leaf)
        if fault is Fault.CASE_GAP:
            if record.cseq <= self._chains.last(record.case):
                raise DoesNotFitError(_about(record, Fault.RECORD_MISPLACED, before))
            self._gap = self._gap or _about(record, Fault.CASE_INCOMPLETE, before)
            self._chains.resume(record, leaf)
        elif fault is not None:
            raise DoesNotFitError(_about(record, fault, before))

    def _complete(self, checkpoint: Checkpoint, last: Record, leaf: bytes) -> None:
        """A case is complete if a signed statement says so, and by nothing else.

        A last record ``case:closed`` proves nothing: a late reply goes on after it, and whoever passes the bundle on
        could have cut that off.
        """
        if self._gap is not None:
            raise DoesNotFitError(self._gap)
        if not self._bundle.has(STATEMENT):
            raise DoesNotFitError(_about(last, Fault.STATEMENT_MISSING))
        try:
            stated = open_statement(self._bundle.file(STATEMENT), self._key)
        except NoteError as error:
            raise DoesNotFitError(
                Finding(fault=Fault.STATEMENT_WRONG, case=self._bundle.case, detail=str(error))
            ) from error
        if stated.case == last.case and stated.size == checkpoint.size and stated.records > last.cseq + 1:
            raise DoesNotFitError(_about(last, Fault.CASE_INCOMPLETE, f"{stated.records} records are stated"))
        found = Statement(log=self._key.name, case=last.case, size=checkpoint.size, records=last.cseq + 1, last=leaf)
        if stated != found:
            raise DoesNotFitError(_about(last, Fault.STATEMENT_WRONG, "it is about something else"))

    def _compare(self, published: list[Checkpoint], checkpoint: Checkpoint) -> None:
        proofs = self._consistency() if published else {}
        for one in published:
            proof = [] if one.size == checkpoint.size else proofs.get(one.size)
            where = Finding(fault=Fault.FORKED, size=one.size)
            if proof is None or one.size > checkpoint.size:
                raise DoesNotFitError(dataclasses.replace(where, fault=Fault.NOT_COMPARABLE))
            if not verify_consistency(one.size, checkpoint.size, one.root, checkpoint.root, proof):
                raise DoesNotFitError(where)
            self.report = dataclasses.replace(self.report, published=self.report.published + 1)

    def _proofs(self) -> dict[int, list[bytes]]:
        """Read the proofs by the records' places."""
        return _paths(self._bundle.json(PROOFS), "seq", PROOFS)

    def _consistency(self) -> dict[int, list[bytes]]:
        """Read the consistency proofs by the size of the published checkpoint; there may be none."""
        return _paths(self._bundle.json(CONSISTENCY), "size", CONSISTENCY) if self._bundle.has(CONSISTENCY) else {}


def _about(record: Record, fault: Fault, detail: str = "") -> Finding:
    return Finding(fault=fault, seq=record.seq, case=record.case, event=record.event, detail=detail)


def _paths(entries: object, name: str, file: str) -> dict[int, list[bytes]]:
    if not isinstance(entries, list) or not all(
        isinstance(one, dict) and type(one.get(name)) is int for one in entries
    ):
        raise BundleError(f"{file} is not a list of proofs")
    return {one[name]: hashes(one.get("hashes")) for one in entries}
