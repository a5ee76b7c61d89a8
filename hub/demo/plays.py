"""The cases of the demo: each opened at its window, answered from the registries, completed with what is brought."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from hub.client.answers import Answer
from hub.client.approval import ApprovalClient, Case, Person
from hub.client.channel import Identity
from hub.demo.figures import CaseFigures
from hub.demo.parties import HUB_ID
from hub.demo.people import paper
from hub.demo.show import Narrator
from hub.demo.stage import Stage
from hub.exchange.trust import TrustPolicy
from hub.kernel.clock import local_date

OFFICER: Final = "officer-07"


@dataclass(frozen=True)
class Play:
    """A matter, its window, and the people it is about."""

    name: str
    window: str
    matter: str
    number: str
    basis: str
    people: Mapping[str, Sequence[Person]]
    answers: Mapping[str, str]
    sub_item: str = ""


@dataclass(frozen=True)
class Played:
    """A case as it stands at the end, its answers and its figures."""

    case: Case
    checklist: Mapping[str, Any]
    answers: Sequence[Answer]
    figures: CaseFigures


@contextmanager
def window(stage: Stage, party: str, policy: TrustPolicy) -> Iterator[ApprovalClient]:
    """The approval service at a window; it verifies every answer with its own trust policy."""
    client = ApprovalClient(stage.url, Identity(party, stage.cabinet.signer_of(party), HUB_ID), policy.key_for)
    try:
        yield client
    finally:
        client.close()


def perform(
    play: Play, client: ApprovalClient, narrator: Narrator, brought_before: Collection[str] = frozenset()
) -> Played:
    """Opens the case, asks for what the registries hold, hands in what the applicant brings.

    ``brought_before`` names the kinds that the same applicant brought for other matters.
    """
    case = client.open_case(play.number, play.matter, play.people, sub_item=play.sub_item, answers=play.answers)
    first = case.checklist
    narrator.checklist(first["items"])
    answers = list(_ask(client, case, first["wanted"], play.basis))
    _bring(client, case, first["items"], play.people["applicant"][0])
    return Played(case, client.checklist(case), answers, _figures(play, first, answers, brought_before))


def _ask(client: ApprovalClient, case: Case, wanted: Sequence[Mapping[str, Any]], basis: str) -> Iterator[Answer]:
    """One signed request for each participant, asking for everything the checklist wants about them."""
    ordered = sorted(wanted, key=_about)
    for (role, position), group in groupby(ordered, key=_about):
        pairwise = case.pairwise_of(role, position)
        if pairwise is not None:
            asked = [{"type": each["type"], "claims": each["claims"]} for each in group]
            yield client.ask(case, {"pairwise": pairwise}, asked, basis=basis, officer=OFFICER)


def _about(wanted: Mapping[str, Any]) -> tuple[str, int]:
    return wanted["about"], wanted["position"]


def _bring(client: ApprovalClient, case: Case, items: Sequence[Mapping[str, Any]], applicant: Person) -> None:
    today = local_date(client.identity.clock.now())
    for item in items:
        if item["is_asked"] and item["brings"]:
            client.bring(case, item["material"], paper(item["brings"], item["zh"], today), applicant)


def brought_in(played: Played) -> frozenset[str]:
    """The kinds of paper that were handed in for a case."""
    return frozenset(item["brings"] for item in played.checklist["items"] if item["state"] == "delivered")


def _figures(
    play: Play, first: Mapping[str, Any], answers: Sequence[Answer], brought_before: Collection[str]
) -> CaseFigures:
    outcomes = {answer.outcome for answer in answers}
    items = first["items"]
    return CaseFigures(
        matter=play.matter,
        materials_listed=len(items),
        materials_demanded=first["demanded"],
        not_required={item["material"]: item["reason"]["en"] for item in items if item["state"] == "not_needed"},
        satisfied_without_asking=first["spared"],
        to_bring=first["asked"],
        open_questions=sum(item["state"] == "question" for item in items),
        reused_from_another_matter=sum(item["state"] == "brought_earlier" for item in items),
        asked_again=sum(item["is_asked"] and item["brings"] in brought_before for item in items),
        outcome=outcomes.pop() if len(outcomes) == 1 else "partial" if outcomes else "none",
        reason=next((answer.reason for answer in answers if answer.reason), None),
    )
