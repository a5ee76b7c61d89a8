"""Electronic supervision 电子监察: red and yellow lights, who answers for which delay, and what the reform spared."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from hub.cases.model import SPARED, ItemState
from hub.cases.rules.periods import Calendar
from hub.catalogue.replaceable import Replaceable
from hub.errors import Missing

YELLOW_WORKDAYS: Final = 2
_SPARED = frozenset(state.value for state in SPARED)
_NOT_DEMANDED = ItemState.not_needed.value
_ASKED = frozenset(
    state.value
    for state in (ItemState.to_sign, ItemState.to_bring, ItemState.gap, ItemState.cannot, ItemState.question)
)


class Light(StrEnum):
    """How a time limit stands."""

    red = "red"
    yellow = "yellow"
    green = "green"
    unknown = "unknown"


class Limit(StrEnum):
    """What a time limit is for."""

    case = "case"
    filing = "filing"
    application = "application"
    objection = "objection"
    catalogue_update = "catalogue-update"
    catalogue = "catalogue"
    sharing = "sharing"


@dataclass(frozen=True, slots=True)
class Timer:
    """One time limit of one department; ``due_on`` is None where no calendar says."""

    limit: Limit
    subject: str
    department: str
    started_on: date
    due_on: date | None
    done_on: date | None = None


@dataclass(frozen=True, slots=True)
class Lit:
    """A time limit with its light and the working days left (negative: over)."""

    timer: Timer
    light: Light
    workdays_left: int | None


def lit(timer: Timer, today: date, calendar: Calendar) -> Lit:
    """Red when it is over, or was kept too late; yellow in the last working days; green otherwise."""
    if timer.due_on is None:
        return Lit(timer, Light.unknown, None)
    left = _between(timer.done_on or today, timer.due_on, calendar)
    late = (timer.done_on or today) > timer.due_on
    if late:
        return Lit(timer, Light.red, left)
    near = timer.done_on is None and left is not None and left <= YELLOW_WORKDAYS
    return Lit(timer, Light.yellow if near else Light.green, left)


def _between(start: date, end: date, calendar: Calendar) -> int | None:
    """Working days after the earlier up to the later day, negative when ``end`` is the earlier."""
    first, last, sign = (start, end, 1) if start <= end else (end, start, -1)
    count, day = 0, first
    try:
        while day < last:
            day = date.fromordinal(day.toordinal() + 1)
            count += calendar.is_workday(day)
    except Missing:
        return None
    return sign * count


class Fault(StrEnum):
    """What Order 809 articles 39–42 hold departments liable for."""

    late_answer = "late-answer"
    late_sharing = "late-sharing"
    late_correction = "late-correction"
    repeated_collection = "repeated-collection"
    missing_record = "missing-record"


FAULT_OF: Mapping[Limit, Fault] = {
    Limit.case: Fault.late_answer,
    Limit.filing: Fault.missing_record,
    Limit.application: Fault.late_answer,
    Limit.objection: Fault.late_correction,
    Limit.catalogue_update: Fault.late_correction,
    Limit.catalogue: Fault.late_answer,
    Limit.sharing: Fault.late_sharing,
}


@dataclass(frozen=True, slots=True)
class Liability:
    """One thing a department answers for: which, since when, how late, and what shows it."""

    fault: Fault
    department: str
    subject: str
    on: date
    workdays_late: int | None = None
    material: str = ""
    held_as: str = ""


def liabilities_of(timers: Iterable[Lit], collected: Iterable[Liability]) -> list[Liability]:
    """Every red light and every repeated collection, by day."""
    late = [
        Liability(
            FAULT_OF[each.timer.limit],
            each.timer.department,
            each.timer.subject,
            each.timer.due_on or each.timer.started_on,
            -each.workdays_left if each.workdays_left is not None else None,
        )
        for each in timers
        if each.light is Light.red
    ]
    return sorted([*late, *collected], key=lambda each: (each.on, each.fault, each.subject, each.material))


@dataclass(frozen=True, slots=True)
class CaseFigures:
    """One case, as the figures of the reform count it."""

    matter: str
    opened_on: date
    decided_on: date | None
    opening_states: tuple[str, ...]
    visits_before: int


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """What one matter's cases of one month demanded, spared and took."""

    matter: str
    month: str
    cases: int
    demanded: int
    spared: int
    asked: int
    once_only_percent: int
    visits_spared: int
    decided: int
    average_workdays_tenths: int | None


def figures_of(cases: Sequence[CaseFigures], calendar: Calendar) -> list[MonthFigures]:
    """Figures by matter and month of opening."""
    groups: dict[tuple[str, str], list[CaseFigures]] = {}
    for each in cases:
        groups.setdefault((each.matter, each.opened_on.strftime("%Y-%m")), []).append(each)
    return [_month(matter, month, several, calendar) for (matter, month), several in sorted(groups.items())]


def _month(matter: str, month: str, cases: Sequence[CaseFigures], calendar: Calendar) -> MonthFigures:
    states = [state for case in cases for state in case.opening_states]
    demanded = sum(state != _NOT_DEMANDED for state in states)
    spared = sum(state in _SPARED for state in states)
    spans = [_between(case.opened_on, case.decided_on, calendar) for case in cases if case.decided_on]
    days = [span for span in spans if span is not None]
    return MonthFigures(
        matter=matter,
        month=month,
        cases=len(cases),
        demanded=demanded,
        spared=spared,
        asked=sum(state in _ASKED for state in states),
        once_only_percent=round(100 * spared / demanded) if demanded else 0,
        visits_spared=sum(_visits_spared(case) for case in cases),
        decided=len(spans),
        average_workdays_tenths=round(10 * sum(days) / len(days)) if days else None,
    )


def _visits_spared(case: CaseFigures) -> int:
    """Visits that the guide of before meant, less the one that is needed while anything is asked for."""
    needed = 1 if any(state in _ASKED for state in case.opening_states) else 0
    return max(0, case.visits_before - needed)


@dataclass(frozen=True)
class SupervisionReport:
    """Everything the supervising authority looks at, for a period."""

    first: date
    last: date
    lights: tuple[Lit, ...]
    liabilities: tuple[Liability, ...]
    figures: tuple[MonthFigures, ...]
    replaceable: tuple[Replaceable, ...]
