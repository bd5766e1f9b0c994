"""Adapter for specialist procedures that are reached over XTA 2 version 3 (XTA-WS 2.1.1)."""
