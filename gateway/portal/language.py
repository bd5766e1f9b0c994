"""The language of an answer's sentences: German, unless the caller prefers English (Accept-Language, RFC 9110)."""

from __future__ import annotations

from flask import Request


def chosen_language(request: Request) -> str:
    """Return ``de`` or ``en``."""
    if "Accept-Language" not in request.headers:
        return "de"
    return request.accept_languages.best_match(["de", "en"], "de") or "de"
