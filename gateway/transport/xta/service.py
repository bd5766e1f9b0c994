"""The XTA service as its WSDL describes it: actions and element types, read once per process by zeep.

zeep types and serialises; it neither sends nor receives here, because its transport, its WS-Security and its MTOM
reader have known defects. Nothing is loaded from the network.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import zeep
from lxml import etree
from zeep.exceptions import ValidationError

XTA = "http://xoev.de/transport/xta/211"
META = "http://www.osci.eu/ws/2014/10/transport"
BOX = "http://www.osci.eu/ws/2008/05/transport"
PREFIXES = {"oscimeta": META, "osci": BOX, "xta": XTA}

SCHEMA_FILE = Path(__file__).parent / "schema" / "xta.xsd"
"""Our schemas of all elements of XTA-WS 2.1.1, for who validates them."""

_loaded: dict[Path, XtaService] = {}
_loading = threading.Lock()


class XtaService:
    """One WSDL, understood. Immutable after construction and used by many threads."""

    def __init__(self, wsdl: Path) -> None:
        settings = zeep.Settings(forbid_external=True, forbid_dtd=True, forbid_entities=True)
        self._client: Any = zeep.Client(str(wsdl), transport=_LocalFiles(), settings=settings)  # type: ignore[no-untyped-call]
        ports = [port for service in self._client.wsdl.services.values() for port in service.ports.values()]
        self._actions = {
            operation.name: operation.soapaction for port in ports for operation in port.binding._operations.values()
        }

    @property
    def operations(self) -> frozenset[str]:
        return frozenset(self._actions)

    def action(self, operation: str) -> str:
        """Return the action of an operation, the same for its input, output and faults."""
        return str(self._actions[operation])

    def render(self, parent: etree._Element, name: str, value: Mapping[str, Any] | str) -> None:
        """Append the global element ``name`` ({namespace}local) with ``value`` to ``parent``.

        Raises ValueError naming the place if the value lacks what the type demands.
        """
        element = self._client.get_element(name)
        try:
            element.render(parent, element(**value) if isinstance(value, Mapping) else element(value))
        except ValidationError as error:
            raise ValueError(f"XTA {etree.QName(name).localname}: a required part is missing") from error


class _LocalFiles:
    """What zeep loads WSDL and schemas with: files of this installation, nothing else."""

    def load(self, location: str) -> bytes:
        return Path(location).read_bytes()


def xta_service(wsdl: Path) -> XtaService:
    """Return the service of this WSDL file, read on first use and kept for the process (about 20 ms, then nothing)."""
    with _loading:
        if wsdl not in _loaded:
            _loaded[wsdl] = XtaService(wsdl)
        return _loaded[wsdl]
