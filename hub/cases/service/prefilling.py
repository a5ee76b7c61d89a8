"""Form fields that are known 要填的不重复填, from the golden record, each with its source."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from hub.cases.rules.pieces import World
from hub.cases.service.surroundings import Surroundings
from hub.identity.model import GoldenValue
from hub.sharing.model import Allowed


@dataclass(frozen=True, slots=True)
class Prefilled:
    """One field of the form with its value and where that is from."""

    field_id: str
    en: str
    zh: str
    about: str
    position: int
    value: Any = field(repr=False)
    registry: str = ""
    as_of: datetime | None = None


def prefilled(around: Surroundings, session: Session, world: World) -> list[Prefilled]:
    """The fields of the matter's form whose values are known and come from evidence this consumer may have."""
    case = world.case
    asked = {each.about for each in world.matter.form_fields}
    golden: dict[str, dict[str, GoldenValue]] = {}
    for subject_id in {each.subject_id for each in case.participants if each.role in asked and each.subject_id}:
        values = around.identity.golden(session, subject_id)
        golden[subject_id] = {each.field: each for each in values if _may_have(world, each)}
    return [
        Prefilled(
            each.id,
            each.names.en,
            each.names.zh,
            person.role,
            person.position,
            value.value,
            value.registry,
            value.as_of,
        )
        for each in world.matter.form_fields
        for person in case.subjects_in(each.about)
        if person.subject_id and (value := golden[person.subject_id].get(each.source))
    ]


def _may_have(world: World, value: GoldenValue) -> bool:
    """True when a grant for this matter covers some type of the registry the value is from, with that very claim."""
    for kind in world.catalogue.evidence_types:
        if kind.registry == value.registry:
            allowed = world.permission(kind.vct)
            if isinstance(allowed, Allowed) and _names(allowed.claims, value.field):
                return True
    return False


def _names(patterns: tuple[str, ...], claim: str) -> bool:
    return any(pattern.split(".")[-1] == claim for pattern in patterns)
