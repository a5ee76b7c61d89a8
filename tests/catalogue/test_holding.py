"""What refers to things that exist and yet can never come true is refused, before applicants are asked in vain."""

import json
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from typing import Any

import pytest

from hub.catalogue.documents import parse_document
from hub.catalogue.holding import STATEMENTS
from hub.catalogue.reading import merged, published_documents, read_catalogue
from hub.errors import Malformed
from hub.exchange.statements import RULES

AID = "low-income-aid"
Change = Callable[[dict[str, Any]], object]


@cache
def shipped() -> dict[str, Any]:
    return merged(published_documents())


def codes(change: Change) -> set[str]:
    """Of what is wrong with the shipped catalogue so changed."""
    changed = deepcopy(shipped())
    change(changed)
    text = json.dumps(changed, default=str)
    try:
        read_catalogue([parse_document(text.encode(), "all.json")])
    except Malformed as refused:
        return {refused.code}
    return set()


def of(catalogue: dict[str, Any], section: str, name: str) -> dict[str, Any]:
    return next(each for each in catalogue[section] if name in {each.get("id"), each.get("name")})


def with_way(**piece: Any) -> Change:
    return lambda catalogue: of(catalogue, "matters", AID)["materials"][6].update(ways=[[{"of": "applicant", **piece}]])


def with_check(**check: Any) -> Change:
    return with_way(evidence="funeral", role="deceased", checks=[{"claim": "is_nameless", **check}])


def with_type(name: str, **values: Any) -> Change:
    return lambda catalogue: of(catalogue, "evidence_types", name).update(values)


def test_what_the_hub_can_state_is_what_the_exchange_states() -> None:
    assert set(STATEMENTS) == set(RULES)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (with_type("marriage-event", roles=["husband", "wife"]), "not-usable"),
        (with_type("marriage-event", roles=["man"]), "unknown-role-of-the-schema"),
        (with_type("funeral", version=2), "schema-of-another-type"),
        (with_type("funeral", registry="land"), "registry-of-another-type"),
        (lambda catalogue: of(catalogue, "evidence_types", "funeral").pop("registry"), "registry-of-another-type"),
        (with_type("tax-clearance", supply_days=0), "supply-without-days"),
        (with_check(one_of=["maybe"]), "check-never-holds"),
        (with_check(one_of=["true"], none_of=["true"]), "check-never-holds"),
        (with_check(none_of=["true", "false"]), "check-never-holds"),
        (with_check(one_of=["true"], present=False), "check-never-holds"),
        (with_way(statement="alive", role="self"), "checks-of-no-record"),
        (with_way(statement="alive", checks=[{"claim": "alive", "one_of": ["true"]}]), "checks-of-no-record"),
        (with_way(brought="lease", fresh_days=3), "checks-of-no-record"),
        (with_way(brought="draft-charter"), "kind-for-another-purpose"),
        (with_way(result="simple-cancellation"), "matter-without-licence"),
        (
            lambda catalogue: of(catalogue, "matters", AID)["roles"][1].update(at_least=3, at_most=2),
            "role-never-filled",
        ),
        (
            lambda catalogue: of(catalogue, "matters", AID)["conditions"][1].update(all_of=["renting"]),
            "two-conditions",
        ),
        (
            lambda catalogue: catalogue["statements"].append({**of(catalogue, "statements", "alive"), "name": "rich"}),
            "unknown-statement-that-the-hub-can-make",
        ),
    ],
)
def test_what_can_never_hold_is_refused(change: Change, code: str) -> None:
    assert codes(change) == {f"catalogue.{code}"}


@pytest.mark.parametrize(
    "change",
    [
        with_check(one_of=["true"]),
        with_check(none_of=["true"]),
        with_check(present=True),
        with_way(evidence="resident", checks=[{"claim": "name", "one_of": ["张三"]}]),
        with_way(result="association-registration"),
    ],
)
def test_what_may_hold_is_not(change: Change) -> None:
    assert codes(change) == set()
