"""Editions of the catalogue on a real database: propose, see the changes, publish or close, look up."""

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from threading import Barrier

import pytest
from sqlmodel import Session

from hub.audit.model import Entry
from hub.audit.store import append
from hub.catalogue.model import Catalogue, Matter
from hub.catalogue.service import CatalogueService, Edition
from hub.catalogue.store import Closing
from hub.errors import Conflict, Malformed, Missing, Refused
from hub.kernel.clock import FixedClock
from hub.storage.database import Database

TODAY = date(2026, 11, 20)
LAND, BUREAU = "dept:land", "auth:data-bureau"


class Entries(list[Entry]):
    """What was appended to the log, in order."""

    def __call__(self, session: Session, entry: Entry) -> object:
        self.append(entry)
        return append(session, entry)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 20, 2, tzinfo=UTC))


@pytest.fixture
def entries() -> Entries:
    return Entries()


@pytest.fixture
def service(database: Database, clock: FixedClock, entries: Entries) -> CatalogueService:
    return CatalogueService(database, clock, entries, remember_seconds=0)


def with_promise(catalogue: Catalogue, days: int) -> Catalogue:
    def changed(matter: Matter) -> Matter:
        return dataclasses.replace(matter, promised_days=days) if matter.id == "low-income-aid" else matter

    return dataclasses.replace(catalogue, matters=tuple(changed(matter) for matter in catalogue.matters))


def test_the_shipped_catalogue_is_published_once(service: CatalogueService, entries: Entries) -> None:
    first = service.publish_shipped(by="hub:test")
    assert service.publish_shipped(by="hub:test").edition_id == first.edition_id
    assert [entry.claims["action"] for entry in entries] == ["proposed", "published"]
    assert service.matter("low-income-aid", TODAY).promised_days == 15


def test_a_proposal_says_what_it_would_change_and_changes_nothing(service: CatalogueService) -> None:
    now = service.publish_shipped(by="hub:test")
    proposal = service.propose(with_promise(now.catalogue, 14), effective_on=date(2026, 12, 1), by="hub:test")
    assert [str(change) for change in proposal.changes] == ["matters/low-income-aid/promised_days changed: 15 → 14"]
    assert service.matter("low-income-aid", date(2026, 12, 2)).promised_days == 15


def test_a_published_edition_counts_from_its_day(service: CatalogueService) -> None:
    now = service.publish_shipped(by="hub:test")
    proposal = service.propose(with_promise(now.catalogue, 14), effective_on=date(2026, 12, 1), by="hub:test")
    service.publish(proposal.edition_id, by="hub:test")
    assert service.matter("low-income-aid", date(2026, 11, 30)).promised_days == 15
    assert service.matter("low-income-aid", date(2026, 12, 1)).promised_days == 14


def test_the_same_content_is_no_new_edition(service: CatalogueService) -> None:
    now = service.publish_shipped(by="hub:test")
    with pytest.raises(Conflict):
        service.propose(now.catalogue, effective_on=TODAY, by="hub:test")
    with pytest.raises(Conflict):
        service.publish(now.edition_id, by="hub:test")


def test_what_an_earlier_edition_said_may_be_published_again(service: CatalogueService) -> None:
    first = service.publish_shipped(by="hub:test")
    changed = service.propose(with_promise(first.catalogue, 14), effective_on=TODAY, by="hub:test")
    service.publish(changed.edition_id, by="hub:test")
    back = service.propose(first.catalogue, effective_on=TODAY, by="hub:test")
    assert back.edition_id != first.edition_id
    with pytest.raises(Conflict) as waiting:
        service.propose(first.catalogue, effective_on=TODAY, by="hub:test")
    assert waiting.value.facts["edition"] == back.edition_id
    service.publish(back.edition_id, by="hub:test")
    assert service.matter("low-income-aid", TODAY).promised_days == 15


def test_a_proposal_whose_day_went_by_is_made_again_with_a_new_day(
    service: CatalogueService, clock: FixedClock
) -> None:
    now = service.publish_shipped(by="hub:test")
    changed = with_promise(now.catalogue, 14)
    service.propose(changed, effective_on=TODAY, by="hub:test")
    clock.advance(days=2)
    again = service.propose(changed, effective_on=date(2026, 11, 22), by="hub:test")
    service.publish(again.edition_id, by="hub:test")
    assert service.matter("low-income-aid", date(2026, 11, 22)).promised_days == 14


def test_an_edition_does_not_reach_into_the_past(service: CatalogueService, clock: FixedClock) -> None:
    now = service.publish_shipped(by="hub:test")
    proposal = service.propose(with_promise(now.catalogue, 14), effective_on=TODAY, by="hub:test")
    clock.advance(days=2)
    with pytest.raises(Refused):
        service.publish(proposal.edition_id, by="hub:test")
    with pytest.raises(Refused):
        service.propose(with_promise(now.catalogue, 13), effective_on=TODAY, by="hub:test")


