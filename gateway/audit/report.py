"""What a verification found, in words for auditors (German and English) and as JSON.

A report always says what was checked and up to which signed size; a finding names the first record that does not fit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gateway.audit.faults import Fault, Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """The first thing that does not fit. ``seq`` is the record's place; ``None`` if no record is concerned.

    ``until``: the fault lies between ``seq`` and this place (both included). ``size`` is that of the checkpoint in
    question. ``detail`` is a technical remark in English, never content of a record.
    """

    fault: Fault
    seq: int | None = None
    case: str = ""
    event: str = ""
    until: int | None = None
    size: int | None = None
    detail: str = ""

    @property
    def de(self) -> str:
        return _sentence(self, _DE, self.fault.de)

    @property
    def en(self) -> str:
        return _sentence(self, _EN, self.fault.en)


class DoesNotFitError(Exception):
    """Ends a verification at the first thing that does not fit."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        super().__init__(finding.en)


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """The result. ``kind`` is ``database``, ``log`` or ``case`` (bundles), or empty if the file could not be read.

    ``size`` and ``root`` (hex) are those of the last checkpoint that was found good; ``records``, ``cases``,
    ``checkpoints`` and ``published`` count what was found good; ``pending`` rows wait for their place in the log
    (normal while the gateway runs). With a finding the counts go as far as the finding.
    """

    kind: str
    origin: str
    finding: Finding | None = None
    case: str = ""
    size: int = 0
    root: str = ""
    records: int = 0
    cases: int = 0
    checkpoints: int = 0
    published: int = 0
    pending: int = 0

    @property
    def verdict(self) -> Verdict:
        return self.finding.fault.verdict if self.finding else Verdict.VALID

    @property
    def exit_code(self) -> int:
        """0 valid, 1 invalid, 2 incomplete."""
        return self.verdict.exit_code

    @property
    def text_de(self) -> str:
        return _text(self, _DE, self.finding.de if self.finding else "")

    @property
    def text_en(self) -> str:
        return _text(self, _EN, self.finding.en if self.finding else "")

    def to_json(self) -> str:
        """Return the report as one JSON object."""
        finding = None
        if self.finding:
            one = self.finding
            finding = {
                "fault": one.fault.value,
                "seq": one.seq,
                "until": one.until,
                "case": one.case,
                "event": one.event,
                "size": one.size,
                "detail": one.detail,
                "de": one.de,
                "en": one.en,
            }
        counts = {"records": self.records, "cases": self.cases, "checkpoints": self.checkpoints}
        return json.dumps(
            {
                "verdict": self.verdict.value,
                "exit_code": self.exit_code,
                "kind": self.kind,
                "origin": self.origin,
                "case": self.case,
                "size": self.size,
                "root": self.root,
                **counts,
                "published": self.published,
                "pending": self.pending,
                "finding": finding,
            },
            ensure_ascii=False,
        )


_WORDS: Final = (
    ("valid", "GÜLTIG", "VALID"),
    ("invalid", "UNGÜLTIG", "INVALID"),
    ("incomplete", "UNVOLLSTÄNDIG", "INCOMPLETE"),
    ("result", "Ergebnis", "Result"),
    ("log", "Protokoll", "Log"),
    ("of_case", "Vorgang", "Case"),
    ("finding", "Befund", "Finding"),
    ("checked", "Geprüft und in Ordnung", "Checked and in order"),
    ("records", "Datensätze", "records"),
    ("cases", "Vorgänge", "cases"),
    ("checkpoints", "signierte Prüfpunkte", "signed checkpoints"),
    ("published", "veröffentlichte Prüfpunkte", "published checkpoints"),
    ("last_good", "Letzter guter Prüfpunkt", "Last good checkpoint"),
    ("root", "Wurzel", "root"),
    ("pending", "Noch ohne Platz im Protokoll", "Still without a place in the log"),
    ("record", "Datensatz", "record"),
    ("case", "Vorgang", "case"),
    ("event", "Ereignis", "event"),
    ("checkpoint", "Prüfpunkt über", "checkpoint over"),
)
"""The words of a report: name, German, English."""

_DE: Final = MappingProxyType({name: german for name, german, _ in _WORDS})
_EN: Final = MappingProxyType({name: english for name, _, english in _WORDS})


def _sentence(finding: Finding, words: Mapping[str, str], fault: str) -> str:
    """Say where the fault lies, as far as that is known, and which it is."""
    places = []
    if finding.seq is not None:
        last = f"-{finding.until}" if finding.until not in (None, finding.seq) else ""
        places.append(f"{words['record']} {finding.seq}{last}")
    if finding.case:
        places.append(f"{words['case']} {finding.case}")
    if finding.event:
        places.append(f"{words['event']} {finding.event}")
    if finding.size is not None:
        places.append(f"{words['checkpoint']} {finding.size}")
    return f"{', '.join(places)}: {fault}" if places else fault


def _text(report: Report, words: Mapping[str, str], finding: str) -> str:
    """Write the report for a person, a line each."""
    lines = [f"{words['result']}: {words[report.verdict]}", f"{words['log']}: {report.origin}"]
    if report.case:
        lines.append(f"{words['of_case']}: {report.case}")
    if finding:
        lines.append(f"{words['finding']}: {finding}")
    lines.append(
        f"{words['checked']}: {words['records']} {report.records}, {words['cases']} {report.cases}, "
        f"{words['checkpoints']} {report.checkpoints}, {words['published']} {report.published}"
    )
    if report.root:
        lines.append(f"{words['last_good']}: {report.size} {words['records']}, {words['root']} {report.root}")
    if report.pending:
        lines.append(f"{words['pending']}: {report.pending}")
    return "\n".join(lines) + "\n"
