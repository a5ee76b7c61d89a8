"""What a JSON value becomes under a hand that puts values of a wrong kind into it, one at a time."""

from collections.abc import Iterator
from typing import Any

WRONG: tuple[Any, ...] = (None, True, 0, -1, "", "x", [], {}, [None], [7], [{}], {"x": 7})


def bent(told: Any) -> Iterator[Any]:
    """``told`` with each value in it, at any depth, taken out or put in place by one of a wrong kind."""
    yield from WRONG
    if isinstance(told, dict):
        for name, value in told.items():
            yield {each: kept for each, kept in told.items() if each != name}
            yield from ({**told, name: worse} for worse in bent(value))
    elif isinstance(told, list):
        for place, value in enumerate(told):
            yield from ([*told[:place], worse, *told[place + 1 :]] for worse in bent(value))
