"""The parts of the XTA simulator: HTTPS, SOAP, the XTA service with its state, and the Meldebehörde behind it.

Written from the fact sheet, not from the client: it shares with the client nothing but names, schemas and the parser.
"""
