"""A node with other secrets, or for another log, than its database was written under does nothing to it."""

import pytest

from hub.errors import Refused
from hub.proof.sealing import KEY_BYTES, Blinder, KeyRing, check_value
from hub.storage.database import Database
from hub.storage.keychecks import require_same

ONE, OTHER = bytes(KEY_BYTES), bytes([1]) * KEY_BYTES


def test_a_check_value_tells_keys_apart() -> None:
    assert check_value(ONE) == Blinder(ONE).check_value == KeyRing("k1", {"k1": ONE}).check_values["k1"]
    assert check_value(ONE) != check_value(OTHER)


def test_a_key_that_was_noted_stays_the_one_of_its_name(database: Database) -> None:
    require_same(database, {"HUB_BLIND_KEY": check_value(ONE), "HUB_SEAL_KEYS k1": check_value(ONE)})
    require_same(database, {"HUB_BLIND_KEY": check_value(ONE), "HUB_SEAL_KEYS k2": check_value(OTHER)})
    for name in ("HUB_BLIND_KEY", "HUB_SEAL_KEYS k1"):
        with pytest.raises(Refused) as refused:
            require_same(database, {name: check_value(OTHER)})
        assert (refused.value.code, refused.value.facts) == ("storage.not-as-written", {"setting": name})


def test_what_is_refused_notes_nothing(database: Database) -> None:
    require_same(database, {"HUB_BLIND_KEY": check_value(ONE)})
    with pytest.raises(Refused):
        require_same(database, {"HUB_BLIND_KEY": check_value(OTHER), "HUB_SEAL_KEYS k9": check_value(OTHER)})
    require_same(database, {"HUB_SEAL_KEYS k9": check_value(ONE)})
