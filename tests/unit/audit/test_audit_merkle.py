"""RFC 9162 trees: published vectors, and a naive tree as the judge of everything else."""

from __future__ import annotations

import hashlib
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audit import merkle
from gateway.audit.merkle import EMPTY_ROOT, Tree, consistency_proof, inclusion_proof, leaf_hash, node_hash

LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
FIRST_OF_8 = [
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
]
HALF_OF_8 = ["ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0", ROOTS[4]]


def naive_root(leaves: list[bytes]) -> bytes:
    """The definition of RFC 9162 section 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(naive_root(leaves[:k]), naive_root(leaves[k:]))


class Stored:
    """A tree with its nodes kept by place, as the database does."""

    def __init__(self, data: list[bytes]) -> None:
        self.leaves = [leaf_hash(one) for one in data]
        self.tree = Tree()
        self.nodes: dict[tuple[int, int], bytes] = {}
        self.roots = [EMPTY_ROOT]
        for number, leaf in enumerate(self.leaves):
            self.nodes[0, number] = leaf
            for level, place, value in self.tree.append(leaf):
                assert (level, place) not in self.nodes, "a node is written once"
                self.nodes[level, place] = value
            self.roots.append(self.tree.root())

    def node(self, level: int, number: int) -> bytes:
        return self.nodes[level, number]


@pytest.fixture(scope="module")
def reference() -> Stored:
    return Stored(LEAVES)


@pytest.fixture(scope="module")
def big() -> Stored:
    return Stored([number.to_bytes(2) for number in range(64)])


def hexes(values: list[bytes]) -> list[str]:
    return [value.hex() for value in values]


def test_roots_of_the_reference_tree(reference: Stored) -> None:
    assert hexes(reference.roots) == ROOTS


@pytest.mark.parametrize(
    ("index", "size", "expected"),
    [
        (0, 8, FIRST_OF_8),
        (5, 8, ["bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b", *HALF_OF_8]),
        (2, 3, [ROOTS[2]]),
        (0, 1, []),
    ],
)
def test_inclusion_proofs_of_the_reference_tree(reference: Stored, index: int, size: int, expected: list[str]) -> None:
    assert hexes(inclusion_proof(index, size, reference.node)) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (1, 8, FIRST_OF_8),
        (6, 8, ["0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a", *HALF_OF_8]),
        (2, 5, [FIRST_OF_8[1], "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"]),
    ],
)
def test_consistency_proofs_of_the_reference_tree(reference: Stored, old: int, new: int, expected: list[str]) -> None:
    assert hexes(consistency_proof(old, new, reference.node)) == expected


def test_every_inclusion_proof_up_to_64_verifies(big: Stored) -> None:
    for size in range(1, 65):
        for index in range(size):
            proof = inclusion_proof(index, size, big.node)
            assert merkle.verify_inclusion(index, size, big.leaves[index], proof, big.roots[size])


def test_every_consistency_proof_up_to_64_verifies(big: Stored) -> None:
    for new in range(1, 65):
        for old in range(1, new + 1):
            proof = consistency_proof(old, new, big.node)
            assert merkle.verify_consistency(old, new, big.roots[old], big.roots[new], proof)


def damaged(proof: list[bytes]) -> list[list[bytes]]:
    """The proof with each element changed, dropped, doubled, and one added at each place."""
    spoiled = []
    for place in range(len(proof)):
        changed = bytes([proof[place][0] ^ 1]) + proof[place][1:]
        spoiled += [[*proof[:place], changed, *proof[place + 1 :]], proof[:place] + proof[place + 1 :]]
    for place in range(len(proof) + 1):
        spoiled.append([*proof[:place], b"\0" * 32, *proof[place:]])
    return spoiled


def test_no_damaged_inclusion_proof_and_no_other_index_verifies(big: Stored) -> None:
    for size in (1, 2, 3, 7, 8, 31, 33, 64):
        for index in range(size):
            proof = inclusion_proof(index, size, big.node)
            leaf, root = big.leaves[index], big.roots[size]
            assert not any(merkle.verify_inclusion(index, size, leaf, bad, root) for bad in damaged(proof))
            others = [other for other in range(-1, size + 2) if other != index]
            assert not any(merkle.verify_inclusion(other, size, leaf, proof, root) for other in others)
            assert not merkle.verify_inclusion(index, size, leaf_hash(b"other"), proof, root)
            assert not merkle.verify_inclusion(index, size, leaf, proof, EMPTY_ROOT)


def test_no_damaged_consistency_proof_and_no_other_size_verifies(big: Stored) -> None:
    for old, new in itertools.combinations((1, 2, 3, 7, 8, 16, 31, 33, 64), 2):
        proof = consistency_proof(old, new, big.node)
        roots = big.roots[old], big.roots[new]
        assert not any(merkle.verify_consistency(old, new, *roots, bad) for bad in damaged(proof))
        others = [other for other in range(-1, new + 2) if other != old]
        assert not any(merkle.verify_consistency(other, new, *roots, proof) for other in others)
        assert not merkle.verify_consistency(old, new, roots[0], EMPTY_ROOT, proof)
        assert not merkle.verify_consistency(old, new, EMPTY_ROOT, roots[1], proof)


def test_a_tree_of_the_same_size_is_consistent_only_with_the_same_root(big: Stored) -> None:
    assert merkle.verify_consistency(5, 5, big.roots[5], big.roots[5], [])
    assert not merkle.verify_consistency(5, 5, big.roots[5], big.roots[6], [])
    assert not merkle.verify_consistency(5, 5, big.roots[5], big.roots[5], [big.roots[5]])


def test_every_tree_continues_the_empty_one(big: Stored) -> None:
    assert merkle.verify_consistency(0, 5, EMPTY_ROOT, big.roots[5], [])
    assert not merkle.verify_consistency(0, 5, big.roots[5], big.roots[5], [])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_no_proof_for_a_leaf_that_is_not_there(big: Stored, index: int, size: int) -> None:
    with pytest.raises(ValueError, match="not in the tree"):
        inclusion_proof(index, size, big.node)


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3)])
def test_no_consistency_proof_from_nothing_or_backwards(big: Stored, old: int, new: int) -> None:
    with pytest.raises(ValueError, match="consistency"):
        consistency_proof(old, new, big.node)


@settings(deadline=None)
@given(st.lists(st.binary(max_size=8), max_size=200), st.data())
def test_the_compact_tree_agrees_with_the_naive_one(data: list[bytes], draw: st.DataObject) -> None:
    stored = Stored(data)
    size = draw.draw(st.integers(0, len(data)))
    assert stored.roots[size] == naive_root(stored.leaves[:size])
    resumed = Tree(size=size, peaks=[stored.node(*place) for place in merkle.peak_places(size)])
    for leaf in stored.leaves[size:]:
        resumed.append(leaf)
    assert resumed == stored.tree
