"""A subject over time 历史沿革: every version of every record about it, with what each said and how long it stood."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from hub.evidence.model import HeldEvidence, Shape, Status
from hub.evidence.rules import form_of, named_in
from hub.evidence.store import EvidenceStore, Vault
from hub.evidence.store.endings import endings_of


@dataclass(frozen=True, slots=True)
class Said:
    """What one version of one record said of somebody in one role; ``ended_at`` is None while it stands."""

    registry: str
    export: str
    record: str
    role: str
    type: str
    status: str
    said_at: datetime
    ended_at: datetime | None
    reason: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Chronicle:
    """Opens what is held about a subject, whatever became of it; ``shapes`` by evidence type."""

    vault: Vault
    shapes: Mapping[str, Shape]

    def of(self, session: Session, subject_ids: Sequence[str]) -> list[Said]:
        """Everything said about a subject under any of those ids, in the order in which registries were read."""
        held = EvidenceStore(session, self.vault).of_subjects(subject_ids, every_status=True)
        endings = endings_of(session, [each.evidence_id for each in held])
        said = [self._said(session, each, *endings[each.evidence_id]) for each in held]
        return sorted(said, key=lambda each: (each.said_at, each.ended_at is None, each.ended_at or each.said_at))

    def _said(self, session: Session, held: HeldEvidence, reason: str, changed_at: datetime) -> Said:
        form = form_of(EvidenceStore(session, self.vault).open(held).claims)
        shape = self.shapes.get(held.type)
        named = named_in(shape, form) if shape else ()
        fields = next((each.fields for each in named if each.role == held.role), form)
        return Said(
            held.registry,
            held.export,
            held.record,
            held.role,
            held.type,
            held.status.value,
            held.as_of,
            None if held.status is Status.valid else changed_at,
            reason,
            {name: value for name, value in fields.items() if name != "source"},
        )
