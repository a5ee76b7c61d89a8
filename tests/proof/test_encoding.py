import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import Malformed
from hub.proof.encoding import (
    b64url,
    b64url_decode,
    base64_decode,
    canonical_json,
    parse_canonical,
    parse_canonical_each,
    strict_json,
)

EXACT = st.integers(-(2**53) + 1, 2**53 - 1)
TEXT = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"))
BMP = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0", max_codepoint=0xFFFF))
JSON = st.recursive(
    st.none() | st.booleans() | EXACT | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(BMP, inner, max_size=4),
    max_leaves=12,
)


@given(st.binary(max_size=80))
def test_base64url_reads_back_what_it_wrote(content: bytes) -> None:
    assert b64url_decode(b64url(content)) == content


@given(st.text(st.sampled_from("ABab01-_+/= \n"), max_size=9))
def test_each_content_has_one_spelling_in_base64url(text: str) -> None:
    try:
        content = b64url_decode(text)
    except Malformed:
        return
    assert b64url(content) == text


@pytest.mark.parametrize("text", ["QQ==", "QR", "Q", "Q Q", "QQ\n", "+/8", "QUJ", "é", "QQQQ="])
def test_other_spellings_of_base64url_are_refused(text: str) -> None:
    with pytest.raises(Malformed):
        b64url_decode(text)


@pytest.mark.parametrize("text", ["QQ", "QR==", "Q", "Q Q=", "QQ==\n", "-_8=", "é"])
def test_other_spellings_of_base64_are_refused(text: str) -> None:
    with pytest.raises(Malformed):
        base64_decode(text)


@pytest.mark.parametrize(
    "content",
    [
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"\\u0062":2}}',
        b'[{"a":1},{"a":1,"a":1}]',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":NaN}',
        b'{"a":9007199254740992}',
        b'{"a":123456789012345678901234567890}',
        b'{"a":"\\ud800"}',
        b'{"a":"\\u0000"}',
        b'{"a\\u0000":1}',
        b'{"a":"\xff"}',
        b'{"a":1} x',
        b'{"a":1,}',
        b'\xef\xbb\xbf{"a":1}',
        b"",
        b"[" * 17 + b"]" * 17,
        b"[" * 100_000,
        b"{'a':1}",
        b"01",
    ],
)
def test_json_that_two_readers_could_read_differently_is_refused(content: bytes) -> None:
    with pytest.raises(Malformed) as refusal:
        strict_json(content)
    assert refusal.value.code == "proof.json"


@given(JSON)
def test_canonical_json_is_what_rfc_8785_gives(value: Any) -> None:
    spelled = canonical_json(value)
    assert strict_json(spelled) == value
    reference = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert spelled == reference.encode()


@settings(max_examples=300)
@given(st.binary(max_size=60) | st.text(st.sampled_from('{}[]":,0123456789.eE\\u "ab'), max_size=40).map(str.encode))
def test_any_bytes_are_a_value_or_one_malformed(content: bytes) -> None:
    try:
        value = strict_json(content)
    except Malformed:
        return
    assert json.loads(content) == value


@pytest.mark.parametrize("value", [{"a": 1.5}, {"a": b""}, {1: 2}, {"a": "\ud800"}, {"\U0001f600": 1}, {"a": 2**60}])
def test_what_has_no_single_spelling_is_not_signed(value: Any) -> None:
    with pytest.raises(Malformed):
        canonical_json(value)


def one_by_one(contents: list[bytes]) -> list[Any] | None:
    try:
        return [parse_canonical(content) for content in contents]
    except Malformed:
        return None


def together(contents: list[bytes]) -> list[Any] | None:
    try:
        return parse_canonical_each(contents)
    except Malformed:
        return None


PIECES = [b"{", b"}", b"[", b"]", b",", b'"', b'"a":', b'"b":', b"1", b"1.0", b"1e3", b"{}", b'{"a":1}', b'"\\u0000"']
MARKS = [b"9007199254740991", b"9007199254740990", b",9007199254740991,", b"9007199254740993"]


@settings(max_examples=1_000)
@given(st.lists(st.lists(st.sampled_from([*PIECES, *MARKS]), max_size=6).map(b"".join), max_size=4))
def test_many_contents_read_together_are_what_each_is_by_itself(contents: list[bytes]) -> None:
    assert together(contents) == one_by_one(contents)


@pytest.mark.parametrize(
    "contents",
    [
        [b'{"a":[{}', b"{}]}", b"{},{}"],
        [b'{"a":[{}', b"{}]}", b"{},9007199254740991,{}"],
        [b'{"a":"]}","b":[{}', b'{"c":"[{"}]}', b"{},{}"],
        [b'{"a":"x', b'y"}'],
        [b"{}", b""],
        [b'{"a":1.0}'],
        [b'{"a":"\\u0000"}', b"{}"],
        [b'{"a":' + b"[" * 16 + b"]" * 16 + b"}"],
    ],
)
def test_contents_that_are_whole_only_together_are_malformed(contents: list[bytes]) -> None:
    with pytest.raises(Malformed):
        parse_canonical_each(contents)
