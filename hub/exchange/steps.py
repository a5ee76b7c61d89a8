"""A numbered checklist 核验步骤 as it is worked off: the first step that fails ends it, the rest stay untried."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from hub.errors import HubError

MARKS: Final[Mapping[bool | None, str]] = {True: "✔", False: "✘", None: "·"}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the checklist: ``ok`` is None for a step that an earlier failure left untried."""

    number: int
    name: str
    name_zh: str
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

    def lines(self) -> list[str]:
        """The numbered checklist, as people read it, and the verdict when it holds."""
        told = [
            f"{MARKS[step.ok]} {step.number:2}. {step.name} {step.name_zh}"
            + (f": {step.detail}" if step.detail else "")
            for step in self.steps
        ]
        return [*told, "Verified. 核验通过。"] if self.is_valid else told


def worked_off(work: Sequence[tuple[str, str, Callable[[], str]]]) -> tuple[Step, ...]:
    """The steps of that name, in English and Chinese, and check, in order; a check returns what it found, or raises."""
    steps: list[Step] = []
    for number, (name, name_zh, check) in enumerate(work, 1):
        untried = Step(number, name, name_zh, None)
        steps.append(_tried(untried, check) if not steps or steps[-1].ok else untried)
    return tuple(steps)


def _tried(step: Step, check: Callable[[], str]) -> Step:
    try:
        return replace(step, ok=True, detail=check())
    except HubError as fault:
        return replace(step, ok=False, detail=f"{fault.code}: {fault.en} {fault.zh}")
