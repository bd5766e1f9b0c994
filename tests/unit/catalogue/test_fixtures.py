"""The shipped applications: made by their command, and doing what their names say."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from gateway.catalogue import Catalogue
from gateway.errors import GatewayError
from gateway.resources import resource

DIRECTORY = resource("fixtures", "applications")
FILES = sorted(DIRECTORY.glob("*.json"))
REFUSED = {"90-refused-trust-level": "trust_level.too_low", "91-refused-31-february": "application.invalid"}
CATALOGUE = Catalogue.load()


def test_files_are_what_the_command_makes() -> None:
    made = runpy.run_path(str(resource("fixtures", "make_applications.py")))["files"]()
    assert {file.name: file.read_bytes() for file in FILES} == made


@pytest.mark.parametrize("file", [file for file in FILES if file.stem not in REFUSED], ids=lambda file: file.stem)
def test_applications_are_accepted(file: Path) -> None:
    service, _ = CATALOGUE.parse(file.read_bytes())
    assert service.id == "meldebescheinigung"


@pytest.mark.parametrize(("name", "code"), REFUSED.items())
def test_wrong_applications_are_refused_for_their_reason(name: str, code: str) -> None:
    with pytest.raises(GatewayError) as caught:
        CATALOGUE.parse((DIRECTORY / f"{name}.json").read_bytes())
    assert caught.value.problem.code == code
