"""Records get their places once, in order, with a checkpoint, whatever is killed in between."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from gateway.audit.checkpoint import Checkpoint, open_checkpoint
from gateway.audit.events import Event
from gateway.audit.merkle import Tree, leaf_hash
from gateway.audit.sequencer import Sequencer
from gateway.audit.storage import AuditError, last_checkpoint, load_tree, store_checkpoint
from gateway.store.database import Database
from tests.unit.audit.conftest import CASES, NOW, ORIGIN, Log, entry, make_key
from tests.unit.audit.test_audit_merkle import naive_root

LogLines = Callable[[], list[dict[str, Any]]]

RECORDS = "SELECT bytes, leaf_hash FROM audit_record ORDER BY seq"


def record(log: Log, seq: int) -> dict[str, object]:
    (data,) = log.rows(f"SELECT bytes FROM audit_record WHERE seq = {seq}")[0]
    assert isinstance(data, bytes)
    return dict(json.loads(data))


def execute(log: Log, statement: str) -> None:
    log.database.write(lambda connection: connection.execute(text(statement)))


def test_a_new_log_begins_with_its_opening_and_the_key(log: Log) -> None:
    assert log.sequencer.run_once() == 1
    opened = record(log, 0)
    assert (opened["event"], opened["case"], opened["ref"]) == ("log:opened", "log", {"key": "61ed07e6"})


def test_a_record_has_all_its_members_and_canonical_bytes(log: Log) -> None:
    log.add(entry(CASES[0], Event.DELIVERY_ATTEMPT_REFUSED, peer="ags:03454035", err_code="xta.9050"))
    assert record(log, 1) == {
        "v": 1,
        "seq": 1,
        "ts": "2026-05-01T10:00:00.123Z",
        "log": ORIGIN,
        "case": CASES[0],
        "cseq": 0,
        "cprev": "",
        "event": "delivery:attempt:refused",
        "actor": {"id": "gateway", "kind": "system"},
        "peer": "ags:03454035",
        "ref": {},
        "dig": [],
        "err": {"code": "xta.9050"},
    }


def test_places_follow_the_order_of_writing_and_cases_are_chained(log: Log) -> None:
    log.write(entry(CASES[0]), entry(CASES[1]), entry(CASES[0], Event.MESSAGE_SIGNED))
    log.sequencer.run_once()
    log.add(entry(CASES[0], Event.CASE_CLOSED), entry(CASES[1], Event.DELIVERY_QUEUED))
    rows = log.rows("SELECT seq, case_id, cseq FROM audit_record ORDER BY seq")
    a, b = CASES[:2]
    assert rows == [(0, "log", 0), (1, a, 0), (2, b, 0), (3, a, 1), (4, a, 2), (5, b, 1)]
    leaves = [leaf for (leaf,) in log.rows("SELECT leaf_hash FROM audit_record ORDER BY seq")]
    assert [record(log, seq)["cprev"] for seq in (1, 3, 4, 5)] == ["", *[leaves[n].hex() for n in (1, 3, 2)]]  # type: ignore[attr-defined]
    assert record(log, 4)["count"] == 3
    assert "count" not in record(log, 5)


def test_the_checkpoint_signs_the_root_of_all_records(log: Log) -> None:
    for number in range(7):
        log.add(*[entry(CASES[number])] * (number % 3 + 1))
    rows = log.rows(RECORDS)
    leaves = [leaf_hash(data) for data, _ in rows]  # type: ignore[arg-type]
    assert leaves == [leaf for _, leaf in rows]
    for size, note in log.rows("SELECT size, note FROM audit_checkpoint"):
        opened = open_checkpoint(str(note).encode(), log.key.verifier)
        assert opened == Checkpoint(origin=ORIGIN, size=size, root=naive_root(leaves[:size]))  # type: ignore[arg-type,misc]
    assert log.rows("SELECT max(size) FROM audit_checkpoint") == [(len(rows),)]


def test_more_than_a_batch_is_moved_in_several_transactions(log: Log) -> None:
    log.write(*[entry(CASES[number % 20]) for number in range(600)])
    assert log.sequencer.run_once() == 601
    assert log.rows("SELECT size FROM audit_checkpoint") == [(250,), (500,), (601,)]
    assert log.rows("SELECT count(*), max(seq) FROM audit_record") == [(601, 600)]


def test_nothing_to_do_writes_nothing(log: Log) -> None:
    log.sequencer.run_once()
    commits = log.database.commits
    assert log.sequencer.run_once() == 0
    assert log.database.commits == commits


def test_a_restarted_sequencer_continues_the_log(log: Log) -> None:
    log.add(entry(CASES[0]))
    again = Sequencer(log.database, log.key, clock=lambda: NOW)
    log.write(entry(CASES[0], Event.MESSAGE_SIGNED))
    assert again.run_once() == 1
    assert record(log, 2)["cseq"] == 1
    assert log.rows("SELECT count(*) FROM event WHERE event = 'log:opened'") == [(1,)]


def test_a_log_killed_before_its_first_record_was_moved_opens_once(log: Log) -> None:
    Sequencer(log.database, log.key, clock=lambda: NOW)
    assert log.rows("SELECT count(*) FROM event") == [(1,)]


def test_of_two_sequencers_the_second_refuses(log: Log) -> None:
    other = Sequencer(log.database, log.key, clock=lambda: NOW)
    log.add(entry(CASES[0]))
    log.write(entry(CASES[1]))
    with pytest.raises(AuditError, match="second sequencer"):
        other.run_once()
    assert log.sequencer.run_once() == 1


def test_a_second_sequencer_that_planned_at_the_same_time_refuses(log: Log) -> None:
    other = Sequencer(log.database, log.key, clock=lambda: NOW)
    log.write(entry(CASES[0]))
    batch = log.database.read(other._next_batch)
    assert batch is not None
    log.sequencer.run_once()
    with pytest.raises(AuditError, match="second sequencer"):
        log.database.write(lambda connection: other._store(batch, connection))
    assert log.rows("SELECT count(*) FROM audit_record") == [(2,)]


@pytest.mark.parametrize(
    ("damage", "match"),
    [
        ("UPDATE audit_record SET leaf_hash = zeroblob(32) WHERE seq = 1", "do not give the root"),
        ("DELETE FROM audit_record WHERE seq = 1", "record 1 is missing"),
        ("DELETE FROM audit_record WHERE seq = 3", "last checkpoint is over 4"),
        ("UPDATE audit_node SET hash = zeroblob(32) WHERE level = 2", "inner nodes"),
        ("DELETE FROM audit_node WHERE level = 2", "node 0 of level 2 is missing"),
        ("DELETE FROM audit_checkpoint", "4 records are stored, but the last checkpoint is over 0"),
        ("UPDATE audit_checkpoint SET root = zeroblob(32)", "does not say what its columns say"),
        ("UPDATE audit_checkpoint SET note = 'x'", "the last checkpoint"),
    ],
)
def test_a_log_that_contradicts_its_checkpoint_is_not_continued(log: Log, damage: str, match: str) -> None:
    log.add(entry(CASES[0]), entry(CASES[1]), entry(CASES[2]))
    execute(log, damage)
    again = Sequencer(log.database, log.key)
    log.write(entry(CASES[0]))
    with pytest.raises(AuditError, match=match):
        again.run_once()
    assert again.failure is not None


def test_another_key_does_not_continue_the_log(log: Log) -> None:
    log.add(entry(CASES[0]))
    other = Sequencer(log.database, make_key(seed=b"\x01" * 32))
    with pytest.raises(AuditError, match="not signed by the given key"):
        other.run_once()


def test_a_tree_changed_under_a_running_sequencer_stops_it(log: Log) -> None:
    log.add(entry(CASES[0]))
    execute(log, "UPDATE audit_node SET hash = zeroblob(32)")
    with pytest.raises(AuditError, match="does not give the root"):
        log.add(entry(CASES[1]))


def test_an_outbox_row_that_this_program_did_not_write_stops_the_log(log: Log) -> None:
    log.write(entry(CASES[0]))
    execute(log, "UPDATE event SET ref = '{' WHERE case_id <> 'log'")
    with pytest.raises(AuditError, match="row 2 of the outbox"):
        log.sequencer.run_once()


def sign(log: Log, tree: Tree) -> Checkpoint:
    def work(connection: Connection) -> Checkpoint:
        return store_checkpoint(connection, log.key, tree, after=last_checkpoint(connection, log.key), at=NOW)

    return log.database.write(work)


def test_the_signer_refuses_another_root_for_a_signed_size(log: Log) -> None:
    log.add(entry(CASES[0]))
    with pytest.raises(AuditError, match="size 2 is signed already"):
        sign(log, Tree(size=2, peaks=[b"\1" * 32]))


def test_the_signer_refuses_a_smaller_size(log: Log) -> None:
    log.add(entry(CASES[0]))
    with pytest.raises(AuditError, match="refused to sign size 1"):
        sign(log, log.database.read(lambda connection: load_tree(connection, 1)))


def test_signing_the_same_again_changes_nothing(log: Log) -> None:
    log.add(entry(CASES[0]))
    before = log.rows("SELECT * FROM audit_checkpoint")
    sign(log, log.database.read(lambda connection: load_tree(connection, 2)))
    assert log.rows("SELECT * FROM audit_checkpoint") == before


KILLED = """
import os, signal, sys
from gateway.audit.sequencer import Sequencer
from gateway.store.database import Database
from tests.unit.audit.conftest import CASES, NOW, Log, entry, make_key

