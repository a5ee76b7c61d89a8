"""Whether a consumer may have a claim: by grant 共享授权, for this matter, today; sensitive claims only when named."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from hub.errors import Conflict, Malformed
from hub.sharing.model import Allowed, Grant, NotAllowed, Owed, Owing, Reply, Standing

Step = str | int
NEVER_SHARED = frozenset({"source", "quality"})
UNCONDITIONAL_DAYS, CONDITIONAL_DAYS, EXTENSION_DAYS, SHARING_DAYS, CORRECTION_DAYS = 1, 10, 10, 20, 10
"""Working days of Order 809: articles 21 (answer, and its one extension), 22 (sharing) and 26 (correction 校核)."""
REPLIES: Mapping[Owing, frozenset[Reply]] = {
    Owing.application: frozenset({Reply.consented, Reply.refused}),
    Owing.objection: frozenset({Reply.corrected, Reply.confirmed}),
    Owing.supply: frozenset({Reply.supplied, Reply.nothing_found}),
}

_NO_GRANT = (
    "sharing.no-grant",
    "The consumer has no grant for this evidence type; apply for one.",
    "该需求方没有此类凭证的共享授权；请申请。",
)
_PURPOSE = (
    "sharing.purpose-not-covered",
    "The grant does not cover this matter; apply for a grant that names it.",
    "共享授权未包含该事项；请申请包含该事项的授权。",
)
_PERIOD = (
    "sharing.grant-not-in-force",
    "The grant is not in force on this day; renew it.",
    "共享授权当日不在有效期内；请续期。",
)
_SUSPENDED = (
    "sharing.grant-suspended",
    "The authority has suspended the grant; put right what it names, and ask it to resume the grant.",
    "该共享授权已被主管部门暂停；请整改后申请恢复。",
)


def permission_for(grants: Iterable[Grant], *, evidence_type: str, matter: str, on: date) -> Allowed | NotAllowed:
    """What the consumer whose ``grants`` these are may have of one type for one matter on one day."""
    of_type = [grant for grant in grants if grant.evidence_type == evidence_type]
    of_matter = [grant for grant in of_type if matter in grant.matters]
    standing = [(grant, grant.standing_on(on)) for grant in of_matter]
    in_force = [grant for grant, how in standing if how is Standing.in_force]
    if in_force:
        claims = dict.fromkeys(claim for grant in in_force for claim in grant.claims)
        return Allowed(tuple(grant.id for grant in in_force), tuple(claims))
    if any(how is Standing.suspended for _, how in standing):
        return NotAllowed(*_SUSPENDED)
    return NotAllowed(*(_PERIOD if of_matter else _PURPOSE if of_type else _NO_GRANT))


def is_covered(path: Sequence[Step], patterns: Iterable[str], *, own: Sequence[Step] = (), sensitive: bool) -> bool:
    """True when one of ``patterns`` covers the claim at ``path``.

    ``*`` stands for every element of a list; ``self`` at the start for ``own``, where the subject stands in the record;
    a pattern that names an object covers what is in it. A sensitive claim is covered only by a pattern that names it to
    the end: neither a lone ``*`` nor an object around it releases it. Provenance and quality marks are never covered.
    """
    if path and path[0] in NEVER_SHARED:
        return False
    return any(_fits(_steps(pattern, own), path, whole=sensitive) for pattern in patterns)


def _steps(pattern: str, own: Sequence[Step]) -> list[Step]:
    first, *rest = pattern.split(".")
    return [*own, *rest] if first == "self" else [first, *rest]


def _fits(steps: Sequence[Step], path: Sequence[Step], *, whole: bool) -> bool:
    if list(steps) == ["*"] and not whole:
        return True
    if len(steps) > len(path) or (whole and len(steps) != len(path)):
        return False
    return all(_same(step, real) for step, real in zip(steps, path, strict=False))


def _same(step: Step, real: Step) -> bool:
    return isinstance(real, int) if step == "*" else str(step) == str(real)


def sensitivity_of(claims: Mapping[str, bool]) -> Callable[[Sequence[Step]], bool]:
    """A test of claim paths against a schema's claims; what the schema does not know counts as sensitive."""

    def is_sensitive(path: Sequence[Step]) -> bool:
        return claims.get(".".join("*" if isinstance(step, int) else step for step in path), True)

    return is_sensitive


