"""Breaks messages at random, with a seeded generator: what a wrong builder, a wrong peer or an attacker might send."""

from __future__ import annotations

import copy
from random import Random

from lxml import etree

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_NAMESPACES = (
    "http://www.osci.de/xmeld2511a",
    "http://www.osci.de/xmeld2605",
    "http://www.osci.de/xinneres/allgemeinername/4",
    None,
)
_TEXTS = (
    "", " ", "0", "1", "01", "02", "04", "46", "1700", "1701", "1704", "9999", "x", "true", "false", "TRUE", "DVDV",
    "EG", "49716", "4971", "497161", "03454035", "99999999", "2026-02-30", "2026-02-28", "2026-02-28Z", "02026-02-28",
    "1984", "1984-08", "1984-13", "-1984", "2026-03-02T09:15:30", "2026-03-02T09:15:30Z",
    "2026-03-02T24:00:00.000+01:00", "2026-03-02T09:15:30.123+14:30",
    "3f2504e0-4f89-41d3-9a0c-0305e82c1700", "3f2504e04f8941d39a0c0305e82c1700",
    "{3f2504e0-4f89-41d3-9a0c-0305e82c1700}", "Müller–Lüdenscheidt", "a\u0308", "C\u0306", "Ω", "Ж", "漢", "„x“", "ﬁ",
    "\u00ad", "\u200b", "\u00a0", "€", "’", "a\tb", "a\nb", "12345", "12a", "x" * 36, "x" * 5000, "Zm9v", "Zm9", "Zg==",
    "ags:03454035", "mbp:1", "25.11a", "2", "3", "urn:de:xmeld:schluesseltabelle:xmeld.nachrichten", "8", "+7", "007",
)  # fmt: skip


class Mutants:
    """Makes mutants of messages. The same seed makes the same mutants."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._ways = (
            self._drop, self._double, self._swap, self._rename, self._move, self._borrow_text, self._set_text,
            self._set_text, self._edit_text, self._namespace, self._mixed_text, self._foreign_child, self._comment,
            self._set_attribute, self._set_attribute, self._drop_attribute, self._rename_attribute, self._xsi,
            self._code, self._message_number, self._same_type,
        )  # fmt: skip

    def of(self, message: etree._Element) -> etree._Element:
        """Return a copy of the message with one change, sometimes two or three."""
        mutant = copy.deepcopy(message)
        for _ in range(self._random.choice([1, 1, 1, 1, 2, 3])):
            self._random.choice(self._ways)(mutant)
        return mutant

    def _any(self, root: etree._Element) -> etree._Element:
        return self._random.choice([one for one in root.iter() if isinstance(one.tag, str)])

    def _inner(self, root: etree._Element) -> etree._Element | None:
        inner = [one for one in root.iterdescendants() if isinstance(one.tag, str)]
        return self._random.choice(inner) if inner else None

    def _leaf(self, root: etree._Element) -> etree._Element:
        return self._random.choice([one for one in root.iter() if isinstance(one.tag, str) and len(one) == 0])

    def _drop(self, root: etree._Element) -> None:
        if (victim := self._inner(root)) is not None:
            victim.getparent().remove(victim)

    def _double(self, root: etree._Element) -> None:
        if (one := self._inner(root)) is not None:
            one.addnext(copy.deepcopy(one))

    def _swap(self, root: etree._Element) -> None:
        if (one := self._inner(root)) is not None and (other := one.getnext()) is not None:
            other.addnext(one)

    def _move(self, root: etree._Element) -> None:
        one, target = self._inner(root), self._any(root)
        if one is not None and one is not target and one not in target.iterancestors():
            target.insert(self._random.randint(0, len(target)), one)

    def _rename(self, root: etree._Element) -> None:
        one = self._any(root)
        name = self._random.choice([etree.QName(self._any(root)).localname, "fremd", etree.QName(one).localname + "x"])
        namespace = etree.QName(one).namespace
        one.tag = f"{{{namespace}}}{name}" if namespace else name

    def _namespace(self, root: etree._Element) -> None:
        one, namespace = self._any(root), self._random.choice(_NAMESPACES)
        name = etree.QName(one).localname
        one.tag = f"{{{namespace}}}{name}" if namespace else name

    def _set_text(self, root: etree._Element) -> None:
        self._leaf(root).text = self._random.choice(_TEXTS)

    def _borrow_text(self, root: etree._Element) -> None:
        self._leaf(root).text = self._leaf(root).text

    def _edit_text(self, root: etree._Element) -> None:
        leaf = self._leaf(root)
        text = leaf.text or ""
        place = self._random.randint(0, len(text))
        changes = [text[:place] + self._random.choice(" 0x–ä-:Z\n") + text[place:], text[: place - 1] + text[place:]]
        leaf.text = self._random.choice([*changes, f" {text} ", text.upper(), text.swapcase(), text * 2])

    def _code(self, root: etree._Element) -> None:
        codes = list(root.iter("code", "{*}code"))
        if codes:
            self._random.choice(codes).text = self._random.choice(
                [f"{self._random.randint(0, 50):02}", "LD", "EG", "m"]
            )

    def _message_number(self, root: etree._Element) -> None:
        codes = root.findall(".//nachrichtentyp/code")
        if codes:
            self._random.choice(codes).text = self._random.choice(["0600", "1700", "1701", "1704", "1799"])

    def _same_type(self, root: etree._Element) -> None:
        """State with xsi:type what the element is anyway."""
        if (one := root.find(".//erstellungszeitpunkt")) is not None:
            typed = etree.Element(one.tag, nsmap={"xs": "http://www.w3.org/2001/XMLSchema"})
            typed.set(f"{{{_XSI}}}type", "xs:dateTime")
            typed.text = one.text
            one.getparent().replace(one, typed)

    def _mixed_text(self, root: etree._Element) -> None:
        one = self._any(root)
        if self._random.random() < 0.5:
            one.text = (one.text or "") + self._random.choice(["x", " ", "\n"])
        else:
            one.tail = self._random.choice(["x", " ", "\n"])

    def _foreign_child(self, root: etree._Element) -> None:
        etree.SubElement(self._any(root), self._random.choice(["name", "code", "{urn:fremd}fremd"])).text = "x"

    def _comment(self, root: etree._Element) -> None:
        node = etree.Comment("x") if self._random.random() < 0.5 else etree.ProcessingInstruction("x", "y")
        self._any(root).insert(0, node)

    def _set_attribute(self, root: etree._Element) -> None:
        carriers = [one for one in root.iter() if one.attrib]
        one = self._random.choice(carriers or [root])
        names = list(one.attrib) or ["listURI"]
        one.set(self._random.choice(names), self._random.choice(_TEXTS))

    def _drop_attribute(self, root: etree._Element) -> None:
        carriers = [one for one in root.iter() if one.attrib]
        if carriers:
            one = self._random.choice(carriers)
            del one.attrib[self._random.choice(list(one.attrib))]

    def _rename_attribute(self, root: etree._Element) -> None:
        one = self._any(root)
        name = self._random.choice(["listURI", "listVersionID", "test", "id", "fremd", "{urn:fremd}fremd"])
        one.set(name, self._random.choice(_TEXTS))

    def _xsi(self, root: etree._Element) -> None:
        one = self._any(root)
        choice = self._random.choice(["type", "nil", "schemaLocation"])
        value = {"type": self._random.choice(["xmeld:type.Vornamen", "xs:string"]), "nil": "true"}
        one.set(f"{{{_XSI}}}{choice}", value.get(choice, "urn:fremd http://127.0.0.1:1/fremd.xsd"))
