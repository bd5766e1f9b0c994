"""/v1/openapi.json and /v1/docs: made from the code, complete, and usable without network or script."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

import jsonschema_rs
import pytest

from gateway.catalogue.rules import Rule
from gateway.errors import Problem
from gateway.model import ApplicationState, Whose
from gateway.portal.docs import STATES, WHO
from tests.portal_harness import Portal

METHODS = {"GET", "POST"}


@pytest.fixture
def document(portal: Portal) -> dict[str, Any]:
    found: dict[str, Any] = portal.client.get("/v1/openapi.json").json
    return found


@pytest.fixture
def page(portal: Portal) -> str:
    return portal.client.get("/v1/docs").text


class Page(HTMLParser):
    """Collects what a page refers to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src"):
                self.links.append(value or "")


def test_every_address_of_the_application_is_documented_and_no_other(portal: Portal, document: dict[str, Any]) -> None:
    served = {
        (re.sub(r"<(?:[^:>]+:)?(\w+)>", r"{\1}", rule.rule), method)
        for rule in portal.client.application.url_map.iter_rules()
        for method in (rule.methods or set()) & METHODS
    }
    documented = {(path, method.upper()) for path, methods in document["paths"].items() for method in methods}

    assert documented == served


def test_every_declared_problem_is_documented_where_it_can_be_the_answer(document: dict[str, Any]) -> None:
    named = {
        code
        for methods in document["paths"].values()
        for operation in methods.values()
        for response in operation["responses"].values()
        for content in response["content"].values()
        for part in content.get("schema", {}).get("allOf", ())
        for code in part.get("properties", {}).get("code", {}).get("enum", ())
    }

    assert named == set(Problem.declared) == set(document["x-problems"])


def test_each_problem_stands_under_its_own_status(document: dict[str, Any]) -> None:
    for methods in document["paths"].values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                for content in response["content"].values():
                    for part in content.get("schema", {}).get("allOf", ()):
                        for code in part.get("properties", {}).get("code", {}).get("enum", ()):
                            assert Problem.declared[code].status == int(status)


def test_the_dry_run_does_not_name_problems_of_the_idempotency_key(document: dict[str, Any]) -> None:
    assert "idempotency" not in json.dumps(document["paths"]["/v1/applications/validate"])


def test_an_application_is_chosen_by_its_service(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    assert schemas["Application"]["discriminator"]["propertyName"] == "service"
    assert [one["$ref"] for one in schemas["Application"]["oneOf"]] == ["#/components/schemas/meldebescheinigung"]
    assert schemas["meldebescheinigung"]["properties"]["service"]["const"] == "meldebescheinigung"


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))

    assert references <= set(document["components"]["schemas"])


def test_the_example_of_each_service_fits_its_schema_and_is_accepted(portal: Portal) -> None:
    for service in portal.client.get("/v1/services").json["services"]:
        schema = portal.client.get(service["schema_link"]).json
        for example in schema["examples"]:
            jsonschema_rs.Draft202012Validator(schema).validate(example)
            assert portal.post(example, validate=True).status_code == 200


def test_a_problem_fits_its_documented_schema(portal: Portal, document: dict[str, Any]) -> None:
    problem = portal.post(b'{"service": "meldebescheinigung"}').json
    schema = {"$ref": "#/components/schemas/ProblemDetails", "components": document["components"]}

    assert len(problem["errors"]) > 1
    jsonschema_rs.Draft202012Validator(schema).validate(problem)


def test_only_the_portals_own_addresses_ask_for_a_token(document: dict[str, Any]) -> None:
    secured = {path for path, methods in document["paths"].items() for one in methods.values() if "security" in one}

    assert secured == {path for path in document["paths"] if path.startswith("/v1/applications")}


def test_the_page_loads_nothing_and_runs_nothing(portal: Portal, page: str) -> None:
    found = Page(page)

    assert found.tags & {"script", "img", "iframe", "object", "embed", "form"} == set()
    assert not any(name.startswith("on") or name == "style" for name in found.attributes)
    assert [one for one in found.links if not one.startswith(("#", "/v1/", "data:,"))] == []
    assert "url(" not in page


def test_the_policy_allows_the_pages_own_style_and_nothing_else(portal: Portal, page: str) -> None:
    policy = portal.client.get("/v1/docs").headers["Content-Security-Policy"]
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert "unsafe" not in policy


def test_every_link_within_the_page_has_its_place_once(page: str) -> None:
    found = Page(page)

    assert {one[1:] for one in found.links if one.startswith("#")} <= set(found.ids)
    assert len(set(found.ids)) == len(found.ids)


def test_every_link_to_another_address_is_served(portal: Portal, page: str) -> None:
    for link in {one for one in Page(page).links if one.startswith("/")}:
        assert portal.client.get(link).status_code == 200


def test_the_page_explains_every_problem_rule_and_state(portal: Portal, page: str) -> None:
    ids = set(Page(page).ids)

    assert set(Problem.declared) <= ids
    assert {f"feld-{code}" for code in Rule.declared} <= ids
    assert all(f"<code>{state.value}</code>" in page for state in ApplicationState)
    assert "{" not in "".join(re.findall(r'id="feld-.*?</tr>', page, re.DOTALL))


def test_every_problems_type_leads_to_its_explanation(portal: Portal, page: str) -> None:
    kind = portal.get("/v1/nothing").json["type"]

    address, _, place = kind.partition("#")
    assert (address, place in Page(page).ids) == ("/v1/docs", True)


def test_every_state_and_every_responsible_has_german_words() -> None:
    assert set(STATES) == set(ApplicationState)
    assert set(WHO) == set(Whose)
