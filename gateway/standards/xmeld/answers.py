"""What every answer of the authority to the portal has: header, message type, reference to the order (XMeld 25.11a).

The schema does not tie ``nachrichtentyp`` to the root element nor ``ursprungsnachricht`` to the kind of order; both
are checked here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from gateway.errors import InvalidMessageError, Violation
from gateway.model import Reason
from gateway.standards.reading import child, invalid, parse, text, time
from gateway.standards.xmeld.versions import BY_NAMESPACE, Version

_HEAD = "nachrichtenkopf.g2g"

REFUSALS: dict[str, Reason] = {
    "01": Reason(
        code="xmeld.nichterstellung.01",
        de="Die Meldebehörde konnte die Person mit diesen Angaben nicht eindeutig finden. Bitte Namen, Geburtsdatum "
        "und Anschrift prüfen oder sich an die Meldebehörde wenden.",
        en="The registration office could not clearly identify the person from these data. Check name, birth date and "
        "address, or contact the office.",
    ),
    "02": Reason(
        code="xmeld.nichterstellung.02",
        de="Im Melderegister ist diese Person als verstorben eingetragen. Bitte an die Meldebehörde wenden.",
        en="The register records this person as deceased. Contact the registration office.",
    ),
    "03": Reason(
        code="xmeld.nichterstellung.03",
        de="Die Person ist bei dieser Meldebehörde nicht gemeldet. Vielleicht ist eine andere Gemeinde zuständig.",
        en="The person is not currently registered with this office. Another municipality may be in charge.",
    ),
    "04": Reason(
        code="xmeld.nichterstellung.04",
        de="Die Person ist bei dieser Meldebehörde nicht mit alleiniger Wohnung oder Hauptwohnung gemeldet. Zuständig "
        "ist die Meldebehörde der Hauptwohnung.",
        en="The person is not registered with this office with an only or main dwelling. The office of the main "
        "dwelling is in charge.",
    ),
}
"""Why the authority refused: list ``onlinedienste.nichterstellung.grund``, version 1, in our own words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    """The header of an answer, and the message that it answers. Message ids are in lower case."""

    root: etree._Element
    version: Version
    message_id: str
    author: str
    reader: str
    created_at: datetime
    test: bool
    origin_id: str
    origin_type: str

    def content(self, local: str) -> etree._Element:
        """Return the message's own part of that name."""
        return child(self.root, self.version.tag(local))


def open_answer(content: bytes, *, name: str, answers: frozenset[str]) -> Envelope:
    """Parse an answer whose root element is ``name`` and which may answer orders of the types ``answers``.

    Raises InvalidMessageError: rule ``V000`` for a release that is not known here, and what is wrong otherwise. The
    name of a root element that is not ours could be anything and is not repeated.
    """
    root = parse(content)
    qname = etree.QName(root)
    version = BY_NAMESPACE.get(qname.namespace or "")
    if version is None:
        raise InvalidMessageError((Violation(path="/", rule="V000"),))
    if qname.localname != name:
        raise InvalidMessageError((Violation(path="/", rule="root.unexpected"),))
    head = child(root, _HEAD)
    identification = child(head, "identifikation.nachricht")
    if text(identification, "nachrichtentyp", "code") != name[-4:]:
        raise invalid(identification, "nachrichtentyp.not_of_root", "nachrichtentyp", "code")
    origin = child(root, version.tag("ursprungsnachricht"))
    origin_type = text(origin, "nachrichtentyp", "code")
    if origin_type not in answers:
        raise invalid(origin, "ursprungsnachricht.wrong_type", "nachrichtentyp", "code")
    return Envelope(
        root=root,
        version=version,
        message_id=text(identification, "nachrichtenUUID").lower(),
        author=text(head, "autor", "kennung"),
        reader=text(head, "leser", "kennung"),
        created_at=time(identification, "erstellungszeitpunkt"),
        test="test" in root.attrib,  # whatever its text
        origin_id=text(origin, "nachrichtenUUID").lower(),
        origin_type=origin_type,
    )


def refusal(element: etree._Element) -> Reason:
    """Return the reason of ``grundDerRueckweisung``; raises InvalidMessageError for a code that is not in the list."""
    found = REFUSALS.get(text(element, "code"))
    if found is None:
        raise invalid(element, "code.unknown", "code")
    return found
