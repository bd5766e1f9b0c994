"""Thousands of random applications: each becomes a message that is valid in our profile and in the official schemas.

``XOEV_EXAMPLES`` sets how many (default 2000 for each of the two judges).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from lxml import etree

from gateway.catalogue import Catalogue
from gateway.schemas import Schemas
from tests.examples import application, header
from tests.official import needs_official, xmeld
from tests.strategies import LETTERS, UNITS, Json, applications, body

CATALOGUE = Catalogue.load()
MANY = settings(
    max_examples=int(os.environ.get("XOEV_EXAMPLES", "2000")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

Judge = Callable[[bytes], None]


@pytest.fixture(scope="module")
def profile() -> Judge:
    return Schemas.load().for_sending("xmeld", date(2026, 11, 23)).validate


@pytest.fixture(scope="module")
def official() -> Judge:
    schema = xmeld()

    def judge(content: bytes) -> None:
        schema.assertValid(etree.fromstring(content))

    return judge


def _message(document: Json) -> bytes:
    service, parsed = CATALOGUE.parse(body(document))
    return service.build(parsed, header(), "25.11a").content


def _all_letters() -> list[Json]:
    """Applications in whose names, streets and house numbers every letter of DIN 91379 stands at least once."""
    names = ["".join(UNITS[at : at + 60]) for at in range(0, len(UNITS), 60)]
    streets = ["".join(UNITS[at : at + 18]) for at in range(0, len(UNITS), 18)]
    suffixes = ["".join(LETTERS[at : at + 4]) for at in range(0, len(LETTERS), 4)]
    documents = [application(antragsteller__familienname={"name": name}) for name in names]
    documents += [application(antragsteller__anschrift__strasse=street) for street in streets]
    return documents + [application(antragsteller__anschrift__hausnummerzusatz=suffix) for suffix in suffixes]


@given(applications())
@MANY
def test_any_application_becomes_a_message_of_our_profile(profile: Judge, document: Json) -> None:
    profile(_message(document))


@needs_official
@given(applications())
@MANY
def test_any_application_becomes_an_officially_valid_message(official: Judge, document: Json) -> None:
    official(_message(document))


def test_every_letter_is_valid_in_our_profile(profile: Judge) -> None:
    for document in _all_letters():
        profile(_message(document))


@needs_official
def test_every_letter_is_officially_valid(official: Judge) -> None:
    for document in _all_letters():
        official(_message(document))


@given(applications())
@settings(max_examples=100, deadline=None)
def test_the_citizens_words_arrive_unchanged(document: Json) -> None:
    root = etree.fromstring(_message(document))
    arrived = {element.text for element in root[3].iter() if element.text}
    person = document["antragsteller"]
    sent = {person[name].get("name") for name in ("familienname", "vornamen")} | set(person["anschrift"].values())
    assert sent - {None} <= arrived
