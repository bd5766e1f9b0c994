"""The one writer: commits are durable and shared, a failure undoes only its own work, a second process is refused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, text
from sqlalchemy.exc import IntegrityError, OperationalError

from gateway.errors import ConfigurationError
from gateway.store import tables
from gateway.store.database import Database, moment, timestamp


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path}/gateway.sqlite")
    yield opened
    opened.close()


def add_salt(connection: Connection, name: str, salt: bytes) -> str:
    connection.execute(insert(tables.audit_salt), {"case_id": "c", "name": name, "salt": salt})
    return name


def names(database: Database) -> list[str]:
    return sorted(database.read(lambda c: c.execute(text("SELECT name FROM audit_salt")).scalars().all()))


def test_a_write_returns_its_result_and_can_be_read_at_once(database: Database) -> None:
    assert database.write(lambda c: add_salt(c, "a", b"1" * 32)) == "a"
    assert names(database) == ["a"]


def test_many_threads_share_commits(database: Database) -> None:
    hold = threading.Event()
    blocker = threading.Thread(target=lambda: database.write(lambda _: hold.wait(10)))
    blocker.start()
    writers = [
        threading.Thread(target=lambda n=n: database.write(lambda c: add_salt(c, f"n{n}", bytes([n]) * 32)))
        for n in range(40)
    ]
    for writer in writers:
        writer.start()
    before = database.commits
    hold.set()
    for writer in [blocker, *writers]:
        writer.join(10)
    assert len(names(database)) == 40
    assert database.commits - before < 20


def test_in_a_shared_commit_a_failure_undoes_only_its_own_work(database: Database) -> None:
    hold = threading.Event()
    results: dict[str, object] = {}

    def attempt(name: str, salt: bytes) -> None:
        def work(connection: Connection) -> str:
            add_salt(connection, name + "-first", salt[::-1])
            return add_salt(connection, name, salt)

        try:
            results[name] = database.write(work)
        except IntegrityError as error:
            results[name] = error

    blocker = threading.Thread(target=lambda: database.write(lambda _: hold.wait(10)))
    blocker.start()
    same = bytes(range(32))
    writers = [
        threading.Thread(target=attempt, args=arguments)
        for arguments in (("good", b"g" * 31 + b"0"), ("taken", same), ("twice", same), ("fine", b"f" * 31 + b"1"))
    ]
    for writer in writers:
        writer.start()
    hold.set()
    for writer in [blocker, *writers]:
        writer.join(10)
    lost = [name for name, result in results.items() if isinstance(result, IntegrityError)]
    assert lost in (["taken"], ["twice"])
    kept = {"good", "fine", "taken", "twice"} - set(lost)
    assert set(names(database)) == kept | {f"{name}-first" for name in kept}


def test_what_a_work_raises_reaches_its_caller_and_the_writer_lives_on(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        database.write(lambda _: 1 // 0)
    assert database.write(lambda c: add_salt(c, "after", b"2" * 32)) == "after"


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(OperationalError, match="readonly"):
        database.read(lambda c: add_salt(c, "x", b"3" * 32))


def test_a_second_process_is_refused_with_what_to_do(database: Database) -> None:
    with pytest.raises(ConfigurationError, match="another running gateway"):
        Database(f"sqlite:///{database.path}")


def test_beside_a_running_gateway_the_file_can_be_read(database: Database) -> None:
    database.write(lambda c: add_salt(c, "a", b"1" * 32))
    beside = Database(f"sqlite:///{database.path}", writable=False)
    assert names(beside) == ["a"]
    with pytest.raises(RuntimeError, match="read-only"):
        beside.write(lambda c: add_salt(c, "b", b"2" * 32))
    beside.close()


def test_only_the_gateways_own_account_can_read_the_files(database: Database) -> None:
    database.write(lambda c: add_salt(c, "a", b"1" * 32))
    modes = {one.name: one.stat().st_mode & 0o777 for one in database.path.parent.iterdir()}
    assert set(modes) >= {"gateway.sqlite", "gateway.sqlite-wal"}
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "postgresql://localhost/x"])
def test_an_engine_that_keeps_nothing_or_is_not_there_yet_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="SQLite file"):
        Database(url)


def test_a_file_that_is_no_database_is_named_and_can_be_replaced_afterwards(tmp_path: Path) -> None:
    file = tmp_path / "gateway.sqlite"
    file.write_bytes(b"no database at all" * 100)
    with pytest.raises(ConfigurationError, match="not a database"):
        Database(f"sqlite:///{file}")
    file.unlink()
    Database(f"sqlite:///{file}").close()


def test_a_folder_that_cannot_be_made_is_a_wrong_configuration(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        Database(f"sqlite:///{tmp_path}/file/gateway.sqlite")


def test_reading_where_nothing_was_stored_makes_no_empty_database(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nothing was ever stored"):
        Database(f"sqlite:///{tmp_path}/gateway.sqlite", writable=False)
    assert list(tmp_path.iterdir()) == []


def test_what_was_committed_survives_a_kill(tmp_path: Path) -> None:
    code = """
