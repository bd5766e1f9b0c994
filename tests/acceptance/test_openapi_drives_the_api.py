"""schemathesis drives the API from its own OpenAPI document: what the document says is what the API does.

Data that fits the document may still be refused (an AGS that is nowhere, a trust level too low), so acceptance of every
fitting example is not asked for; refusal of everything that does not fit is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from schemathesis import engine
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished

from tests.portal_harness import Portal, captured_logs, listening, running


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    with running(tmp_path) as one, captured_logs():
        yield one


@pytest.fixture
def document(portal: Portal) -> Iterator[schemathesis.BaseSchema]:
    with listening(portal) as url:
        yield _loaded(portal, url)


def _loaded(portal: Portal, url: str) -> schemathesis.BaseSchema:
    config = schemathesis.Config.from_dict(
        {
            "seed": 1,
            "continue-on-failure": True,
            "auth": {"openapi": {"portalToken": {"bearer": portal.token}}},
            "generation": {"max-examples": 20, "deterministic": True, "database": "none"},
            "checks": {"positive_data_acceptance": {"enabled": False}},
            "analysis": {"constants": {"enabled": False}},
        }
    )
    return schemathesis.openapi.from_url(f"{url}/v1/openapi.json", config=config)


def test_the_document_is_valid_openapi_3_1(document: schemathesis.BaseSchema) -> None:
    document.validate()


@pytest.mark.slow
def test_every_answer_is_as_documented(document: schemathesis.BaseSchema) -> None:
    failures: list[str] = []
    answers: Counter[tuple[str, int]] = Counter()
    for event in engine.from_schema(document).execute():
        if isinstance(event, ScenarioFinished):
            for node in event.recorder.checks.values():
                failures += [f"{event.label}: {one.name}: {one.failure_info}" for one in node if one.failure_info]
            for interaction in event.recorder.interactions.values():
                if interaction.response is not None:
                    answers[event.label or "", interaction.response.status_code] += 1
        elif isinstance(event, NonFatalError | FatalError):
            failures.append(str(event.info) if isinstance(event, NonFatalError) else repr(event.exception))

    assert failures == []
    assert answers["POST /v1/applications", 202] > 0
    assert answers["POST /v1/applications", 422] > 0
    assert answers["GET /v1/applications/{application_id}", 404] > 0
