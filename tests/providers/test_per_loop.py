"""What belongs to an event loop is opened on it, and closed with it."""

from __future__ import annotations

import asyncio
import gc

import anyio
import pytest

from aijobs_sdk.providers.per_loop import PerLoop

pytestmark = pytest.mark.anyio

CLOSING_SECONDS = 0.001
"""How long it takes to close a thing."""


class Thing:
    """Something that is opened and closed on one loop."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.loop = asyncio.get_running_loop()
        self.closed = 0

    async def aclose(self) -> None:
        assert asyncio.get_running_loop() is self.loop
        await asyncio.sleep(CLOSING_SECONDS)
        self.closed += 1


@pytest.fixture
def things() -> PerLoop[str, Thing]:
    return PerLoop(Thing, Thing.aclose)


async def test_one_loop_has_one_thing_a_key(things: PerLoop[str, Thing]) -> None:
    assert things.get("a") is things.get("a")
    assert things.get("a") is not things.get("b")
    await things.aclose()


def test_each_loop_has_its_own(things: PerLoop[str, Thing]) -> None:
    async def get() -> Thing:
        return things.get("a")

    first, second = asyncio.run(get()), asyncio.run(get())
    assert first is not second


def test_a_loop_that_ends_closes_its_own(things: PerLoop[str, Thing]) -> None:
    async def get() -> Thing:
        thing = things.get("a")
        await asyncio.sleep(0)
        return thing

    assert asyncio.run(get()).closed == 1


async def test_what_is_closed_in_the_turn_in_which_it_was_opened_is_closed(things: PerLoop[str, Thing]) -> None:
    thing = things.get("a")
    await things.aclose()
    assert thing.closed == 1


async def test_closing_closes_once_and_leaves_no_task(things: PerLoop[str, Thing]) -> None:
    before = asyncio.all_tasks()
    thing = things.get("a")
    await asyncio.sleep(0)
    await things.aclose()
    await things.aclose()
    assert thing.closed == 1
    assert asyncio.all_tasks() == before


async def test_a_close_that_is_cut_short_closes_everything_and_ends_as_cut_short(things: PerLoop[str, Thing]) -> None:
    opened = [things.get(key) for key in "abc"]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(CLOSING_SECONDS / 2):
            await things.aclose()
    assert [one.closed for one in opened] == [1, 1, 1]


async def test_a_close_that_is_cut_short_again_and_again_closes_everything(things: PerLoop[str, Thing]) -> None:
    opened = [things.get(key) for key in "abc"]
    with pytest.raises(TimeoutError), anyio.fail_after(CLOSING_SECONDS / 2):
        await things.aclose()
    assert [one.closed for one in opened] == [1, 1, 1]


async def test_after_closing_a_new_one_is_opened(things: PerLoop[str, Thing]) -> None:
    first = things.get("a")
    await things.aclose()
    assert things.get("a") is not first
    await things.aclose()


async def test_what_nobody_can_ask_for_any_more_is_closed() -> None:
    things = PerLoop(Thing, Thing.aclose)
    thing = things.get("a")
    await asyncio.sleep(0)
    del things
    gc.collect()
    await asyncio.sleep(0.01)
    assert thing.closed == 1
