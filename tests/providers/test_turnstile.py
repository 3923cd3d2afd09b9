"""Many who have the same thing at once take turns, so that those who follow them do, too."""

from __future__ import annotations

import asyncio

import pytest

from aijobs_sdk.providers.turnstile import PER_TURN, Turnstile

pytestmark = pytest.mark.anyio
MANY = 3 * PER_TURN


async def test_who_comes_alone_is_not_held_up() -> None:
    turnstile = Turnstile()
    entering = turnstile.enter()
    with pytest.raises(StopIteration):
        entering.send(None)


async def test_a_few_go_through_in_each_turn_in_the_order_in_which_they_came() -> None:
    turnstile, loop = Turnstile(), asyncio.get_running_loop()
    turns: list[tuple[int, int]] = []
    turn = 0

    async def go(number: int) -> None:
        await turnstile.enter()
        turns.append((number, turn))

    going = [loop.create_task(go(number)) for number in range(MANY)]
    while not all(one.done() for one in going):
        await asyncio.sleep(0)
        turn += 1

    assert [number for number, _ in turns] == list(range(MANY))
    assert len({when for _, when in turns}) == MANY // PER_TURN


async def test_what_follows_the_first_is_not_behind_the_work_of_all() -> None:
    turnstile, done = Turnstile(), list[str]()

    async def work(number: int) -> None:
        await turnstile.enter()
        done.append(f"work {number}")
        asyncio.get_running_loop().call_soon(done.append, f"after {number}")

    await asyncio.gather(*(work(number) for number in range(MANY)))

    assert done.index("after 0") < done.index(f"work {MANY - 1}")


async def test_who_is_cancelled_holds_nobody_up() -> None:
    turnstile = Turnstile()
    going = [asyncio.ensure_future(turnstile.enter()) for _ in range(MANY)]
    await asyncio.sleep(0)
    for one in going[PER_TURN:-1]:
        one.cancel()

    await asyncio.wait_for(going[-1], 1)


def test_another_loop_begins_anew() -> None:
    turnstile = Turnstile()

    async def crowd() -> None:
        for _ in range(MANY):
            asyncio.ensure_future(turnstile.enter())  # noqa: RUF006 - nobody waits: the loop ends
        await asyncio.sleep(0)

    asyncio.run(crowd())
    asyncio.run(asyncio.wait_for(_enter_often(turnstile), 1))


async def _enter_often(turnstile: Turnstile) -> None:
    await asyncio.gather(*(turnstile.enter() for _ in range(MANY)))
