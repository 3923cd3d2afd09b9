from __future__ import annotations

import asyncio
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import anyio
import anyio.to_thread
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs_sdk.simulation.virtual_time import EPOCH, VirtualClock, VirtualLoop
from simulation.worlds import run_virtual

BLINK = 0.05
"""Real seconds: long enough for a loop that could jump to do so."""


def blink() -> str:
    time.sleep(BLINK)
    return "done"


def answer_late(peer: socket.socket) -> None:
    blink()
    peer.sendall(b"news")


def virtual_loop() -> VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop


def test_time_begins_at_zero() -> None:
    assert run_virtual(asyncio.sleep(0))[1] == 0.0


def test_ten_minutes_of_sleep_take_ten_minutes_of_the_loops_time() -> None:
    assert run_virtual(asyncio.sleep(600))[1] == 600.0


@given(st.lists(st.integers(0, 10**9).map(lambda milliseconds: milliseconds / 1000), max_size=20))
def test_sleepers_wake_in_the_order_of_their_alarms(delays: list[float]) -> None:
    async def sleep_all() -> list[float]:
        woken: list[float] = []

        async def sleeper(delay: float) -> None:
            await asyncio.sleep(delay)
            woken.append(delay)

        await asyncio.gather(*map(sleeper, delays))
        return woken

    assert run_virtual(sleep_all()) == (sorted(delays), max(delays, default=0.0))


def test_a_century_of_sleep_ends() -> None:
    century = timedelta(days=36525).total_seconds() + 0.1
    assert run_virtual(asyncio.sleep(century))[1] == pytest.approx(century)


def test_a_time_limit_is_reached_in_virtual_time() -> None:
    async def wait_too_long() -> None:
        with anyio.fail_after(5):
            await anyio.sleep(3600)

    with pytest.raises(TimeoutError):
        run_virtual(wait_too_long())


def test_a_call_in_a_thread_is_not_timed_out_by_virtual_time() -> None:
    async def limited() -> str:
        async with asyncio.timeout(60):
            return await asyncio.to_thread(blink)

    assert run_virtual(limited())[0] == "done"


def test_a_call_in_an_anyio_thread_is_not_timed_out_by_virtual_time() -> None:
    async def limited() -> str:
        with anyio.fail_after(60):
            return await anyio.to_thread.run_sync(blink)

    assert run_virtual(limited())[0] == "done"


async def a_program() -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-c", "import time; time.sleep(0.2)")


async def a_shell() -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_shell("sleep 0.2")


@pytest.mark.parametrize("start", [a_program, a_shell])
def test_another_process_is_not_timed_out_by_virtual_time(
    start: Callable[[], Awaitable[asyncio.subprocess.Process]],
) -> None:
    async def limited() -> int:
        async with asyncio.timeout(60):
            return await (await start()).wait()

    code, seconds = run_virtual(limited())
    assert code == 0
    assert 0.1 < seconds < 60


def test_time_jumps_again_when_another_process_has_ended() -> None:
    async def wait_for_both() -> None:
        await (await a_program()).wait()
        await asyncio.sleep(3600)

    assert run_virtual(wait_for_both())[1] > 3600


def test_a_peer_with_an_open_socket_is_not_timed_out_by_virtual_time() -> None:
    async def ask() -> bytes:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with ours, theirs, ThreadPoolExecutor() as peer:
            peer.submit(answer_late, theirs)
            async with asyncio.timeout(60):
                return await virtual_loop().sock_recv(ours, 4)

    assert run_virtual(ask())[0] == b"news"


def test_time_does_not_jump_while_nobody_waits() -> None:
    async def background_timer() -> bool:
        timer = asyncio.create_task(asyncio.sleep(3600))
        stop = asyncio.Event()
        with ThreadPoolExecutor() as outside:
            loop = virtual_loop()
            outside.submit(lambda: (blink(), loop.call_soon_threadsafe(stop.set)))
            await stop.wait()
        return timer.done()

    result, now = run_virtual(background_timer(), always=False)
    assert result is False
    assert now < 3600


def test_time_jumps_while_somebody_waits() -> None:
    async def waiting() -> None:
        with virtual_loop().hold():
            await asyncio.sleep(3600)

    assert run_virtual(waiting(), always=False)[1] == 3600.0


def test_a_waiter_in_another_thread_sets_a_sleeping_loop_off() -> None:
    async def sleep_until_somebody_waits() -> None:
        loop, slept = virtual_loop(), asyncio.Event()

        def wait_outside() -> None:
            blink()
            with loop.hold():
                asyncio.run_coroutine_threadsafe(slept.wait(), loop).result()

        with ThreadPoolExecutor() as outside:
            waiter = outside.submit(wait_outside)
            await asyncio.sleep(3600)
            slept.set()
            await asyncio.wrap_future(waiter)

    assert run_virtual(sleep_until_somebody_waits(), always=False)[1] >= 3600.0


def test_a_waiter_who_leaves_stops_time_from_jumping() -> None:
    async def leave() -> int:
        with virtual_loop().hold(), virtual_loop().hold():
            pass
        return virtual_loop().waiters

    assert run_virtual(leave(), always=False)[0] == 0


def test_the_clock_is_its_epoch_plus_the_loops_time() -> None:
    async def an_hour_later() -> datetime:
        clock = VirtualClock(datetime(2030, 5, 1, tzinfo=UTC))
        await clock.sleep(3600)
        return clock.now()

    assert run_virtual(an_hour_later())[0] == datetime(2030, 5, 1, 1, tzinfo=UTC)


def test_every_run_begins_at_the_same_instant() -> None:
    async def now() -> datetime:
        return VirtualClock().now()

    assert run_virtual(now())[0] == EPOCH
