"""The first look at a body: hostile or broken JSON has its own problem, and costs little."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalogue.body import MAX_DEPTH, read_object
from gateway.errors import GatewayError


def _code(body: bytes) -> str:
    with pytest.raises(GatewayError) as caught:
        read_object(body)
    assert caught.value.__context__ is None, "the parser's own error carries the body"
    return caught.value.problem.code


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b'{"a":1,}',
        b"[]",
        b'"text"',
        b"1",
        b"null",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1} {"b": 2}',
        b"\xff{}",
        b"\xef\xbb\xbf{}",
        '{"a": "ä"}'.encode("latin-1"),
        '{"a": 1}'.encode("utf-16"),
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_json_object_in_utf8_is_malformed(body: bytes) -> None:
    assert _code(body) == "json.malformed"


def test_a_key_that_stands_twice_is_refused_at_any_depth() -> None:
    assert _code(b'{"a": 1, "a": 1}') == "json.duplicate_key"
    assert _code(b'{"a": [{"b": {"c": 1, "d": 2, "c": 3}}]}') == "json.duplicate_key"


def test_the_same_key_in_two_objects_is_no_duplicate() -> None:
    assert read_object(b'{"a": {"a": 1}, "b": {"a": 1}}') == {"a": {"a": 1}, "b": {"a": 1}}


def test_the_deepest_allowed_nesting_is_read_and_one_more_is_refused() -> None:
    lists = MAX_DEPTH - 1
    assert read_object(b'{"a":' + b"[" * lists + b"]" * lists + b"}")
    assert _code(b'{"a":' + b"[" * (lists + 1) + b"]" * (lists + 1) + b"}") == "json.too_deep"


def test_many_brackets_side_by_side_or_in_texts_are_not_deep() -> None:
    assert len(read_object(json.dumps({"a": [[]] * 100}).encode())["a"]) == 100
    assert read_object(json.dumps({"a": '\\"[{' * 100}).encode())


@pytest.mark.parametrize("body", [b"[" * 1_000_000, b'{"a":' * 200_000, b"[{" * 40 + b'"' + b'\\"' * 500_000])
def test_a_megabyte_of_brackets_or_quotes_is_refused_in_linear_time(body: bytes) -> None:
    begun = time.process_time()
    assert _code(body) == "json.too_deep"
    assert time.process_time() - begun < 1.0


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=40,
)


@given(st.dictionaries(st.text(max_size=3), _JSON))
def test_other_json_objects_are_read_as_they_are(document: dict[str, object]) -> None:
    assert read_object(json.dumps(document).encode()) == document
