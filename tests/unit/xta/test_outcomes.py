"""Reports and errors become outcomes by pure functions; what a server leaves out contradicts nothing."""

from __future__ import annotations

import pytest

from adapters.xta.outcomes import of_report
from gateway.model import OutcomeKind
from gateway.transport.xta.records import Status, TransportReport

OURS = {"xta_id": "urn:de:xta:messageid:S:1", "process": "case-1"}
FAULTS = "urn:de:xta:webservice:codeliste:fehlernummer"


def report(**changes: object) -> TransportReport:
    values: dict[str, object] = {"status": Status.GREEN, "errors": (), "entries": 1, "raw": b"<r/>", **OURS}
    return TransportReport(**(values | changes))  # type: ignore[arg-type]


def code(made: TransportReport, *, taken: bool = False) -> tuple[OutcomeKind, str]:
    outcome = of_report(made, taken=taken, **OURS)
    return outcome.kind, outcome.code


def test_ids_are_compared_without_case() -> None:
    assert code(report(xta_id="URN:DE:XTA:MessageID:s:1"))[0] is OutcomeKind.DELIVERED


@pytest.mark.parametrize("changes", [{"xta_id": ""}, {"process": ""}])
def test_what_the_server_leaves_out_contradicts_nothing(changes: dict[str, str]) -> None:
    assert code(report(**changes))[0] is OutcomeKind.DELIVERED


@pytest.mark.parametrize("changes", [{"xta_id": "urn:de:xta:messageid:S:2"}, {"process": "case-2"}])
@pytest.mark.parametrize("status", list(Status))
def test_report_on_another_message_never_ends_ours(changes: dict[str, str], status: Status) -> None:
    assert code(report(status=status, **changes), taken=True) == (OutcomeKind.UNCLEAR, "xta.report_mismatch")


@pytest.mark.parametrize(
    ("taken", "entries", "process", "expected"),
    [
        (False, 0, "", "xta.not_known"),
        (True, 0, "", "xta.report_open"),
        (False, 1, "", "xta.report_open"),
        (False, 0, "case-1", "xta.report_open"),
    ],
)
def test_open_report_proves_only_what_it_shows(taken: bool, entries: int, process: str, expected: str) -> None:
    assert code(report(status=Status.OPEN, entries=entries, process=process), taken=taken)[1] == expected


def test_undefined_status_is_unclear() -> None:
    assert code(report(status=None)) == (OutcomeKind.UNCLEAR, "xta.report_status_unknown")


@pytest.mark.parametrize(
    ("errors", "kind"),
    [
        ((), OutcomeKind.UNREACHABLE),
        (((FAULTS, "9032"),), OutcomeKind.UNREACHABLE),
        (((FAULTS, "9999"),), OutcomeKind.UNREACHABLE),
        ((("urn:other:list", "9050"),), OutcomeKind.UNREACHABLE),
        (((FAULTS, "9050"),), OutcomeKind.REFUSED),
        (((FAULTS, "9032"), (FAULTS, "9060")), OutcomeKind.REFUSED),
    ],
)
def test_red_report_refuses_only_with_a_verdict_among_its_entries(
    errors: tuple[tuple[str, str], ...], kind: OutcomeKind
) -> None:
    assert code(report(status=Status.RED, errors=errors))[0] is kind
