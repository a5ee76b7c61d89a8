"""Whether the registries can supply a statement 派生证明 about a subject; what it says is the exchange's decision."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from hub.cases.model import Held, Statable, StatementAnswer
from hub.catalogue.model import Check, StatementType

Satisfies = Callable[[Held, Sequence[Check]], bool]
HeldOfOne = Mapping[str, Sequence[Held]]
DEATHS = frozenset({"funeral", "household-cancellation"})
MARRIAGE = "marriage-event"
MARITAL_STATUS = "marital-status"
REVERSED = (Check("is_reversed", one_of=("true",)),)
MARRIED = (Check("event", one_of=("marriage",)),)
DIVORCED = (Check("event", one_of=("divorce",)),)


def can_state(statement: StatementType, held: HeldOfOne, satisfies: Satisfies, at: datetime) -> StatementAnswer:
    """Whether ``statement`` can be made about the subject who has ``held``, by type, newest first.

    It is contradicted by what says otherwise; it cannot without what it requires; it is open between several records
    when more marriages stand than divorces ended.
    """
    rests_on = tuple(each for name in statement.rests_on for each in held.get(name, ()) if each.is_valid_at(at))
    there = {each.type for each in rests_on}
    if _is_contradicted(statement, held, satisfies, at):
        return StatementAnswer(Statable.contradicted, rests_on)
    if not set(statement.requires) <= there:
        return StatementAnswer(Statable.unknown)
    open_marriages = _marriages_that_stand(held, satisfies, at) if statement.name == MARITAL_STATUS else []
    if len(open_marriages) > 1:
        return StatementAnswer(Statable.several, rests_on, tuple(open_marriages))
    return StatementAnswer(Statable.yes, rests_on)


def _is_contradicted(statement: StatementType, held: HeldOfOne, satisfies: Satisfies, at: datetime) -> bool:
    deaths = any(standing_deaths(held, satisfies, at)) if DEATHS & set(statement.contradicted_by) else False
    others = (name for name in statement.contradicted_by if name not in DEATHS)
    return deaths or any(each.is_valid_at(at) for name in others for each in held.get(name, ()))


def standing_deaths(held: HeldOfOne, satisfies: Satisfies, at: datetime) -> Iterable[Held]:
    """Deaths recorded of the subject and not taken back; a cancellation that reports a reversal is none."""
    for name in DEATHS:
        for each in held.get(name, ()):
            is_death = each.is_valid_at(at) and each.role.startswith("deceased")
            if is_death and not (name == "household-cancellation" and satisfies(each, REVERSED)):
                yield each


def _marriages_that_stand(held: HeldOfOne, satisfies: Satisfies, at: datetime) -> list[Held]:
    events = [each for each in held.get(MARRIAGE, ()) if each.is_valid_at(at)]
    if len(events) < 2:  # noqa: PLR2004  # one record leaves no choice
        return []
    marriages = [each for each in events if satisfies(each, MARRIED)]
    divorces = [each for each in events if satisfies(each, DIVORCED)]
    return marriages if len(marriages) - len(divorces) > 1 else []
