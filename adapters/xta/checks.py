"""The self-check of an XTA connection: certificate dates and one harmless call (checkAccountActive)."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from adapters.xta.settings import Settings
from gateway.errors import ConfigurationError
from gateway.model import Finding
from gateway.transport.tls import certificate_dates
from gateway.transport.xta.client import XtaClient
from gateway.transport.xta.faults import FaultClass, XtaError

_AHEAD = timedelta(days=30)
_ADVICE = {
    FaultClass.RETRY: "the server cannot be reached or works on itself now; try again later",
    FaultClass.HOLD: "route, account or certificate do not fit; check the settings with the server's operator",
    FaultClass.PERMANENT: "the server refused the call's parameters; check author identifier and category",
    FaultClass.MAYBE: "the server gave no usable answer; check the URL and what stands in between",
}


def certificates(settings: Settings, now: datetime) -> tuple[Finding, ...]:
    """Look at the dates of our certificate and of the pinned CA; warn 30 days ahead."""
    files = (
        ("client_certificate_file", settings.client_certificate_file),
        ("ca_file", settings.ca_file),
    )
    return tuple(_dates(key, file, now) for key, file in files)


def account(client: XtaClient, settings: Settings) -> Finding:
    """Ask the server whether our certificate and author identifier have an active account."""
    try:
        client.check_account_active(settings.account)
    except XtaError as error:
        return Finding(level="error", subject="account", text=f"{error.code}: {_ADVICE[error.rule.fault_class]}")
    return Finding(level="ok", subject="account", text="the server knows the account and it is active")


def _dates(key: str, file: Path, now: datetime) -> Finding:
    try:
        found = certificate_dates(file, key)
    except ConfigurationError as error:
        return Finding(level="error", subject=key, text=f"{error.reason}: replace the file")
    last = min(one.not_after for one in found)
    if max(one.not_before for one in found) > now:
        return Finding(level="error", subject=key, text="is not valid yet: check the clock or the file")
    if last <= now:
        return Finding(level="error", subject=key, text=f"expired on {last:%Y-%m-%d}: replace the file")
    if last - now <= _AHEAD:
        return Finding(level="warning", subject=key, text=f"expires on {last:%Y-%m-%d}: order a new certificate now")
    return Finding(level="ok", subject=key, text=f"valid until {last:%Y-%m-%d}")
