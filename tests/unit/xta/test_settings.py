"""Settings are strict, and the self-check says early what will break."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.xta import checks
from adapters.xta.adapter import Settings, create
from adapters.xta.description import described, description_of
from adapters.xta.settings import MessageSettings
from adapters.xta.simulator import Simulator
from gateway.errors import ConfigurationError
from gateway.model import Whose
from gateway.settings import adapter_module
from gateway.signing.pki import DemoPki
from gateway.transport.tls import certificate_dates
from tests.xta_exchange import parcel, settings_for

TABLE: dict[str, Any] = {
    "adapter": "xta",
    "management_url": "https://xta.example/XTA210managementPort.svc",
    "send_url": "https://xta.example/XTA210sendPort.svc",
    "msgbox_url": "https://xta.example/XTA210msgBoxPort.svc",
    "ca_file": Path("/etc/gateway/ca.pem"),
    "client_certificate_file": Path("/etc/gateway/client.pem"),
    "client_key_file": Path("/etc/gateway/client.key"),
    "author": {"identifier": "mbp:000000001"},
}


def test_table_of_the_configuration_is_understood() -> None:
    module, settings = adapter_module("gateway.toml", "meso", TABLE)
    assert module.create is create
    assert isinstance(settings, Settings)
    assert settings.max_bytes == 40_000_000


@pytest.mark.parametrize(
    "change",
    [
        {"unknown": 1},
        {"management_url": "http://xta.example/"},
        {"management_url": "https://user:secret@xta.example/"},
        {"author": {"identifier": "mbp:1", "unknown": 1}},
        {"max_bytes": 40_000_001},
        {"max_bytes": 0},
        {"read_timeout": 0},
    ],
)
def test_wrong_value_is_refused_without_quoting_it(change: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as raised:
        adapter_module("gateway.toml", "meso", TABLE | change)
    assert raised.value.key.startswith("connection.meso.")
    assert "secret" not in str(raised.value)


def test_settings_do_not_change() -> None:
    _, settings = adapter_module("gateway.toml", "meso", TABLE)
    with pytest.raises(ValidationError):
        settings.max_bytes = 1  # type: ignore[attr-defined]


def test_missing_certificate_file_is_named(simulator: Simulator, pki: DemoPki, tmp_path: Path) -> None:
    settings = settings_for(simulator, pki, client_certificate_file=tmp_path / "absent.pem")
    with pytest.raises(ConfigurationError) as raised:
        create(settings, name="meso")
    assert raised.value.key == "client_certificate_file"


def test_message_is_described_by_its_number_before_its_standard(simulator: Simulator, pki: DemoPki) -> None:
    special = MessageSettings(service="urn:special", scenario_code="X")
    general = MessageSettings(service="urn:general", scenario_code="X")
    settings = settings_for(simulator, pki, messages={"1700": special, "xmeld": general})
    assert description_of(parcel(), settings) == special
    assert description_of(parcel(), settings_for(simulator, pki, messages={"xmeld": general})) == general
    assert description_of(parcel(), settings_for(simulator, pki, messages={})) is None


def test_attachments_travel_beside_the_message_and_count(simulator: Simulator, pki: DemoPki) -> None:
    settings = settings_for(simulator, pki)
    made = parcel()
    how = description_of(made, settings)
    assert how is not None
    order = described(made, "urn:x", how, settings)
    assert [one.filename for one in order.attachments] == ["signatures0.xml"]
    assert order.metadata.size == len(made.message.content) + sum(len(one.content) for one in order.attachments)


@pytest.mark.parametrize(
    ("days_left", "level"), [(31, "ok"), (30, "warning"), (1, "warning"), (0, "error"), (-1, "error")]
)
def test_check_warns_30_days_before_a_certificate_expires(
    simulator: Simulator, pki: DemoPki, days_left: int, level: str
) -> None:
    ends = certificate_dates(pki.client_certificate, "client_certificate_file")[0].not_after
    findings = checks.certificates(settings_for(simulator, pki), ends - timedelta(days=days_left))
    assert findings[0].level == level


def test_check_notices_a_certificate_that_is_not_valid_yet(simulator: Simulator, pki: DemoPki) -> None:
    findings = checks.certificates(settings_for(simulator, pki), datetime(2020, 1, 1, tzinfo=UTC))
    assert [one.level for one in findings] == ["error", "error"]


def test_operator_is_who_acts_on_a_hold() -> None:
    assert Whose.OPERATOR.value == "operator"
