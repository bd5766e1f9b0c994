"""Somebody with every right on the database changes it: the verifier names the first record that does not fit."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.audit.canonical import canonical, parse
from gateway.audit.checkpoint import Checkpoint
from gateway.audit.events import Event
from gateway.audit.faults import Fault, Verdict
from gateway.audit.merkle import Tree, leaf_hash
from gateway.audit.report import Report
from gateway.audit.verify import verify
from tests.unit.audit.conftest import CASES, Log, entry, make_key

KEY = make_key()
WHERE = "WHERE seq = ?"


@pytest.fixture
def copy(log: Log, path: Path, tmp_path: Path) -> Path:
    """A log of nine records in five batches (log:opened, two cases of four), copied into one closed file."""
    log.case(0)
    log.case(1)
    target = tmp_path / "copy.sqlite"
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copied:
        source.backup(copied)
        copied.execute("PRAGMA journal_mode=DELETE")
    return target


@pytest.fixture
def raw(copy: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        yield connection


def place(report: Report) -> tuple[Fault, int | None, str, str]:
    assert report.finding is not None
    assert report.verdict is Verdict.INVALID
    return report.finding.fault, report.finding.seq, report.finding.case, report.finding.event


def get(raw: sqlite3.Connection, query: str, *values: object) -> bytes:
    return bytes(raw.execute(query, values).fetchone()[0])


def flip(data: bytes, index: int) -> bytes:
    return data[:index] + bytes([data[index] ^ 1]) + data[index + 1 :]


def resign(raw: sqlite3.Connection, first: int) -> None:
    """Do what an operator with the key could do: recompute hashes, inner nodes and checkpoints from ``first`` on."""
    tree = Tree()
    raw.execute("DELETE FROM audit_node")
    sizes = {size for (size,) in raw.execute("SELECT size FROM audit_checkpoint")}
    for seq, data in raw.execute("SELECT seq, bytes FROM audit_record ORDER BY seq").fetchall():
        raw.execute(f"UPDATE audit_record SET leaf_hash = ? {WHERE}", (leaf_hash(data), seq))
        raw.executemany("INSERT INTO audit_node VALUES (?, ?, ?)", tree.append(leaf_hash(data)))
        if tree.size in sizes and seq >= first:
            text = Checkpoint(origin=KEY.origin, size=tree.size, root=tree.root()).text()
            raw.execute(
                "UPDATE audit_checkpoint SET root = ?, note = ? WHERE size = ?",
                (tree.root(), str(KEY.sign(text)), tree.size),
            )


def rehash(raw: sqlite3.Connection) -> None:
    """Do what anybody with write access can do: make hashes and inner nodes fit the records; not the signatures."""
    resign(raw, first=10**9)


def change(raw: sqlite3.Connection, place: int, /, **members: object) -> None:
    record = parse(get(raw, f"SELECT bytes FROM audit_record {WHERE}", place))
    assert isinstance(record, dict)
    raw.execute(f"UPDATE audit_record SET bytes = ? {WHERE}", (canonical(record | members), place))


def test_an_untouched_log_is_valid(copy: Path) -> None:
    report = verify(copy, KEY.verifier)
    assert (report.verdict, report.exit_code, report.finding) == (Verdict.VALID, 0, None)
    assert (report.kind, report.records, report.size, report.cases, report.checkpoints) == ("database", 9, 9, 3, 4)


def test_a_log_in_use_is_valid_and_what_waits_is_counted(log: Log, path: Path) -> None:
    log.case(0)
    log.write(entry(CASES[1]), entry(CASES[2]))
    report = verify(path, KEY.verifier)
    assert (report.verdict, report.records, report.pending) == (Verdict.VALID, 5, 2)
    assert "2" in report.text_de.splitlines()[-1]


def test_an_empty_log_proves_nothing(log: Log, path: Path) -> None:
    report = verify(path, KEY.verifier)
    assert (report.verdict, report.exit_code) == (Verdict.INCOMPLETE, 2)


def test_any_changed_byte_of_a_record_is_named(copy: Path, raw: sqlite3.Connection) -> None:
    data = get(raw, f"SELECT bytes FROM audit_record {WHERE}", 3)
    for index in range(len(data)):
        raw.execute(f"UPDATE audit_record SET bytes = ? {WHERE}", (flip(data, index), 3))
        expected = (Fault.RECORD_CHANGED, 3, CASES[0], "delivery:attempt:unreachable")
        assert place(verify(copy, KEY.verifier)) == expected, index


def test_any_changed_byte_of_a_leaf_hash_is_named(copy: Path, raw: sqlite3.Connection) -> None:
    leaf = get(raw, f"SELECT leaf_hash FROM audit_record {WHERE}", 5)
    for index in range(32):
        raw.execute(f"UPDATE audit_record SET leaf_hash = ? {WHERE}", (flip(leaf, index), 5))
        assert place(verify(copy, KEY.verifier))[:2] == (Fault.RECORD_CHANGED, 5)


def test_any_changed_byte_of_an_inner_node_is_named(copy: Path, raw: sqlite3.Connection) -> None:
    node = get(raw, "SELECT hash FROM audit_node WHERE level = 1 AND number = 2")
    for index in range(32):
        raw.execute("UPDATE audit_node SET hash = ? WHERE level = 1 AND number = 2", (flip(node, index),))
        assert place(verify(copy, KEY.verifier))[:2] == (Fault.NODE_CHANGED, 5)


def test_any_changed_byte_of_a_checkpoint_is_named(copy: Path, raw: sqlite3.Connection) -> None:
    note = raw.execute("SELECT note FROM audit_checkpoint WHERE size = 5").fetchone()[0].encode()
    for index in range(len(note)):
        changed = flip(note, index).decode("utf-8", "replace")
        raw.execute("UPDATE audit_checkpoint SET note = ? WHERE size = 5", (changed,))
        report = verify(copy, KEY.verifier)
        assert place(report)[0] is Fault.CHECKPOINT_WRONG, index
        assert report.finding is not None
        assert report.finding.size == 5


def test_a_changed_root_beside_the_checkpoint_is_named(copy: Path, raw: sqlite3.Connection) -> None:
    raw.execute("UPDATE audit_checkpoint SET root = zeroblob(32) WHERE size = 7")
    assert place(verify(copy, KEY.verifier))[0] is Fault.CHECKPOINT_WRONG


@pytest.mark.parametrize("column", ["case_id = 'x'", "cseq = 7", "at = '2020-01-01T00:00:00.000Z'"])
def test_a_changed_column_beside_a_record_is_named(copy: Path, raw: sqlite3.Connection, column: str) -> None:
    raw.execute(f"UPDATE audit_record SET {column} WHERE seq = 4")
    assert place(verify(copy, KEY.verifier)) == (Fault.COLUMNS_CHANGED, 4, CASES[0], "case:closed")


@pytest.mark.parametrize(
    "column", ["event = 'reply:parked'", "actor = 'operator:x'", "peer = 'p'", "ref = '{}'", "dig = '{'", "at = ''"]
)
def test_a_changed_event_row_is_named(copy: Path, raw: sqlite3.Connection, column: str) -> None:
    raw.execute(f"UPDATE event SET {column} WHERE seq = 2")
    assert place(verify(copy, KEY.verifier)) == (Fault.OUTBOX_CHANGED, 2, CASES[0], "message:signed")


def test_event_rows_may_be_cleared_away(copy: Path, raw: sqlite3.Connection) -> None:
    raw.execute("DELETE FROM event WHERE seq < 5")
    assert verify(copy, KEY.verifier).verdict is Verdict.VALID


@pytest.mark.parametrize("seq", range(9))
def test_a_removed_record_is_named(copy: Path, raw: sqlite3.Connection, seq: int) -> None:
    case, event = raw.execute(f"SELECT case_id, event FROM event {WHERE}", (seq,)).fetchone()
    raw.execute(f"DELETE FROM audit_record {WHERE}", (seq,))
    fault = Fault.TRUNCATED if seq == 8 else Fault.RECORD_MISSING
    assert place(verify(copy, KEY.verifier)) == (fault, seq, case, event)


@pytest.mark.parametrize("seq", [0, 3, 7])
def test_a_removed_record_is_named_even_if_the_others_move_up(copy: Path, raw: sqlite3.Connection, seq: int) -> None:
    raw.execute(f"DELETE FROM audit_record {WHERE}", (seq,))
    raw.execute("DELETE FROM event WHERE seq = ?", (seq,))
    for table in ("audit_record", "event"):
        raw.execute(f"UPDATE {table} SET seq = seq - 1 WHERE seq > ?", (seq,))
    rehash(raw)
    assert place(verify(copy, KEY.verifier))[:2] == (Fault.RECORD_MISSING, seq)


def cut(raw: sqlite3.Connection, size: int) -> None:
    """Remove the end of the log without a trace in the database."""
    raw.execute("DELETE FROM audit_record WHERE seq >= ?", (size,))
    raw.execute("DELETE FROM event WHERE seq >= ?", (size,))
    raw.execute("DELETE FROM audit_checkpoint WHERE size > ?", (size,))
    rehash(raw)


def test_a_removed_end_leaves_a_trace_in_the_event_rows(copy: Path, raw: sqlite3.Connection) -> None:
    raw.execute("DELETE FROM audit_record WHERE seq >= 7")
    raw.execute("DELETE FROM audit_checkpoint WHERE size > 7")
    assert place(verify(copy, KEY.verifier)) == (Fault.RECORD_MISSING, 7, CASES[1], "delivery:attempt:unreachable")


def test_an_end_removed_without_a_trace_is_shown_by_a_published_checkpoint(
    copy: Path, raw: sqlite3.Connection, tmp_path: Path
) -> None:
    published = tmp_path / "checkpoint.txt"
    published.write_text(raw.execute("SELECT note FROM audit_checkpoint WHERE size = 9").fetchone()[0])
    assert verify(copy, KEY.verifier, published=[published]).published == 1
    cut(raw, 7)
    assert verify(copy, KEY.verifier).verdict is Verdict.VALID
    report = verify(copy, KEY.verifier, published=[published])
    assert place(report)[:2] == (Fault.TRUNCATED, 7)
    assert report.finding is not None
    assert report.finding.until == 8


def test_an_added_record_is_named(copy: Path, raw: sqlite3.Connection) -> None:
    data = get(raw, f"SELECT bytes FROM audit_record {WHERE}", 8)
    body = parse(data)
    assert isinstance(body, dict)
    added = canonical(body | {"seq": 9, "cseq": 4, "cprev": leaf_hash(data).hex(), "count": 5})
    row = (9, body["ts"], CASES[1], 4, added, leaf_hash(added))
    raw.execute("INSERT INTO audit_record (seq, at, case_id, cseq, bytes, leaf_hash) VALUES (?, ?, ?, ?, ?, ?)", row)
    raw.execute("INSERT INTO audit_node VALUES (1, 4, zeroblob(32))")
    assert place(verify(copy, KEY.verifier))[:2] == (Fault.NODE_CHANGED, 9)
    rehash(raw)
    assert place(verify(copy, KEY.verifier)) == (Fault.NOT_COVERED, 9, CASES[1], "case:closed")


def test_a_removed_last_checkpoint_leaves_records_uncovered(copy: Path, raw: sqlite3.Connection) -> None:
    raw.execute("DELETE FROM audit_checkpoint WHERE size = 9")
    report = verify(copy, KEY.verifier)
    assert place(report)[:2] == (Fault.NOT_COVERED, 7)
    assert (report.size, report.records) == (7, 9)


def test_swapped_records_are_named(copy: Path, raw: sqlite3.Connection) -> None:
    columns = "at, case_id, cseq, bytes, leaf_hash"
    first, second = (raw.execute(f"SELECT {columns} FROM audit_record {WHERE}", (seq,)).fetchone() for seq in (3, 6))
    raw.execute("DELETE FROM audit_record WHERE seq IN (3, 6)")
    for seq, row in ((3, second), (6, first)):
        raw.execute(f"INSERT INTO audit_record (seq, {columns}) VALUES (?, ?, ?, ?, ?, ?)", (seq, *row))
    assert place(verify(copy, KEY.verifier))[:2] == (Fault.RECORD_MISSING, 3)


def test_a_rewritten_record_with_fitting_hashes_breaks_the_chain_of_its_case(
    copy: Path, raw: sqlite3.Connection
) -> None:
    raw.execute("DELETE FROM event")
    change(raw, 1, peer="ags:00000000")
    rehash(raw)
    report = verify(copy, KEY.verifier)
    assert place(report) == (Fault.CASE_CHAIN, 2, CASES[0], "message:signed")
    assert report.finding is not None
    assert "before it: 1" in report.finding.detail


def test_a_rewritten_last_record_of_a_case_breaks_the_signed_root(copy: Path, raw: sqlite3.Connection) -> None:
    raw.execute("DELETE FROM event")
    change(raw, 4, peer="ags:00000000")
    rehash(raw)
    report = verify(copy, KEY.verifier)
    assert place(report)[:2] == (Fault.ROOT_WRONG, 3)
    assert report.finding is not None
    assert (report.finding.until, report.finding.size) == (4, 5)


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ({"cseq": 5}, Fault.CASE_GAP),
        ({"cseq": 2}, Fault.CASE_GAP),
        ({"cprev": "00" * 32}, Fault.CASE_CHAIN),
        ({"count": 9}, Fault.COUNT_WRONG),
        ({"log": "other.example.org/audit"}, Fault.FOREIGN_RECORD),
        ({"v": 2}, Fault.RECORD_MALFORMED),
        ({"extra": "x"}, Fault.RECORD_MALFORMED),
        ({"ref": {"a": 1}}, Fault.RECORD_MALFORMED),
        ({"event": "Case Closed"}, Fault.RECORD_MALFORMED),
        ({"event": "reply:parked"}, Fault.RECORD_MALFORMED),
        ({"seq": 5}, Fault.RECORD_MISSING),
        ({"seq": 3}, Fault.RECORD_MISPLACED),
    ],
)
def test_even_with_the_key_a_record_must_fit_its_place_and_case(
    copy: Path, raw: sqlite3.Connection, members: dict[str, object], fault: Fault
) -> None:
    raw.execute("DELETE FROM event")
    change(raw, 4, **members)
    resign(raw, first=4)
    assert place(verify(copy, KEY.verifier))[:2] == (fault, 4)


def test_a_fork_signed_with_the_key_is_shown_by_a_published_checkpoint(
    copy: Path, raw: sqlite3.Connection, tmp_path: Path
) -> None:
    published = tmp_path / "checkpoint.txt"
    published.write_text(raw.execute("SELECT note FROM audit_checkpoint WHERE size = 7").fetchone()[0])
    raw.execute("DELETE FROM event")
    change(raw, 8, peer="ags:00000000")
    resign(raw, first=8)
    assert verify(copy, KEY.verifier, published=[published]).verdict is Verdict.VALID
    change(raw, 4, peer="ags:00000000")
    resign(raw, first=4)
    assert verify(copy, KEY.verifier).verdict is Verdict.VALID
    report = verify(copy, KEY.verifier, published=[published])
    assert place(report)[:2] == (Fault.FORKED, 5)
    assert report.finding is not None
    assert report.finding.size == 7


@pytest.mark.parametrize(
    "key", [make_key(seed=b"\1" * 32), make_key("other.example.org/audit")], ids=["other key", "other log"]
)
def test_the_wrong_key_is_told(copy: Path, key: object) -> None:
    report = verify(copy, key.verifier)  # type: ignore[attr-defined]
    assert place(report)[0] is Fault.CHECKPOINT_WRONG
    assert report.records == 0


@pytest.mark.parametrize(
    "damage",
    [
        "DROP TABLE audit_record",
        "UPDATE audit_record SET bytes = 'text' WHERE seq = 0",
        "UPDATE audit_record SET leaf_hash = 5 WHERE seq = 0",
        "UPDATE audit_checkpoint SET note = x'ff' WHERE size = 3",
        "UPDATE audit_checkpoint SET size = 1 WHERE size = 3",
        "UPDATE event SET seq = 'x' WHERE seq = 8",
        "INSERT INTO audit_node VALUES (9, 9, zeroblob(32))",
    ],
)
def test_other_damage_is_a_finding_not_a_crash(copy: Path, raw: sqlite3.Connection, damage: str) -> None:
    raw.execute(damage)
    assert verify(copy, KEY.verifier).verdict is Verdict.INVALID


def test_a_file_cut_off_is_a_finding_not_a_crash(copy: Path) -> None:
    data = copy.read_bytes()
    for size in (20, 4096, len(data) // 2, len(data) - 4096):
        copy.write_bytes(data[:size])
        assert verify(copy, KEY.verifier).verdict is Verdict.INVALID, size


def test_a_file_on_a_read_only_folder_can_be_verified(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    copy.chmod(0o400)
    copy.parent.chmod(0o500)
    try:
        assert verify(copy, KEY.verifier).verdict is Verdict.VALID
    finally:
        copy.parent.chmod(0o700)


def test_verifying_changes_nothing(copy: Path) -> None:
    before = copy.read_bytes()
    verify(copy, KEY.verifier)
    assert copy.read_bytes() == before
    assert sorted(one.name for one in copy.parent.glob("copy.sqlite*")) == ["copy.sqlite"]


def test_every_event_goes_through_the_whole_way(log: Log, path: Path) -> None:
    log.add(*[entry(CASES[0], event) for event in Event])
    assert verify(path, KEY.verifier).verdict is Verdict.VALID
