"""What a verification says: an indication as in ETSI EN 319 102-1, the one flaw found, the level reached.

Never a bare boolean: "not proven" (INDETERMINATE) and "proven wrong" (TOTAL-FAILED) are different answers. The
indications and sub-indications carry the standard's names; which flaw falls under which of them follows section 5 of
the standard, where several would do by our own decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum

from gateway.signing.keys import CertificateInfo


class Indication(StrEnum):
    """The verdict in one word."""

    TOTAL_PASSED = "TOTAL-PASSED"
    INDETERMINATE = "INDETERMINATE"
    TOTAL_FAILED = "TOTAL-FAILED"


class SubIndication(StrEnum):
    """Why it did not pass."""

    FORMAT_FAILURE = "FORMAT_FAILURE"
    HASH_FAILURE = "HASH_FAILURE"
    SIG_CRYPTO_FAILURE = "SIG_CRYPTO_FAILURE"
    NOT_YET_VALID = "NOT_YET_VALID"
    SIG_CONSTRAINTS_FAILURE = "SIG_CONSTRAINTS_FAILURE"
    CHAIN_CONSTRAINTS_FAILURE = "CHAIN_CONSTRAINTS_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE = "CRYPTO_CONSTRAINTS_FAILURE"
    NO_SIGNING_CERTIFICATE_FOUND = "NO_SIGNING_CERTIFICATE_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND = "NO_CERTIFICATE_CHAIN_FOUND"
    OUT_OF_BOUNDS_NO_POE = "OUT_OF_BOUNDS_NO_POE"
    SIGNED_DATA_NOT_FOUND = "SIGNED_DATA_NOT_FOUND"

    @property
    def indication(self) -> Indication:
        """TOTAL-FAILED if the signature is proven wrong, else INDETERMINATE."""
        failed = {self.FORMAT_FAILURE, self.HASH_FAILURE, self.SIG_CRYPTO_FAILURE, self.NOT_YET_VALID}
        return Indication.TOTAL_FAILED if self in failed else Indication.INDETERMINATE


class Level(StrEnum):
    """The baseline level (EN 319 132-1) that was reached. A signature time stamp (B-T) is not evaluated yet."""

    NONE = "none"
    B_B = "XAdES-B-B"


class Flaw(Enum):
    """The flaws that a verification tells apart: stable code, sub-indication, one German and one English sentence."""

    MALFORMED = (
        "signature.malformed",
        SubIndication.FORMAT_FAILURE,
        "Die Signaturdatei ist kein zulässiges XML (höchstens 1 MB, UTF-8, ohne DTD, Kommentare, Anweisungen).",
        "The signature file is no admissible XML (at most 1 MB, UTF-8, no DTD, comments or instructions).",
    )
    STRUCTURE = (
        "signature.structure",
        SubIndication.FORMAT_FAILURE,
        "Die Signaturdatei hat nicht den Aufbau von XAdES-B-B in asic:XAdESSignatures.",
        "The signature file is not built as XAdES-B-B in asic:XAdESSignatures.",
    )
    NOT_ALONE = (
        "signature.not_alone",
        SubIndication.FORMAT_FAILURE,
        "Es gibt mehr als eine Signatur oder mehr als ein SignedProperties in der Datei.",
        "There is more than one signature or more than one SignedProperties in the file.",
    )
    IDS_NOT_UNIQUE = (
        "signature.ids_not_unique",
        SubIndication.FORMAT_FAILURE,
        "Eine Kennung (Id) kommt in der Signaturdatei mehrfach vor.",
        "An Id occurs more than once in the signature file.",
    )
    PROPERTIES_NOT_SIGNED = (
        "properties.not_signed",
        SubIndication.FORMAT_FAILURE,
        "Keine Referenz vom Typ SignedProperties: das ist eine XML-Signatur, aber kein XAdES.",
        "No reference of type SignedProperties: this is an XML signature, but not XAdES.",
    )
    PROPERTIES_ELSEWHERE = (
        "properties.elsewhere",
        SubIndication.FORMAT_FAILURE,
        "Die signierten Eigenschaften gehören nicht zu dieser Signatur (URI oder Target).",
        "The signed properties do not belong to this signature (URI or Target).",
    )
    PROPERTIES_INCOMPLETE = (
        "properties.incomplete",
        SubIndication.FORMAT_FAILURE,
        "SigningTime, SigningCertificateV2 oder DataObjectFormat fehlen oder sind nicht lesbar.",
        "SigningTime, SigningCertificateV2 or DataObjectFormat are missing or unreadable.",
    )
    NOT_DETACHED = (
        "reference.not_detached",
        SubIndication.FORMAT_FAILURE,
        "Eine Referenz zeigt nicht auf eine Datei daneben (leer, im Dokument oder im Netz).",
        "A reference does not lead to a file beside the signature (empty, inside the document or on a network).",
    )
    TRANSFORMED = (
        "reference.transformed",
        SubIndication.SIG_CONSTRAINTS_FAILURE,
        "Eine Referenz verlangt eine Umformung, die nicht erlaubt ist; Dateien werden Byte für Byte signiert.",
        "A reference demands a transform that is not allowed; files are signed byte for byte.",
    )
    ALGORITHM = (
        "algorithm.not_allowed",
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
        "Ein Verfahren steht nicht auf der Liste der erlaubten (etwa SHA-1, HMAC, anderes C14N).",
        "An algorithm is not on the list of those allowed (such as SHA-1, HMAC, another C14N).",
    )
    KEY_TOO_WEAK = (
        "key.not_allowed",
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
        "Der Schlüssel ist zu schwach oder passt nicht zum Verfahren (RSA ab 3072 Bit, P-256, P-384, P-521).",
        "The key is too weak or does not fit the algorithm (RSA from 3072 bit, P-256, P-384, P-521).",
    )
    CERTIFICATE_MISSING = (
        "certificate.missing",
        SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
        "Die Signatur enthält kein lesbares Zertifikat des Unterzeichners.",
        "The signature contains no readable certificate of the signer.",
    )
    CERTIFICATE_SUBSTITUTED = (
        "certificate.substituted",
        SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
        "Das beiliegende Zertifikat ist nicht das, welches SigningCertificateV2 nennt.",
        "The enclosed certificate is not the one that SigningCertificateV2 names.",
    )
    FILE_TWICE = (
        "file.referenced_twice",
        SubIndication.SIG_CONSTRAINTS_FAILURE,
        "Eine Datei wird mehr als einmal referenziert.",
        "A file is referenced more than once.",
    )
    FILE_MISSING = (
        "file.missing",
        SubIndication.SIGNED_DATA_NOT_FOUND,
        "Eine signierte Datei liegt nicht vor.",
        "A signed file is not there.",
    )
    FILE_NOT_SIGNED = (
        "file.not_signed",
        SubIndication.SIG_CONSTRAINTS_FAILURE,
        "Eine vorgelegte Datei wird von der Signatur nicht erfasst.",
        "A file that was presented is not covered by the signature.",
    )
    FILE_CHANGED = (
        "file.changed",
        SubIndication.HASH_FAILURE,
        "Eine Datei ist nicht mehr die, welche signiert wurde.",
        "A file is no longer the one that was signed.",
    )
    PROPERTIES_CHANGED = (
        "properties.changed",
        SubIndication.HASH_FAILURE,
        "Die signierten Eigenschaften (Zeit, Zertifikat, Dateiart) wurden verändert.",
        "The signed properties (time, certificate, kind of file) were changed.",
    )
    VALUE_WRONG = (
        "signature.value_wrong",
        SubIndication.SIG_CRYPTO_FAILURE,
        "Der Signaturwert passt nicht zu dem, was signiert sein soll, oder nicht zum Schlüssel.",
        "The signature value does not fit what is said to be signed, or not the key.",
    )
    SIGNING_TIME = (
        "signing_time.implausible",
        SubIndication.SIG_CONSTRAINTS_FAILURE,
        "Die angegebene Signaturzeit liegt in der Zukunft oder außerhalb der Gültigkeit des Zertifikats.",
        "The claimed signing time lies in the future or outside the validity of the certificate.",
    )
    CERTIFICATE_NOT_YET_VALID = (
        "certificate.not_yet_valid",
        SubIndication.NOT_YET_VALID,
        "Das Zertifikat war zur Prüfzeit noch nicht gültig.",
        "The certificate was not yet valid at the time of validation.",
    )
    CERTIFICATE_EXPIRED = (
        "certificate.expired",
        SubIndication.OUT_OF_BOUNDS_NO_POE,
        "Das Zertifikat ist abgelaufen, und kein Nachweis belegt, dass die Signatur vorher da war.",
        "The certificate has expired, and nothing proves that the signature existed before.",
    )
    CERTIFICATE_PURPOSE = (
        "certificate.purpose",
        SubIndication.CHAIN_CONSTRAINTS_FAILURE,
        "Das Zertifikat darf nicht siegeln (keyUsage fehlt oder nennt es nicht, oder es gehört einer CA).",
        "The certificate may not seal (keyUsage is missing or does not say so, or it belongs to a CA).",
    )
    NO_CHAIN = (
        "certificate.no_chain",
        SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
        "Vom Zertifikat führt zur Prüfzeit keine gültige Kette zu einem Vertrauensanker.",
        "At the time of validation no valid chain leads from the certificate to a trust anchor.",
    )

    code: str
    sub_indication: SubIndication
    de: str
    en: str

    def __init__(self, code: str, sub_indication: SubIndication, de: str, en: str) -> None:
        self.code = code
        self.sub_indication = sub_indication
        self.de = de
        self.en = en


class FlawFoundError(Exception):
    """Ends a verification inside this room; :func:`gateway.signing.verify.verify` turns it into a verdict."""

    def __init__(self, flaw: Flaw, *, file: str | None = None) -> None:
        self.flaw = flaw
        self.file = file
        super().__init__(flaw.code)


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The result of a verification.

    ``flaw`` is the first thing found wrong, ``file`` the name of the file that it concerns (a name, for a report, not
    for a log). ``certificate`` and ``signing_time`` are given once the signature value is proven: ``signing_time`` is
    what the signer claims. ``level`` is what the signature is worth by its form, apart from trust in its certificate.
    """

    indication: Indication
    flaw: Flaw | None = None
    file: str | None = None
    level: Level = Level.NONE
    signing_time: datetime | None = None
    certificate: CertificateInfo | None = None

    @property
    def sub_indication(self) -> SubIndication | None:
        """The standard's reason; None if it passed."""
        return self.flaw.sub_indication if self.flaw else None

    @property
    def passed(self) -> bool:
        """True only for TOTAL-PASSED."""
        return self.indication is Indication.TOTAL_PASSED
