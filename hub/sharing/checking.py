"""What makes a grant 共享授权 useless, whether a file gives it or a service applies for it."""

from collections.abc import Iterator

from hub.catalogue.model import BROUGHT_VCT, Catalogue, EvidenceType, SharingClass
from hub.catalogue.problem import Problem
from hub.catalogue.reading import schema_claims
from hub.catalogue.rules import covers_any
from hub.sharing.model import Grant
from hub.sharing.rules import NEVER_SHARED


def problems_of(grant: Grant, catalogue: Catalogue) -> Iterator[Problem]:
    """What the catalogue does not have of what the grant names, or does not share; and a period that is none."""
    kind = catalogue.type_for(grant.evidence_type)
    if kind is None and grant.evidence_type != BROUGHT_VCT:
        yield Problem(
            "sharing.unknown-type",
            f"There is no type {grant.evidence_type}.",
            f"没有凭证类型 {grant.evidence_type}。",
            "Name a type of the catalogue.",
            "请填写目录中的类型。",
        )
    if grant.valid_until < grant.valid_from:
        yield Problem(
            "sharing.period-reversed",
            "It ends before it begins.",
            "起止日期颠倒。",
            "Swap the dates.",
            "请对调起止日期。",
        )
    for matter in grant.matters:
        if matter not in catalogue.matter_by_id:
            yield Problem(
                "sharing.unknown-matter",
                f"There is no matter “{matter}”.",
                f"没有事项“{matter}”。",
                "Name a matter of the catalogue.",
                "请填写目录中的事项。",
            )
    if isinstance(kind, EvidenceType):
        yield from _claim_problems(grant, kind)


def _claim_problems(grant: Grant, kind: EvidenceType) -> Iterator[Problem]:
    if kind.terms.sharing_class is SharingClass.withheld:
        yield Problem(
            "sharing.type-withheld",
            f"“{kind.name}” is withheld from sharing.",
            f"“{kind.name}”不予共享。",
            "Drop the grant.",
            "请删去该授权。",
        )
    claims = schema_claims(kind.schema) or {}
    for pattern in grant.claims:
        if pattern.split(".")[0] in NEVER_SHARED:
            yield Problem(
                "sharing.never-shared",
                f"“{pattern}” is for the hub alone.",
                f"“{pattern}”仅供枢纽使用。",
                "Drop the claim.",
                "请删去该数据项。",
            )
        elif pattern != "*" and not covers_any(pattern, claims):
            see = f"schemas/evidence/{kind.schema}.json"
            yield Problem(
                "sharing.unknown-claim",
                f"“{kind.name}” has no claim “{pattern}”.",
                f"“{kind.name}”没有数据项“{pattern}”。",
                f"See {see}.",
                f"见 {see}。",
            )
