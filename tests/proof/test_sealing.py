import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Broken, Malformed
from hub.proof.sealing import Blinder, KeyRing

OLD = KeyRing("2025", {"2025": b"o" * 32})
NEW = KeyRing("2026", {"2025": b"o" * 32, "2026": b"n" * 32})


@given(st.binary(max_size=200), st.text(max_size=20))
def test_what_is_sealed_opens_in_its_context_only(content: bytes, context: str) -> None:
    sealed = OLD.seal(content, context=context)
    assert OLD.open(sealed, context=context) == content
    with pytest.raises(Broken):
        OLD.open(sealed, context=context + "x")


def test_every_changed_byte_is_noticed() -> None:
    sealed = OLD.seal(b"secret", context="row 1")
    for at in range(len(sealed)):
        for spoilt in (sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :], sealed[:at]):
            with pytest.raises(Broken):
                OLD.open(spoilt, context="row 1")


def test_a_rotated_ring_opens_old_content_and_reseals_it() -> None:
    sealed = OLD.seal(b"secret", context="row 1")
    assert NEW.open(sealed, context="row 1") == b"secret"
    resealed = NEW.reseal(sealed, context="row 1")
    assert NEW.is_current(resealed)
    assert not NEW.is_current(sealed)
    assert NEW.reseal(resealed, context="row 1") == resealed
    with pytest.raises(Broken) as refusal:
        OLD.open(resealed, context="row 1")
    assert refusal.value.code == "proof.sealing-key-missing"


def test_keys_of_another_length_are_refused() -> None:
    for make in (lambda: KeyRing("a", {"a": b"short"}), lambda: KeyRing("b", {"a": b"o" * 32}), lambda: Blinder(b"")):
        with pytest.raises(Malformed):
            make()


def test_blind_digests_differ_by_kind_value_and_key() -> None:
    blinder = Blinder(b"k" * 32)
    assert blinder.digest("number", "1") == blinder.digest("number", "1")
    digests = {
        blinder.digest("number", "1"),
        blinder.digest("number", "2"),
        blinder.digest("number1", ""),
        blinder.digest("phone", "1"),
        Blinder(b"x" * 32).digest("number", "1"),
    }
    assert len(digests) == 5
    assert blinder.digest("number", "1").startswith(blinder.key("number", "1"))


def test_a_blind_digest_is_the_hmac_of_kind_and_value() -> None:
    key = bytes(range(32))
    blinder = Blinder(key)
    for kind, value in (("number", "1"), ("", ""), ("家", "\ud800"), ("k" * 300, "v" * 200), ("number", "2")):
        written = len(kind.encode()).to_bytes(2, "big") + kind.encode() + value.encode("utf-8", "surrogatepass")
        assert blinder.digest(kind, value) == hmac.digest(key, written, "sha256")
