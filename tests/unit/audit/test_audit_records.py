"""What gets into a record, and what cannot."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.exc import IntegrityError

from gateway.audit.events import Event
from gateway.audit.records import Actor, ActorKind, Entry, foreign_id, salted_digest
from tests.unit.audit.conftest import CASES, Log, entry


def test_a_record_holds_salted_digests_not_the_payload(log: Log) -> None:
    log.write(entry(CASES[0], digests=(("application", b"Erika Muster"),)))
    (salt,) = log.rows("SELECT salt FROM audit_salt")[0]
    (dig,) = log.rows("SELECT dig FROM event WHERE case_id <> 'log'")[0]
    assert isinstance(salt, bytes)
    assert len(salt) == 32
    assert json.loads(str(dig)) == [{"n": "application", "d": hashlib.sha256(salt + b"Erika Muster").hexdigest()}]


def test_every_object_gets_its_own_salt(log: Log) -> None:
    log.write(entry(CASES[0], digests=(("a", b"same"), ("b", b"same"))), entry(CASES[1], digests=(("a", b"same"),)))
    assert len({row[0] for row in log.rows("SELECT salt FROM audit_salt")}) == 3


def test_a_digest_name_is_used_once_in_a_case(log: Log) -> None:
    log.write(entry(CASES[0], digests=(("message", b"1"),)))
    with pytest.raises(IntegrityError):
        log.write(entry(CASES[0], digests=(("message", b"2"),)))


def test_a_salt_is_never_used_again(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.audit.records.os.urandom", lambda count: b"\x07" * count)
    log.write(entry(CASES[0], digests=(("message", b"1"),)))
    with pytest.raises(IntegrityError):
        log.write(entry(CASES[1], digests=(("message", b"2"),)))


def test_a_refused_transaction_leaves_no_record(log: Log) -> None:
    before = log.rows("SELECT count(*) FROM event")
    with pytest.raises(IntegrityError):
        log.write(entry(CASES[0], digests=(("same", b"1"), ("same", b"2"))))
    assert log.rows("SELECT count(*) FROM event") == before


def test_time_is_kept_as_utc_with_milliseconds(log: Log) -> None:
    berlin = timezone(timedelta(hours=2))
    log.write(entry(CASES[0]), at=datetime(2026, 5, 1, 12, 0, 0, 1234, berlin))
    assert log.rows("SELECT at FROM event WHERE case_id <> 'log'") == [("2026-05-01T10:00:00.001Z",)]


def test_a_time_without_zone_is_refused(log: Log) -> None:
    with pytest.raises(ValueError, match="zone"):
        log.write(entry(CASES[0]), at=datetime(2026, 5, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("field", "members"),
    [
        ("case", {"case": "Muster"}),
        ("peer", {"peer": "Stadt Lingen"}),
        ("ref", {"ref": {"message": "Erika Muster"}}),
        ("ref", {"ref": {"message": "erika@example.org"}}),
        ("ref", {"ref": {"message": "Müller"}}),
        ("ref", {"ref": {"message": ""}}),
        ("ref", {"ref": {"message": "x" * 129}}),
        ("ref name", {"ref": {"Message": "1"}}),
        ("digest name", {"digests": (("Geburtsurkunde Erika.pdf", b""),)}),
        ("err_code", {"err_code": "Die Person ist unbekannt"}),
        ("err_class", {"err_class": "not found"}),
    ],
)
def test_what_is_not_a_short_id_is_refused_without_repeating_it(field: str, members: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=f"^audit entry: {field}") as caught:
        Entry(**{"case": CASES[0], "event": Event.MESSAGE_SIGNED} | members)  # type: ignore[arg-type]
    assert "Erika" not in str(caught.value)
    assert "Lingen" not in str(caught.value)


def test_an_account_is_an_id_not_a_name() -> None:
    with pytest.raises(ValueError, match="audit entry: actor"):
        Actor(kind=ActorKind.OPERATOR, id="Sabine Beispiel")


def test_an_event_outside_the_list_is_refused() -> None:
    with pytest.raises(TypeError):
        Entry(case=CASES[0], event="application:lost")  # type: ignore[arg-type]


def test_the_text_of_an_entry_does_not_show_the_payload() -> None:
    assert "Muster" not in repr(entry(CASES[0], digests=(("application", b"Erika Muster"),)))


@pytest.mark.parametrize(
    "usual", ["urn:de:xta:messageid:Gateway_01:000ca2fe-f4e1-45c2-8233-3a0eb760bd16", "b3NjaS0x+/==", "ags:03454035"]
)
def test_usual_ids_from_outside_stay_readable(usual: str) -> None:
    assert foreign_id(usual) == usual


@pytest.mark.parametrize("strange", ["", "a b", "ü", "<x>", "y" * 500, "\ud800"])
def test_strange_ids_from_outside_fit_into_a_record(strange: str) -> None:
    written = entry(CASES[0], ref={"transport": foreign_id(strange)}, peer=foreign_id(strange))
    assert written.peer.startswith("sha256:")


def test_a_digest_can_be_checked_while_payload_and_salt_exist() -> None:
    assert salted_digest(b"s" * 32, b"payload") == hashlib.sha256(b"s" * 32 + b"payload").hexdigest()


def test_the_order_of_the_log_is_the_order_of_writing_not_of_time(log: Log) -> None:
    later = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
    log.write(entry(CASES[0]), at=later)
    log.write(entry(CASES[0], Event.MESSAGE_SIGNED), at=later - timedelta(hours=1))
    log.sequencer.run_once()
    rows = log.rows("SELECT cseq, at FROM audit_record WHERE case_id <> 'log' ORDER BY seq")
    assert rows == [(0, "2026-05-01T12:00:00.000Z"), (1, "2026-05-01T11:00:00.000Z")]
