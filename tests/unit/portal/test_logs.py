"""gateway/logs.py: listed fields only, no exception text, no library's arguments."""

from __future__ import annotations

import ast
import io
import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from gateway import logs
from gateway.errors import FieldError, GatewayError, InvalidMessageError, Violation
from gateway.portal.problems import INTERNAL

MARKER = "Zwiebelmarkus"
_LOG_CALLS = {"debug", "info", "warning", "error", "exception", "critical", "bind_contextvars"}


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Log lines of this test; everything global is put back afterwards."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    target = io.StringIO()
    logs.configure("INFO", target)
    yield target
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object_with_time_in_utc_and_level(stream: io.StringIO) -> None:
    structlog.get_logger(room="portal").info("request", status=202, route="/v1/applications")

    (line,) = lines(stream)

    assert line["timestamp"].endswith("Z")
    assert {name: line[name] for name in ("event", "level", "room", "status", "route")} == {
        "event": "request",
        "level": "info",
        "room": "portal",
        "status": 202,
        "route": "/v1/applications",
    }


def test_the_correlation_id_bound_once_stands_in_every_line(stream: io.StringIO) -> None:
    structlog.contextvars.bind_contextvars(correlation_id="c-1")
    structlog.get_logger().info("one")
    structlog.get_logger().warning("two")

    assert [line["correlation_id"] for line in lines(stream)] == ["c-1", "c-1"]


def test_a_field_that_is_not_listed_is_left_out_and_named(stream: io.StringIO) -> None:
    structlog.get_logger().info("request", familienname=MARKER)

    assert MARKER not in stream.getvalue()
    assert lines(stream)[0]["omitted"] == ["familienname"]


def test_a_value_that_json_cannot_carry_is_named_by_its_type(stream: io.StringIO) -> None:
    class Person:
        def __repr__(self) -> str:
            return MARKER

    structlog.get_logger().info("request", state=Person())

    assert lines(stream)[0]["state"] == "<Person>"


def test_lines_below_the_level_are_not_written(stream: io.StringIO) -> None:
    structlog.get_logger().debug("detail")

    assert stream.getvalue() == ""


def test_an_exception_is_written_as_types_and_places_without_its_text(stream: io.StringIO) -> None:
    def fail() -> None:
        try:
            {}[MARKER]
        except KeyError as error:
            raise ValueError(f"bad value {MARKER}") from error

    try:
        fail()
    except ValueError:
        structlog.get_logger().exception("failed")

    assert MARKER not in stream.getvalue()
    outer, cause = lines(stream)[0]["exception"]
    assert (outer["type"], cause["type"]) == ("builtins.ValueError", "builtins.KeyError")
    assert outer["frames"][-1].startswith("tests/unit/portal/test_logs.py:")


def test_our_own_exceptions_add_their_codes(stream: io.StringIO) -> None:
    error = GatewayError(INTERNAL, (FieldError(pointer="/x", code="y", de=MARKER, en=MARKER),))
    error.__cause__ = InvalidMessageError((Violation(path="/a/b", rule="xsd.pattern"),))
    structlog.get_logger().error("failed", exc_info=error)

    first, second = lines(stream)[0]["exception"]
    assert first["code"] == "internal"
    assert second["violations"] == ["/a/b: xsd.pattern"]
    assert MARKER not in stream.getvalue()


def test_an_unknown_librarys_text_is_never_written(stream: io.StringIO) -> None:
    logging.getLogger("some.library").error("cannot store %s", MARKER)

    (line,) = lines(stream)
    assert MARKER not in stream.getvalue()
    assert "text" not in line
    assert line["library"] == "some.library"
    assert line["at"].startswith("tests/unit/portal/test_logs.py:")


def test_a_known_librarys_text_is_written_without_its_arguments(stream: io.StringIO) -> None:
    logging.getLogger("urllib3.connectionpool").warning("Retrying after %r\nmore %s", MARKER, MARKER)

    assert lines(stream)[0]["text"] == "Retrying after %r"
    assert MARKER not in stream.getvalue()


def test_libraries_below_warning_are_silent(stream: io.StringIO) -> None:
    logging.getLogger("werkzeug").info("GET /v1/applications/%s", MARKER)
    logging.getLogger("sqlalchemy.engine").info("INSERT %s", MARKER)

    assert stream.getvalue() == ""


def test_configuring_again_replaces_the_first_stream(stream: io.StringIO) -> None:
    second = io.StringIO()
    logs.configure("INFO", second)
    logging.getLogger("some.library").error("x")
    structlog.get_logger().info("y")

    assert stream.getvalue() == ""
    assert len(lines(second)) == 2


def test_a_thread_that_dies_is_logged_without_the_exceptions_text(stream: io.StringIO) -> None:
    def fail() -> None:
        raise RuntimeError(MARKER)

    thread = threading.Thread(target=fail, name="worker-7")
    thread.start()
    thread.join()

    (line,) = lines(stream)
    assert line["thread"] == "worker-7"
    assert line["exception"][0]["type"] == "builtins.RuntimeError"
    assert MARKER not in stream.getvalue()


def test_granian_keeps_no_handler_of_its_own(stream: io.StringIO) -> None:
    from granian.log import LogLevels, configure_logging  # noqa: PLC0415 - imports the server's native part

    configure_logging(LogLevels.info, dict(logs.GRANIAN_LOGGING), True)
    logging.getLogger("_granian").info("Starting granian (main PID: %s)", 1)

    assert lines(stream)[0]["library"] == "_granian"
    assert lines(stream)[0]["text"] == "Starting granian (main PID: %s)"


def test_every_field_that_a_room_writes_is_listed() -> None:
    """A field that is not listed would be left out in production; here it is found before."""
    written: dict[str, str] = {}
    for folder in ("gateway", "adapters"):
        for file in sorted((Path(logs.__file__).parent.parent / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _LOG_CALLS:
                    target = ast.unparse(node.func.value)
                    if (
                        target.rpartition(".")[2] in ("log", "_log", "logger", "_logger")
                        or "bind_contextvars" in node.func.attr
                    ):
                        written |= {word.arg: f"{file.name}:{node.lineno}" for word in node.keywords if word.arg}

    assert len(written) > 5
    assert {name: place for name, place in written.items() if name not in logs.FIELDS | {"exc_info"}} == {}
