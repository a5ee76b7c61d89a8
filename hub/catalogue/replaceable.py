"""The reform's work list 可减材料: what applicants still bring although some registry could already supply it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from hub.catalogue.model import Catalogue, EvidenceType, Material, PieceKind, SharingClass, StatementType


@dataclass(frozen=True, slots=True)
class Replaceable:
    """A material the applicant still brings although some registry could already supply it."""

    matter: str
    material: str
    kind: str
    by: tuple[str, ...]
    cases_per_year: int


def replaceable_materials(catalogue: Catalogue, cases_in: Mapping[str, int], on: date) -> list[Replaceable]:
    """The work list, most cases a year first, of the matters that have not ended on that day.

    A material is on it when no way uses evidence or a statement, though a type exists that replaces a kind brought.
    ``cases_in`` counts real cases by matter; where it says nothing the catalogue's estimate stands.
    """
    able = _replacers(catalogue)
    found = [
        Replaceable(
            matter.id, material.id, kind, tuple(sorted(able[kind])), cases_in.get(matter.id, matter.cases_per_year)
        )
        for matter in catalogue.matters
        for material in matter.materials
        for kind in _asked_for(material)
        if kind in able and not matter.has_ended_on(on)
    ]
    return sorted(found, key=lambda each: (-each.cases_per_year, each.matter, each.material, each.kind))


def _asked_for(material: Material) -> frozenset[str]:
    """The kinds of paper that are asked for it while no registry is."""
    shared = {PieceKind.evidence, PieceKind.statement}
    uses_registries = any(piece.kind in shared for way in material.ways for piece in way.pieces)
    return frozenset() if uses_registries else material.kinds_taken


def _replacers(catalogue: Catalogue) -> dict[str, set[str]]:
    able: dict[str, set[str]] = {}
    every: list[EvidenceType | StatementType] = [*catalogue.evidence_types, *catalogue.statements]
    for each in every:
        for kind in each.replaces if _is_shared(each) else ():
            able.setdefault(kind, set()).add(each.vct)
    return able


def _is_shared(each: EvidenceType | StatementType) -> bool:
    return isinstance(each, StatementType) or each.terms.sharing_class is not SharingClass.withheld
