"""The documents say what the program does: links lead somewhere, commands exist, every setting is described."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import click
import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from adapters.xta import settings as xta
from gateway import settings
from gateway.catalogue.catalogue import APPLICATION_INVALID
from gateway.catalogue.fields import DATE_INVALID
from gateway.cli import gateway
from gateway.metrics import Backlog, Metrics
from gateway.model import ApplicationState, OutcomeKind
from gateway.portal.problems import details

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "adapters").rglob("*.md")])
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")

SECTIONS: dict[str, type[BaseModel]] = {
    "Top level": settings.Settings,
    "`[listen]`": settings.Listen,
    "`[database]`": settings.DatabaseSettings,
    "`[areas]`": settings.AreasSettings,
    "`[author]`": settings.AuthorSettings,
    "Address": settings.AddressSettings,
    "Contact": settings.ContactSettings,
    "`[signing]`": settings.SigningSettings,
    "`[audit]`": settings.AuditSettings,
    "`[schemas]`": settings.SchemaSettings,
    "`[delivery]`": settings.DeliverySettings,
    "`[[portal]]`": settings.PortalSettings,
    "`[[destination]]`": settings.DestinationSettings,
    "Reader": settings.PartySettings,
    "Settings of the adapter `xta`": xta.Settings,
    "Account": xta.AuthorSettings,
    "Messages": xta.MessageSettings,
}
"""Heading in docs/configuration.md → the model that it describes."""

_WORDED = {"listen", "schemas", "delivery", "messages"}
"""Keys whose default is a whole table: the document says it in words."""

_HEADING = re.compile(r"^#{1,6} +(.*)$", re.MULTILINE)
_LINK = re.compile(r"(?<!\\)\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| `([a-z_]+)` \| [^|]* \| ([^|]*) \|", re.MULTILINE)


def _anchors(document: Path) -> set[str]:
    """Return the anchors that a Markdown renderer gives the headings (GitHub's rule)."""
    headings = _HEADING.findall(_FENCE.sub("", document.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", one.strip().lower()).replace(" ", "-") for one in headings}


def _links(document: Path) -> Iterator[str]:
    yield from _LINK.findall(_FENCE.sub("", document.read_text(encoding="utf-8")))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files_and_headings_that_exist(document: Path) -> None:
    broken = []
    for link in _links(document):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_named_in_documents_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    named = re.findall(r"`((?:gateway|adapters|xsd|tests|config|fixtures|docs|bench)/[\w./-]+)`", text)
    assert [one for one in named if not (ROOT / one).exists()] == []


def test_every_document_is_reachable_from_the_index() -> None:
    index = ROOT / "docs" / "index.md"
    reached = {(index.parent / link.partition("#")[0]).resolve() for link in _links(index) if ":" not in link}
    assert {one for one in DOCUMENTS if one.is_relative_to(ROOT / "docs")} - {index} <= reached


def _commands(group: click.Group, words: tuple[str, ...] = ()) -> Iterator[str]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield " ".join((*words, name))
        if isinstance(command, click.Group):
            yield from _commands(command, (*words, name))


def test_the_readme_names_exactly_the_commands_that_there_are() -> None:
    named = set(
        re.findall(r"^\| `gateway ([a-z -]+)` \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    known = set(_commands(gateway))
    groups = {one for one in known if any(other.startswith(one + " ") for other in known)}
    assert named == known - groups


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_and_make_targets_in_documents_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:`|\$ )make ([a-z]+)", text)) <= targets
    known = set(_commands(gateway))
    used = set(re.findall(r"(?:`|\$ )(?:\.venv/bin/)?gateway ([a-z]+(?: [a-z]+)?)", text))
    assert {one for one in used if one not in known and one.split()[0] not in known} == set()


def _tables() -> dict[str, dict[str, str]]:
    """Return for each heading of the document the rows of its table: key → default."""
    parts = re.split(r"^#{2,6} +(.*)$", CONFIGURATION, flags=re.MULTILINE)
    return {heading: dict(_ROW.findall(text)) for heading, text in zip(parts[1::2], parts[2::2], strict=True)}


def _models(model: type[BaseModel], seen: set[type[BaseModel]]) -> set[type[BaseModel]]:
    if model not in seen:
        seen.add(model)
        for field in model.model_fields.values():
            for inner in _inside(field.annotation):
                _models(inner, seen)
    return seen


def _inside(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _inside(part)


def test_every_table_of_the_settings_has_its_section() -> None:
    assert _models(settings.Settings, set()) | _models(xta.Settings, set()) == set(SECTIONS.values())


@pytest.mark.parametrize("heading", SECTIONS)
def test_every_settings_key_is_documented_with_its_default(heading: str) -> None:
    documented, fields = _tables()[heading], SECTIONS[heading].model_fields
    assert documented.keys() == fields.keys()
    stated = {name: default for name, default in documented.items() if name not in _WORDED}
    assert stated == {name: _default(field) for name, field in fields.items() if name not in _WORDED}


def _default(field: FieldInfo) -> str:
    """Return the default as the document writes it."""
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def test_the_section_of_connections_names_its_own_key() -> None:
    assert _tables()["`[connection.<name>]`"] == {"adapter": "required"}


def test_every_adapter_has_its_section_and_its_readme() -> None:
    adapters = {one.parent.name for one in (ROOT / "adapters").glob("*/adapter.py")}
    assert {f"Settings of the adapter `{name}`" for name in adapters} <= SECTIONS.keys()
    assert {one.parent.name for one in (ROOT / "adapters").glob("*/README.md")} == adapters


def test_every_figure_is_explained_to_operators() -> None:
    metrics = Metrics(services=["meldebescheinigung"])
    metrics.application_accepted("meldebescheinigung")
    metrics.application_refused("internal")
    metrics.attempt_ended("deliver", OutcomeKind.DELIVERED)
    metrics.request_served("GET", "/healthz", 200, 0.001)
    metrics.watch(lambda: Backlog(deliveries={"due": 0}, overdue=0, oldest_open=0, unsequenced=0, parked=0))
    exposed = set(
        re.findall(r"^(gateway_\w+?)(?:_bucket|_sum|_count|_created)?[{ ]", metrics.exposition().decode(), re.MULTILINE)
    )
    operations = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert exposed == set(re.findall(r"^\| `(gateway_\w+)` \|", operations, re.MULTILINE))


def test_every_state_of_an_application_is_explained_to_portals() -> None:
    portal_api = (ROOT / "docs" / "portal-api.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z_]+)` \| [^|]+ \| [^|]+ \|$", portal_api, re.MULTILINE)
    assert rows == [state.value for state in ApplicationState]


def test_the_example_of_an_error_is_what_a_portal_gets() -> None:
    portal_api = (ROOT / "docs" / "portal-api.md").read_text(encoding="utf-8")
    example = json.loads(re.findall(r"^```json\n(.*?)^```", portal_api, re.MULTILINE | re.DOTALL)[0])
    fields = (DATE_INVALID.at("/antragsteller/geburtsdatum"),)
    correlation_id = example["instance"].removeprefix("urn:uuid:")
    assert example == details(APPLICATION_INVALID, fields, language="de", correlation_id=correlation_id)


@pytest.mark.parametrize("decision", sorted((ROOT / "docs" / "decisions").glob("*.md")), ids=lambda path: path.stem[:4])
def test_a_decision_says_why_what_and_what_follows(decision: Path) -> None:
    headings = _HEADING.findall(decision.read_text(encoding="utf-8"))
    assert headings[1:] == ["Context", "Decision", "Consequences"]
    assert headings[0].split(".")[0] == str(int(decision.stem[:4]))


def test_the_licence_is_complete() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("EUROPEAN UNION PUBLIC LICENCE v. 1.2\n")
    assert re.findall(r"^(\d+)\. [A-Z]", text, re.MULTILINE) == [str(number) for number in range(1, 16)]
    assert "Appendix" in text
