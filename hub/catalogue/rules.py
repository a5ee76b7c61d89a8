"""What makes a catalogue 目录 usable: everything it refers to exists, rests on law, and forms no cycle."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from hub.catalogue.holding import FormOf, holding_problems, purpose_problems
from hub.catalogue.model import (
    APPLICANT,
    Catalogue,
    EvidenceType,
    FormPart,
    Material,
    Matter,
    Piece,
    PieceKind,
    SharingClass,
    StatementType,
)
from hub.catalogue.problem import At, Problem, unknown

CLASSIFIED = frozenset({"state-secret", "work-secret", "国家秘密", "工作秘密"})
Schemas = Callable[[str], Mapping[str, bool] | None]


def problems_of(catalogue: Catalogue, schema_claims: Schemas, form_of: FormOf) -> list[Problem]:
    """Everything that keeps ``catalogue`` from being published.

    ``schema_claims(name)`` gives the claim paths of an evidence schema with their sensitivity, ``form_of(name)`` what
    else it says; None when there is no such schema.
    """
    return [
        *_doubles(catalogue),
        *(found for each in catalogue.evidence_types for found in _type_problems(each, catalogue, schema_claims)),
        *_second_sources(catalogue),
        *(found for each in catalogue.statements for found in _statement_problems(each, catalogue)),
        *_kind_problems(catalogue),
        *(found for each in catalogue.matters for found in _matter_problems(each, catalogue, schema_claims)),
        *_event_problems(catalogue),
        *holding_problems(catalogue, form_of),
        *_cycles(catalogue),
    ]


def _doubles(catalogue: Catalogue) -> Iterator[Problem]:
    sections: Mapping[str, Iterable[str]] = {
        "legal_bases": (each.id for each in catalogue.bases),
        "evidence_types": (each.name for each in catalogue.evidence_types),
        "statements": (each.name for each in catalogue.statements),
        "brought_kinds": (each.id for each in catalogue.kinds),
        "matters": (each.id for each in catalogue.matters),
        "events": (each.id for each in catalogue.events),
    }
    for section, ids in sections.items():
        yield from _written_twice(ids, At(section))


def _written_twice(ids: Iterable[str], at: At) -> Iterator[Problem]:
    for each, count in Counter(ids).items():
        if count > 1:
            yield at.within(each).problem(
                "written-twice",
                f"“{each}” stands {count} times.",
                f"“{each}”重复出现。",
                "Keep one, or give it another id.",
                "请保留一个，或改用其他标识。",
            )


def _type_problems(each: EvidenceType, catalogue: Catalogue, schema_claims: Schemas) -> Iterator[Problem]:
    at, terms = At(f"evidence_types/{each.name}"), each.terms
    if {terms.classification, terms.grade} & CLASSIFIED:
        yield at.problem(
            "classified",
            "A classified item cannot be shared (Order 809 article 2).",
            "涉密事项不得列入共享目录。",
            "Take it out.",
            "请删去该条目。",
        )
    if terms.sharing_class is SharingClass.conditional and not (terms.scope and terms.purposes):
        yield at.problem(
            "conditional-without-scope",
            "Conditional sharing names its scope and purposes (Order 809 article 14).",
            "有条件共享须列明共享范围和使用用途。",
            "Fill terms.scope and terms.purposes.",
            "请填写 terms.scope 和 terms.purposes。",
        )
    if terms.sharing_class is SharingClass.withheld and not terms.withheld_basis:
        yield at.problem(
            "withheld-without-law",
            "Withholding names the law, regulation or decision that says so (article 14).",
            "不予共享须列明法律、行政法规或者国务院决定依据。",
            "Fill terms.withheld_basis, or share it.",
            "请填写 terms.withheld_basis，或改为共享。",
        )
    yield from unknown(terms.purposes, catalogue.purposes, "purpose", at)
    yield from unknown(each.replaces, catalogue.kind_by_id, "brought kind", at)
    yield from _sensitivity(each, schema_claims(each.schema), at)


def _sensitivity(each: EvidenceType, claims: Mapping[str, bool] | None, at: At) -> Iterator[Problem]:
    if claims is None:
        yield at.problem(
            "unknown-schema",
            f"There is no schema schemas/evidence/{each.schema}.json.",
            f"没有数据模式 schemas/evidence/{each.schema}.json。",
            "Add the schema file or correct the name.",
            "请补充该模式文件，或更正名称。",
        )
        return
    named = set(each.sensitive)
    hidden = sorted(path for path, sensitive in claims.items() if sensitive and not named & _around(path))
    if hidden:
        yield at.problem(
            "sensitive-not-named",
            f"The schema marks as sensitive what the entry does not: {', '.join(hidden)}.",
            f"数据模式标为敏感、而目录未列明：{'、'.join(hidden)}。",
            "Add them to “sensitive”.",
            "请将其列入“sensitive”。",
        )
    yield from unknown(each.sensitive, claims, "claim", at)


def _around(path: str) -> set[str]:
    steps = path.split(".")
    return {".".join(steps[: end + 1]) for end in range(len(steps))}


def _second_sources(catalogue: Catalogue) -> Iterator[Problem]:
    """Order 809 article 19: one source department 数源部门 per item."""
    providers: dict[str, set[str]] = {}
    for each in catalogue.evidence_types:
        providers.setdefault(each.schema, set()).add(each.provider)
    for schema, several in providers.items():
        if len(several) > 1:
            first = next(each for each in catalogue.evidence_types if each.schema == schema)
            yield At(f"evidence_types/{first.name}").problem(
                "two-sources",
                f"Schema “{schema}” has several providers: {', '.join(sorted(several))}.",
                f"数据模式“{schema}”有多个提供方：{'、'.join(sorted(several))}；只能有一个数源部门。",
                "Name one source department.",
                "请只列一个数源部门。",
            )


def _statement_problems(each: StatementType, catalogue: Catalogue) -> Iterator[Problem]:
    at = At(f"statements/{each.name}")
    known = {**catalogue.evidence_by_name, **catalogue.statement_by_name}
    yield from unknown(each.rests_on, known, "evidence type", at)
    yield from unknown((*each.requires, *each.contradicted_by), dict.fromkeys(each.rests_on), "rests_on entry", at)
    yield from unknown(each.replaces, catalogue.kind_by_id, "brought kind", at)


def _kind_problems(catalogue: Catalogue) -> Iterator[Problem]:
    known = {**catalogue.evidence_by_name, **catalogue.statement_by_name}
    for each in catalogue.kinds:
        at = At(f"brought_kinds/{each.id}")
        yield from unknown(each.purposes, catalogue.purposes, "purpose", at)
        yield from unknown(each.superseded_by, known, "evidence type", at)


def _matter_problems(matter: Matter, catalogue: Catalogue, schema_claims: Schemas) -> Iterator[Problem]:
    at = At(f"matters/{matter.id}")
    yield from unknown(matter.bases, catalogue.basis_by_id, "legal basis", at)
    yield from unknown((matter.purpose,), catalogue.purposes, "purpose", at)
    for part in ("materials", "roles", "conditions", "sub_items", "steps", "form_fields"):
        yield from _written_twice((each.id for each in getattr(matter, part)), at.within(part))
    yield from _period_problems(matter, at)
    yield from _role_problems(matter, at)
    yield from _form_problems(matter, at)
    for material in matter.materials:
        yield from _material_problems(material, matter, catalogue, schema_claims)


def _period_problems(matter: Matter, at: At) -> Iterator[Problem]:
    if matter.promised_days > matter.statutory_days:
        yield at.problem(
            "promise-too-long",
            "The promised period is longer than the statutory one.",
            "承诺时限不得超过法定时限。",
            "Promise at most the statutory period.",
            "请将承诺时限改为不超过法定时限。",
        )
    if sum(step.days for step in matter.steps) > matter.promised_days:
        yield at.problem(
            "steps-too-long",
            "The steps together take longer than the promised period.",
            "各环节时限之和超过承诺时限。",
            "Shorten the steps or the promise.",
            "请缩短各环节时限，或调整承诺时限。",
        )
    if matter.valid_until is not None and matter.valid_until < matter.valid_from:
        yield at.problem(
            "validity-reversed", "It ends before it begins.", "有效期起止颠倒。", "Swap the dates.", "请对调起止日期。"
        )
    if matter.result and matter.result.filed_with and matter.result.filing_days is None:
        yield at.problem(
            "filing-without-days",
            "A result to be filed says in how many days.",
            "需备案的结果须写明备案时限。",
            "Fill result.filing_days.",
            "请填写 result.filing_days。",
        )


def _role_problems(matter: Matter, at: At) -> Iterator[Problem]:
    roles = {role.id: role for role in matter.roles}
    applicant = roles.get(APPLICANT)
    if applicant is None or (applicant.at_least, applicant.at_most) != (1, 1):
        yield at.within("roles").problem(
            "no-applicant",
            "A matter has exactly one applicant.",
            "事项须有且仅有一名申请人。",
            "Add the role “applicant” with at_least 1 and at_most 1.",
            "请增加角色“applicant”，at_least 与 at_most 均为 1。",
        )
    conditions = {condition.id for condition in matter.conditions}
    for condition in matter.conditions:
        inside = at.within(f"conditions/{condition.id}")
        yield from unknown(filter(None, (condition.role_present,)), roles, "role", inside)
        yield from unknown(condition.all_of, dict.fromkeys(conditions), "condition", inside)
    for form_field in matter.form_fields:
        yield from unknown((form_field.about,), roles, "role", at.within(f"form_fields/{form_field.id}"))


def _form_problems(matter: Matter, at: At) -> Iterator[Problem]:
    leads = [material for material in matter.materials if material.form is FormPart.lead]
    parts = [material for material in matter.materials if material.form is FormPart.part]
    if len(leads) > 1 or (parts and not leads):
        yield at.within("materials").problem(
            "one-form",
            "A matter has one form: exactly one material leads it.",
            "一个事项只有一张表单：须恰有一项材料标为主表。",
            "Mark one material with form: lead.",
            "请将其中一项材料标为 form: lead。",
        )


def _material_problems(
    material: Material, matter: Matter, catalogue: Catalogue, schema_claims: Schemas
) -> Iterator[Problem]:
    at = At(f"matters/{matter.id}/materials/{material.id}")
    if not material.basis:
        yield no_basis(at.path)
    yield from unknown(material.basis, catalogue.basis_by_id, "legal basis", at)
    yield from unknown(filter(None, (material.brings,)), catalogue.kind_by_id, "brought kind", at)
    yield from unknown(filter(None, (material.when,)), {each.id: each for each in matter.conditions}, "condition", at)
    yield from unknown(material.sub_items, {each.id: each for each in matter.sub_items}, "sub-item", at)
    yield from purpose_problems(catalogue.kind_by_id.get(material.brings), matter, at)
    if material.commitment and matter.high_risk:
        yield at.problem(
            "commitment-at-high-risk",
            "A high-risk matter takes no commitment instead of proof.",
            "高风险事项不适用告知承诺制。",
            "Drop commitment.",
            "请删去 commitment。",
        )
    if material.only_applicant and material.ways and not all(_is_brought(way.pieces) for way in material.ways):
        yield at.problem(
            "nobody-but-ways",
            "It says that nobody else can supply it and names who can.",
            "写明只能由申请人提供，却又列出其他来源。",
            "Drop only_applicant or the ways.",
            "请删去 only_applicant 或 ways。",
        )
    for piece in (piece for way in material.ways for piece in way.pieces):
        yield from _piece_problems(piece, matter, catalogue, (at, schema_claims))


def _is_brought(pieces: Iterable[Piece]) -> bool:
    return all(piece.kind is PieceKind.brought for piece in pieces)


def no_basis(path: str) -> Problem:
    """The problem of a material that names no provision."""
    return At(path).problem(
        "no-legal-basis",
        "The material has no legal basis; nobody may demand it.",
        "该材料没有法律依据，不得要求提交。",
        "Name the provision under “basis”, or drop the material.",
        "请在“basis”中写明条款，或删去该材料。",
    )


def _piece_problems(piece: Piece, matter: Matter, catalogue: Catalogue, place: tuple[At, Schemas]) -> Iterator[Problem]:
    at, schema_claims = place
    known: Mapping[PieceKind, tuple[Mapping[str, object], str]] = {
        PieceKind.evidence: (catalogue.evidence_by_name, "evidence type"),
        PieceKind.statement: (catalogue.statement_by_name, "statement type"),
        PieceKind.brought: (catalogue.kind_by_id, "brought kind"),
        PieceKind.result: (catalogue.matter_by_id, "matter"),
    }
    yield from unknown((piece.of_type,), *known[piece.kind], at)
    yield from unknown((piece.about,), {role.id: role for role in matter.roles}, "role", at)
    kind = catalogue.evidence_by_name.get(piece.of_type) if piece.kind is PieceKind.evidence else None
    if kind is None:
        return
    if kind.terms.sharing_class is SharingClass.withheld:
        yield at.problem(
            "withheld-in-use",
            f"“{kind.name}” is withheld from sharing.",
            f"“{kind.name}”不予共享，不能用于免提交。",
            "Take it out of the ways.",
            "请从 ways 中删去。",
        )
    claims = schema_claims(kind.schema) or {}
    named = [*(check.claim for check in piece.checks), *piece.claims]
    yield from unknown((name for name in named if not covers_any(name, claims)), claims, "claim", at)
    yield from unknown(filter(None, (piece.role,)), dict.fromkeys(kind.roles), "role of the record", at)


def covers_any(pattern: str, claims: Iterable[str]) -> bool:
    """True when the pattern (``name``, ``members.*.name``, ``self.name``) fits at least one claim path.

    ``self.`` stands for whichever part of the record is about the subject.
    """
    bare = pattern.removeprefix("self.")
    anywhere = pattern != bare
    return any(
        claim == bare or claim.startswith(f"{bare}.") or (anywhere and claim.endswith(f".{bare}")) for claim in claims
    )


def _event_problems(catalogue: Catalogue) -> Iterator[Problem]:
    for event in catalogue.events:
        yield from unknown(event.matters, catalogue.matter_by_id, "matter", At(f"events/{event.id}"))


def _cycles(catalogue: Catalogue) -> Iterator[Problem]:
    statements = {each.name: set(each.rests_on) & set(catalogue.statement_by_name) for each in catalogue.statements}
    yield from _cycle_in(statements, "statements", "statements rest on each other")
    yield from _cycle_in(
        {matter.id: _results_needed(matter) for matter in catalogue.matters},
        "matters",
        "matters need each other's result",
    )
    for matter in catalogue.matters:
        graph = {condition.id: set(condition.all_of) for condition in matter.conditions}
        yield from _cycle_in(graph, f"matters/{matter.id}/conditions", "conditions depend on each other")


def _results_needed(matter: Matter) -> set[str]:
    """Matters without whose result this one cannot be satisfied: those in every way of some material."""
    needed: set[str] = set()
    for material in matter.materials:
        sets = [{piece.of_type for piece in way.pieces if piece.kind is PieceKind.result} for way in material.ways]
        needed |= set.intersection(*sets) if sets else set()
    return needed


def _cycle_in(graph: Mapping[str, set[str]], path: str, fact: str) -> Iterator[Problem]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as fault:
        chain = " → ".join(reversed(fault.args[1]))
        yield At(f"{path}/{fault.args[1][0]}").problem(
            "cycle",
            f"These {fact} in a cycle: {chain}.",
            f"存在循环引用：{chain}。",
            "Break the cycle at one of them.",
            "请在其中一处断开。",
        )
