"""SOAP 1.2 (W3C 2007) with WS-Addressing 1.0: envelopes to send, replies read strictly."""
