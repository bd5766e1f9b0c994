"""XTA 2 version 3, web service module XTA-WS 2.1.1: client, fault table, message types (adapters/xta/README.md)."""