def require_answerable(owed: Owed, reply: Reply) -> None:
    """The question waits for an answer, and this is one to it.

    Raises:
        Conflict: it is answered, or waits for its applicant.
        Malformed: the answer is one to another kind of question.
    """
    _require_open(owed)
    if owed.waits_for_applicant:
        raise Conflict(
            "sharing.waits-for-applicant",
            "The application was returned; it is answered once the applicant has completed it.",
            "该申请已退回补正；申请方补正后再作答复。",
        )
    if reply not in REPLIES[owed.kind]:
        fitting = sorted(each.value for each in REPLIES[owed.kind])
        raise Malformed(
            "sharing.no-such-answer",
            f"Answer one of: {', '.join(fitting)}.",
            f"请从以下答复中选择：{'、'.join(fitting)}。",
        )


def require_returnable(owed: Owed) -> None:
    """The application may be returned for what it lacks, which is said at once and once (article 21).

    Raises:
        Conflict: it is answered, or was returned before.
    """
    _require_open(owed)
    if owed.returned_on is not None:
        raise Conflict(
            "sharing.returned-before",
            "An application is returned once, with all that it lacks; answer it now.",
            "申请只能一次性退回补正；现请作出答复。",
        )


def require_completable(owed: Owed, evidence_type: str) -> None:
    """The application waits for its applicant, and still asks for the same type.

    Raises:
        Conflict: it was not returned, or was completed before.
        Malformed: another type.
    """
    if not owed.waits_for_applicant:
        raise Conflict(
            "sharing.not-returned",
            "The application was not returned, or is complete; what is another one is applied for anew.",
            "该申请未被退回，或已补正；其他需求请另行申请。",
        )
    if owed.evidence_type != evidence_type:
        raise Malformed(
            "sharing.another-type",
            "The application is for another type; apply for this one anew.",
            "该申请针对另一类凭证；请就本类凭证另行申请。",
        )


def _require_open(owed: Owed) -> None:
    if owed.answered_on is not None:
        raise Conflict("sharing.answered", "This was answered before; an answer stands.", "此前已答复；答复不得更改。")


def extended_days(owed: Owed) -> int:
    """How long an application may take after its one extension (article 21: at most ten working days more).

    Raises:
        Conflict: it is answered, was extended before, or is no application.
    """
    if owed.kind is not Owing.application or owed.answered_on or owed.extended_on:
        raise Conflict(
            "sharing.no-extension",
            "Only an application that waits for its answer is extended, and once.",
            "只有待答复的共享申请可以延长，且只延长一次。",
        )
    return owed.days + EXTENSION_DAYS


def turned(grant: Grant, to: Standing, on: date) -> Grant:
    """``grant`` after the authority's word: suspended, in force again, or ended, which is for good (article 27).

    Raises:
        Conflict: it is over or was ended, or it stands so already.
    """
    stands = grant.standing_on(on)
    if stands in {Standing.ended, Standing.over}:
        raise Conflict(
            "sharing.grant-ended",
            "The grant has ended; nothing changes it, and the consumer applies for another.",
            "该共享授权已终止，不得变更；需要时请另行申请。",
        )
    if to is not Standing.ended and (to is Standing.suspended) == (stands is Standing.suspended):
        raise Conflict(
            "sharing.stands-already",
            "The grant stands so already; see the list of grants.",
            "该共享授权已处于此状态；见授权列表。",
        )
    suspended_on = {Standing.suspended: on, Standing.ended: grant.suspended_on}.get(to)
    return replace(grant, suspended_on=suspended_on, ended_on=on if to is Standing.ended else None)
