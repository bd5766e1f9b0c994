"""RFC 8785 for the subset that records use."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audit.canonical import CanonicalError, canonical, parse

LARGEST = 2**53 - 1
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST, LARGEST) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


def test_the_vector_without_its_floating_point_numbers() -> None:
    value = {"string": '€$\u000f\nA\'B"\\\\"/', "literals": [None, True, False]}
    expected = '{"literals":[null,true,false],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    assert canonical(value) == expected.encode()


def test_the_published_whole_vector_differs_only_in_its_floats() -> None:
    whole = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert hashlib.sha256(whole.encode()).hexdigest() == (
        "2d5e01a318d0f0879ab568c4be289c8b1f64ef8921a53c6277d5e069978baacb"
    )
    value = json.loads(whole)
    del value["numbers"]
    numbers = '"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
    assert canonical(value).decode() == whole.replace(numbers, "")


def test_names_are_sorted_by_utf16_code_units() -> None:
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    ordered = list(json.loads(canonical(dict.fromkeys(names, 0))))
    assert ordered == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert ordered != sorted(names)


@pytest.mark.parametrize(
    "value",
    [1.5, float("nan"), LARGEST + 1, -LARGEST - 1, "\ud800", {"\ud800": 1}, {1: "x"}, {"a": b""}, {"a"}],
    ids=repr,
)
def test_what_has_no_canonical_form_here_is_refused(value: object) -> None:
    with pytest.raises(CanonicalError):
        canonical(value)


@pytest.mark.parametrize(
    "data",
    [
        b'{"a": 1}',
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":1}\n',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":NaN}',
        b'{"a":"\\u0041"}',
        b'{"a":"\\/"}',
        b"\xef\xbb\xbf{}",
        b'{"a":"\xff"}',
        b"",
        b"[" * 100_000,
        b'{"a":' + b"9" * 5000 + b"}",
    ],
    ids=lambda data: repr(data[:12]),
)
def test_other_spellings_of_a_value_are_refused(data: bytes) -> None:
    with pytest.raises(CanonicalError):
        parse(data)


@settings(deadline=None)
@given(VALUES)
def test_what_is_written_is_read_back_and_is_json(value: object) -> None:
    data = canonical(value)
    assert parse(data) == value
    assert json.loads(data) == value


@settings(deadline=None)
@given(VALUES)
def test_below_the_bmp_limit_it_is_what_json_dumps_sorted_gives(value: object) -> None:
    plain = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    if all(char < "\ud800" for char in plain):
        assert canonical(value).decode() == plain
