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
            yield Problem(
                "sharing.written-twice",
                "The grant stands twice.",
                "该授权重复出现。",
                "Keep one.",
                "请只保留一个。",
                *place,
            )
        seen.add(each["id"])
        for fact, *said in _faults(_grant(each), catalogue):
            en, zh, remedy, remedy_zh = said
            yield Problem(f"sharing.{fact}", en, zh, remedy, remedy_zh, *place)


def _faults(grant: Grant, catalogue: Catalogue) -> Iterator[tuple[str, ...]]:
    kind = catalogue.type_for(grant.evidence_type)
    if kind is None and grant.evidence_type != BROUGHT_VCT:
        there_is_none = (f"There is no type {grant.evidence_type}.", f"没有凭证类型 {grant.evidence_type}。")
        yield "unknown-type", *there_is_none, "Name a type of the catalogue.", "请填写目录中的类型。"
    if grant.valid_until < grant.valid_from:
        yield "period-reversed", "It ends before it begins.", "起止日期颠倒。", "Swap the dates.", "请对调起止日期。"
    for matter in grant.matters:
        if matter not in catalogue.matter_by_id:
            there_is_none = (f"There is no matter “{matter}”.", f"没有事项“{matter}”。")
            yield "unknown-matter", *there_is_none, "Name a matter of the catalogue.", "请填写目录中的事项。"
    if isinstance(kind, EvidenceType):
        yield from _claim_faults(grant, kind)


def _claim_faults(grant: Grant, kind: EvidenceType) -> Iterator[tuple[str, ...]]:
    if kind.terms.sharing_class is SharingClass.withheld:
        withheld = (f"“{kind.name}” is withheld from sharing.", f"“{kind.name}”不予共享。")
        yield "type-withheld", *withheld, "Drop the grant.", "请删去该授权。"
    claims = schema_claims(kind.schema) or {}
    for pattern in grant.claims:
        if pattern.split(".")[0] in NEVER_SHARED:
            for_the_hub = (f"“{pattern}” is for the hub alone.", f"“{pattern}”仅供枢纽使用。")
            yield "never-shared", *for_the_hub, "Drop the claim.", "请删去该数据项。"
        elif pattern != "*" and not covers_any(pattern, claims):
            has_none = (f"“{kind.name}” has no claim “{pattern}”.", f"“{kind.name}”没有数据项“{pattern}”。")
            see = f"schemas/evidence/{kind.schema}.json"
            yield "unknown-claim", *has_none, f"See {see}.", f"见 {see}。"
