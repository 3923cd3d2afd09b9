"""The line before one model: who waits, who leaves, and that no turn is lost on the way."""

from __future__ import annotations

import asyncio

import pytest

from aijobs_sdk.contract.errors import ProviderBusyError
from aijobs_sdk.engine.limits import ModelPace
from aijobs_sdk.engine.pace.line import Line
from aijobs_sdk.engine.pace.pace import Pace
from aijobs_sdk.engine.pace.turn import Ending, Outcome, Place, Size, Turn

pytestmark = pytest.mark.anyio

PLACE = Place("openai", "eu", "gpt-5.2")


def a_line(**own: float) -> Line:
    pace = Pace(first_calls=16, own=ModelPace.model_validate(own), now=0.0)
    return Line(PLACE, pace, asyncio.get_running_loop())


async def waiting(line: Line) -> asyncio.Task[Turn]:
    task = asyncio.create_task(line.wait(Size()))
    await asyncio.sleep(0)
    return task


async def test_who_comes_first_is_served_first() -> None:
    line = a_line(most_calls=1)
    first = line.turn_now(Size())
    second, third = await waiting(line), await waiting(line)
    assert first is not None
    line.end(first, Ending())
    await asyncio.sleep(0)
    assert (second.done(), third.done(), line.turn_now(Size())) == (True, False, None)
    third.cancel()


async def test_who_is_cancelled_in_the_moment_of_its_turn_gives_it_back() -> None:
    line = a_line(most_calls=1)
    first = line.turn_now(Size())
    second = await waiting(line)
    assert first is not None
    line.end(first, Ending())
    second.cancel()
    await asyncio.wait([second])
    assert (second.cancelled(), line.pace.window.in_flight) == (True, 0)


async def test_who_leaves_the_line_leaves_no_gap() -> None:
    line = a_line(most_calls=1)
    first = line.turn_now(Size())
    second, third = await waiting(line), await waiting(line)
    second.cancel()
    assert first is not None
    line.end(first, Ending())
    await asyncio.wait([third])
    assert (len(line), line.pace.window.in_flight) == (0, 1)


async def test_whoever_would_wait_too_long_is_told_at_once_when_to_come_back() -> None:
    line = a_line(requests_per_minute=1)
    line.turn_now(Size())
    with pytest.raises(ProviderBusyError) as busy:
        await line.wait_within(10.0, Size(), was_sent_away=False)
    assert asyncio.get_running_loop().time() == 0.0
    assert busy.value.wait_seconds > 10


async def test_a_pause_that_is_over_lets_those_who_wait_through_one_after_the_other() -> None:
    line = a_line()
    first = line.turn_now(Size())
    assert first is not None
    line.end(first, Ending(Outcome.REFUSED, pause_seconds=5.0))
    turns = await asyncio.gather(*(line.wait(Size()) for _ in range(4)))
    began_at = [turn.began_at for turn in turns]
    assert began_at[0] == pytest.approx(5.0)
    assert began_at == sorted(set(began_at))
