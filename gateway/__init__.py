"""Interoperability gateway: a portal's JSON in, a valid and signed XÖV message delivered, proof for an auditor."""

__version__ = "0.1.0"
