import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Malformed
from hub.proof.encoding import b64url, b64url_decode
from hub.proof.jws import KeyFor, sign_jws
from hub.proof.keys import FileSigner, generate_signer
from hub.proof.statuslist import (
    LIFETIME_SECONDS,
    MAX_PACKED_BYTES,
    StatusArray,
    StatusList,
    StatusSigner,
    StatusValue,
    sign_status_list,
    status_place_in,
    verify_status_list,
)

URI = "https://hub.example/v1/statuses/land/0"


@pytest.fixture(scope="module")
def signer() -> FileSigner:
    return generate_signer()


def known(signer: FileSigner) -> KeyFor:
    return lambda kid, iss: signer.public if (kid, iss) == (signer.public.kid, "dept:land") else None


def test_the_drafts_own_examples_read_as_it_says() -> None:
    """draft-ietf-oauth-status-list, section 4.1: one bit and two bits a status."""
    one = StatusArray.parsed({"bits": 1, "lst": "eNrbuRgAAhcBXQ"})
    assert [one[index] for index in range(16)] == [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]
    two = StatusArray.parsed({"bits": 2, "lst": "eNo76fITAAPfAgc"})
    assert [two[index] for index in range(12)] == [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]


@given(st.dictionaries(st.integers(0, 999), st.sampled_from(list(StatusValue))), st.sampled_from([2, 4, 8]))
def test_what_is_set_is_read_back_and_nothing_else(flips: dict[int, StatusValue], bits: int) -> None:
    statuses = StatusArray.of_size(1000, bits)
    for index, value in flips.items():
        statuses[index] = value
    again = StatusArray.parsed(statuses.to_claim())
    assert dict(again.set_indexes()) == {index: value for index, value in flips.items() if value}
    assert all(again.status_for(index) == value for index, value in flips.items())
    assert again.status_for(len(again)) is None


def test_a_signed_list_verifies_and_says_what_was_put_in(signer: FileSigner) -> None:
    statuses = StatusArray.of_size(100)
    statuses[7] = StatusValue.invalid
    token = sign_status_list(statuses, uri=URI, issuer="dept:land", signer=signer, times=(100, 200, 60))
    found = verify_status_list(token, key_for=known(signer))
    assert (found.uri, found.issuer, found.issued_at, found.expires_at, found.ttl) == (URI, "dept:land", 100, 200, 60)
    assert dict(found.statuses.set_indexes()) == {7: 1}


def test_a_list_of_a_million_valid_pieces_is_a_few_hundred_bytes(signer: FileSigner) -> None:
    statuses = StatusArray.of_size(1_000_000)
    token = sign_status_list(statuses, uri=URI, issuer="dept:land", signer=signer, times=(100, 200, 60))
    assert len(token) < 1000
    assert len(verify_status_list(token, key_for=known(signer)).statuses) == 1_000_000


GOOD = {
    "iss": "dept:land",
    "sub": URI,
    "iat": 100,
    "exp": 200,
    "ttl": 60,
    "status_list": {"bits": 2, "lst": "eNo76fITAAPfAgc"},
}
WRONG = [
    {"iss": None},
    {"sub": 7},
    {"iat": "100"},
    {"exp": 100},
    {"ttl": 0},
    {"ttl": True},
    {"status_list": None},
    {"status_list": {"bits": 3, "lst": "eNo76fITAAPfAgc"}},
    {"status_list": {"bits": 2, "lst": "eNo76fITAAPfAg"}},
    {"status_list": {"bits": 2, "lst": b64url(zlib.compress(b""))}},
    {"status_list": {"bits": 2, "lst": b64url(b64url_decode("eNo76fITAAPfAgc") + b"more")}},
    {"status_list": {"bits": 2, "lst": b64url(zlib.compress(bytes(MAX_PACKED_BYTES + 1)))}},
]


