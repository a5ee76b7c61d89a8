"""What evidence types let through: whatever a registry can mean, and nothing that none can."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from adapters.schemas import ROOT, schema
from adapters.standard.folding import fit

OF_REGISTRIES = sorted({path.stem for path in Path(ROOT, "evidence").glob("*.json")} - {"brought-material", "licence"})
CLAIMS = [
    (evidence, name, claim)
    for evidence in OF_REGISTRIES
    for name, claim in schema(f"evidence/{evidence}")["properties"].items()
    if claim.get("type") in ("string", "integer")
]


def fits(claim: dict[str, Any], value: object) -> bool:
    return Draft202012Validator(claim).is_valid(value)


@pytest.mark.parametrize(("evidence", "name", "claim"), CLAIMS, ids=[f"{one}-{name}" for one, name, _ in CLAIMS])
def test_no_claim_is_blank_negative_endless_or_holds_control_characters(
    evidence: str, name: str, claim: dict[str, Any]
) -> None:
    blanks = ["", "   ", "\u3000", "\u2003", "\t\n", "1\x00", "\x1b[2J1", "9" * 100_000]
    impossible = ["0000-01-01", "2026-00-10", "2026-13-01", "2026-01-32", "2026-01-01 25:00:00", "0000-05"]
    assert not any(fits(claim, value) for value in (*blanks, -1, 10**30))
    is_time = name.endswith(("_on", "_at", "month", "_date")) or name in ("term_from", "term_to")
    assert not (is_time and any(fits(claim, value) for value in impossible)), f"{evidence}.{name}"


@pytest.mark.parametrize(
    "text", ["𠮷田", "阿依古丽·买买提", "一\n二\t三\r\n", " 张 三", "张\u3000三", "\u202d1", "?", "\ufffd", "无名氏"]
)
def test_what_domain_texts_hold_is_let_through(text: str) -> None:
    assert fits(schema("evidence/resident")["properties"]["household_address"], text)


@pytest.mark.parametrize("blank", ["\u2003", "\u2028", "\x85", "\u200b\u3000", "\u00a0 \t"])
def test_a_cell_of_blanks_of_any_kind_is_empty(blank: str) -> None:
    assert fit(blank) == ""
    assert fit(f"{blank}张 三{blank}") == "张 三"


def test_schemas_are_written_the_same_way() -> None:
    for path in Path(ROOT, "evidence").glob("*.json"):
        told = path.read_text(encoding="utf-8")
        assert json.dumps(json.loads(told), indent=2, ensure_ascii=False) + "\n" == told, path.name
