"""Tamper-evident audit log: records, Merkle tree (RFC 9162), signed checkpoints (C2SP), export and verification."""