@pytest.mark.parametrize("changed", WRONG)
def test_a_list_of_another_form_or_a_bomb_is_refused(signer: FileSigner, changed: dict[str, object]) -> None:
    token = sign_jws(GOOD | changed, typ="statuslist+jwt", signer=signer)
    with pytest.raises(Malformed):
        verify_status_list(token, key_for=lambda _kid, _iss: signer.public)


def test_a_list_of_another_type_or_signer_is_refused(signer: FileSigner) -> None:
    other = generate_signer()
    for token in (sign_jws(GOOD, typ="jwt", signer=signer), sign_jws(GOOD, typ="statuslist+jwt", signer=other)):
        with pytest.raises(Malformed):
            verify_status_list(token, key_for=known(signer))


def test_evidence_names_one_list_and_one_index_or_none() -> None:
    assert status_place_in({}) is None
    assert status_place_in({"status": {"status_list": {"idx": 3, "uri": URI}}}) == (URI, 3)
    for wrong in ({}, {"status_list": {"idx": -1, "uri": URI}}, {"status_list": {"idx": True, "uri": URI}}, "x"):
        with pytest.raises(Malformed):
            status_place_in({"status": wrong})


INVALID, SUSPENDED = StatusValue.invalid, StatusValue.suspended


@pytest.fixture
def signing(signer: FileSigner) -> StatusSigner:
    return StatusSigner("dept:land", signer, 1000)


def read(signer: FileSigner, token: str) -> StatusList:
    return verify_status_list(token, key_for=known(signer))


def test_the_first_list_of_an_address_says_what_is_asked_for_a_week(signer: FileSigner, signing: StatusSigner) -> None:
    first = read(signer, signing.after(None, {3: INVALID, 999: SUSPENDED}, uri=URI, now=100))
    assert (first.uri, first.issuer, first.issued_at) == (URI, "dept:land", 100)
    assert first.expires_at == 100 + LIFETIME_SECONDS
    assert dict(first.statuses.set_indexes()) == {3: INVALID, 999: SUSPENDED}


def test_what_was_taken_back_stays_so_whatever_is_asked_and_what_was_suspended_may_return(
    signer: FileSigner, signing: StatusSigner
) -> None:
    first = signing.after(None, {0: INVALID, 5: SUSPENDED}, uri=URI, now=100)
    second = signing.after(first.encode(), {0: StatusValue.valid, 7: INVALID}, uri=URI, now=200)
    assert dict(read(signer, second).statuses.set_indexes()) == {0: INVALID, 7: INVALID}


def test_a_list_is_issued_after_the_one_before_it_even_when_the_clock_is_not(
    signer: FileSigner, signing: StatusSigner
) -> None:
    first = signing.after(None, {}, uri=URI, now=100)
    assert read(signer, signing.after(first.encode(), {}, uri=URI, now=90)).issued_at == 101


@pytest.mark.parametrize(("uri", "by_another"), [(URI, True), ("https://hub.example/v1/statuses/land/1", False)])
def test_a_list_of_another_key_or_address_is_not_carried_on(
    signer: FileSigner, signing: StatusSigner, uri: str, *, by_another: bool
) -> None:
    writing = StatusSigner("dept:land", generate_signer() if by_another else signer, 1000)
    before = writing.after(None, {3: INVALID}, uri=uri, now=100)
    assert dict(
        read(signer, signing.after(before.encode(), {4: INVALID}, uri=URI, now=200)).statuses.set_indexes()
    ) == {4: INVALID}


@pytest.mark.parametrize("flips", [{1000: INVALID}, {-1: INVALID}, {1: 3}, {1: 7}])
def test_a_status_that_no_list_has_is_refused(signing: StatusSigner, flips: dict[int, int]) -> None:
    with pytest.raises(Malformed, match=r"proof\.status-index"):
        signing.after(None, flips, uri=URI, now=100)


def test_what_is_no_list_is_never_followed(signing: StatusSigner) -> None:
    with pytest.raises(Malformed):
        signing.after(b"a.b.c", {}, uri=URI, now=100)
