"""Questions that come up together promise to be one call, and to be answered each for itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from aijobs_sdk.batch.running.together import MOST_AT_ONCE, Together
from aijobs_sdk.contract.errors import AdmissionError, InvalidRequestError

pytestmark = pytest.mark.anyio


class Oracle:
    """Answers numbers with their doubles, all of a call or none."""

    def __init__(self, *, refused: Sequence[int] = (), room: int = 1_000) -> None:
        self.calls: list[list[int]] = []
        self.is_called = asyncio.Event()
        self.answered: list[int] = []
        self._refused = refused
        self._room = room

    async def ask(self, numbers: Sequence[int]) -> list[int]:
        self.calls.append(list(numbers))
        self.is_called.set()
        await asyncio.sleep(0)
        for number in numbers:
            if number in self._refused:
                raise InvalidRequestError(f"{number} of {len(numbers)} is odd.")
        if len(self.answered) + len(numbers) > self._room:
            raise AdmissionError("It is full.", retry_after_seconds=1.0)
        self.answered += numbers
        return [2 * number for number in numbers]


async def test_what_is_asked_in_one_turn_is_one_call() -> None:
    oracle = Oracle()
    together = Together(oracle.ask)
    assert await asyncio.gather(*map(together.ask, (1, 2, 3))) == [2, 4, 6]
    assert await together.ask(4) == 8
    assert oracle.calls == [[1, 2, 3], [4]]


async def test_what_comes_while_others_wait_for_their_answer_does_not_wait_for_it() -> None:
    oracle = Oracle()
    together = Together(oracle.ask)
    first = asyncio.create_task(together.ask(1))
    await oracle.is_called.wait()
    assert await together.ask(2) == 4
    assert await first == 2
    assert oracle.calls == [[1], [2]]


async def test_a_call_holds_no_more_than_a_hundred() -> None:
    oracle = Oracle()
    together = Together(oracle.ask)
    numbers = range(2 * MOST_AT_ONCE + 1)
    assert await asyncio.gather(*map(together.ask, numbers)) == [2 * number for number in numbers]
    assert [len(call) for call in oracle.calls] == [MOST_AT_ONCE, MOST_AT_ONCE, 1]


async def test_one_that_is_refused_costs_the_others_nothing_and_hears_of_itself_alone() -> None:
    oracle = Oracle(refused=[3, 8])
    together = Together(oracle.ask)
    answers = await asyncio.gather(*map(together.ask, range(10)), return_exceptions=True)
    assert [answer for answer in answers if isinstance(answer, int)] == [0, 2, 4, 8, 10, 12, 14, 18]
    assert [str(answers[number]) for number in (3, 8)] == ["3 of 1 is odd.", "8 of 1 is odd."]
    assert sorted(oracle.answered) == [0, 1, 2, 4, 5, 6, 7, 9]


async def test_as_many_are_let_in_as_there_is_room_for() -> None:
    oracle = Oracle(room=5)
    together = Together(oracle.ask)
    answers = await asyncio.gather(*map(together.ask, range(8)), return_exceptions=True)
    assert oracle.answered == [0, 1, 2, 3, 4]
    assert all(isinstance(answer, AdmissionError) for answer in answers[5:])


async def test_any_other_error_is_that_of_all() -> None:
    async def broken(numbers: Sequence[int]) -> list[int]:
        raise ConnectionResetError(f"The line is dead: {len(numbers)} were not sent.")

    together = Together(broken)
    answers = await asyncio.gather(*map(together.ask, range(3)), return_exceptions=True)
    assert [str(answer) for answer in answers] == ["The line is dead: 3 were not sent."] * 3


async def test_who_waits_no_more_takes_nothing_from_the_others_and_is_heard() -> None:
    oracle, heard = Oracle(), list[int]()
    together = Together(oracle.ask)
    one = asyncio.create_task(together.ask(1, heard=heard.append))
    other = asyncio.create_task(together.ask(2))
    await asyncio.sleep(0)  # both have asked
    one.cancel()
    assert await other == 4
    assert heard == [2]
