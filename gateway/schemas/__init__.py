"""Schema packages: which version of a standard holds on which day, and whether a message is valid there.

A message is valid if it passes, in this order: the bounds of hostile input (:mod:`gateway.schemas.parsing`), our
profile (XML Schema 1.0, ``xsd/``), the rules beside it (``rules.toml``) and, for sending, the publisher's own schemas
where an operator has installed them. Nothing is read from the network. What is wrong is said by place and rule, never
by value.
"""

from gateway.schemas.package import Purpose, SchemaPackage
from gateway.schemas.schemas import NONE_VALID, Schemas

__all__ = ["NONE_VALID", "Purpose", "SchemaPackage", "Schemas"]
