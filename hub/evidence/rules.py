"""What a record says about whom, and which deaths are taken back 死亡撤销."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from hub.evidence.model import RoleShape, Shape

CLEAR_CLAIMS: Final = frozenset(
    {"iss", "vct", "iat", "jti", "nbf", "exp", "registry", "export", "record", "content", "status", "as_of"}
)
_IN_CLEAR: Final = CLEAR_CLAIMS | {"_sd_alg"}
NEVER_DISCLOSED: Final = "source"
DEATH_TYPES: Final = frozenset({"funeral", "household-cancellation"})
REVERSAL_REACH: Final = timedelta(days=30)

_ORGANISATION_KINDS: Final = frozenset({"company", "institution", "organ"})
_ORGANISATION_DOCUMENTS: Final = frozenset({"001", "099"})


def shape_of(schema: Mapping[str, Any]) -> Shape:
    """The shape that a published evidence schema describes."""
    roles = tuple(
        RoleShape(
            each["role"], each["path"], each["kind"], bool(each.get("many", False)), tuple(each.get("shares", ()))
        )
        for each in schema["x-roles"]
    )
    vct = str(schema["x-vct"])
    return Shape(vct.split(":")[3], vct, schema.get("x-registry", ""), schema.get("x-export", ""), roles)


def form_of(claims: Mapping[str, Any]) -> dict[str, Any]:
    """The standard form inside evidence: everything but what stands in clear."""
    form = dict(claims)
    for name in CLEAR_CLAIMS:
        form.pop(name, None)
    return form


def is_all_hidden(payload: Mapping[str, Any]) -> bool:
    """True when nothing of the standard form is readable in the payload of evidence without a disclosure."""
    return all(_is_bare(name, payload[name]) for name in payload.keys() - _IN_CLEAR)


def _is_bare(name: str, value: Any) -> bool:
    if name == "_sd":
        return True
    if isinstance(value, dict):
        return all(_is_bare(inner, member) for inner, member in value.items())
    return isinstance(value, list) and all(isinstance(member, dict) and _is_bare("", member) for member in value)


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody whom a record names: in which role, of which kind, with which fields."""

    role: str
    kind: str
    fields: Mapping[str, Any]


def named_in(shape: Shape, form: Mapping[str, Any]) -> Iterator[Named]:
    """Everyone a standard form names; a nameless deceased 无名尸 is nobody that could be found."""
    if form.get("is_nameless") is True:
        return
    for role in shape.roles:
        standing = form if not role.path else form.get(role.path)
        shared = {name: form[name] for name in role.shares if name in form}
        if role.many:
            people = standing if isinstance(standing, list) else []
            lone = role.role == "holder" and len(people) == 1
            for number, fields in enumerate(people, 1):
                yield Named(role.role if lone else f"{role.role}.{number}", _kind(role, fields), {**shared, **fields})
        elif isinstance(standing, Mapping):
            yield Named(role.role, _kind(role, standing), {**shared, **(standing if role.path else _own(standing))})


def kin_of(named: Named, everyone: Sequence[Named]) -> tuple[str, ...]:
    """The numbers of others whom the record names beside them: spouse, household, head of household."""
    own = named.fields.get("number")
    numbers = [each.fields.get("number") for each in everyone]
    numbers.append(named.fields.get("head_number"))
    return tuple(dict.fromkeys(number for number in numbers if isinstance(number, str) and number != own))


def _own(form: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in form.items() if name != NEVER_DISCLOSED}


def _kind(role: RoleShape, fields: Mapping[str, Any]) -> str:
    if role.kind != "either":
        return role.kind
    holder_kind = fields.get("holder_kind")
    if holder_kind in _ORGANISATION_KINDS:
        return "legal_person"
    if holder_kind == "person" or fields.get("document_kind") not in _ORGANISATION_DOCUMENTS:
        return "resident"
    return "legal_person"


@dataclass(frozen=True, slots=True)
class Death:
    """One record of a death, or (``is_reversal``) of a death taken back."""

    evidence_id: str
    died_on: date
    is_reversal: bool = False


def death_in(evidence_id: str, form: Mapping[str, Any]) -> Death | None:
    """The death that a funeral record or a police cancellation 户口注销 tells; None when it tells no day."""
    died_on = form.get("died_on")
    try:
        day = date.fromisoformat(died_on) if isinstance(died_on, str) else None
    except ValueError:  # the year 0000, which the schema's form of a day allows
        return None
    if day is None or day.year == date.max.year:
        return None
    return Death(evidence_id, day, form.get("is_reversed") is True)


def reversed_deaths(deaths: Iterable[Death]) -> frozenset[str]:
    """The evidence ids of one person's deaths that are taken back.

    A reversal takes back every death, whichever registry recorded it, up to 30 days after the day it names; a later
    death stands.
    """
    told = list(deaths)
    reach = max((each.died_on for each in told if each.is_reversal), default=None)
    if reach is None:
        return frozenset()
    last = reach + REVERSAL_REACH
    return frozenset(each.evidence_id for each in told if not each.is_reversal and each.died_on <= last)
