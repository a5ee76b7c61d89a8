"""Watches time limits and repeated collection 重复收集 across all cases, and counts what the reform spared."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta

from sqlmodel import Session

from hub.cases.model import Case, CaseState
from hub.cases.rules.periods import workdays_after
from hub.cases.rules.supervision import (
    CaseFigures,
    Fault,
    Liability,
    Limit,
    SupervisionReport,
    Timer,
    figures_of,
    liabilities_of,
    lit,
)
from hub.cases.service.surroundings import Surroundings
from hub.cases.store import CaseStore, MaterialFate
from hub.cases.store.arrivals import first_arrival
from hub.catalogue.model import Supply
from hub.catalogue.replaceable import Replaceable
from hub.catalogue.schemas import short_name
from hub.catalogue.store import CatalogueStore
from hub.kernel.clock import local_date
from hub.parties.model import PartyKind
from hub.parties.store import PartyStore
from hub.sharing.model import Owing
from hub.sharing.rules import SHARING_DAYS
from hub.sharing.store import OwedStore

UPDATE_DAYS = 10
EXTENSION_DAYS = 5
REVIEW_DAYS = 2
YEAR = timedelta(days=365)
ENOUGH_DAYS = 28
LIMITS = {Owing.application: Limit.application, Owing.objection: Limit.objection, Owing.supply: Limit.sharing}
TimerSource = Callable[[Session, date, date], Iterable[Timer]]


class Supervision:
    """Reads only; ``sources`` give the time limits of further rooms."""

    def __init__(self, around: Surroundings, sources: Sequence[TimerSource] = ()) -> None:
        self._around = around
        self._sources = (self._case_timers, self._catalogue_timers, self._owed_timers, self._sharing_timers, *sources)

    def report(self, first: date, last: date) -> SupervisionReport:
        """Lights of what is open or was opened in the period, liabilities, figures and the reform's work list."""
        around = self._around
        with around.database.reading() as session:
            store = CaseStore(session)
            cases = store.opened_between(first, last)
            fates = store.fates_in([case.case_id for case in cases])
            timers = [timer for source in self._sources for timer in source(session, first, last)]
        lights = [lit(timer, around.today, around.calendar) for timer in timers]
        figures = figures_of([self._figures(case, fates.get(case.case_id, [])) for case in cases], around.calendar)
        return SupervisionReport(
            first=first,
            last=last,
            lights=tuple(lights),
            liabilities=tuple(liabilities_of(lights, self._collected(cases, fates))),
            figures=tuple(figures),
            replaceable=tuple(self._replaceable(cases, last)),
        )

    def _case_timers(self, session: Session, first: date, last: date) -> Iterable[Timer]:
        around, store = self._around, CaseStore(session)
        matters = around.catalogue.require_edition_on(around.today).catalogue.matters
        delegated = [each.id for each in matters if each.filing_days is not None]
        watched = (*store.waiting(delegated), *store.opened_between(first, last))
        for case in {case.case_id: around.dated(case) for case in watched}.values():
            yield Timer(Limit.case, case.case_id, case.consumer, case.opened_on, case.due.on, case.decided_on)
            if case.state is CaseState.approved and case.decided_on and around.matter_of(case).filing_days is not None:
                due, filed = case.filing_due_on, case.filed_on
                yield Timer(Limit.filing, case.case_id, case.consumer, case.decided_on, due, filed)

    def _catalogue_timers(self, session: Session, first: date, last: date) -> Iterable[Timer]:
        """Order 809 article 17: ten working days from a change to its update (five more with the authority's consent).

        The authority publishes or declines it within two, unless it is withdrawn before.
        """
        authority, calendar = _authority_in(session), self._around.calendar
        for each in CatalogueStore(session).find_records():
            edition, proposed = each.edition_id, local_date(each.proposed_at)
            if each.decided_at and not first <= proposed <= last:
                continue
            if each.changed_on:
                days = UPDATE_DAYS + EXTENSION_DAYS * each.extended
                due = workdays_after(each.changed_on, days, calendar)
                yield Timer(Limit.catalogue_update, edition, each.proposed_by, each.changed_on, due, proposed)
            due = workdays_after(proposed, REVIEW_DAYS, calendar)
            done = local_date(each.decided_at) if each.decided_at else None
            yield Timer(Limit.catalogue, edition, each.reviewed_by or authority, proposed, due, done)

    def _owed_timers(self, session: Session, first: date, last: date) -> Iterable[Timer]:
        """What providers owe an answer to: applications (article 21), objections (26), supplies."""
        for each in OwedStore(session).between(first, last):
            if not each.waits_for_applicant:
                since = each.counted_from
                due = workdays_after(since, each.days, self._around.calendar)
                yield Timer(LIMITS[each.kind], each.owed_id, each.provider, since, due, each.answered_on)

    def _sharing_timers(self, session: Session, first: date, last: date) -> Iterable[Timer]:
        """Order 809 article 22: what was consented to is shared within twenty working days.

        It is from the day on which the provider's registry has evidence of that type at the hub. What providers supply
        on request is timed request by request instead.
        """
        around = self._around
        types = around.catalogue.require_edition_on(around.today).catalogue.evidence_by_name
        for each in OwedStore(session).consented():
            kind = types.get(short_name(each.evidence_type))
            if kind is None or kind.supply is not Supply.pushed or each.answered_on is None:
                continue
            arrived = first_arrival(session, kind.registry, kind.name)
            done = max(local_date(arrived), each.answered_on) if arrived else None
            if done is None or first <= each.answered_on <= last:
                due = workdays_after(each.answered_on, SHARING_DAYS, around.calendar)
                yield Timer(Limit.sharing, each.owed_id, each.provider, each.answered_on, due, done)

    def _collected(self, cases: Sequence[Case], fates: dict[str, list[MaterialFate]]) -> Iterable[Liability]:
        for case in cases:
            for fate in fates.get(case.case_id, ()):
                if fate.in_vain:
                    on = fate.delivered_on or case.opened_on
                    yield Liability(
                        Fault.repeated_collection,
                        case.consumer,
                        case.case_id,
                        on,
                        material=fate.material,
                        held_as=fate.in_vain,
                    )

    def _figures(self, case: Case, fates: Sequence[MaterialFate]) -> CaseFigures:
        states = tuple(fate.opening_state for fate in fates)
        before = self._around.matter_of(case).visits_before
        return CaseFigures(case.matter, case.opened_on, case.decided_on, states, before)

    def work_list(self) -> list[Replaceable]:
        """The reform's work list, with the cases of the last year."""
        last = self._around.today
        first = last - YEAR + timedelta(days=1)
        with self._around.database.reading() as session:
            cases = CaseStore(session).opened_between(first, last)
        return self._replaceable(cases, last)

    def _replaceable(self, cases: Sequence[Case], last: date) -> list[Replaceable]:
        """The work list with real cases, scaled to a year, once there are cases of four weeks to count.

        Where a matter had none the catalogue's own estimate stands.
        """
        counts = Counter(case.matter for case in cases)
        days = (min(last, self._around.today) - min((case.opened_on for case in cases), default=last)).days + 1
        a_year = {matter: round(count * YEAR.days / days) for matter, count in counts.items() if days >= ENOUGH_DAYS}
        return self._around.catalogue.replaceable(self._around.today, a_year)


def _authority_in(session: Session) -> str:
    """The authority 主管部门 of this level (article 11 knows one), empty while none is on record."""
    parties = PartyStore(session).roll().parties.values()
    return min((each.id for each in parties if each.kind is PartyKind.authority and each.is_active), default="")
