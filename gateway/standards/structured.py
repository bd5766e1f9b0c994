"""A part of a message as JSON, so that a portal can use what came back without knowing XML.

Faithful and generic: names of elements are the keys, order is kept, a code keeps ``code``, ``listURI`` and
``listVersionID``; attributes of other namespaces are left out. What may occur more than once is always a list and a
switch is ``true``; which names these are, the standard says.
"""

from __future__ import annotations

import json
from collections.abc import Set as AbstractSet

from lxml import etree

Structure = str | bool | dict[str, "Structure | list[Structure]"]


def as_json(element: etree._Element, *, repeated: AbstractSet[str], switches: AbstractSet[str]) -> bytes:
    """Return the element as a JSON document (UTF-8) with the element's name as its one key."""
    document = {etree.QName(element).localname: _structure(element, repeated, switches)}
    return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"


def _structure(element: etree._Element, repeated: AbstractSet[str], switches: AbstractSet[str]) -> Structure:
    name = etree.QName(element).localname
    if name in switches:
        return True
    own = ((str(key), str(value)) for key, value in element.attrib.items())
    content: dict[str, Structure | list[Structure]] = {key: value for key, value in own if not key.startswith("{")}
    if len(element) == 0 and not content:
        return element.text or ""
    for part in element:
        key = etree.QName(part).localname
        value = _structure(part, repeated, switches)
        earlier = content.get(key)
        if isinstance(earlier, list):
            earlier.append(value)
        elif earlier is not None:
            content[key] = [earlier, value]
        else:
            content[key] = [value] if key in repeated else value
    return content
