"""The published schema and the rules agree on what an entry is."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from hub.audit.model import Entry
from hub.audit.rules import KINDS, chain_link

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "audit" / "entry.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)


def is_valid(content: bytes) -> bool:
    return bool(VALIDATOR.is_valid(json.loads(content)))


CLAIMS: list[dict[str, Any]] = [
    {},
    {"outcome": "released"},
    {"n": 1, "prev": chain_link(b"s" * 32, b"")},
    {"wanted": [{"type": "resident", "count": 3}], "late": None},
]


@pytest.mark.parametrize("claims", CLAIMS)
def test_every_entry_satisfies_the_schema(claims: dict[str, Any]) -> None:
    assert is_valid(Entry("exchange", claims).content())


def test_the_schema_refuses_what_the_rules_refuse() -> None:
    content = json.loads(Entry("exchange", {}).content())
    for change in (
        {"kind": "gossip"},
        {"v": 2},
        {"name": "王小明"},
        {"x": 1.5},
        {"Upper": 1},
        {"x": "a" * 513},
        {"n": 0},
    ):
        assert not VALIDATOR.is_valid(content | change)


def test_both_know_the_same_kinds() -> None:
    assert set(SCHEMA["properties"]["kind"]["enum"]) == KINDS
