"""The trust policy's editions: signed, numbered, chained; an older or a second one is refused."""

from collections.abc import Callable
from typing import Any

import pytest

from hub.errors import HubError
from hub.exchange.editions import (
    POLICY_TYP,
    Edition,
    follow,
    is_signed,
    require_same_history,
    sign_edition,
    verify_editions,
)
from hub.proof.jws import sign_jws
from hub.proof.keys import FileSigner, generate_signer
from hub.proof.note import NoteSigner

AUTHORITY = "auth:data-bureau"
NOW = 1_790_000_000


def plain(**changed: Any) -> dict[str, Any]:
    hub = generate_signer()
    vkey = NoteSigner("hub.example/log", generate_signer()).verifier.vkey
    return {"version": 1, "hub": {"id": "hub:x", "jwks": [hub.public.to_jwk()], "log_vkey": vkey}, **changed}


def signed(signer: FileSigner, after: Edition | None = None, **more: Any) -> bytes:
    return sign_edition(plain(), signer=signer, authority=AUTHORITY, now=NOW, after=after, **more).encode()


@pytest.fixture
def key() -> FileSigner:
    return generate_signer()


def test_a_first_edition_counts_when_the_authoritys_key_signed_it(key: FileSigner) -> None:
    token = signed(key)
    edition = verify_editions(token, [key.public])
    assert (edition.number, edition.previous, edition.authority) == (1, None, AUTHORITY)
    assert is_signed(token)


@pytest.mark.parametrize(
    "content", [b' {"version":1}', b'\xef\xbb\xbf{"version":1}', '{"version":1}'.encode("utf-16"), b""]
)
def test_what_no_editor_made_a_signed_edition_is_read_as_a_plain_policy(content: bytes) -> None:
    """A byte order mark makes a file no signed one: whoever has it is told what is wrong with it, not to find a key."""
    assert not is_signed(content)


def test_the_last_of_a_chain_counts_and_keys_roll_over_with_it(key: FileSigner) -> None:
    new = generate_signer("ES256")
    first = signed(key, next_keys=[key.public, new.public])
    second = signed(new, verify_editions(first, [key.public]), next_keys=[new.public])
    chain = first + b"\n" + second + b"\n"
    last = verify_editions(chain, [key.public])
    assert (last.number, set(last.next_keys)) == (2, {new.public.kid})
    third = signed(new, last)
    assert verify_editions(chain + third, [key.public]).number == 3
    with pytest.raises(HubError, match=r"proof\.unknown-key"):
        follow(last, signed(key, last))


Attack = Callable[[FileSigner, bytes, Edition], bytes]
ATTACKS: list[tuple[str, Attack, str]] = [
    ("the first edition again", lambda _key, first, _now: first, "exchange.policy-rolled-back"),
    ("two of one number", lambda key, first, _now: signed(key, read(key, first)), "exchange.policy-forked"),
    ("a number left out", lambda key, _first, now: signed(key, later(key, now)), "exchange.policy-gap"),
    ("another signer", lambda _key, _first, now: signed(generate_signer(), now), "proof.unknown-key"),
    (
        "no policy",
        lambda key, _first, _now: sign_jws({}, typ=POLICY_TYP, signer=key).encode(),
        "exchange.policy-edition",
    ),
]


def read(key: FileSigner, token: bytes) -> Edition:
    return verify_editions(token, [key.public])


def later(key: FileSigner, now: Edition) -> Edition:
    return follow(now, signed(key, now))


@pytest.mark.parametrize(("attack", "code"), [pytest.param(do, code, id=name) for name, do, code in ATTACKS])
def test_a_rollback_a_fork_and_a_gap_are_refused(key: FileSigner, attack: Attack, code: str) -> None:
    first = signed(key)
    now = follow(read(key, first), signed(key, read(key, first)))
    with pytest.raises(HubError) as refusal:
        follow(now, attack(key, first, now))
    assert refusal.value.code == code


def test_an_edition_for_another_history_is_a_fork(key: FileSigner) -> None:
    mine, theirs = read(key, signed(key)), read(key, signed(key))
    with pytest.raises(HubError, match=r"exchange\.policy-forked"):
        follow(mine, signed(key, theirs))


def test_a_policy_of_another_form_is_not_signed(key: FileSigner) -> None:
    with pytest.raises(HubError, match=r"exchange\.trust-policy"):
        sign_edition({"version": 1}, signer=key, authority=AUTHORITY, now=NOW)


@pytest.mark.parametrize(
    ("offered", "code"),
    [
        ([0], "exchange.policy-rolled-back"),
        ([0, 1, 0], "exchange.policy-rolled-back"),
        ([0, 1, 1], "exchange.policy-rolled-back"),
        ([0, "other"], "exchange.policy-forked"),
        ([0, "other", "after"], "exchange.policy-forked"),
        ([0, 1], None),
        ([0, 1, 2], None),
    ],
)
def test_what_is_held_is_not_taken_back_after_the_authoritys_key_rolled_over(
    key: FileSigner, offered: list[int | str], code: str | None
) -> None:
    new = generate_signer()
    first = signed(key, next_keys=[new.public])
    held = signed(new, read(key, first))
    other = signed(new, read(key, first))
    now = read(key, first + b"\n" + held)
    lines = {
        0: first,
        1: held,
        2: signed(new, now),
        "other": other,
        "after": signed(new, follow(read(key, first), other)),
    }
    content = b"\n".join(lines[each] for each in offered)
    if code is None:
        assert require_same_history(content, [key.public], now).number == len(offered)
        return
    with pytest.raises(HubError) as refusal:
        require_same_history(content, [key.public], now)
    assert refusal.value.code == code


def test_editions_that_lead_on_from_the_held_one_count_without_those_before(key: FileSigner) -> None:
    held = read(key, signed(key))
    second = signed(key, held)
    assert require_same_history(second, [key.public], held).number == 2
    third = signed(key, follow(held, second))
    with pytest.raises(HubError, match=r"exchange\.policy-gap"):
        require_same_history(third, [key.public], held)
    stranger = generate_signer()
    theirs = signed(stranger, held)
    with pytest.raises(HubError, match=r"proof\.unknown-key"):
        require_same_history(theirs, [stranger.public], held)
