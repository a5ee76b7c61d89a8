"""The decision: exactly one subject, of this case, by grant, and of each thing asked the least that is granted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache, partial

from hub.cases.store.standing import CaseStanding
from hub.catalogue.model import BROUGHT_VCT, EvidenceType, StatementType
from hub.catalogue.schemas import claims_of, has_evidence_schema
from hub.evidence.model import HeldEvidence
from hub.exchange.model import Decision, Item, Outcome, Request, Wanted
from hub.exchange.rules import chosen_paths, outcome_of
from hub.exchange.service.choosing import Choices
from hub.exchange.service.papers import papers_that_serve, types_beside
from hub.exchange.service.parts import Parts
from hub.exchange.service.stating import Refusal, Stating, known_of
from hub.exchange.statements import Known
from hub.exchange.store import Asked, Scene
from hub.exchange.views import paths_in
from hub.identity.model import Found, NoneFound, UnderReview
from hub.kernel.clock import local_date
from hub.proof.sdjwt import Path, SdJwt
from hub.sharing.model import Allowed, NotAllowed
from hub.sharing.rules import permission_for, sensitivity_of

SUBJECT_UNKNOWN = "exchange.subject-unknown"
NOT_IN_CASE = "exchange.subject-not-in-case"
CLAIMS_NOT_GRANTED = "exchange.claims-not-granted"
_State = Callable[[Sequence[Known], str, datetime], tuple[SdJwt, datetime] | Refusal]
KEY_COMPROMISED = "exchange.key-compromised"
"""The department issues the evidence anew under another key; until then nobody outside could tell it from a forgery."""


@cache
def sensitivity(evidence_type: str) -> Callable[[Sequence[str | int]], bool]:
    """Which claims of a type are sensitive 敏感个人信息; of a type without schema, all are."""
    return sensitivity_of(claims_of(evidence_type) if has_evidence_schema(evidence_type) else {})


def never_sensitive(_path: Sequence[str | int]) -> bool:
    """A statement's claims are all named by its kind; the grant of the kind covers them."""
    return False


def shown_at(chosen: Sequence[Path], presentation: str) -> tuple[Path, ...]:
    """Where what was chosen stands in its presentation: below the top, with what it hangs from, and counted anew."""
    return tuple(chosen) if all(len(path) == 1 for path in chosen) else paths_in(presentation)


def _presented(item: Item, evidence: SdJwt, chosen: Sequence[Path], *, is_less: bool) -> Item:
    """The line with what was chosen; ``is_less``: than was asked for."""
    presentation = evidence.present(chosen)
    return replace(
        item,
        outcome=Outcome.partial if is_less else Outcome.released,
        reason=CLAIMS_NOT_GRANTED if is_less else None,
        presentation=presentation,
        shown=shown_at(chosen, presentation),
    )


