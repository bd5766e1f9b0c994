"""Log lines: JSON, one object a line, UTC, one correlation id per application, and never a person's data.

Three walls keep personal data out (data minimisation, Art. 5 (1) c DSGVO):

* a line carries only the fields in :data:`FIELDS`; any other field is left out and named in ``omitted``;
* an exception is written as types and ``file:line function`` frames, without its text and without variables, because
  both may quote the data that caused it (our own add their codes, which never do);
* a line of a foreign library carries its logger, its level and its place in the code. Its text follows only for the
  libraries in :data:`QUOTED`, whose messages name connections, never contents; and even then it is the text *before*
  its arguments are filled in, its first line only.

Rooms write with ``structlog.get_logger(room="delivery")``; the event is a fixed text, everything else a field.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from traceback import walk_tb
from types import TracebackType
from typing import TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

from gateway.errors import GatewayError, InvalidMessageError

_FIELDS = """
event level timestamp room correlation_id portal tenant service application message_id message_type standard version
destination connection adapter delivery attempt attempts act outcome state code codes whose reply transport_id
method route status duration_ms retry_in next_at deadline_at count size seq origin bytes file key host port thread
library at text reason exception omitted
"""

FIELDS = frozenset(_FIELDS.split())
"""The fields that a line may carry: ids, codes, counts, times. A new one is added here, after thinking twice.

``reason`` is one sentence of our own that names places, sizes and keys (why the audit log is not continued), never
the text of a library's exception.
"""

QUOTED = ("gateway", "adapters", "_granian", "granian", "urllib3", "sqlalchemy.pool")
"""Loggers (by the beginning of their names) whose message templates are written: ours, and libraries we have read."""

GRANIAN_LOGGING = {
    "handlers": {},
    "formatters": {},
    "loggers": {
        "_granian": {"handlers": [], "level": "INFO", "propagate": True},
        "granian.access": {"handlers": [], "level": "CRITICAL", "propagate": False},
    },
}
"""For granian's ``log_dictconfig``: no handler of its own, its lines go the way of all others."""

_LEVELS = {"_granian": logging.INFO, "granian": logging.INFO}
_LONGEST = 200
_FRAMES = 30
_CAUSES = 5

_HERE = str(Path(__file__).resolve().parent.parent) + "/"


def configure(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Write all log lines (ours, the libraries', uncaught exceptions of threads) to ``stream``, default stderr.

    ``level`` is ``DEBUG``, ``INFO``, ``WARNING`` or ``ERROR`` and holds for our own lines; libraries are heard from
    WARNING on (the HTTP server from INFO on). Call it once, at start; a second call replaces the first.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _bare_exception,
            _known_fields,
            structlog.processors.JSONRenderer(serializer=_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    for handler in [one for one in root.handlers if isinstance(one, _LibraryLines)]:
        root.removeHandler(handler)
    root.addHandler(_LibraryLines())
    root.setLevel(logging.WARNING)
    for name, lowest in _LEVELS.items():
        logging.getLogger(name).setLevel(lowest)
    threading.excepthook = _thread_failed


class _LibraryLines(logging.Handler):
    """Passes what libraries log on to structlog, without their arguments."""

    def emit(self, record: logging.LogRecord) -> None:
        # A library may have lowered its own logger's level: werkzeug does when it serves.
        if record.levelno < _LEVELS.get(record.name.partition(".")[0], logging.WARNING):
            return
        fields: dict[str, object] = {
            "library": record.name,
            "at": f"{_short(record.pathname)}:{record.lineno}",
        }
        if record.name.startswith(QUOTED):
            fields["text"] = str(record.msg).partition("\n")[0][:_LONGEST]
        if record.exc_info:
            fields["exc_info"] = record.exc_info
        structlog.get_logger().log(record.levelno, "library", **fields)


def _thread_failed(failure: threading.ExceptHookArgs) -> None:
    name = failure.thread.name if failure.thread else ""
    error = failure.exc_value
    structlog.get_logger().critical("thread ended by an exception", thread=name, exc_info=error or failure.exc_type)


def _bare_exception(_logger: WrappedLogger, _method: str, fields: EventDict) -> EventDict:
    """Replace ``exc_info`` by the types and places of the exception and of its causes."""
    found = fields.pop("exc_info", None)
    if found is None or found is False:
        return fields
    if isinstance(found, tuple):
        found = found[1]
    if not isinstance(found, BaseException):
        found = sys.exc_info()[1]
    if found is not None:
        fields["exception"] = [_bare(one) for one in islice(_chain(found), _CAUSES)]
    return fields


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)


def _bare(error: BaseException) -> dict[str, object]:
    kind = type(error)
    bare: dict[str, object] = {
        "type": f"{kind.__module__}.{kind.__qualname__}",
        "frames": _places(error.__traceback__),
    }
    if isinstance(error, GatewayError):
        bare["code"] = error.problem.code
    if isinstance(error, InvalidMessageError):
        bare["violations"] = [f"{one.path}: {one.rule}" for one in error.violations[:_FRAMES]]
    return bare


def _places(trace: TracebackType | None) -> list[str]:
    """Return ``file:line function`` from the outermost to the innermost frame."""
    places = [f"{_short(frame.f_code.co_filename)}:{line} {frame.f_code.co_qualname}" for frame, line in walk_tb(trace)]
    return places[-_FRAMES:]


def _short(path: str) -> str:
    """Return the path from the package on: the folder of the installation tells nobody anything."""
    return path.rpartition("/site-packages/")[2].removeprefix(_HERE)


def _known_fields(_logger: WrappedLogger, _method: str, fields: EventDict) -> EventDict:
    """Leave out fields that nobody has allowed, and name them."""
    if not fields.keys() <= FIELDS:
        omitted = sorted(fields.keys() - FIELDS)
        fields = {name: value for name, value in fields.items() if name in FIELDS}
        fields["omitted"] = omitted
    return fields


def _type_name(value: object) -> str:
    """Stand in for what JSON cannot carry: its repr could quote data."""
    return f"<{type(value).__name__}>"


_encoder = json.JSONEncoder(default=_type_name)


def _json(fields: EventDict, **_options: object) -> str:
    return _encoder.encode(fields)
