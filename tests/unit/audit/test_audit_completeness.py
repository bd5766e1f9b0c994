"""Only the signed statement shows that a bundle of one case is complete; nobody can cut the end off unnoticed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.audit.bundle import export_case, export_log
from gateway.audit.events import Event
from gateway.audit.faults import Fault, Verdict
from gateway.audit.statement import open_statement
from gateway.audit.verify import verify
from tests.unit.audit.conftest import Log, entry, make_key
from tests.unit.audit.test_audit_bundle import changed, found, lines, read

KEY = make_key()


@pytest.fixture
def answered_late(log: Log, tmp_path: Path) -> Path:
    """A case that was closed after four records, then answered after all and closed again: seven records."""
    case = log.case(0)
    log.add(entry(case, Event.REPLY_RECEIVED), entry(case, Event.APPLICATION_ANSWERED), entry(case, Event.CASE_CLOSED))
    export_case(log.database, tmp_path / "late.zip", log.key, case)
    return tmp_path / "late.zip"


def hide_the_answer(files: dict[str, bytes]) -> None:
    """Cut the case off behind its first closing, with the proofs of what is left out."""
    files["records.jsonl"] = b"".join(lines(files["records.jsonl"])[:4])
    files["proofs.json"] = json.dumps(json.loads(files["proofs.json"])[:4]).encode()


def test_an_open_case_is_complete_by_statement_only(log: Log, tmp_path: Path) -> None:
    case = log.case(0, closed=False)
    bundle = tmp_path / "case.zip"
    export_case(log.database, bundle, log.key, case)
    assert verify(bundle, KEY.verifier).verdict is Verdict.VALID
    report = changed(bundle, lambda files: files.pop("statement.txt") and None)
    assert found(report) == (Fault.STATEMENT_MISSING, 3)
    assert report.exit_code == 2


def test_a_closed_case_is_complete_by_statement_only(log: Log, tmp_path: Path) -> None:
    case = log.case(0)
    bundle = tmp_path / "case.zip"
    export_case(log.database, bundle, log.key, case)
    assert json.loads(lines(read(bundle)["records.jsonl"])[-1])["event"] == "case:closed"
    report = changed(bundle, lambda files: files.pop("statement.txt") and None)
    assert found(report) == (Fault.STATEMENT_MISSING, 4)
    assert report.exit_code == 2


def test_a_case_that_was_closed_twice_is_valid(answered_late: Path) -> None:
    report = verify(answered_late, KEY.verifier)
    assert (report.verdict, report.records) == (Verdict.VALID, 7)


def test_an_answer_cut_off_with_the_statement_behind_a_closing_is_not_called_complete(answered_late: Path) -> None:
    def attack(files: dict[str, bytes]) -> None:
        hide_the_answer(files)
        del files["statement.txt"]

    report = changed(answered_late, attack)
    assert report.finding is not None
    assert (report.finding.fault, report.finding.event) == (Fault.STATEMENT_MISSING, "case:closed")
    assert report.exit_code == 2


def test_an_answer_cut_off_behind_a_closing_is_shown_by_the_statement(answered_late: Path) -> None:
    assert found(changed(answered_late, hide_the_answer))[0] is Fault.CASE_INCOMPLETE


def test_an_answer_cut_off_under_the_statement_of_before_is_invalid(log: Log, tmp_path: Path) -> None:
    case = log.case(0)
    export_case(log.database, tmp_path / "before.zip", log.key, case)
    before = read(tmp_path / "before.zip")["statement.txt"]
    log.add(entry(case, Event.REPLY_RECEIVED), entry(case, Event.CASE_CLOSED))
    export_case(log.database, tmp_path / "after.zip", log.key, case)

    def attack(files: dict[str, bytes]) -> None:
        hide_the_answer(files)
        files["statement.txt"] = before

    assert found(changed(tmp_path / "after.zip", attack))[0] is Fault.STATEMENT_WRONG


def test_a_bundle_of_before_a_kept_checkpoint_does_not_pass_for_a_new_one(log: Log, tmp_path: Path) -> None:
    case = log.case(0)
    export_case(log.database, tmp_path / "before.zip", log.key, case)
    log.add(entry(case, Event.REPLY_RECEIVED), entry(case, Event.CASE_CLOSED))
    export_log(log.database, tmp_path / "log.zip", log.key)
    report = verify(tmp_path / "before.zip", KEY.verifier, published=[tmp_path / "log.zip"])
    assert found(report)[0] is Fault.NOT_COMPARABLE


@pytest.mark.parametrize("closed", [True, False])
def test_every_exported_case_has_its_signed_statement(log: Log, tmp_path: Path, closed: bool) -> None:
    case = log.case(0, closed=closed)
    export_case(log.database, tmp_path / "case.zip", log.key, case)
    stated = open_statement(read(tmp_path / "case.zip")["statement.txt"], KEY.verifier)
    assert (stated.case, stated.records, stated.size) == (case, 3 + closed, 4 + closed)


def test_an_older_statement_does_not_serve(log: Log, tmp_path: Path) -> None:
    case = log.case(0, closed=False)
    export_case(log.database, tmp_path / "old.zip", log.key, case)
    log.add(entry(case))
    export_case(log.database, tmp_path / "new.zip", log.key, case)
    old = read(tmp_path / "old.zip")["statement.txt"]
    report = changed(tmp_path / "new.zip", lambda files: files.update({"statement.txt": old}))
    assert found(report)[0] is Fault.STATEMENT_WRONG
