"""The citizen services: what each needs, which trust level the law asks for, and which message it becomes.

One module a service in ``services/``; a new service touches no existing file.
"""

from __future__ import annotations

from gateway.catalogue.catalogue import Catalogue
from gateway.catalogue.service import Service

__all__ = ["Catalogue", "Service"]
