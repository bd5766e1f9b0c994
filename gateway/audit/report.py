"""What a verification found, in words for auditors (German and English) and as JSON.

A report always says what was checked and up to which signed size; a finding names the first record that does not fit.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Self


class Verdict(StrEnum):
    """``invalid``: it was changed, or is not signed by this key. ``incomplete``: true as far as it goes, not enough."""

    VALID = "valid"
    INVALID = "invalid"
    INCOMPLETE = "incomplete"

    @property
    def exit_code(self) -> int:
        return {"valid": 0, "invalid": 1, "incomplete": 2}[self.value]


class Fault(Enum):
    """One way in which evidence does not fit, with its verdict and a sentence in German and English."""

    verdict: Verdict
    de: str
    en: str

    def __new__(cls, code: str, verdict: Verdict, de: str, en: str) -> Self:
        member = object.__new__(cls)
        member._value_ = code
        member.verdict, member.de, member.en = verdict, de, en
        return member

    UNREADABLE = (
        "unreadable",
        Verdict.INVALID,
        "Die Datei ist weder Prüfpaket noch Protokolldatenbank, oder sie ist beschädigt.",
        "The file is neither an evidence bundle nor the log's database, or it is damaged.",
    )
    CHECKPOINT_WRONG = (
        "checkpoint_wrong",
        Verdict.INVALID,
        "Ein Prüfpunkt (checkpoint) ist verändert oder nicht mit diesem Schlüssel signiert.",
        "A checkpoint was changed, or is not signed with this key.",
    )
    RECORD_CHANGED = (
        "record_changed",
        Verdict.INVALID,
        "Der Datensatz passt nicht zu seinem Hashwert: einer von beiden wurde verändert oder ersetzt.",
        "The record does not fit its hash: one of them was changed or replaced.",
    )
    RECORD_MALFORMED = (
        "record_malformed",
        Verdict.INVALID,
        "Der Datensatz hat nicht die Form, in der das Protokoll schreibt.",
        "The record is not in the form that the log writes.",
    )
    RECORD_MISSING = (
        "record_missing",
        Verdict.INVALID,
        "An dieser Stelle fehlt ein Datensatz: er wurde entfernt oder verschoben.",
        "A record is missing at this place: it was removed or moved.",
    )
    RECORD_MISPLACED = (
        "record_misplaced",
        Verdict.INVALID,
        "An dieser Stelle steht ein Datensatz mit anderer Nummer: er wurde hinzugefügt oder verschoben.",
        "A record with another number stands at this place: it was added or moved.",
    )
    FOREIGN_RECORD = (
        "foreign_record",
        Verdict.INVALID,
        "Der Datensatz gehört zu einem anderen Protokoll.",
        "The record belongs to another log.",
    )
    CASE_GAP = (
        "case_gap",
        Verdict.INVALID,
        "Die laufende Nummer im Vorgang ist nicht die nächste: davor fehlt ein Datensatz oder ist einer zu viel.",
        "The running number in the case is not the next one: a record before it is missing or was added.",
    )
    CASE_CHAIN = (
        "case_chain",
        Verdict.INVALID,
        "Der Datensatz verweist auf einen anderen Vorgänger: er oder der vorige des Vorgangs wurde verändert.",
        "The record points to another predecessor: it, or the one before it in the case, was changed.",
    )
    COUNT_WRONG = (
        "count_wrong",
        Verdict.INVALID,
        "Der Abschluss des Vorgangs nennt eine andere Zahl von Datensätzen.",
        "The closing record of the case states another number of records.",
    )
    COLUMNS_CHANGED = (
        "columns_changed",
        Verdict.INVALID,
        "Die Datenbank führt zu diesem Datensatz andere Angaben als der Datensatz selbst.",
        "The database's columns beside this record say something else than the record.",
    )
    OUTBOX_CHANGED = (
        "outbox_changed",
        Verdict.INVALID,
        "Die Ereigniszeile der Datenbank weicht vom protokollierten Datensatz ab.",
        "The event row in the database differs from the record in the log.",
    )
    NODE_CHANGED = (
        "node_changed",
        Verdict.INVALID,
        "Ein gespeicherter Hashwert des Baums über diesem Datensatz fehlt oder wurde verändert.",
        "A stored hash of the tree above this record is missing or was changed.",
    )
    ROOT_WRONG = (
        "root_wrong",
        Verdict.INVALID,
        "Die Datensätze von hier an ergeben nicht die signierte Wurzel: mindestens einer wurde verändert.",
        "The records from here on do not give the signed root: at least one of them was changed.",
    )
    NOT_COVERED = (
        "not_covered",
        Verdict.INVALID,
        "Von hier an deckt kein signierter Prüfpunkt die Datensätze: hinzugefügt, oder der Prüfpunkt wurde entfernt.",
        "No signed checkpoint covers the records from here on: they were added, or the checkpoint was removed.",
    )
    TRUNCATED = (
        "truncated",
        Verdict.INVALID,
        "Ein signierter Prüfpunkt belegt mehr Datensätze, als vorhanden sind: sie wurden am Ende entfernt.",
        "A signed checkpoint proves more records than are there: they were removed at the end.",
    )
    FORKED = (
        "forked",
        Verdict.INVALID,
        "Ein veröffentlichter Prüfpunkt belegt einen anderen Inhalt: das Protokoll wurde gespalten oder ersetzt.",
        "A published checkpoint proves other content: the log was forked or replaced.",
    )
    PROOF_WRONG = (
        "proof_wrong",
        Verdict.INVALID,
        "Der Nachweis führt von diesem Datensatz nicht zur signierten Wurzel: einer von beiden wurde verändert.",
        "The proof does not lead from this record to the signed root: one of them was changed.",
    )
    STATEMENT_WRONG = (
        "statement_wrong",
        Verdict.INVALID,
        "Die Vollständigkeitserklärung ist verändert, nicht mit diesem Schlüssel signiert oder gilt für anderes.",
        "The statement of completeness was changed, is not signed with this key, or is about something else.",
    )
    CASE_INCOMPLETE = (
        "case_incomplete",
        Verdict.INCOMPLETE,
        "Möglicherweise unvollständig: in diesem Paket fehlen Datensätze des Vorgangs.",
        "Possibly incomplete: records of the case are missing from this bundle.",
    )
    CASE_OPEN = (
        "case_open",
        Verdict.INCOMPLETE,
        "Möglicherweise unvollständig: der Vorgang ist nicht abgeschlossen, und keine Erklärung nennt die Zahl.",
        "Possibly incomplete: the case is not closed, and no statement gives the number of records.",
    )
    NOT_COMPARABLE = (
        "not_comparable",
        Verdict.INCOMPLETE,
        "Mit einem veröffentlichten Prüfpunkt lässt sich nicht vergleichen: dem Paket fehlt der Nachweis dafür.",
        "A published checkpoint cannot be compared: the bundle lacks the proof for it.",
    )
    EMPTY = (
        "empty",
        Verdict.INCOMPLETE,
        "Das Protokoll enthält noch keinen signierten Datensatz.",
        "The log holds no signed record yet.",
    )


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

    def _place(self, record: str, case: str, event: str, checkpoint: str) -> str:
        parts = []
        if self.seq is not None:
            parts.append(f"{record} {self.seq}" + (f"-{self.until}" if self.until not in (None, self.seq) else ""))
        parts += [f"{case} {self.case}"] * bool(self.case) + [f"{event} {self.event}"] * bool(self.event)
        parts += [f"{checkpoint} {self.size}"] * (self.size is not None)
        return ", ".join(parts)

    @property
    def de(self) -> str:
        place = self._place("Datensatz", "Vorgang", "Ereignis", "Prüfpunkt über")
        return (f"{place}: " if place else "") + self.fault.de

    @property
    def en(self) -> str:
        place = self._place("record", "case", "event", "checkpoint over")
        return (f"{place}: " if place else "") + self.fault.en


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
        word = {"valid": "GÜLTIG", "invalid": "UNGÜLTIG", "incomplete": "UNVOLLSTÄNDIG"}[self.verdict]
        lines = [f"Ergebnis: {word}", f"Protokoll: {self.origin}"]
        lines += [f"Vorgang: {self.case}"] * bool(self.case)
        lines += [f"Befund: {self.finding.de}"] if self.finding else []
        lines.append(
            f"Geprüft und in Ordnung: Datensätze {self.records}, Vorgänge {self.cases}, "
            f"signierte Prüfpunkte {self.checkpoints}, veröffentlichte Prüfpunkte {self.published}"
        )
        lines += [f"Letzter guter Prüfpunkt: {self.size} Datensätze, Wurzel {self.root}"] * bool(self.root)
        lines += [f"Noch ohne Platz im Protokoll: {self.pending}"] * bool(self.pending)
        return "\n".join(lines) + "\n"

    @property
    def text_en(self) -> str:
        lines = [f"Result: {self.verdict.upper()}", f"Log: {self.origin}"]
        lines += [f"Case: {self.case}"] * bool(self.case)
        lines += [f"Finding: {self.finding.en}"] if self.finding else []
        lines.append(
            f"Checked and in order: records {self.records}, cases {self.cases}, "
            f"signed checkpoints {self.checkpoints}, published checkpoints {self.published}"
        )
        lines += [f"Last good checkpoint: {self.size} records, root {self.root}"] * bool(self.root)
        lines += [f"Still without a place in the log: {self.pending}"] * bool(self.pending)
        return "\n".join(lines) + "\n"

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