def test_unknown_matters_editions_and_days_without_catalogue_are_missing(service: CatalogueService) -> None:
    with pytest.raises(Missing):
        service.matter("low-income-aid", TODAY)
    service.publish_shipped(by="hub:test")
    with pytest.raises(Missing, match="known are"):
        service.matter("nothing-such", TODAY)
    with pytest.raises(Missing):
        service.catalogue_of("cat_nothing")
    with pytest.raises(Missing):
        service.publish("cat_nothing", by="hub:test")


def test_a_matter_is_found_by_its_event(service: CatalogueService) -> None:
    service.publish_shipped(by="hub:test")
    assert service.event("hardship", TODAY).matters == ("low-income-aid", "funeral-subsidy")
    with pytest.raises(Missing):
        service.event("nothing-such", TODAY)


@pytest.fixture
def proposed(service: CatalogueService) -> str:
    """An edition of the land department that waits for the authority."""
    now = service.publish_shipped(by="hub:test")
    return service.propose(with_promise(now.catalogue, 14), effective_on=TODAY, by=LAND).edition_id


def test_a_declined_edition_tells_who_when_and_why_and_is_published_no_more(
    service: CatalogueService, clock: FixedClock, entries: Entries, proposed: str
) -> None:
    told = service.decline(proposed, "basis-unclear", by=BUREAU)
    assert told == service.record_of(proposed)
    assert (told.closed_as, told.closed_at, told.closed_by, told.reason) == (
        Closing.declined,
        clock.now(),
        BUREAU,
        "basis-unclear",
    )
    claims = entries[-1].claims
    assert (claims["action"], claims["edition"], claims["by"]) == ("declined", proposed, BUREAU)
    assert claims["reason"] == "basis-unclear"
    with pytest.raises(Conflict) as refused:
        service.publish(proposed, by=BUREAU)
    assert (refused.value.code, refused.value.facts["reason"]) == ("catalogue.edition-closed", "basis-unclear")
    assert service.matter("low-income-aid", TODAY).promised_days == 15


def test_a_proposal_is_withdrawn_by_its_proposer_only_also_when_its_day_is_past(
    service: CatalogueService, clock: FixedClock, proposed: str
) -> None:
    clock.advance(days=3)
    with pytest.raises(Refused) as refused:
        service.withdraw(proposed, "superseded", by="dept:funeral")
    assert refused.value.code == "catalogue.not-your-proposal"
    assert service.withdraw(proposed, "superseded", by=LAND).closed_as is Closing.withdrawn


def test_what_was_declined_may_be_proposed_anew_for_the_same_day(service: CatalogueService, proposed: str) -> None:
    service.decline(proposed, "assessment-missing", by=BUREAU)
    again = service.propose(service.catalogue_of(proposed), effective_on=TODAY, by=LAND).edition_id
    service.publish(again, by=BUREAU)
    assert service.edition_on(TODAY) == Edition(again, service.catalogue_of(proposed))


def test_a_published_edition_and_a_closed_one_are_closed_by_nobody(service: CatalogueService, proposed: str) -> None:
    service.publish(proposed, by=BUREAU)
    with pytest.raises(Conflict) as refused:
        service.withdraw(proposed, "superseded", by=LAND)
    assert refused.value.code == "catalogue.already-published"
    other = service.propose(with_promise(service.catalogue_of(proposed), 13), effective_on=TODAY, by=LAND).edition_id
    service.withdraw(other, "superseded", by=LAND)
    with pytest.raises(Conflict):
        service.decline(other, "basis-unclear", by=BUREAU)
    with pytest.raises(Missing):
        service.decline("cat_nothing", "basis-unclear", by=BUREAU)


def test_a_reason_in_words_closes_nothing(service: CatalogueService, proposed: str, entries: Entries) -> None:
    before = len(entries)
    for reason in ("", "依据不足", "not clear"):
        with pytest.raises(Malformed) as refused:
            service.decline(proposed, reason, by=BUREAU)
        assert refused.value.code == "catalogue.reason-not-a-code"
    assert (service.record_of(proposed).decided_at, len(entries)) == (None, before)


@pytest.mark.parametrize("round_", range(3))
def test_of_three_who_decide_at_once_one_counts_and_the_log_tells_that_one(
    service: CatalogueService, entries: Entries, proposed: str, round_: int
) -> None:
    del round_
    together = Barrier(3)
    deeds: list[Callable[[], object]] = [
        lambda: service.publish(proposed, by=BUREAU),
        lambda: service.decline(proposed, "basis-unclear", by=BUREAU),
        lambda: service.withdraw(proposed, "superseded", by=LAND),
    ]

    def done(deed: Callable[[], object]) -> bool:
        together.wait()
        try:
            deed()
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(3) as people:
        counted = list(people.map(done, deeds))
    record = service.record_of(proposed)
    assert sum(counted) == 1
    assert counted == [record.published_at is not None, *(record.closed_as is each for each in Closing)]
    assert [each.claims["action"] for each in entries if each.claims["edition"] == proposed] == [
        "proposed",
        record.closed_as or "published",
    ]
