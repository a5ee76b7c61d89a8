"""Trying again while the other side is away: how often, how long to wait in between, when to give up."""

from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception
from tenacity.wait import wait_base, wait_random_exponential


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a call is tried, how long is waited in between, and the longest wait that is granted when asked for.

    Who has answered before is known to be there, and tried for ``outage_seconds`` however many attempts that takes.
    """

    attempts: int = 7
    outage_seconds: float = 0.0
    first_seconds: float = 0.5
    longest_seconds: float = 30.0
    longest_asked_seconds: float = 120.0


class AwayForNow(Exception):
    """The interface did not answer usefully; ``after`` is what it asked to wait."""

    def __init__(self, what: str, after: float | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.after = after


class _Wait(wait_base):
    """As long as the interface asked, else exponentially with chance."""

    def __init__(self, patience: Patience) -> None:
        self._grow = wait_random_exponential(multiplier=patience.first_seconds, max=patience.longest_seconds)

    def __call__(self, retry_state: RetryCallState) -> float:
        fault = retry_state.outcome.exception() if retry_state.outcome else None
        asked = fault.after if isinstance(fault, AwayForNow) else None
        return asked if asked is not None else self._grow(retry_state)


def _is_worth_a_wait(fault: BaseException, patience: Patience) -> bool:
    if isinstance(fault, AwayForNow):
        return (fault.after or 0.0) <= patience.longest_asked_seconds
    return isinstance(fault, httpx.TransportError)


def patient(
    patience: Patience,
    *,
    has_answered: Callable[[], bool] = lambda: False,
    told: Callable[[int], None] = lambda _attempt: None,
) -> Retrying:
    """Tries again while the other side is away; ``told`` hears of each attempt that another follows."""

    def is_enough(retry_state: RetryCallState) -> bool:
        in_outage = has_answered() and (retry_state.seconds_since_start or 0.0) < patience.outage_seconds
        return retry_state.attempt_number >= patience.attempts and not in_outage

    return Retrying(
        retry=retry_if_exception(lambda fault: _is_worth_a_wait(fault, patience)),
        wait=_Wait(patience),
        stop=is_enough,
        before_sleep=lambda retry_state: told(retry_state.attempt_number),
        reraise=True,
    )


def retry_after(response: httpx.Response, now: float) -> float | None:
    """Seconds that the answer asks to wait, given as a number or a date."""
    asked = response.headers.get("Retry-After", "").strip()
    if not asked:
        return None
    if asked.isdigit():
        return float(asked)
    try:
        return max(0.0, parsedate_to_datetime(asked).timestamp() - now)
    except (ValueError, TypeError):
        return None
