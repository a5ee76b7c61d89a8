import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import HubError, Malformed, Refused
from hub.proof.encoding import b64url
from hub.proof.jws import sign_jws
from hub.proof.keys import generate_signer
from hub.proof.statuslist import STATUS_TYP, StatusBits, sign_status_list, verify_status_list

SIGNER = generate_signer()
URI = "https://hub.example/v1/status/dept-land/1"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def key_for(_kid: str | None, iss: str | None) -> Any:
    return SIGNER.public if iss == "dept:land" else None


def signed(bits: StatusBits, **changes: Any) -> str:
    parts = {"issuer": "dept:land", "uri": URI, "issued_at": NOW, "lifetime_seconds": 3600, "signer": SIGNER}
    return sign_status_list(bits, **(parts | changes))


def test_the_example_of_the_specification_is_read() -> None:
    one = StatusBits.from_claim({"bits": 1, "lst": "eNrbuRgAAhcBXQ"})
    assert [one.status(index) for index in range(16)] == [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]
    two = StatusBits.from_claim({"bits": 2, "lst": "eNo76fITAAPfAgc"})
    assert [two.status(index) for index in range(12)] == [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]


@given(st.sampled_from([1, 2, 4, 8]), st.dictionaries(st.integers(0, 300), st.integers(0, 1), max_size=40))
def test_what_is_written_is_read_after_signing(bits: int, statuses: dict[int, int]) -> None:
    written = StatusBits(bits)
    for index, status in statuses.items():
        written.write(index, status)
    read = verify_status_list(signed(written), key_for=key_for, uri=URI, at=NOW)
    assert {index: read.status(index) for index in statuses} == statuses
    assert read.bits == written


def test_a_status_can_change_and_its_neighbours_stay() -> None:
    bits = StatusBits(2)
    for index in range(8):
        bits.write(index, 3)
    bits.write(5, 1)
    bits.write(5, 0)
    assert [bits.status(index) for index in range(8)] == [3, 3, 3, 3, 3, 0, 3, 3]


def test_a_list_of_another_place_or_time_or_issuer_is_refused() -> None:
    token = signed(StatusBits(1, b"\0"))
    for seconds in (-1, 3600):
        with pytest.raises(Refused):
            verify_status_list(token, key_for=key_for, uri=URI, at=NOW + timedelta(seconds=seconds))
    with pytest.raises(Malformed):
        verify_status_list(token, key_for=key_for, uri=URI + "0")
    with pytest.raises(Malformed):
        verify_status_list(signed(StatusBits(1, b"\0"), issuer="dept:other"), key_for=key_for, uri=URI)


@pytest.mark.parametrize(
    "claim",
    [
        None,
        {},
        {"bits": 3, "lst": "eNrbuRgAAhcBXQ"},
        {"bits": True, "lst": "eNrbuRgAAhcBXQ"},
        {"bits": 1, "lst": "eNrbuRgAAhcBXQ=="},
        {"bits": 1, "lst": "AAAA"},
        {"bits": 1, "lst": b64url(zlib.compress(b"x" * 50)[:-2])},
        {"bits": 1, "lst": b64url(zlib.compress(b"x") + b"more")},
        {"bits": 1, "lst": b64url(zlib.compress(bytes(5_000_000)))},
    ],
)
def test_a_list_of_another_form_or_a_bomb_is_refused(claim: Any) -> None:
    claims = {"iss": "dept:land", "sub": URI, "iat": 1, "exp": 2, "status_list": claim}
    with pytest.raises(Malformed):
        verify_status_list(sign_jws(claims, typ=STATUS_TYP, signer=SIGNER), key_for=key_for, uri=URI)


def test_an_index_beyond_the_list_is_refused() -> None:
    with pytest.raises(HubError):
        StatusBits(1, b"\0").status(8)
    for index, status in ((-1, 0), (0, 2), (2**40, 0)):
        with pytest.raises(HubError):
            StatusBits(1).write(index, status)
