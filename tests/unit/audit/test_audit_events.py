"""The list of events keeps its grammar, and the documentation says the same as the code."""

from __future__ import annotations

import re
from pathlib import Path

from gateway.audit.events import Event
from gateway.audit.faults import Fault

DOCUMENT = Path(__file__).parents[3] / "docs" / "audit.md"


def test_every_event_follows_the_grammar() -> None:
    wrong = [one.value for one in Event if not re.fullmatch(r"[a-z]+(:[a-z_]+){1,2}", one.value)]
    assert wrong == []


def test_every_event_has_a_sentence_for_auditors() -> None:
    assert [one.value for one in Event if not one.description.endswith(".")] == []


def test_the_documented_table_is_the_list_of_events() -> None:
    rows = re.findall(r"^\| `([a-z:_]+)` \| ([^|]+?) \|$", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert rows == [(one.value, one.description) for one in Event]


def test_the_documented_findings_are_those_of_the_verifier() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z_]+)` \| (\d) \| ([^|]+?) \|$", text, flags=re.MULTILINE)
    assert rows == [(one.value, str(one.verdict.exit_code), one.en) for one in Fault]
