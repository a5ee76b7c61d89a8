"""The fast validator of the intake says exactly what the reference validator says."""

import random
from typing import Any

import pytest

from hub.catalogue.schemas import (
    DIRECTORY,
    Fault,
    checking_validator_for,
    claims_of,
    evidence_schema,
    validator_for,
)
from hub.errors import Missing

NAMES = sorted(each.stem for each in (DIRECTORY / "evidence").glob("*.json"))
ODD = [None, "", 1, True, "2026-02-30", "2026-02-28", [], {}, "x" * 5000, -1, ["a"], [{"name": "a"}], {"name": "a"}]


def some(schema: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """A form with some members right by accident and some wrong on purpose."""
    members = list(schema["properties"])
    form = {name: chance.choice(ODD) for name in chance.sample(members, chance.randint(0, len(members)))}
    return form | ({"unheard_of": 1} if chance.random() < 0.2 else {})


@pytest.mark.parametrize("name", NAMES)
def test_both_validators_agree(name: str) -> None:
    chance = random.Random(name)  # noqa: S311  # a repeatable test, not a secret
    fast, slow = validator_for(name), checking_validator_for(name)
    for _ in range(60):
        form = some(dict(evidence_schema(name)), chance)
        assert bool(fast(form)) == (not slow.is_valid(form)), form


def test_a_fault_names_the_claim_and_the_rule_and_no_value() -> None:
    assert validator_for("urn:hub:evidence:resident:1")(
        {"name": 5, "source": {"key": "k", "row": 1, "export": "e"}}
    ) == [Fault("name", "type")]
    assert Fault("name", "required") in validator_for("resident")({})


def test_an_unknown_type_has_no_validator() -> None:
    with pytest.raises(Missing):
        validator_for("nothing-such")
    with pytest.raises(Missing):
        validator_for("../catalogue/catalogue")


def test_what_lies_within_a_sensitive_claim_is_sensitive() -> None:
    claims = claims_of("marriage-event")
    assert claims["man.number"]
    assert not claims["office"]
    assert claims_of("low-income-household")["members.*.name"] is False
