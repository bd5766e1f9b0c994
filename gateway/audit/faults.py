"""All ways in which evidence may not fit, each with its verdict and a sentence for auditors (German and English).

``docs/audit.md`` lists the same; a test compares the two.
"""

from __future__ import annotations

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
    STATEMENT_MISSING = (
        "statement_missing",
        Verdict.INCOMPLETE,
        "Möglicherweise unvollständig: dem Paket fehlt die signierte Erklärung, wie viele Datensätze der Vorgang hat.",
        "Possibly incomplete: the bundle lacks the signed statement of how many records the case has.",
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
