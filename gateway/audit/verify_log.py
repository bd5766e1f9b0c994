"""Verifies a whole log, record by record: form, place, hash, chain of its case, inner nodes, every checkpoint."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator

from gateway.audit.canonical import CanonicalError
from gateway.audit.chain import Chains, Record, read_record
from gateway.audit.checkpoint import Checkpoint, open_checkpoint
from gateway.audit.faults import Fault
from gateway.audit.log_source import LogSource, StoredCheckpoint, StoredRecord
from gateway.audit.merkle import Tree, leaf_hash
from gateway.audit.note import NoteError, VerifierKey
from gateway.audit.report import DoesNotFitError, Finding, Report

Progress = Callable[[int], None]
"""Hears now and then how many records have been checked."""

_TELL_EVERY = 1_000


def verify_log(
    source: LogSource, key: VerifierKey, published: Iterable[Checkpoint], progress: Progress = lambda checked: None
) -> Report:
    """Verify the log; ``published`` are checkpoints of it that were kept elsewhere, their signatures checked.

    Raises what the source raises if it cannot be read.
    """
    check = _LogCheck(source, key, published, progress)
    try:
        check.run()
    except DoesNotFitError as error:
        return dataclasses.replace(check.report(), finding=_named(error.finding, source))
    return check.report()


class _LogCheck:
    def __init__(
        self, source: LogSource, key: VerifierKey, published: Iterable[Checkpoint], progress: Progress
    ) -> None:
        self._source = source
        self._progress = progress
        self._key = key
        self._published = sorted(published, key=lambda one: one.size)
        self._tree = Tree()
        self._chains = Chains()
        self._checkpoints = self._opened()
        self._next: Checkpoint | None = None
        self._good: Checkpoint | None = None
        self._unproven: Record | None = None
        """The first record after the last good checkpoint."""
        self._good_checkpoints = 0
        self._good_published = 0

    def run(self) -> None:
        self._compare_root()
        for stored in self._source.records():
            record = self._record(stored)
            if self._unproven is None:
                self._unproven = record
            self._compare_root()
            if self._tree.size % _TELL_EVERY == 0:
                self._progress(self._tree.size)
        self._end()

    def report(self) -> Report:
        good = self._good
        return Report(
            kind=self._source.kind,
            origin=self._key.name,
            size=good.size if good else 0,
            root=good.root.hex() if good else "",
            records=self._tree.size,
            cases=len(self._chains.heads),
            checkpoints=self._good_checkpoints,
            published=self._good_published,
            pending=self._source.pending,
        )

    def _record(self, stored: StoredRecord) -> Record:
        """Check one record by itself, against its predecessor in the case and what the source says of it."""
        seq = self._tree.size
        if stored.place != seq:
            fault = Fault.RECORD_MISSING if stored.place > seq else Fault.RECORD_MISPLACED
            raise DoesNotFitError(Finding(fault=fault, seq=seq))
        if not isinstance(stored.data, bytes) or leaf_hash(stored.data) != stored.leaf:
            raise DoesNotFitError(Finding(fault=Fault.RECORD_CHANGED, seq=seq))
        try:
            record = read_record(stored.data)
        except CanonicalError as error:
            raise DoesNotFitError(Finding(fault=Fault.RECORD_MALFORMED, seq=seq, detail=str(error))) from error
        wrong, detail = self._fault(record, stored)
        if wrong is not None:
            raise DoesNotFitError(_about(record, wrong, seq, detail))
        if not all(map(self._source.holds, self._tree.append(stored.leaf))):
            raise DoesNotFitError(_about(record, Fault.NODE_CHANGED, seq))
        return record

    def _fault(self, record: Record, stored: StoredRecord) -> tuple[Fault | None, str]:
        seq = self._tree.size
        if record.seq != seq:
            moved = Fault.RECORD_MISSING if record.seq > seq else Fault.RECORD_MISPLACED
            return moved, f"record {record.seq} stands at place {seq}"
        if record.log != self._key.name:
            return Fault.FOREIGN_RECORD, ""
        before = self._chains.predecessor(record.case)
        broken = self._chains.follow(record, stored.leaf)
        if broken is not None:
            return broken, before
        return self._source.contradicts(record), ""

    def _compare_root(self) -> None:
        """Compare with the checkpoints over exactly the records so far: the log's own and the published ones."""
        size, first = self._tree.size, self._unproven
        where = Finding(
            fault=Fault.ROOT_WRONG,
            seq=first.seq if first else 0,
            until=max(size - 1, 0),
            case=first.case if first else "",
            event=first.event if first else "",
            size=size,
        )
        if size == 0:
            self._next = next(self._checkpoints, None)
        elif self._next is not None and self._next.size == size:
            if self._next.root != self._tree.root():
                raise DoesNotFitError(where)
            self._good, self._unproven = self._next, None
            self._good_checkpoints += 1
            self._next = next(self._checkpoints, None)
        while self._published and self._published[0].size == size:
            if self._published[0].root != self._tree.root():
                raise DoesNotFitError(dataclasses.replace(where, fault=Fault.FORKED))
            self._published.pop(0)
            self._good_published += 1

    def _end(self) -> None:
        size = self._tree.size
        expected = [one.size for one in (self._next, *self._published) if one is not None]
        if expected:
            raise DoesNotFitError(Finding(fault=Fault.TRUNCATED, seq=size, until=min(expected) - 1, size=min(expected)))
        if self._unproven is not None:
            first = self._unproven
            raise DoesNotFitError(
                Finding(fault=Fault.NOT_COVERED, seq=first.seq, until=size - 1, case=first.case, event=first.event)
            )
        if surplus := self._source.surplus(size):
            raise DoesNotFitError(surplus)
        if size == 0:
            raise DoesNotFitError(Finding(fault=Fault.EMPTY))

    def _opened(self) -> Iterator[Checkpoint]:
        """Open the checkpoints in order; each is over more records than the one before."""
        size = 0
        for stored in self._source.checkpoints():
            checkpoint = self._open(stored)
            if checkpoint.size <= size:
                raise DoesNotFitError(
                    Finding(fault=Fault.CHECKPOINT_WRONG, size=checkpoint.size, detail="not in order of size")
                )
            size = checkpoint.size
            yield checkpoint

    def _open(self, stored: StoredCheckpoint) -> Checkpoint:
        try:
            checkpoint = open_checkpoint(stored.note, self._key)
        except NoteError as error:
            raise DoesNotFitError(Finding(fault=Fault.CHECKPOINT_WRONG, size=stored.size, detail=str(error))) from error
        if stored.size is not None and (stored.size, stored.root) != (checkpoint.size, checkpoint.root):
            raise DoesNotFitError(
                Finding(fault=Fault.CHECKPOINT_WRONG, size=stored.size, detail="the columns beside it say otherwise")
            )
        return checkpoint


def _about(record: Record, fault: Fault, seq: int, detail: str = "") -> Finding:
    return Finding(fault=fault, seq=seq, case=record.case, event=record.event, detail=detail)


def _named(finding: Finding, source: LogSource) -> Finding:
    """Name case and event of a record whose bytes do not say it (changed, missing), where the source knows them."""
    if finding.seq is None or finding.case:
        return finding
    case, event = source.known(finding.seq)
    return dataclasses.replace(finding, case=case, event=event)
