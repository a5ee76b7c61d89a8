"""Statements 派生证明: what no single record says, decided from evidence alone and never beyond what is registered."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from hub.evidence.rules import DEATH_TYPES, Death, death_in, reversed_deaths

OWNING_RIGHTS: Final = frozenset({"3", "4", "5", "6", "7", "8", "9"})
"""Kinds of land right that own; 23 is a mortgagee and owns nothing."""
MARRIED, DIVORCED, WIDOWED, NONE_REGISTERED = "married", "divorced", "widowed", "none_registered"
MARITAL_CODES: Final = {MARRIED: "20", WIDOWED: "30", DIVORCED: "40", NONE_REGISTERED: "90"}
_OTHER_SPOUSE: Final = {"man": "woman", "woman": "man"}


@dataclass(frozen=True, slots=True)
class Known:
    """One piece of valid evidence about the subject (or, where said, somebody else), opened."""

    evidence_id: str
    type: str
    role: str
    issuer: str
    registry: str
    export: str
    as_of: datetime
    digest: bytes = field(repr=False)
    claims: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Around:
    """What is known of others that a statement needs: deaths of spouses by marriage record, the household."""

    spouse_deaths: Mapping[str, Sequence[Known]] = field(default_factory=dict)
    household: Sequence[Known] = ()


@dataclass(frozen=True, slots=True)
class Stated:
    """What a statement says, and the evidence that it rests on."""

    claims: Mapping[str, Any]
    rests_on: tuple[Known, ...]


Rule = Callable[[Sequence[Known], Around], Stated]


def standing_deaths(known: Iterable[Known]) -> list[tuple[date, Known]]:
    """The deaths recorded and not taken back, each with its day, the earliest first."""
    told: list[tuple[Death, Known]] = []
    for each in known:
        death = death_in(each.evidence_id, each.claims) if each.type in DEATH_TYPES else None
        if death is not None:
            told.append((death, each))
    taken_back = reversed_deaths(death for death, _ in told)
    standing = [(d.died_on, k) for d, k in told if not d.is_reversal and d.evidence_id not in taken_back]
    return sorted(standing, key=lambda pair: (pair[0], pair[1].evidence_id))


def alive(known: Sequence[Known], _around: Around) -> Stated:
    """Alive unless a registry records a death that stands."""
    deaths = standing_deaths(known)
    rests_on = tuple(each for each in known if each.type in DEATH_TYPES or each.type == "resident")
    if deaths:
        return Stated({"alive": False, "died_on": deaths[0][0].isoformat()}, rests_on)
    return Stated({"alive": True}, rests_on)


def last_marital_event(known: Iterable[Known]) -> Known | None:
    """The marriage or divorce registered last; a reissued certificate changes nothing."""
    events = [
        each for each in known if each.type == "marriage-event" and each.claims["event"] in {"marriage", "divorce"}
    ]
    return max(events, key=_marital_order, default=None)


def _marital_order(event: Known) -> tuple[str, str, str]:
    claims = event.claims
    return claims["event_on"], claims.get("updated_at", ""), claims.get("certificate", "")


def marital_status(known: Sequence[Known], around: Around) -> Stated:
    """The status that the registered events lead to; widowed when the spouse of the last marriage is recorded dead."""
    events = sorted((each for each in known if each.type == "marriage-event"), key=_marital_order)
    last = last_marital_event(events)
    if last is None:
        return _marital(NONE_REGISTERED, None, tuple(events))
    since = last.claims["event_on"]
    if last.claims["event"] == "divorce":
        return _marital(DIVORCED, since, tuple(events))
    deaths = around.spouse_deaths.get(last.evidence_id, ())
    standing = standing_deaths(deaths)
    rests_on = (*events, *deaths)
    if not standing:
        return _marital(MARRIED, since, rests_on)
    died_on = standing[0][0].isoformat()
    findings = ["married-after-death"] if since > died_on else []
    return _marital(WIDOWED, died_on, rests_on, findings)


def _marital(status: str, since: str | None, rests_on: tuple[Known, ...], findings: Sequence[str] = ()) -> Stated:
    claims: dict[str, Any] = {"marital_status": status, "marital_code": MARITAL_CODES[status]}
    if since is not None:
        claims["since"] = since
    if findings:
        claims["findings"] = list(findings)
    return Stated(claims, rests_on)


def spouse_role(role: str) -> str | None:
    """The role of the other spouse in a marriage record, or None."""
    return _OTHER_SPOUSE.get(role)


def low_income_status(known: Sequence[Known], _around: Around) -> Stated:
    """Whether the newest month's list holds the subject's household, and in which category."""
    listed = [each for each in known if each.type == "low-income-household"]
    if not listed:
        return Stated({"receives": False}, ())
    month = max(each.claims["month"] for each in listed)
    now = [each for each in listed if each.claims["month"] == month]
    claims = {"receives": True, "month": month, "as": now[0].role.partition(".")[0]}
    for name in ("category", "starts_month"):
        if name in now[0].claims:
            claims[name] = now[0].claims[name]
    return Stated(claims, tuple(now))


def land_registered(known: Sequence[Known], _around: Around) -> Stated:
    """The owning rights in force, each unit with its kind; none is an answer too."""
    owned = [each for each in known if each.type == "real-estate-right" and _owns(each.claims)]
    rights = [
        {name: right.claims[name] for name in ("unit", "right_kind", "sharing", "location") if name in right.claims}
        for right in sorted(owned, key=lambda each: (each.claims["unit"], each.evidence_id))
    ]
    claims: dict[str, Any] = {"registered": bool(rights), "count": len(rights)}
    return Stated({**claims, "rights": rights} if rights else claims, tuple(owned))


def _owns(claims: Mapping[str, Any]) -> bool:
    return claims.get("registered_status", "current") == "current" and claims.get("right_kind") in OWNING_RIGHTS


def household(known: Sequence[Known], around: Around) -> Stated:
    """The subject's registered relation to the head of household 户主, and everybody registered under the same head."""
    own = [each for each in known if each.type == "resident"]
    members = [
        {name: each.claims[name] for name in ("name", "number", "relation_to_head") if name in each.claims}
        for each in around.household
    ]
    claims: dict[str, Any] = {"persons": len(members)}
    relation = next((each.claims["relation_to_head"] for each in own if "relation_to_head" in each.claims), None)
    if relation is not None:
        claims["relation_to_head"] = relation
    if members:
        claims["members"] = members
    return Stated(claims, (*own, *(each for each in around.household if each not in own)))


RULES: Final[Mapping[str, Rule]] = {
    "alive": alive,
    "marital-status": marital_status,
    "low-income-status": low_income_status,
    "land-registered": land_registered,
    "household": household,
}
