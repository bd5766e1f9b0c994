"""The standards: one package each (``xmeld``, …), one module a message family; builders and readers.

A standard's package exports ``READERS``: a mapping of (namespace, local name of the root element) to the function
that reads such an answer. Packages are found by looking into this folder, so a new standard touches no existing file.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from functools import cache
from importlib import import_module

from lxml import etree

from gateway.errors import InvalidMessageError, Violation
from gateway.model import Answer
from gateway.standards.reading import parse

Reader = Callable[[bytes], Answer]


def reader_for(namespace: str, root: str) -> Reader | None:
    """Return the reader of answers whose root element has this namespace and local name, or None if there is none.

    The reader takes the bytes of a message that is schema-valid and raises
    :class:`gateway.errors.InvalidMessageError` for what a schema cannot say.
    """
    return _readers().get((namespace, root))


def read_answer(content: bytes) -> Answer:
    """Return what a schema-valid message says; raises InvalidMessageError ``message.unknown`` if nobody reads it."""
    name = etree.QName(parse(content))
    reader = reader_for(name.namespace or "", name.localname)
    if reader is None:
        raise InvalidMessageError((Violation(path="/", rule="message.unknown"),))
    return reader(content)


@cache
def _readers() -> dict[tuple[str, str], Reader]:
    found: dict[tuple[str, str], Reader] = {}
    for module in pkgutil.iter_modules(__path__):
        if not module.ispkg:
            continue
        readers: dict[tuple[str, str], Reader] = import_module(f"{__name__}.{module.name}").READERS
        if twice := found.keys() & readers.keys():
            raise ValueError(f"two standards read {sorted(twice)}")
        found.update(readers)
    return found
