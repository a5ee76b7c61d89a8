"""Whether what a catalogue 目录 says can ever hold: its types are those of the schemas, its demands can be met."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from hub.catalogue.model import BroughtKind, Catalogue, Check, Condition, EvidenceType, Matter, Piece, PieceKind, Supply
from hub.catalogue.problem import At, Problem, unknown

STATEMENTS: Final = ("alive", "household", "land-registered", "low-income-status", "marital-status")
"""What the hub knows how to state."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a published evidence schema says: its type, registry and roles, and the values of claims that list them."""

    vct: str
    registry: str
    roles: tuple[str, ...]
    values: Mapping[str, frozenset[str]]


FormOf = Callable[[str], Form | None]


def holding_problems(catalogue: Catalogue, form_of: FormOf) -> Iterator[Problem]:
    """What refers to things that exist, and yet could never come true."""
    for kind in catalogue.evidence_types:
        yield from _type_problems(kind, form_of(kind.schema))
    for statement in catalogue.statements:
        at = At(f"statements/{statement.name}")
        yield from unknown((statement.name,), dict.fromkeys(STATEMENTS), "statement that the hub can make", at)
    for matter in catalogue.matters:
        yield from _role_problems(matter)
        for condition in matter.conditions:
            yield from _condition_problems(condition, At(f"matters/{matter.id}/conditions/{condition.id}"))
        for material in matter.materials:
            at = At(f"matters/{matter.id}/materials/{material.id}")
            for piece in (piece for way in material.ways for piece in way.pieces):
                yield from _piece_problems(piece, matter, (catalogue, form_of), at)


def _type_problems(kind: EvidenceType, form: Form | None) -> Iterator[Problem]:
    at = At(f"evidence_types/{kind.name}")
    if form is not None and kind.vct != form.vct:
        yield at.problem(
            "schema-of-another-type",
            f"Its schema “{kind.schema}” is that of {form.vct}.",
            f"数据模式“{kind.schema}”属于 {form.vct}。",
            "Give it that name and version, or name its own schema.",
            "请使用该名称和版本，或改用自己的数据模式。",
        )
    if form is not None and kind.registry != form.registry:
        yield at.problem(
            "registry-of-another-type",
            f"Records in the form of this schema come from {form.registry or 'no registry'}.",
            f"该数据模式的登记信息来自 {form.registry or '（无登记库）'}。",
            "Name that registry.",
            "请填写该登记库。",
        )
    if form is not None:
        yield from unknown(kind.roles, dict.fromkeys(form.roles), "role of the record", at)
        yield from unknown(form.roles, dict.fromkeys(kind.roles), "role of the schema", at)
    if kind.supply is Supply.on_request and kind.supply_days < 1:
        yield at.problem(
            "supply-without-days",
            "What is supplied on request says within how many working days.",
            "依申请调取的凭证须写明调取时限。",
            "Fill supply_days.",
            "请填写 supply_days。",
        )


def _role_problems(matter: Matter) -> Iterator[Problem]:
    for role in matter.roles:
        if role.at_least > role.at_most:
            yield At(f"matters/{matter.id}/roles/{role.id}").problem(
                "role-never-filled",
                f"At least {role.at_least} and at most {role.at_most}: nobody can fill it.",
                f"至少 {role.at_least} 人而最多 {role.at_most} 人，无法满足。",
                "Swap the numbers.",
                "请对调人数。",
            )


def _condition_problems(condition: Condition, at: At) -> Iterator[Problem]:
    if condition.role_present and condition.all_of:
        yield at.problem(
            "two-conditions",
            "It depends on who is present and on other conditions; only one of the two is looked at.",
            "同时写了 role_present 和 all_of，只会看其中一个。",
            "Make two conditions, and a third of both by all_of.",
            "请分成两个条件，再用 all_of 合并。",
        )


def _piece_problems(piece: Piece, matter: Matter, known: tuple[Catalogue, FormOf], at: At) -> Iterator[Problem]:
    catalogue, form_of = known
    if piece.kind is PieceKind.evidence:
        kind = catalogue.evidence_by_name.get(piece.of_type)
        form = form_of(kind.schema) if kind else None
        for check in piece.checks:
            values = form.values.get(check.claim, frozenset()) if form else frozenset()
            if _never_holds(check, values):
                yield at.problem(
                    "check-never-holds",
                    f"No record of “{piece.of_type}” can pass the check of “{check.claim}”.",
                    f"“{piece.of_type}”的任何登记信息都不可能通过对“{check.claim}”的检查。",
                    f"Values are: {', '.join(sorted(values))}.",
                    f"可用的值：{'、'.join(sorted(values))}。",
                )
        return
    if piece.checks or piece.role or piece.fresh_days is not None:
        yield at.problem(
            "checks-of-no-record",
            f"“role”, “checks” and “fresh_days” are about records; “{piece.of_type}” is none.",
            f"“role”“checks”“fresh_days”只用于登记信息；“{piece.of_type}”不是。",
            "Take them out, or name evidence.",
            "请删去，或改用 evidence。",
        )
    brought = catalogue.kind_by_id.get(piece.of_type) if piece.kind is PieceKind.brought else None
    yield from purpose_problems(brought, matter, at)
    other = catalogue.matter_by_id.get(piece.of_type) if piece.kind is PieceKind.result else None
    if other and not (other.result and other.result.licence_type):
        yield at.problem(
            "matter-without-licence",
            f"Approving “{other.id}” issues no licence.",
            f"事项“{other.id}”批准后不颁发证照。",
            "Fill its result.licence_type, or take it out of the ways.",
            "请填写该事项的 result.licence_type，或从 ways 中删去。",
        )


def purpose_problems(kind: BroughtKind | None, matter: Matter, at: At) -> Iterator[Problem]:
    """State Council Order 716 article 7: a paper given for one purpose serves no unrelated one."""
    if kind and not kind.serves(matter.purpose):
        yield at.problem(
            "kind-for-another-purpose",
            f"“{kind.id}” may not serve the purpose “{matter.purpose}”.",
            f"“{kind.id}”不得用于使用场景“{matter.purpose}”。",
            "Add the purpose to the kind, or bring another kind.",
            "请在该类材料中增加此使用场景，或改用其他类别。",
        )


def _never_holds(check: Check, values: frozenset[str]) -> bool:
    """True when nothing that the claim may say, as far as the schema lists it, passes."""
    if check.present is False:
        return bool(check.one_of) or check.at_least is not None
    wanted = set(check.one_of or values) - set(check.none_of)
    if values:
        wanted &= values
    return bool(check.one_of or values) and not wanted
