"""The command line, and one demonstration PKI for all acceptance tests."""

from tests.acceptance.commands import gateway
from tests.xta_exchange import pki

__all__ = ["gateway", "pki"]
