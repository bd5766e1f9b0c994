"""The log's tables as a tree: hashes by their place, the head of each case, and the one place that signs checkpoints.

Leaf hashes (level 0) stand beside their records in ``audit_record``, inner nodes in ``audit_node``.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, tuple_

from gateway.audit.checkpoint import Checkpoint, open_checkpoint
from gateway.audit.logkey import LogKey
from gateway.audit.merkle import EMPTY_ROOT, NodeSource, Tree, peak_places
from gateway.audit.note import NoteError
from gateway.store.database import timestamp
from gateway.store.tables import audit_checkpoint, audit_node, audit_record

_CHECKPOINT = insert(audit_checkpoint)


class AuditError(Exception):
    """The stored log contradicts itself or its key: nothing more is signed until a person has looked at it."""


def node_source(connection: Connection) -> NodeSource:
    """Return a function that reads the hash of a complete node; it raises AuditError if that is missing."""
    leaf = select(audit_record.c.leaf_hash)
    inner = select(audit_node.c.hash)

    def read(level: int, number: int) -> bytes:
        if level == 0:
            found = connection.scalar(leaf.where(audit_record.c.seq == number))
        else:
            found = connection.scalar(inner.where(audit_node.c.level == level, audit_node.c.number == number))
        if found is None:
            raise AuditError(f"node {number} of level {level} is missing")
        return bytes(found)

    return read


def load_tree(connection: Connection, size: int) -> Tree:
    """Return the tree of the first ``size`` records from at most log2(size) stored hashes."""
    read = node_source(connection)
    return Tree(size=size, peaks=[read(level, number) for level, number in peak_places(size)])


def heads(connection: Connection, cases: Collection[str]) -> dict[str, tuple[int, bytes]]:
    """Return ``cseq`` and leaf hash of the last record of each case that has one."""
    record = audit_record.c
    last = select(record.case_id, func.max(record.cseq)).where(record.case_id.in_(cases)).group_by(record.case_id)
    rows = connection.execute(
        select(record.case_id, record.cseq, record.leaf_hash).where(tuple_(record.case_id, record.cseq).in_(last))
    )
    return {case: (cseq, leaf) for case, cseq, leaf in rows}


def last_checkpoint(connection: Connection, key: LogKey) -> Checkpoint:
    """Return the newest stored checkpoint after checking its signature; size 0 if there is none yet.

    Raises AuditError if it is not one of this log and key.
    """
    row = audit_checkpoint.c
    found = connection.execute(select(row.size, row.root, row.note).order_by(row.size.desc()).limit(1)).first()
    if found is None:
        return Checkpoint(origin=key.origin, size=0, root=EMPTY_ROOT)
    try:
        checkpoint = open_checkpoint(found.note.encode(), key.verifier)
    except NoteError as error:
        raise AuditError(f"the last checkpoint (size {found.size}): {error}") from error
    if (checkpoint.size, checkpoint.root) != (found.size, found.root):
        raise AuditError(f"the last checkpoint (size {found.size}) does not say what its columns say")
    return checkpoint


def store_checkpoint(connection: Connection, key: LogKey, tree: Tree, *, after: Checkpoint, at: datetime) -> Checkpoint:
    """Sign the tree as it is and store the checkpoint. The only place that signs for the log.

    ``after`` is the checkpoint from which the tree was grown; raises AuditError if that is no longer the last one (a
    second sequencer is at work), or for a size that is signed already: two roots for one size would be the proof of
    fraud. The same size and root again change nothing.
    """
    last = last_checkpoint(connection, key)
    if last != after:
        raise AuditError(f"the log is at size {last.size}, not at {after.size}: a second sequencer is at work")
    checkpoint = Checkpoint(origin=key.origin, size=tree.size, root=tree.root())
    if checkpoint == last:
        return last
    if checkpoint.size <= last.size:
        raise AuditError(f"refused to sign size {tree.size}: size {last.size} is signed already, with another root")
    text = str(key.sign(checkpoint.text()))
    connection.execute(_CHECKPOINT, {"size": tree.size, "root": checkpoint.root, "at": timestamp(at), "note": text})
    return checkpoint


def check_stored(connection: Connection, key: LogKey) -> Checkpoint:
    """Recompute the root from the stored leaf hashes and compare with the last checkpoint, which is returned.

    Also compares the inner nodes on which the next records will be built. Raises AuditError naming what differs.
    """
    checkpoint = last_checkpoint(connection, key)
    tree = Tree()
    rows = connection.execution_options(yield_per=10_000).execute(
        select(audit_record.c.seq, audit_record.c.leaf_hash).order_by(audit_record.c.seq)
    )
    for seq, leaf in rows:
        if seq != tree.size:
            raise AuditError(f"record {tree.size} is missing")
        tree.append(leaf)
    if tree.size != checkpoint.size:
        raise AuditError(f"{tree.size} records are stored, but the last checkpoint is over {checkpoint.size}")
    if tree.root() != checkpoint.root:
        raise AuditError(f"the stored hashes do not give the root that was signed at size {checkpoint.size}")
    if load_tree(connection, checkpoint.size) != tree:
        raise AuditError("the stored inner nodes do not fit the leaf hashes")
    return checkpoint
