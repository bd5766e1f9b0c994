"""The parser for what comes from the network refuses what could hurt, before or while it reads."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.transport.soap.parsing import UnacceptableXmlError, XmlLimits, parse

LAUGHS = b'<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]><a>&y;</a>'
EXTERNAL = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>'


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        pytest.param(LAUGHS, "dtd", id="entity expansion"),
        pytest.param(EXTERNAL, "dtd", id="external entity"),
        pytest.param(b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>', "dtd", id="external DTD"),
        pytest.param(b"<a>&unknown;</a>", "not_well_formed", id="undeclared entity"),
        pytest.param(b"<a><b></a>", "not_well_formed", id="not well-formed"),
        pytest.param(b"", "not_well_formed", id="nothing"),
        pytest.param(b"<a>\xff</a>", "not_well_formed", id="no UTF-8"),
        pytest.param("<a/>".encode("utf-16"), "encoding", id="UTF-16"),
        pytest.param(b'<?xml version="1.0" encoding="ISO-8859-1"?><a/>', "encoding", id="Latin-1 declared"),
        pytest.param(b"<a><?php evil ?></a>", "processing_instruction", id="processing instruction"),
        pytest.param(b"<a>" * 65 + b"</a>" * 65, "too_deep", id="65 levels"),
        pytest.param(b"<a>" + b"<b/>" * 100_000 + b"</a>", "too_many_elements", id="100,001 elements"),
        pytest.param(
            b"<a " + b" ".join(b'b%d="1"' % n for n in range(21)) + b"/>", "too_many_attributes", id="21 attributes"
        ),
        pytest.param(b"<a>" + b" " * 64_000_000 + b"</a>", "too_large", id="64 MB"),
    ],
)
def test_refused(document: bytes, rule: str) -> None:
    with pytest.raises(UnacceptableXmlError) as raised:
        parse(document)
    assert raised.value.rule == rule


def test_million_elements_are_refused_before_a_tree_is_built() -> None:
    document = b"<a>" + b"<b/>" * 4_000_000 + b"</a>"
    began = time.process_time()
    with pytest.raises(UnacceptableXmlError):
        parse(document)
    assert time.process_time() - began < 0.5


def test_limits_are_the_callers_choice() -> None:
    with pytest.raises(UnacceptableXmlError):
        parse(b"<a><b/></a>", XmlLimits(depth=1))


def test_64_levels_and_20_attributes_pass() -> None:
    attributes = b" ".join(b'b%d="1"' % n for n in range(20))
    root = parse(b"<a " + attributes + b">" + b"<a>" * 63 + b"</a>" * 63 + b"</a>")
    assert len(root.attrib) == 20


def test_text_of_50_mb_passes() -> None:
    assert len(parse(b"<a>" + b"QUJD" * 12_500_000 + b"</a>").text or "") == 50_000_000


def test_comment_does_not_split_a_text() -> None:
    assert parse(b"<code>90<!-- x -->24</code>").text == "9024"


@given(st.binary(max_size=200))
def test_any_bytes_parse_or_are_refused(document: bytes) -> None:
    with contextlib.suppress(UnacceptableXmlError):
        parse(document)
