"""A numbered checklist 核验步骤 as it is worked off: the first step that fails ends it, the rest stay untried."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.errors import HubError


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the checklist: ``ok`` is None for a step that an earlier failure left untried."""

    number: int
    name: str
    ok: bool | None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """The whole checklist, and what was verified says when it holds."""

    steps: tuple[Step, ...]
    answer: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def is_valid(self) -> bool:
        """True when every step holds."""
        return all(step.ok for step in self.steps)

    @property
    def failed(self) -> Step | None:
        """The step that failed, or None."""
        return next((step for step in self.steps if step.ok is False), None)


def worked_off(work: Sequence[tuple[str, Callable[[], str]]]) -> tuple[Step, ...]:
    """The steps of that name and check, in order; a check returns what it found, or raises why it fails."""
    steps: list[Step] = []
    for number, (name, check) in enumerate(work, 1):
        is_tried = not steps or steps[-1].ok
        steps.append(_tried(number, name, check) if is_tried else Step(number, name, None))
    return tuple(steps)


def _tried(number: int, name: str, check: Callable[[], str]) -> Step:
    try:
        return Step(number, name, ok=True, detail=check())
    except HubError as fault:
        return Step(number, name, ok=False, detail=f"{fault.code}: {fault.en}")
