"""The REST API for portals: applications in, states, messages and documents out, and its documentation."""
