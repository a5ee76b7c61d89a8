"""Grant files 共享授权文件 to checked grants; every problem at once, with file, line and remedy."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from hub.catalogue.documents import Document, parse_document, refused
from hub.catalogue.model import BROUGHT_VCT, Catalogue, EvidenceType, Problem, SharingClass
from hub.catalogue.reading import schema_claims, shape_problems
from hub.catalogue.rules import covers_any
from hub.sharing.model import Grant
from hub.sharing.rules import NEVER_SHARED

PUBLISHED = Path(__file__).parent / "published" / "grants.yaml"


def read_grants(raw: bytes, name: str, catalogue: Catalogue) -> list[Grant]:
    """The grants a file gives, all of them usable with ``catalogue``.

    Raises:
        Malformed: lists every problem as ``file:line: path: fact remedy``.
    """
    document = parse_document(raw, name)
    problems = list(shape_problems(document, "grants")) or list(_problems(document, catalogue))
    if problems:
        raise refused(problems)
    return [_grant(each) for each in document.value["grants"]]


def shipped_grants(catalogue: Catalogue) -> list[Grant]:
    """The grants of the invented county."""
    return read_grants(PUBLISHED.read_bytes(), PUBLISHED.name, catalogue)


def _grant(value: Mapping[str, Any]) -> Grant:
    return Grant(
        id=value["id"],
        consumer=value["consumer"],
        evidence_type=value["type"],
        claims=tuple(value["claims"]),
        matters=tuple(value["matters"]),
        basis=value["basis"],
        scenario=value["scenario"],
        mode=value.get("mode", "service"),
        valid_from=date.fromisoformat(value["valid_from"]),
        valid_until=date.fromisoformat(value["valid_until"]),
        signed_off_by=value["signed_off_by"],
    )


def _problems(document: Document, catalogue: Catalogue) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, each in enumerate(document.value["grants"]):
        place = (document.name, document.line_of(("grants", index)), f"grants[{index}] ({each['id']})")
        if each["id"] in seen:
            yield Problem("sharing.written-twice", "The grant stands twice.", "该授权出现了两次。", "Keep one.", *place)
        seen.add(each["id"])
        for fact, en, remedy in _faults(_grant(each), catalogue):
            yield Problem(f"sharing.{fact}", en, "共享授权内容有误。", remedy, *place)


def _faults(grant: Grant, catalogue: Catalogue) -> Iterator[tuple[str, str, str]]:
    kind = catalogue.type_for(grant.evidence_type)
    if kind is None and grant.evidence_type != BROUGHT_VCT:
        yield "unknown-type", f"There is no type {grant.evidence_type}.", "Name a type of the catalogue."
    if grant.valid_until < grant.valid_from:
        yield "period-reversed", "It ends before it begins.", "Swap the dates."
    for matter in grant.matters:
        if matter not in catalogue.matter_by_id:
            yield "unknown-matter", f"There is no matter “{matter}”.", "Name a matter of the catalogue."
    if isinstance(kind, EvidenceType):
        yield from _claim_faults(grant, kind)


def _claim_faults(grant: Grant, kind: EvidenceType) -> Iterator[tuple[str, str, str]]:
    if kind.terms.sharing_class is SharingClass.withheld:
        yield "type-withheld", f"“{kind.name}” is withheld from sharing.", "Drop the grant."
    claims = schema_claims(kind.schema) or {}
    for pattern in grant.claims:
        if pattern.split(".")[0] in NEVER_SHARED:
            yield "never-shared", f"“{pattern}” is for the hub alone.", "Drop the claim."
        elif pattern != "*" and not covers_any(pattern, claims):
            yield (
                "unknown-claim",
                f"“{kind.name}” has no claim “{pattern}”.",
                f"See schemas/evidence/{kind.schema}.json.",
            )
