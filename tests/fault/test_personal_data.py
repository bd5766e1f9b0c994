"""Nothing personal gets out: not into log lines, figures, the audit log, its bundle, or the answers about errors.

The names stand in applications, in refused requests, in the authority's faults and in replies that fit nothing.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
import urllib3
from sqlalchemy import select

from adapters.xta.simulation import documents
from adapters.xta.simulation.state import Post
from adapters.xta.simulator import DEMO_AUTHOR, How, Mishap, Simulator, demo_simulator
from gateway.client import PortalClient
from gateway.signing.pki import DemoPki
from gateway.store import tables
from tests.gateways import Installation, install, served, wait_for
from tests.portal_harness import MARKER, application

pytestmark = pytest.mark.slow

PERSONAL = (MARKER, "Erika", "Musterstra", "1984-08-12", "12.08.1984")
LIES = {
    "createMessageId": [Mishap(how=How.FAULT, value=MARKER), Mishap(how=How.BARE_FAULT, value=MARKER)],
    "sendMessage": [
        Mishap(how=How.GARBAGE, value=f"<Person>{MARKER}, Erika, 1984-08-12</Person>"),
        Mishap(how=How.GARBAGE, value=f"<{MARKER}>"),
        Mishap(how=How.FAULT, value=MARKER, handled=True),
        Mishap(how=How.BARE_FAULT, value=f"{MARKER}"),
        Mishap(how=How.NO_HTTP),
    ],
    "getTransportReport": [Mishap(how=How.GARBAGE, value=f"<{MARKER}/>"), Mishap(how=How.FAULT, value="12.08.1984")],
    "getMessage": [Mishap(how=How.GARBAGE, value=f"{MARKER} <a>"), Mishap(how=How.FAULT, value=MARKER)],
    "close": [Mishap(how=How.BARE_FAULT, value=MARKER)],
}
REFUSED: tuple[bytes, ...] = (
    json.dumps(application(antragsteller__geburtsdatum="1984-08-12T")).encode(),
    json.dumps(application(**{f"antragsteller__{MARKER}": "Erika"})).encode(),
    json.dumps(application(antrag__zustellung=MARKER)).encode(),
    json.dumps(application(service=MARKER)).encode(),
    json.dumps(application(ags=MARKER)).encode(),
    f'{{"{MARKER}": Erika'.encode(),
    f'{{"{MARKER}": 1, "{MARKER}": 2}}'.encode(),
    b"[" * 100 + MARKER.encode(),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> tuple[Installation, str]:
    """Let a gateway meet all of it; give its folder, and every text that it answered beside the data itself."""
    with demo_simulator(pki) as authority:
        folder = install(tmp_path_factory.mktemp("personal") / "gateway", pki, authority)
        with served(folder) as gateway:
            for operation, lies in LIES.items():
                for lie in lies:
                    authority.script.plan(operation, lie)
            ids = [gateway.post(application(portal_case=f"OR-{number}")) for number in range(6)]
            told = [gateway.client.submit(body, f"key-{number}").body for number, body in enumerate(REFUSED)]
            told += [gateway.client.validate(body).body for body in REFUSED]
            told += _strange_requests(gateway.client)
            gateway.until("answered", *ids)
            wait_for(lambda: len(authority.script) == 0, "every lie told")
            _mail_lies(authority)
            wait_for(lambda: authority.service.state.waiting(DEMO_AUTHOR) == 0, "mailbox emptied")
            told += [_get(folder, path) for path in ("/metrics", "/readyz", "/healthz", f"/{MARKER}")]
            assert gateway.terminate() == 0
    return folder, b"\n".join(told).decode()


def _strange_requests(client: PortalClient) -> list[bytes]:
    return [
        client.status(MARKER).body,
        client.submit(REFUSED[0], MARKER * 40).body,
        client.document(MARKER, 1).body,
        PortalClient(client.url, MARKER).status("x").body,
    ]


def _get(folder: Installation, path: str) -> bytes:
    with urllib3.PoolManager(retries=False, timeout=10) as pool:
        return pool.request("GET", folder.url + path).data


def _mail_lies(authority: Simulator) -> None:
    """Replies that fit nothing, with names in content, file name and metadata; their ids are ordinary ones."""
    state = authority.service.state
    question = next(iter(state.orders.values())).metadata
    for content in (f"<{MARKER}/>", f"Erika {MARKER}, geb. 12.08.1984", f"<a>{MARKER}</a>"):
        xta_id, data = state.issue(""), content.encode()
        metadata = documents.answer_metadata(question, xta_id, root_name=MARKER, namespace="urn:x", size=len(data))
        container = documents.container(data, f"{MARKER}.xml")
        state.post(DEMO_AUTHOR, Post(xta_id=xta_id, metadata=metadata, container=container))


def found(text: str) -> list[str]:
    return [one for one in PERSONAL if one.lower() in text.lower()]


def test_the_log_lines_hold_none_of_it(run: tuple[Installation, str]) -> None:
    text = run[0].log_file.read_text(encoding="utf-8")
    assert '"attempt ended"' in text
    assert '"reply kept"' in text
    assert '"request"' in text
    assert found(text) == []


def test_every_log_line_is_json_and_names_nothing_unknown(run: tuple[Installation, str]) -> None:
    lines = run[0].log_file.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines[1:] if not line.startswith("{")] == []
    assert [json.loads(line)["omitted"] for line in lines[1:] if "omitted" in json.loads(line)] == []


def test_answers_about_errors_figures_and_health_hold_none_of_it(run: tuple[Installation, str]) -> None:
    text = run[1]
    assert "gateway_delivery_attempts_total" in text
    assert '"application.invalid"' in text
    assert found(text) == []


def test_the_audit_tables_hold_none_of_it(run: tuple[Installation, str]) -> None:
    names = [name for name in tables.metadata.tables if name.startswith("audit_") or name == "event"]
    assert len(names) == 5
    for name in names:
        rows = run[0].rows(select(tables.metadata.tables[name]))
        assert rows
        assert found(repr([tuple(row) for row in rows])) == [], name


def test_the_bundle_for_the_auditor_holds_none_of_it(run: tuple[Installation, str], tmp_path: Path) -> None:
    ended = run[0].command("audit", "export", str(tmp_path / "log.zip"))
    assert ended.returncode == 0, ended.stderr
    with zipfile.ZipFile(tmp_path / "log.zip") as bundle:
        names = bundle.namelist()
        text = "\n".join([*names, *(bundle.read(name).decode("utf-8", "replace") for name in names)])
    assert "reply:parked" in text
    assert found(text) == []


def test_what_is_searched_for_does_stand_in_what_is_stored(run: tuple[Installation, str]) -> None:
    """Keeps the search honest."""
    contents = run[0].rows(select(tables.message.c.content))
    assert all(MARKER.encode() in row.content for row in contents)
    parked = run[0].rows(select(tables.reply.c.content).where(tables.reply.c.application_id.is_(None)))
    assert len(parked) == 3
    receipts = run[0].rows(select(tables.attempt.c.code).where(tables.attempt.c.code != "xta.delivered"))
    assert len(receipts) >= 5
