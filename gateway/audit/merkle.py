"""The Merkle tree of the log: RFC 9162 section 2.1 with SHA-256. Pure functions; a hash is 32 bytes.

A node is named ``(level, number)``: level 0 are the leaves, node ``(L, i)`` covers leaves ``i * 2**L`` up to
``(i + 1) * 2**L - 1`` and exists once the last of them does (a *complete* sub-tree; it never changes again). The root
of any size, and every proof, is made of complete nodes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""Root of the tree without leaves."""

Node = tuple[int, int, bytes]
"""Level, number and hash of a complete sub-tree."""
NodeSource = Callable[[int, int], bytes]
"""Gives the hash of the complete node ``(level, number)``."""


def leaf_hash(data: bytes) -> bytes:
    """Return ``SHA-256(0x00 || data)``, the hash of one record."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return ``SHA-256(0x01 || left || right)``."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def peak_places(size: int) -> list[tuple[int, int]]:
    """Return ``(level, number)`` of the complete sub-trees that make up a tree of ``size`` leaves, largest first."""
    places = []
    begin = 0
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            places.append((level, begin >> level))
            begin += 1 << level
    return places


@dataclass(slots=True)
class Tree:
    """A tree that can only grow. It holds at most log2(size) hashes: those of :func:`peak_places`."""

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> list[Node]:
        """Add the hash of a leaf; return the inner nodes (level 1 and up) that it completes."""
        completed: list[Node] = []
        number, level, top = self.size, 0, leaf
        while number & 1:
            top = node_hash(self.peaks.pop(), top)
            number >>= 1
            level += 1
            completed.append((level, number, top))
        self.peaks.append(top)
        self.size += 1
        return completed

    def root(self) -> bytes:
        """Return the root hash of the tree as it is."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


def root_of(begin: int, end: int, node: NodeSource) -> bytes:
    """Return the root over leaves ``begin`` to ``end - 1``, where ``begin`` is a multiple of the range's left half.

    That is the case for every range that RFC 9162 section 2.1 splits off. ``end`` must be greater than ``begin``.
    """
    count = end - begin
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return node(level, begin >> level)
    middle = begin + _left(count)
    return node_hash(root_of(begin, middle, node), root_of(middle, end, node))


def inclusion_proof(index: int, size: int, node: NodeSource) -> list[bytes]:
    """Return the audit path of leaf ``index`` in the tree of ``size`` leaves (RFC 9162 section 2.1.3.1)."""
    if not 0 <= index < size:
        raise ValueError("the leaf is not in the tree")
    proof: list[bytes] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _left(end - begin)
        if index < middle:
            proof.append(root_of(middle, end, node))
            end = middle
        else:
            proof.append(root_of(begin, middle, node))
            begin = middle
    return proof[::-1]


def consistency_proof(old: int, new: int, node: NodeSource) -> list[bytes]:
    """Return the proof that the tree of ``old`` leaves is the beginning of that of ``new`` (section 2.1.4.1)."""
    if not 0 < old <= new:
        raise ValueError("a consistency proof goes from a tree with leaves to one that is not smaller")
    proof: list[bytes] = []
    begin, end, whole = 0, new, True
    while old != end:
        middle = begin + _left(end - begin)
        if old <= middle:
            proof.append(root_of(middle, end, node))
            end = middle
        else:
            proof.append(root_of(begin, middle, node))
            begin, whole = middle, False
    if not whole:
        proof.append(root_of(begin, end, node))
    return proof[::-1]


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Return whether the proof shows that ``leaf`` (a hash) is at ``index`` in that tree (section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    position, last, top = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            top = node_hash(sibling, top)
            position, last = _skip(position, last)
        else:
            top = node_hash(top, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and top == root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Return whether the proof shows that the old tree is the beginning of the new one (section 2.1.4.2).

    Any tree is consistent with the empty one, which needs no proof.
    """
    if not 0 <= old <= new:
        return False
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    if old == new:
        return not proof and old_root == new_root
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path or not proof:
        return False
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old_top = new_top = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old_top, new_top = node_hash(sibling, old_top), node_hash(sibling, new_top)
            position, last = _skip(position, last)
        else:
            new_top = node_hash(new_top, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and old_top == old_root and new_top == new_root


def _left(count: int) -> int:
    """The largest power of two smaller than ``count`` (at least 2)."""
    return 1 << ((count - 1).bit_length() - 1)


def _skip(position: int, last: int) -> tuple[int, int]:
    """Go up past the levels on which a node at the right edge has no sibling."""
    while position & 1 == 0 and position:
        position, last = position >> 1, last >> 1
    return position, last
