"""Reports and errors become outcomes by pure functions; what a server leaves out contradicts nothing."""

from __future__ import annotations

import pytest

from adapters.xta.outcomes import of_failed_question, of_failed_send, of_failure_without_sending, of_report
from gateway.model import OutcomeKind, Whose
from gateway.transport.xta import faults
from gateway.transport.xta.faults import FaultClass, XtaError
from gateway.transport.xta.records import Status, TransportReport

OURS = {"xta_id": "urn:de:xta:messageid:S:1", "process": "case-1"}
FAULTS = "urn:de:xta:webservice:codeliste:fehlernummer"
VERDICTS = ("9023", "9050", "9051", "9052", "9060")


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


@pytest.mark.parametrize("taken", [True, False])
def test_red_report_without_a_verdict_is_final(taken: bool) -> None:
    outcome = of_report(report(status=Status.RED), taken=taken, **OURS)
    assert (outcome.permanent, outcome.whose) == (True, Whose.OPERATOR)


def failure(number: str, exception: str = "ParameterIsNotValidException") -> XtaError:
    return XtaError(f"xta.{number}", faults.for_code(number, exception))


@pytest.mark.parametrize("number", [number for number in faults.BY_CODE if number not in VERDICTS])
def test_sending_failed_for_good_exactly_with_class_p(number: str) -> None:
    outcome = of_failed_send(failure(number))
    assert outcome.permanent is (number in ("9020", "9021", "9022", "9100", "9101"))
    assert outcome.kind is not OutcomeKind.REFUSED


@pytest.mark.parametrize(
    ("exception", "permanent"),
    [
        ("ParameterIsNotValidException", True),
        ("MessageSchemaViolationException", True),
        ("MessageVirusDetectionException", True),
        ("PermissionDeniedException", False),
        ("SyncAsyncException", False),
        ("XTAWSTechnicalProblemException", False),
        ("SomethingNewException", False),
    ],
)
def test_number_that_is_not_in_the_list_is_final_by_its_exception(exception: str, permanent: bool) -> None:
    assert of_failed_send(failure("9999", exception)).permanent is permanent


@pytest.mark.parametrize("code", ["net.certificate_refused", "net.server_untrusted", "net.dns", "net.connect"])
def test_failure_before_sending_is_never_final(code: str) -> None:
    assert not of_failed_send(XtaError(code, faults.for_network(code, sent=False))).permanent


@pytest.mark.parametrize("number", faults.BY_CODE)
def test_without_a_message_nothing_is_final_and_refused_parameters_call_the_operator(number: str) -> None:
    outcome = of_failure_without_sending(failure(number))
    assert (outcome.kind, outcome.permanent) == (OutcomeKind.UNREACHABLE, False)
    if faults.BY_CODE[number].fault_class in (FaultClass.PERMANENT, FaultClass.HOLD):
        assert outcome.whose is Whose.OPERATOR


@pytest.mark.parametrize("number", [number for number in faults.BY_CODE if number != "9070"])
def test_refused_question_leaves_the_message_unclear_and_open(number: str) -> None:
    outcome = of_failed_question(failure(number))
    assert (outcome.kind, outcome.permanent) == (OutcomeKind.UNCLEAR, False)