import sys
from sqlalchemy import insert
from gateway.store import tables
from gateway.store.database import Database
database = Database(sys.argv[1])
for n in range(1_000_000):
    row = {"case_id": "c", "name": str(n), "salt": n.to_bytes(32, "big")}
    database.write(lambda c: c.execute(insert(tables.audit_salt), row))
    print(n, flush=True)
"""
    url = f"sqlite:///{tmp_path}/gateway.sqlite"
    process = subprocess.Popen([sys.executable, "-c", code, url], stdout=subprocess.PIPE)
    assert process.stdout is not None
    last = -1
    for line in process.stdout:
        last = int(line)
        if last == 50:
            os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert last >= 50
    reopened = Database(url)
    found = {int(name) for name in names(reopened)}
    reopened.close()
    assert set(range(last + 1)) <= found


def test_times_are_written_in_utc_with_milliseconds_and_sort_as_text() -> None:
    berlin = datetime(2026, 5, 1, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    assert timestamp(berlin) == "2026-05-01T10:00:00.123Z"
    assert moment(timestamp(berlin)) == berlin.replace(microsecond=123000)
    whole = berlin.replace(microsecond=0)
    assert timestamp(whole) < timestamp(berlin) < timestamp(whole + timedelta(seconds=1))


def test_a_full_disk_fails_the_whole_shared_commit_and_says_so_to_everybody(database: Database) -> None:
    """On a full disk SQLite rolls back the transaction, not the savepoint: nobody may believe that his work is kept."""
    raw = database._writer.connection.dbapi_connection  # type: ignore[union-attr]
    pages = database.read(lambda c: c.exec_driver_sql("PRAGMA page_count").scalar())
    raw.execute(f"PRAGMA max_page_count={pages + 3}")
    believed: list[str] = []
    failed: list[str] = []
    hold = threading.Event()

    def attempt(name: str) -> None:
        def work(connection: Connection) -> None:
            row = {"case_id": "c", "name": name, "salt": name.encode().ljust(32)}
            connection.execute(insert(tables.audit_salt), row)
            connection.execute(insert(tables.audit_node), {"level": 1, "number": int(name), "hash": b"x" * 2000})

        try:
            database.write(work)
            believed.append(name)
        except OperationalError:
            failed.append(name)

    blocker = threading.Thread(target=lambda: database.write(lambda _: hold.wait(10)))
    blocker.start()
    writers = [threading.Thread(target=attempt, args=(str(n),)) for n in range(12)]
    for writer in writers:
        writer.start()
    hold.set()
    for writer in [blocker, *writers]:
        writer.join(10)
    assert failed
    assert names(database) == sorted(believed)
    raw.execute("PRAGMA max_page_count=1000000")
    attempt("99")
    assert "99" in names(database)


def test_the_writer_is_durable_and_leaves_no_deleted_data_behind(database: Database) -> None:
    def pragma(name: str) -> object:
        return database.write(lambda c: c.exec_driver_sql(f"PRAGMA {name}").scalar())

    settings = {name: pragma(name) for name in ("synchronous", "secure_delete", "journal_mode", "foreign_keys")}
    assert settings == {"synchronous": 2, "secure_delete": 1, "journal_mode": "wal", "foreign_keys": 1}


@pytest.mark.parametrize("writable", [True, False])
def test_tables_of_another_version_are_refused_before_anything_fails(tmp_path: Path, writable: bool) -> None:
    url = f"sqlite:///{tmp_path}/gateway.sqlite"
    made = Database(url)
    made.write(lambda c: c.exec_driver_sql("PRAGMA user_version=99"))
    made.close()
    with pytest.raises(ConfigurationError, match="tables of version 99"):
        Database(url, writable=writable)
