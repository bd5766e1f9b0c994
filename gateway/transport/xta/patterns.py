"""Header blocks that zeep renders once per kind and that are copied per message.

Rendering MessageMetaData through zeep's types costs about 0.4 ms, copying the result 0.03 ms; between one author and
one reader only four values change from message to message.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache

from lxml import etree

from gateway.transport.soap.envelope import WSA
from gateway.transport.xta import requests
from gateway.transport.xta.records import Metadata, XtaParty
from gateway.transport.xta.service import META, PREFIXES, XtaService

_ORIGIN = f"{{{META}}}DeliveryAttributes/{{{META}}}Origin"
_XTA_ID = f"{{{META}}}MsgIdentification/{{{WSA}}}MessageID"
_PROCESS = f"{{{META}}}MsgIdentification/{{{META}}}ProcessRef/{{{META}}}Requester"
_SIZE = f"{{{META}}}MsgSize"
_SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)


class HeaderPatterns:
    """The header blocks of one service; safe for many threads."""

    def __init__(self, service: XtaService) -> None:
        self._service = service
        self._author = lru_cache(maxsize=1024)(self._rendered_author)
        self._metadata = lru_cache(maxsize=4096)(self._rendered_metadata)

    def author(self, party: XtaParty) -> etree._Element:
        """Return the Author block."""
        return copy.deepcopy(self._author(party))

    def metadata(self, value: Metadata) -> etree._Element:
        """Return the MessageMetaData block; ``size`` is at least 1."""
        pattern = self._metadata(replace(value, xta_id="-", process="-", size=1, origin=_SOME_TIME))
        block = copy.deepcopy(pattern)
        origin = value.origin.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
        for path, text in (
            (_ORIGIN, origin),
            (_XTA_ID, value.xta_id),
            (_PROCESS, value.process),
            (_SIZE, str(value.size)),
        ):
            hole = block.find(path)
            if hole is None or not text:
                raise ValueError("XTA MessageMetaData: a required part is missing")
            hole.text = text
        return block

    def _rendered_author(self, party: XtaParty) -> etree._Element:
        return self._rendered(f"{{{META}}}Author", requests.party(party))

    def _rendered_metadata(self, value: Metadata) -> etree._Element:
        return self._rendered(f"{{{META}}}MessageMetaData", requests.metadata(value))

    def _rendered(self, name: str, value: dict[str, object]) -> etree._Element:
        parent = etree.Element("pattern", nsmap={**PREFIXES, "wsa": WSA})
        self._service.render(parent, name, value)
        return parent[0]
