"""Looks of many calls taken together."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from hub.api.together import MOST, Together
from hub.errors import Unavailable


class Looked:
    """A look that says how it was called, and can be held until it is let go."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.begun, self.may_end = threading.Event(), threading.Event()
        self.may_end.set()

    def __call__(self, keys: Sequence[int]) -> list[str]:
        self.asked.append(list(keys))
        self.begun.set()
        self.may_end.wait(10)
        return [f"{each} in look {len(self.asked)}" for each in keys]


async def begun(look: Looked) -> None:
    await asyncio.to_thread(look.begun.wait, 10)


def test_whoever_comes_while_a_look_is_on_its_way_shares_the_next() -> None:
    look = Looked()
    look.may_end.clear()

    async def calls() -> list[str]:
        together: Together[int, str] = Together(look)
        first = asyncio.create_task(together.ask(1))
        await begun(look)
        later = [asyncio.create_task(together.ask(each)) for each in (2, 1, 3)]
        await asyncio.sleep(0)
        look.may_end.set()
        said = await asyncio.gather(first, *later)
        return [*said, await together.ask(9)]

    assert asyncio.run(calls()) == ["1 in look 1", "2 in look 2", "1 in look 2", "3 in look 2", "9 in look 3"]
    assert look.asked == [[1], [2, 1, 3], [9]]


def test_one_look_takes_so_many_calls_at_most() -> None:
    look = Looked()

    async def calls() -> list[str]:
        together: Together[int, str] = Together(look)
        return list(await asyncio.gather(*(together.ask(each) for each in range(2 * MOST + 1))))

    assert [said.split()[0] for said in asyncio.run(calls())] == [str(each) for each in range(2 * MOST + 1)]
    assert [len(each) for each in look.asked] == [MOST, MOST, 1]


def test_a_look_that_fails_fails_for_everyone_in_it_and_for_nobody_after() -> None:
    look = Looked()
    away = Unavailable("storage.database-away", "The database does not answer.")

    def fails_first(keys: Sequence[int]) -> list[str]:
        said = look(keys)
        if len(look.asked) == 1:
            raise away
        return said

    async def calls() -> list[object]:
        together: Together[int, str] = Together(fails_first)
        both = await asyncio.gather(together.ask(1), together.ask(2), return_exceptions=True)
        return [*both, await together.ask(3)]

    assert asyncio.run(calls()) == [away, away, "3 in look 2"]


def test_a_caller_that_goes_away_keeps_nobody_waiting() -> None:
    look = Looked()
    look.may_end.clear()

    async def calls() -> str:
        together: Together[int, str] = Together(look)
        gone, stays = (asyncio.create_task(together.ask(each)) for each in (1, 2))
        await begun(look)
        gone.cancel()
        look.may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await gone
        return await stays

    assert asyncio.run(calls()) == "2 in look 1"
