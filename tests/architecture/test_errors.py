"""An error's code is one fact: where it comes from, said in one family and in both languages."""

import re

from tests.architecture.errors import said

CODE = re.compile(r"^[a-z]+(-[a-z]+)*\.[a-z0-9]+(-[a-z0-9]+)*$")

# Facts that are the same wherever they are found.
SHARED = {"proof", "kernel", "storage"}
# A door may say a room's fact on its behalf, before the room is asked.
DOORS = {"api", "cli", "demo", "console", "client"}


def _literal() -> list:
    return [one for one in said() if one.code and "…" not in one.code]


def test_every_code_is_room_and_fact() -> None:
    assert [f"{one.module}:{one.line} {one.code}" for one in _literal() if not CODE.match(one.code)] == []


def test_a_code_belongs_to_one_family() -> None:
    families: dict[str, set[str]] = {}
    for one in _literal():
        families.setdefault(one.code, set()).add(one.family)
    assert {code: sorted(kinds) for code, kinds in families.items() if len(kinds) > 1} == {}


def test_a_code_comes_from_one_room() -> None:
    homes: dict[str, set[str]] = {}
    for one in _literal():
        room = one.module.split(".")[0 if one.module.startswith("adapters") else 1] if "." in one.module else one.module
        homes.setdefault(one.code, set()).add(room)
    spread = {
        code: sorted(rooms)
        for code, rooms in homes.items()
        if len(rooms - DOORS) > 1 and code.split(".")[0] not in SHARED
    }
    assert spread == {}


def test_every_error_says_what_to_do_in_english() -> None:
    silent = [f"{one.module}:{one.line} {one.code}" for one in _literal() if len(one.en.split()) < 3]
    assert silent == []
