"""The releases of XMeld that this gateway can write and read: one record each.

A release changes on 1 May and 1 November; namespace, attribute ``version`` and the version of the message list change
together (XMeld 25.11a, schema ``xinneres.xmeld.xsd``). From when to when a release is used is not known here: that is
data beside the schemas.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """One release. ``name`` is the value of the root attribute ``version`` and of the message list's listVersionID.

    ``anforderungselement`` and ``zustellvariante`` are the versions of those code lists that the release fixes.
    """

    name: str
    namespace: str
    anforderungselement: str
    zustellvariante: str

    def tag(self, local: str) -> str:
        """Return the name of an XMeld element as lxml wants it. Elements of XInneres types have no namespace."""
        return f"{{{self.namespace}}}{local}"


_ALL = (
    Version(
        name="25.11a",
        namespace="http://www.osci.de/xmeld2511a",
        anforderungselement="2",
        zustellvariante="1",
    ),
)

VERSIONS: dict[str, Version] = {one.name: one for one in _ALL}
BY_NAMESPACE: dict[str, Version] = {one.namespace: one for one in _ALL}


def version(name: str) -> Version:
    """Return the release of that name; raises ValueError naming the releases that there are."""
    found = VERSIONS.get(name)
    if found is None:
        raise ValueError(f"XMeld {name} is not known here; known: {', '.join(VERSIONS)}")
    return found
