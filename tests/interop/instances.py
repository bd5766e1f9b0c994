"""Random messages straight from a schema: walks the publisher's content models with a seeded generator.

Independent of our builders and of our profile: every choice, every optional element and every repetition that the
publisher allows comes up, so that the profile is asked about answers that no example shows.
"""

from __future__ import annotations

import base64
from pathlib import Path
from random import Random
from typing import Any
from xml.etree import ElementTree

import xmlschema
from lxml import etree

_CATALOG = "{urn:oasis:names:tc:entity:xmlns:xml:catalog}"
_LETTERS = "abcdefghijklmnopqrstuvwxyzäöüßABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÜ" * 4 + "ẞłșğạéñøŁ’€ 0123456789-/.,:()"
_COMBINED = ("C\u0306", "K\u035fh", "S\u031b\u0304", "ē\u030d", "l\u0325\u0304", "J\u030c")


def read_official(folder: Path, root: str) -> xmlschema.XMLSchema:
    """Return the publisher's schema as a walkable model, found through its catalog only."""
    entries = ElementTree.parse(folder / "catalog.xml").getroot().iter(_CATALOG + "uri")
    files = {entry.get("name"): (folder / str(entry.get("uri"))).as_uri() for entry in entries}
    return xmlschema.XMLSchema(str(folder / root), uri_mapper=files, allow="local", defuse="always")


class Instances:
    """Makes messages of a schema. The same seed makes the same messages."""

    def __init__(self, schema: xmlschema.XMLSchema, seed: int) -> None:
        self._schema = schema
        self._random = Random(seed)

    def message(self, name: str) -> etree._Element:
        """Return a message whose root element has the local name ``name``, which ends in its number."""
        root = self._element(self._schema.elements[name])
        number = name[-4:]
        # The schema does not tie the header's type to the root; a legitimate message does.
        root.find("nachrichtenkopf.g2g/identifikation.nachricht/nachrichtentyp/code").text = number
        origin = root.find("{*}ursprungsnachricht/nachrichtentyp/code")
        if origin is not None:
            origin.text = "1700"
        return root

    def _element(self, declared: Any) -> etree._Element:
        prefixes = {"xmeld": self._schema.target_namespace}
        element = etree.Element(declared.name, nsmap=prefixes if self._random.random() < 0.8 else None)
        for name, attribute in declared.attributes.items():
            if attribute.use == "required" or self._random.random() < 0.5:
                element.set(name, attribute.fixed or self._value(name, attribute.type))
        if declared.fixed is not None:
            # "1" is the same value, but libxml2 compares fixed values by their letters.
            element.text = self._random.choice([declared.fixed, declared.fixed, ""])
        elif declared.type.has_simple_content() or declared.type.is_simple():
            element.text = self._value(declared.local_name, declared.type)
        else:
            self._fill(element, declared.type.content)
        return element

    def _fill(self, parent: etree._Element, group: Any) -> None:
        particles = list(group)
        if group.model == "choice":
            particles = [self._random.choice(particles)]
        for particle in particles:
            for _ in range(self._times(particle)):
                if hasattr(particle, "model"):
                    self._fill(parent, particle)
                else:
                    parent.append(self._element(particle))

    def _times(self, particle: Any) -> int:
        least, most = particle.min_occurs, particle.max_occurs
        return self._random.randint(least, min(most if most is not None else least + 3, least + 4))

    def _value(self, name: str, declared: Any) -> str:
        if declared.enumeration:
            return str(self._random.choice(declared.enumeration))
        name = name.rpartition("}")[2]
        by_name = getattr(self, "_" + name.replace(".", "_").lower(), None)
        if by_name is not None:
            return by_name()
        primitive = declared.primitive_type.local_name
        return getattr(self, f"_type_{primitive.lower()}", self._text)()

    def _text(self) -> str:
        if self._random.random() < 0.05:
            return self._random.choice(["", " ", "\t", "x" * 300, "zwei\nZeilen"])
        letters = [self._random.choice(_LETTERS) for _ in range(self._random.randint(1, 30))]
        return "".join(letters) + (self._random.choice(_COMBINED) if self._random.random() < 0.1 else "")

    def _digits(self, least: int, most: int, others: str = "") -> str:
        return "".join(self._random.choice("0123456789" + others) for _ in range(self._random.randint(least, most)))

    def _nachrichtenuuid(self) -> str:
        text = f"{self._random.getrandbits(128):032x}"
        if self._random.random() < 0.2:
            text = text.upper()
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    def _hausnummer(self) -> str:
        return self._digits(0, 4, " ")

    _hausnummer_bis = _hausnummer

    def _postleitzahl(self) -> str:
        return self._digits(5, 5) if self._random.random() < 0.8 else self._digits(0, 5, " ")

    def _hausnummerbuchstabezusatzziffer(self) -> str:
        return self._digits(0, 4, "abcÄß./ ")

    _hausnummerbuchstabezusatzziffer_bis = _hausnummerbuchstabezusatzziffer

    def _stockwerkswohnungsnummer(self) -> str:
        return self._digits(0, 4, "abcÄß. ")

    def _zeilennummer(self) -> str:
        return str(self._random.randint(1, 8))

    def _inhalt(self) -> str:
        return "".join(self._random.choice(_LETTERS) for _ in range(self._random.randint(1, 35)))

    def _type_datetime(self) -> str:
        fraction = self._random.choice(["", ".1", ".123", ".123456"])
        return f"{self._type_date()}T{self._random.randint(10, 23)}:59:00{fraction}" + self._random.choice(
            ["", "Z", "+01:00", "-05:30"]
        )

    def _type_date(self) -> str:
        return f"{self._random.randint(1900, 2030)}-0{self._random.randint(1, 9)}-{self._random.randint(10, 28)}"

    def _type_gyearmonth(self) -> str:
        return self._type_date()[:7]

    def _type_gyear(self) -> str:
        return self._type_date()[:4]

    def _type_boolean(self) -> str:
        return self._random.choice(["true", "1"])

    def _type_base64binary(self) -> str:
        return base64.b64encode(self._random.randbytes(self._random.randint(0, 80))).decode()

    def _type_anyuri(self) -> str:
        return "urn:xoev-de:" + self._digits(1, 5)