class Deciding:
    """One request under decision: what must be seen is asked first. It writes nothing, and holds no connection."""

    def __init__(self, parts: Parts, request: Request, now: datetime) -> None:
        self._parts = parts
        self._request = request
        self._now = now
        self._today = local_date(now)
        self._catalogue = parts.catalogue.require_edition_on(self._today).catalogue
        self._opened: dict[str, SdJwt] = {}
        self._found: dict[str, Allowed | NotAllowed] = {}
        self._why_not: str | None = None

    def asked(self) -> Asked:
        """What must be seen for the decision: of whom, unless a pairwise id says it, and of which types."""
        subject, self._why_not = self._named()  # 2
        self._found = self._permissions()  # 4
        return Asked(self._request, subject, self._types(self._found))

    def decide(self, scene: Scene) -> Decision:
        """What is to be answered, on that snapshot of what was ``asked``.

        (1) The case is the consumer's own, of the matter, and open. (2) The subject is exactly one. (3) The subject is
        one of the case. (4) Each type is known and granted for the matter today. (5) What is held and valid is shown as
        far as asked and granted; of several records, the one that the case says is meant; of papers brought earlier,
        those that serve this matter. (6) Statements are made from what is held.
        """
        reason = self._objection(scene)  # 1, 2, 3
        if reason is not None or scene.subject_id is None:
            items = tuple(Item(wanted.type, Outcome.refused, reason) for wanted in self._request.wanted)
            return Decision(Outcome.refused, reason, items, scene.subject_id)
        pairwise = self._parts.identity.pairwise_id(scene.subject_id, self._request.consumer)
        items = tuple(self._items(self._found, scene, pairwise))  # 5, 6
        outcome = outcome_of(items)
        reason = items[0].reason if outcome is Outcome.refused else None
        return Decision(outcome, reason, items, scene.subject_id, pairwise)

    def _permissions(self) -> dict[str, Allowed | NotAllowed]:
        request = self._request
        grants = self._parts.grants_of(request.consumer)
        return {
            wanted.type: permission_for(grants, evidence_type=wanted.type, matter=request.matter, on=self._today)
            for wanted in request.wanted
        }

    def _types(self, found: Mapping[str, Allowed | NotAllowed]) -> list[str]:
        """The types of evidence that the allowed part of the request rests on."""
        names: set[str] = set()
        for vct, allowed in found.items():
            if vct == BROUGHT_VCT and isinstance(allowed, Allowed):
                names |= types_beside(self._catalogue, self._request.matter)
            kind = self._catalogue.type_for(vct) if isinstance(allowed, Allowed) else None
            if isinstance(kind, EvidenceType):
                names.add(kind.name)
            elif isinstance(kind, StatementType):
                names.update(kind.rests_on)
        return sorted(names)

    def _named(self) -> tuple[str | None, str | None]:
        """Whom name and number mean, or why not exactly one; nobody yet for a pairwise id."""
        if self._request.query is None:
            return None, None
        with self._parts.database.reading() as session:
            answer = self._parts.identity.subject_for(session, self._request.query)
        match answer:
            case Found(subject_id):
                return subject_id, None
            case NoneFound():
                return None, SUBJECT_UNKNOWN
            case UnderReview():
                return None, "exchange.subject-under-review"
            case _:
                return None, "exchange.subject-several"

    def _objection(self, scene: Scene) -> str | None:
        """Why nothing is shown at all, or None.

        Without an open case of its own a consumer is not told who is known here. In a case whose people are all known,
        anybody else is just not one of them: nobody finds out about people by asking.
        """
        case = scene.case
        if case is None:
            return "exchange.case-unknown"
        if case.matter != self._request.matter:
            return "exchange.case-of-another-matter"
        if case.is_closed:
            return "exchange.case-closed"
        if scene.subject_id is not None:
            return None if self._is_in(case, scene.subject_id) else NOT_IN_CASE
        is_anybody_else = self._why_not == SUBJECT_UNKNOWN and case.is_everyone_known
        return NOT_IN_CASE if is_anybody_else else self._why_not or SUBJECT_UNKNOWN

    def _is_in(self, case: CaseStanding, subject: str) -> bool:
        """True when the case names the subject, or one that the subject answers for since a merge."""
        if subject in case.subject_ids:
            return True
        with self._parts.database.reading() as session:
            resolve = self._parts.identity.resolve
            return any(resolve(session, each) == subject for each in case.subject_ids)

    def _items(self, found: Mapping[str, Allowed | NotAllowed], scene: Scene, pairwise: str) -> list[Item]:
        held = [each for each in scene.held if each.is_valid_at(self._now)]
        choices = Choices(scene)
        stating = Stating(self._parts, scene.subject_id or "")
        items: list[Item] = []
        for wanted in self._request.wanted:
            allowed, kind = found[wanted.type], self._catalogue.type_for(wanted.type)
            if isinstance(allowed, NotAllowed):
                items.append(Item(wanted.type, Outcome.refused, allowed.code))
            elif isinstance(kind, EvidenceType):
                meant = choices.meant([each for each in held if each.type == kind.name])
                items += self._evidence(wanted, allowed, meant)
            elif isinstance(kind, StatementType):
                own = [each for each in held if each.type in kind.rests_on]
                rests_on = choices.resting_on(kind, own, now=self._now, claims_of=lambda each: self._open(each).claims)
                items.append(self._statement(wanted, allowed, partial(stating.state, kind), (rests_on, pairwise)))
            elif wanted.type == BROUGHT_VCT:
                when = (self._request.matter, self._now, self._today)
                papers = papers_that_serve(self._parts, self._catalogue, held, when)
                items += self._evidence(wanted, allowed, papers)
            else:
                items.append(Item(wanted.type, Outcome.refused, "exchange.type-unknown"))
        return items

    def _evidence(self, wanted: Wanted, allowed: Allowed, held: Sequence[HeldEvidence]) -> list[Item]:
        if not held:
            return [Item(wanted.type, Outcome.refused, "exchange.nothing-held")]
        return [self._shown(wanted, allowed, each) for each in held]

    def _shown(self, wanted: Wanted, allowed: Allowed, held: HeldEvidence) -> Item:
        if self._parts.directory.is_compromised(held.issuer, held.kid):
            return Item(wanted.type, Outcome.refused, KEY_COMPROMISED, held.issuer, None, held.as_of, held.role)
        evidence = self._open(held)
        shape = self._parts.shapes.get(held.type)
        own: Path = shape.path_of(held.role) if shape else ()
        chosen, is_less = chosen_paths(
            evidence.paths, asked=wanted.claims, granted=allowed.claims, own=own, is_sensitive=sensitivity(held.type)
        )
        if not chosen:
            reason = CLAIMS_NOT_GRANTED if is_less else "exchange.claims-not-held"
            return Item(wanted.type, Outcome.refused, reason, held.issuer, None, held.as_of, held.role)
        item = Item(wanted.type, Outcome.released, None, held.issuer, None, held.as_of, held.role)
        return _presented(item, evidence, chosen, is_less=is_less)

    def _statement(
        self, wanted: Wanted, allowed: Allowed, state: _State, about: tuple[Sequence[HeldEvidence] | Refusal, str]
    ) -> Item:
        held, pairwise = about
        if isinstance(held, Refusal):
            return Item(wanted.type, Outcome.refused, held.reason)
        known = [known_of(each, self._open(each)) for each in held]
        made = state(known, pairwise, self._now)
        if isinstance(made, Refusal):
            return Item(wanted.type, Outcome.refused, made.reason)
        statement, as_of = made
        chosen, is_less = chosen_paths(
            statement.paths, asked=wanted.claims, granted=allowed.claims, own=(), is_sensitive=never_sensitive
        )
        if not chosen:
            return Item(wanted.type, Outcome.refused, CLAIMS_NOT_GRANTED)
        item = Item(wanted.type, Outcome.released, None, self._parts.hub, None, as_of, "self")
        return _presented(item, statement, chosen, is_less=is_less)

    def _open(self, held: HeldEvidence) -> SdJwt:
        if held.evidence_id not in self._opened:
            self._opened[held.evidence_id] = self._parts.vault.open(held.evidence_id, held.sealed)
        return self._opened[held.evidence_id]
