"""What an auditor gets: a file of a whole log or of one case, verified with the public key alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.audit.bundle import export_case, export_log
from gateway.audit.checkpoint import Checkpoint, open_checkpoint
from gateway.audit.faults import Fault, Verdict
from gateway.audit.note import NoteError
from gateway.audit.report import Finding, Report
from gateway.audit.statement import Statement, open_statement
from gateway.audit.storage import AuditError
from gateway.audit.verify import verify
from tests.unit.audit.conftest import CASES, Log, make_key

KEY = make_key()
Change = Callable[[dict[str, bytes]], None]


@pytest.fixture
def whole(log: Log, tmp_path: Path) -> Path:
    log.case(0)
    log.case(1, closed=False)
    export_log(log.database, tmp_path / "log.zip", log.key)
    return tmp_path / "log.zip"


@pytest.fixture
def single(log: Log, tmp_path: Path) -> Path:
    log.case(0)
    log.case(1)
    export_case(log.database, tmp_path / "case.zip", log.key, CASES[0])
    return tmp_path / "case.zip"


def read(bundle: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(bundle) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(bundle: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(bundle, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return bundle


def changed(bundle: Path, change: Change) -> Report:
    files = read(bundle)
    change(files)
    return verify(rewrite(bundle, files), KEY.verifier)


def found(report: Report) -> tuple[Fault, int | None]:
    assert report.finding is not None
    return report.finding.fault, report.finding.seq


def lines(data: bytes) -> list[bytes]:
    return data.splitlines(keepends=True)


def without(number: int) -> Callable[[bytes], bytes]:
    return lambda data: b"".join(line for place, line in enumerate(lines(data)) if place != number)


def swapped(first: int, second: int) -> Callable[[bytes], bytes]:
    def swap(data: bytes) -> bytes:
        parts = lines(data)
        parts[first], parts[second] = parts[second], parts[first]
        return b"".join(parts)

    return swap


def test_a_whole_log_verifies_from_the_file_alone(whole: Path) -> None:
    report = verify(whole, KEY.verifier)
    assert (report.verdict, report.kind, report.records, report.checkpoints) == (Verdict.VALID, "log", 8, 4)


def test_a_case_verifies_from_the_file_alone(single: Path) -> None:
    report = verify(single, KEY.verifier)
    assert (report.verdict, report.kind, report.records, report.case) == (Verdict.VALID, "case", 4, CASES[0])
    assert report.size == 9


@pytest.mark.parametrize("name", ["records.jsonl", "hashes.txt", "checkpoint.txt", "checkpoints.jsonl"])
def test_no_changed_byte_of_a_whole_log_goes_unnoticed(whole: Path, name: str) -> None:
    every_byte(whole, name, step=5)


@pytest.mark.parametrize("name", ["records.jsonl", "proofs.json", "checkpoint.txt", "statement.txt"])
def test_no_changed_byte_of_a_case_goes_unnoticed(single: Path, name: str) -> None:
    every_byte(single, name)


def every_byte(bundle: Path, name: str, step: int = 1) -> None:
    files = read(bundle)
    data = files[name]
    for index in range(0, len(data), step):
        files[name] = data[:index] + bytes([data[index] ^ 1]) + data[index + 1 :]
        report = verify(rewrite(bundle, files), KEY.verifier)
        assert report.verdict is Verdict.INVALID, (name, index)


def test_a_changed_record_is_named(whole: Path) -> None:
    def change(files: dict[str, bytes]) -> None:
        files["records.jsonl"] = files["records.jsonl"].replace(b"net.timeout", b"net.timeouT", 1)

    assert found(changed(whole, change)) == (Fault.RECORD_CHANGED, 3)


@pytest.mark.parametrize("number", [0, 4, 6])
def test_a_removed_record_is_named(whole: Path, number: int) -> None:
    def change(files: dict[str, bytes]) -> None:
        for name in ("records.jsonl", "hashes.txt"):
            files[name] = without(number)(files[name])

    assert found(changed(whole, change)) == (Fault.RECORD_MISSING, number)


def test_a_removed_last_record_is_named(whole: Path) -> None:
    def change(files: dict[str, bytes]) -> None:
        for name in ("records.jsonl", "hashes.txt"):
            files[name] = without(7)(files[name])

    assert found(changed(whole, change)) == (Fault.TRUNCATED, 7)


def test_swapped_records_are_named(whole: Path) -> None:
    def change(files: dict[str, bytes]) -> None:
        for name in ("records.jsonl", "hashes.txt"):
            files[name] = swapped(2, 5)(files[name])

    assert found(changed(whole, change)) == (Fault.RECORD_MISSING, 2)


def test_a_doubled_record_is_named(whole: Path) -> None:
    def change(files: dict[str, bytes]) -> None:
        for name in ("records.jsonl", "hashes.txt"):
            parts = lines(files[name])
            files[name] = b"".join([*parts[:4], parts[3], *parts[4:]])

    assert found(changed(whole, change)) == (Fault.RECORD_MISPLACED, 4)


def test_leftover_hashes_are_noticed(whole: Path) -> None:
    def change(files: dict[str, bytes]) -> None:
        files["hashes.txt"] += b"0" * 64 + b"\n"

    assert found(changed(whole, change)) == (Fault.RECORD_MISSING, 8)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_record_left_out_of_a_case_makes_it_possibly_incomplete(single: Path, number: int) -> None:
    report = changed(single, lambda files: files.update({"records.jsonl": without(number)(files["records.jsonl"])}))
    assert found(report) == (Fault.CASE_INCOMPLETE, number + 2)
    assert report.exit_code == 2


def test_a_last_record_left_out_of_a_case_is_shown_by_the_statement(single: Path) -> None:
    report = changed(single, lambda files: files.update({"records.jsonl": without(3)(files["records.jsonl"])}))
    assert found(report) == (Fault.CASE_INCOMPLETE, 3)


def test_records_of_a_case_in_another_order_are_named(single: Path) -> None:
    report = changed(single, lambda files: files.update({"records.jsonl": swapped(1, 2)(files["records.jsonl"])}))
    assert found(report) == (Fault.RECORD_MISPLACED, 2)
    assert report.exit_code == 1


def test_a_record_of_another_case_is_named(log: Log, single: Path, tmp_path: Path) -> None:
    export_case(log.database, tmp_path / "other.zip", log.key, CASES[1])
    other = read(tmp_path / "other.zip")

    def change(files: dict[str, bytes]) -> None:
        files["records.jsonl"] = other["records.jsonl"]
        files["proofs.json"] = other["proofs.json"]

    assert found(changed(single, change)) == (Fault.FOREIGN_RECORD, 5)


def test_a_statement_is_never_a_checkpoint_nor_the_reverse() -> None:
    statement = Statement(log=KEY.origin, case=CASES[0], size=5, records=4, last=b"\0" * 32)
    with pytest.raises(NoteError):
        open_checkpoint(str(KEY.sign(statement.text())).encode(), KEY.verifier)
    checkpoint = Checkpoint(origin=KEY.origin, size=5, root=b"\0" * 32)
    with pytest.raises(NoteError):
        open_statement(str(KEY.sign(checkpoint.text())).encode(), KEY.verifier)
    assert open_statement(str(KEY.sign(statement.text())).encode(), KEY.verifier) == statement


def test_a_later_bundle_is_compared_with_an_earlier_one(log: Log, whole: Path, tmp_path: Path) -> None:
    log.case(2)
    later = tmp_path / "later.zip"
    export_log(log.database, later, log.key)
    report = verify(later, KEY.verifier, published=[whole])
    assert (report.verdict, report.published) == (Verdict.VALID, 1)
    backwards = verify(whole, KEY.verifier, published=[later])
    assert found(backwards) == (Fault.TRUNCATED, 8)


def test_a_case_proves_that_it_continues_a_published_checkpoint(log: Log, whole: Path, tmp_path: Path) -> None:
    note = read(whole)["checkpoint.txt"]
    (tmp_path / "checkpoint.txt").write_bytes(note)
    published = open_checkpoint(note, KEY.verifier)
    log.case(2)
    bundle = tmp_path / "case.zip"
    export_case(log.database, bundle, log.key, CASES[2], published=[published])
    kept = [tmp_path / "checkpoint.txt", bundle]
    assert verify(bundle, KEY.verifier, published=kept).published == 2
    files = read(bundle)
    files["consistency.json"] = files["consistency.json"].replace(b'"size": 8', b'"size": 7')
    assert found(verify(rewrite(bundle, files), KEY.verifier, published=kept))[0] is Fault.NOT_COMPARABLE


def test_a_case_of_a_fork_is_shown_by_a_published_checkpoint(log: Log, tmp_path: Path) -> None:
    log.case(0)
    other = str(KEY.sign(Checkpoint(origin=KEY.origin, size=3, root=b"\7" * 32).text()))
    (tmp_path / "checkpoint.txt").write_text(other)
    published = open_checkpoint(other.encode(), KEY.verifier)
    bundle = tmp_path / "case.zip"
    export_case(log.database, bundle, log.key, CASES[0], published=[published])
    assert found(verify(bundle, KEY.verifier, published=[tmp_path / "checkpoint.txt"]))[0] is Fault.FORKED


def test_a_published_file_that_is_not_of_this_log_is_refused(whole: Path, tmp_path: Path) -> None:
    strange = tmp_path / "strange.txt"
    strange.write_text(str(make_key(seed=b"\1" * 32).sign("x\n1\n\n")))
    with pytest.raises(NoteError, match=r"strange\.txt"):
        verify(whole, KEY.verifier, published=[strange])


def test_nothing_signed_nothing_exported(log: Log, tmp_path: Path) -> None:
    with pytest.raises(AuditError):
        export_log(log.database, tmp_path / "log.zip", log.key)
    log.case(0)
    with pytest.raises(AuditError, match="no record of this case"):
        export_case(log.database, tmp_path / "case.zip", log.key, CASES[1])
    assert list(tmp_path.glob("*.zip*")) == []


@pytest.mark.parametrize("missing", ["records.jsonl", "hashes.txt", "checkpoint.txt", "bundle.json"])
def test_a_missing_part_is_told(whole: Path, missing: str) -> None:
    report = changed(whole, lambda files: files.pop(missing) and None)
    assert report.verdict is Verdict.INVALID


@pytest.mark.parametrize(
    "manifest", [b"{}", b"[]", b"x", b'{"format":"xoev-gateway-audit-bundle","version":2}', b"[" * 100_000]
)
def test_another_format_is_told(whole: Path, manifest: bytes) -> None:
    assert found(changed(whole, lambda files: files.update({"bundle.json": manifest})))[0] is Fault.UNREADABLE


def test_a_damaged_zip_is_a_finding_not_a_crash(whole: Path) -> None:
    data = whole.read_bytes()
    for size in (0, 3, 10, len(data) // 2, len(data) - 1):
        whole.write_bytes(data[:size])
        assert found(verify(whole, KEY.verifier))[0] is Fault.UNREADABLE, size
    for index in range(0, len(data), 7):
        whole.write_bytes(data[:index] + bytes([data[index] ^ 0x55]) + data[index + 1 :])
        verify(whole, KEY.verifier)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_that_stands_in_the_bundle_twice_is_refused(whole: Path) -> None:
    with zipfile.ZipFile(whole, "a") as archive:
        archive.writestr("checkpoint.txt", b"another")
    assert found(verify(whole, KEY.verifier))[0] is Fault.UNREADABLE


def test_the_same_log_gives_the_same_records_in_database_and_bundle(log: Log, whole: Path) -> None:
    stored = b"".join(bytes(data) + b"\n" for (data,) in log.rows("SELECT bytes FROM audit_record ORDER BY seq"))  # type: ignore[call-overload]
    assert read(whole)["records.jsonl"] == stored


def test_a_report_says_all_in_two_languages_and_as_json(whole: Path) -> None:
    report = changed(whole, lambda files: files.update({"records.jsonl": swapped(2, 5)(files["records.jsonl"])}))
    assert "UNGÜLTIG" in report.text_de
    assert "Datensatz 2" in report.text_de
    assert "INVALID" in report.text_en
    assert "record 2" in report.text_en
    told = json.loads(report.to_json())
    assert (told["verdict"], told["exit_code"], told["finding"]["seq"]) == ("invalid", 1, 2)


def test_a_report_reads_the_same_in_both_languages_line_by_line() -> None:
    where = Finding(fault=Fault.ROOT_WRONG, seq=2, until=5, case="c-1", event="case:closed", size=6)
    report = Report(
        kind="database",
        origin="example.org/log",
        finding=where,
        case="c-1",
        size=2,
        root="ab",
        records=6,
        cases=3,
        checkpoints=1,
        published=4,
        pending=7,
    )
    assert report.text_de.splitlines() == [
        "Ergebnis: UNGÜLTIG",
        "Protokoll: example.org/log",
        "Vorgang: c-1",
        "Befund: Datensatz 2-5, Vorgang c-1, Ereignis case:closed, Prüfpunkt über 6: " + Fault.ROOT_WRONG.de,
        "Geprüft und in Ordnung: Datensätze 6, Vorgänge 3, signierte Prüfpunkte 1, veröffentlichte Prüfpunkte 4",
        "Letzter guter Prüfpunkt: 2 Datensätze, Wurzel ab",
        "Noch ohne Platz im Protokoll: 7",
    ]
    assert report.text_en.splitlines() == [
        "Result: INVALID",
        "Log: example.org/log",
        "Case: c-1",
        "Finding: record 2-5, case c-1, event case:closed, checkpoint over 6: " + Fault.ROOT_WRONG.en,
        "Checked and in order: records 6, cases 3, signed checkpoints 1, published checkpoints 4",
        "Last good checkpoint: 2 records, root ab",
        "Still without a place in the log: 7",
    ]


def test_the_verifier_needs_no_other_part_of_the_product() -> None:
    program = "import sys, gateway.audit.verify; print(*sorted(n for n in sys.modules if n.startswith('gateway')))"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60, env={**os.environ}
    ).stdout.split()
    assert [name for name in loaded if name != "gateway" and not name.startswith("gateway.audit")] == []
    assert "sqlalchemy" not in loaded