class Dies(Sequencer):
    moved = 0
    def _store(self, batch, connection):
        done = super()._store(batch, connection)
        self.moved += 1
        if self.moved == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return done

database = Database(f"sqlite:///{sys.argv[1]}")
sequencer = Dies(database, make_key(), clock=lambda: NOW)
log = Log(database, sequencer, make_key())
log.write(*[entry(CASES[number % 20]) for number in range(600)])
sequencer.run_once()
"""


def test_killed_inside_a_batch_nothing_is_lost_or_doubled(path: Path) -> None:
    root = Path(__file__).parents[3]
    child = subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=root, check=False, timeout=60)
    assert child.returncode == -signal.SIGKILL
    database = Database(f"sqlite:///{path}")
    try:
        sequencer = Sequencer(database, make_key(), clock=lambda: NOW)
        log = Log(database, sequencer, make_key())
        assert log.rows("SELECT count(*) FROM audit_record") == [(250,)]
        assert sequencer.run_once() == 351
        assert log.rows("SELECT count(*), min(seq), max(seq) FROM audit_record") == [(601, 0, 600)]
        assert log.rows("SELECT count(*) FROM event WHERE seq IS NULL OR seq <> id - 1") == [(0,)]
    finally:
        database.close()


def wait_for(condition: threading.Event, seconds: float = 10) -> None:
    assert condition.wait(seconds)


def test_the_thread_moves_records_when_poked_and_at_the_end(log: Log) -> None:
    moved = threading.Event()
    sequencer = Sequencer(log.database, log.key, clock=lambda: moved.set() or NOW, interval=3600)
    sequencer.start()
    log.write(entry(CASES[0]))
    sequencer.poke()
    wait_for(moved)
    log.write(entry(CASES[1]))
    sequencer.stop()
    assert log.rows("SELECT count(*) FROM event WHERE seq IS NULL") == [(0,)]
    sequencer.stop()


def test_the_thread_runs_by_itself_every_interval(log: Log) -> None:
    sequencer = Sequencer(log.database, log.key, interval=0.01)
    sequencer.start()
    with pytest.raises(RuntimeError):
        sequencer.start()
    log.write(entry(CASES[0]))
    deadline = time.monotonic() + 10
    while log.rows("SELECT count(*) FROM event WHERE seq IS NULL") != [(0,)] and time.monotonic() < deadline:
        time.sleep(0.01)
    pending = log.rows("SELECT count(*) FROM event WHERE seq IS NULL")
    sequencer.stop()
    assert pending == [(0,)]


def test_the_thread_gives_up_loudly_and_says_why_when_the_log_was_changed(log: Log, log_lines: LogLines) -> None:
    log.add(entry(CASES[0]))
    sequencer = Sequencer(log.database, log.key, interval=3600)
    execute(log, "UPDATE audit_node SET hash = zeroblob(32)")
    log.write(entry(CASES[1]))
    sequencer.start()
    sequencer.stop()
    assert sequencer.failure is not None
    (line,) = log_lines()
    assert {name: line[name] for name in ("level", "room", "event", "origin", "reason")} == {
        "level": "critical",
        "room": "audit",
        "event": "the audit log is not continued",
        "origin": ORIGIN,
        "reason": "the stored tree does not give the root that was signed at size 2",
    }
    assert "omitted" not in line


def test_a_log_found_damaged_at_start_says_why(log: Log, log_lines: LogLines) -> None:
    log.add(entry(CASES[0]))
    execute(log, "DELETE FROM audit_record WHERE seq = 0")
    Sequencer(log.database, log.key)
    assert [(line["level"], line["reason"]) for line in log_lines()] == [("critical", "record 0 is missing")]


def test_the_thread_outlives_a_database_that_fails_for_a_while(
    log: Log, log_lines: LogLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    sequencer = Sequencer(log.database, log.key, interval=0.01)
    failed = threading.Event()

    def full(_work: object) -> object:
        monkeypatch.undo()
        failed.set()
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    monkeypatch.setattr(log.database, "write", full)
    sequencer.start()
    wait_for(failed)
    sequencer.stop()
    assert sequencer.failure is None
    assert log.rows("SELECT count(*) FROM event WHERE seq IS NULL") == [(0,)]
    (line,) = log_lines()
    assert (line["level"], line["event"]) == ("error", "audit records could not be sequenced now")
    assert line["exception"][0]["type"] == "sqlalchemy.exc.OperationalError"
    assert "INSERT" not in json.dumps(line)
