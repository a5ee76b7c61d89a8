"""Editions of the catalogue on a real database: propose, see the changes, publish, look up."""

import dataclasses
from datetime import UTC, date, datetime

import pytest
from sqlmodel import Session

from hub.audit.model import Entry
from hub.audit.store import append
from hub.catalogue.model import Catalogue, Matter
from hub.catalogue.service import CatalogueService
from hub.errors import Conflict, Missing, Refused
from hub.kernel.clock import FixedClock
from hub.storage.database import Database

TODAY = date(2026, 11, 20)


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
