"""The fixtures of the XTA exchange."""

from tests.xta_exchange import adapter, pki, simulator

__all__ = ["adapter", "pki", "simulator"]
