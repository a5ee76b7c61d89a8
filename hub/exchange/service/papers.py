"""Papers brought once 免提交: which of those that a service took in earlier serve this case, for whoever asks now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from hub.cases.model import HeldBySubject
from hub.cases.rules.pieces import may_use_again
from hub.cases.store import BroughtStore
from hub.catalogue.model import Catalogue, Matter
from hub.evidence.model import HeldEvidence
from hub.exchange.service.parts import Parts

BROUGHT = "brought-material"


@dataclass(frozen=True)
class Use:
    """For which matter, when, and what the registries' evidence says meanwhile."""

    matter: Matter
    now: datetime
    today: date
    held: HeldBySubject = field(repr=False)


def types_beside(catalogue: Catalogue, matter: str) -> set[str]:
    """The types of evidence that decide whether a paper serves that matter: papers, and what replaces them."""
    known = catalogue.matter_by_id.get(matter)
    taken = set() if known is None else _taken(known)
    return {BROUGHT, *(name for kind in taken for name in catalogue.kind_by_id[kind].superseded_by)}


def papers_that_serve(
    parts: Parts, catalogue: Catalogue, held: Sequence[HeldEvidence], when: tuple[str, datetime, date]
) -> list[HeldEvidence]:
    """Of what is ``held``, the papers that a material of the matter takes and that may be used again for it.

    The rule is the checklist's: same purpose, valid, not too old, of an accepted issuer, not taken back, not replaced
    by newer evidence of a registry.
    """
    name, now, today = when
    papers = {each.evidence_id: each for each in held if each.type == BROUGHT}
    matter = catalogue.matter_by_id.get(name)
    if not papers or matter is None:
        return []
    with parts.database.reading() as session:
        owners = {each.subject_id for each in papers.values()}
        found = BroughtStore(session, parts.vault.keyring).brought_by(sorted(owners))
    by_type = _by_type(held)
    use = Use(matter, now, today, dict.fromkeys(owners, by_type))
    taken = _taken(matter)
    serving = {
        paper.evidence_id
        for each in found.values()
        for paper in each
        if paper.kind in taken and may_use_again(paper, catalogue.kind_by_id[paper.kind], use)
    }
    return [each for evidence_id, each in papers.items() if evidence_id in serving]


def _taken(matter: Matter) -> set[str]:
    return {kind for material in matter.materials for kind in material.kinds_taken}


def _by_type(held: Sequence[HeldEvidence]) -> Mapping[str, Sequence[HeldEvidence]]:
    found: dict[str, list[HeldEvidence]] = {}
    for each in held:
        found.setdefault(each.type, []).append(each)
    return found
