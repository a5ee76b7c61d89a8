"""Makes statements 派生证明: gathers what the rule needs, lets it decide, and signs what it says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from hub.catalogue.model import StatementType
from hub.evidence.model import HeldEvidence
from hub.evidence.store import EvidenceStore
from hub.exchange.service.parts import Parts
from hub.exchange.statements import RULES, Around, Known, Rule, Stated, last_marital_event, spouse_role
from hub.kernel.ids import new_id
from hub.proof.encoding import b64url
from hub.proof.sdjwt import SdJwt, issue_sd_jwt, parse_trusted_sd_jwt


@dataclass(frozen=True)
class Refusal:
    """Why no statement can be made."""

    reason: str


class Stating:
    """Statements about one subject."""

    def __init__(self, parts: Parts, subject_id: str) -> None:
        self._parts = parts
        self._subject_id = subject_id

    def state(
        self, kind: StatementType, known: Sequence[Known], pairwise: str, now: datetime
    ) -> tuple[SdJwt, datetime] | Refusal:
        """The signed statement and since when its sources stand, or why there is none."""
        rule = RULES.get(kind.name)
        if rule is None:
            return Refusal("exchange.type-unknown")
        freshness = self._freshness(kind)
        if freshness is None:
            return Refusal("exchange.registry-never-received")
        relevant = [each for each in known if each.type in kind.rests_on]
        stated = rule(relevant, self._around(kind, relevant))
        if self._hangs_on_a_review(kind, rule, (relevant, stated), now):
            return Refusal("exchange.statement-under-review")
        as_of = min(freshness.values(), default=int(now.timestamp()))
        return self._signed(kind, stated, freshness, (pairwise, now)), datetime.fromtimestamp(as_of, now.tzinfo)

    def _hangs_on_a_review(
        self, kind: StatementType, rule: Rule, so_far: tuple[Sequence[Known], Stated], now: datetime
    ) -> bool:
        """True when the statement would say something else if a steward found another subject to be this one.

        What is signed is not to prove false by a decision that was already waiting.
        """
        relevant, stated = so_far
        if kind.name == "marital-status" and self._hangs_on_the_spouse(rule, relevant, stated):
            return True
        for other in self._in_question:
            with self._parts.database.reading() as session:
                held = EvidenceStore(session, self._parts.vault).of_subjects([other], kind.rests_on)
            more = [*relevant, *(self._known(each) for each in held if each.is_valid_at(now))]
            if len(more) > len(relevant) and rule(more, self._around(kind, more)).claims != stated.claims:
                return True
        return False

    def _hangs_on_the_spouse(self, rule: Rule, relevant: Sequence[Known], stated: Stated) -> bool:
        """True when a death waits for a steward to say whether it is the spouse's."""
        deaths = self._spouse_deaths(relevant, in_question=True)
        return any(deaths.values()) and rule(relevant, Around(spouse_deaths=deaths)).claims != stated.claims

    @cached_property
    def _in_question(self) -> list[str]:
        with self._parts.database.reading() as session:
            return self._parts.identity.in_question_with(session, self._subject_id)

    def _freshness(self, kind: StatementType) -> dict[str, int] | None:
        """When each registry the statement rests on was last read; None when one never was."""
        found: dict[str, int] = {}
        fresh = self._parts.freshness()
        for name in kind.rests_on:
            shape = self._parts.shapes.get(name)
            if shape is None or not shape.registry:
                continue
            exports = fresh.get(shape.registry)
            if not exports:
                return None
            if shape.export in exports:
                found[f"{shape.registry}.{shape.export}"] = exports[shape.export]
        return found

    def _around(self, kind: StatementType, known: Sequence[Known]) -> Around:
        match kind.name:
            case "marital-status":
                return Around(spouse_deaths=self._spouse_deaths(known))
            case "household":
                return Around(household=self._household(known))
            case _:
                return Around()

    def _spouse_deaths(self, known: Sequence[Known], *, in_question: bool = False) -> dict[str, list[Known]]:
        """Deaths of the spouse of the last marriage; ``in_question``: also of whoever may be the spouse."""
        last = last_marital_event(known)
        role = spouse_role(last.role) if last is not None else None
        if last is None or role is None or last.claims["event"] != "marriage":
            return {}
        with self._parts.database.reading() as session:
            store = EvidenceStore(session, self._parts.vault)
            spouses = [link.subject_id for link in store.links_of([last.evidence_id]) if link.role == role]
            if in_question:
                spouses += [other for each in spouses for other in self._parts.identity.in_question_with(session, each)]
            deaths = store.deaths_of(spouses) if spouses else []
        return {last.evidence_id: [self._known(each) for each in deaths]}

    def _household(self, known: Sequence[Known]) -> list[Known]:
        heads = {each.claims["head_number"] for each in known if "head_number" in each.claims}
        if not heads:
            return []
        vault = self._parts.vault
        with self._parts.database.reading() as session:
            store = EvidenceStore(session, vault)
            found = [held for head in sorted(heads) for held in store.of_household(vault.household(head))]
        return [self._known(held) for held in found]

    def _known(self, held: HeldEvidence) -> Known:
        return known_of(held, self._parts.vault.open(held.evidence_id, held.sealed))

    def _signed(
        self, kind: StatementType, stated: Stated, freshness: Mapping[str, int], about: tuple[str, datetime]
    ) -> SdJwt:
        pairwise, now = about
        clear: dict[str, Any] = {
            "iss": self._parts.hub,
            "vct": kind.vct,
            "iat": int(now.timestamp()),
            "jti": new_id("st"),
            "sub": pairwise,
            "title": {"en": kind.names.en, "zh": kind.names.zh},
            "does_not_prove": {"en": kind.does_not_prove.en, "zh": kind.does_not_prove.zh},
            "freshness": dict(freshness),
            "sources": [_source(each) for each in stated.rests_on],
        }
        return parse_trusted_sd_jwt(issue_sd_jwt(clear, stated.claims, signer=self._parts.signer))


def known_of(held: HeldEvidence, evidence: SdJwt) -> Known:
    """Held evidence as rules read it."""
    return Known(
        evidence_id=held.evidence_id,
        type=held.type,
        role=held.role,
        issuer=held.issuer,
        registry=held.registry,
        export=held.export,
        as_of=held.as_of,
        digest=held.digest,
        claims=evidence.claims,
    )


def _source(each: Known) -> dict[str, Any]:
    return {
        "type": each.type,
        "provider": each.issuer,
        "as_of": int(each.as_of.timestamp()),
        "digest": b64url(each.digest),
    }
