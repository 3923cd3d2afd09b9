"""A limit on waiting for somebody: it ends waits, and nothing that is done between them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aijobs_sdk.engine.wait_limit import WaitLimit
from aijobs_sdk.simulation.virtual_time import VirtualLoop

pytestmark = pytest.mark.anyio

SECONDS = 60.0


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Virtual time: a minute passes at once."""
    return "asyncio", {"loop_factory": lambda: VirtualLoop(always=True)}


async def later(seconds: float) -> float:
    """Return when it is, after a while."""
    await asyncio.sleep(seconds)
    return asyncio.get_running_loop().time()


async def test_what_comes_in_time_is_returned() -> None:
    began = asyncio.get_running_loop().time()
    with WaitLimit(SECONDS) as limit:
        assert await limit.wait_for(later(59)) == pytest.approx(began + 59)


async def test_several_waits_share_the_time() -> None:
    began = asyncio.get_running_loop().time()
    with WaitLimit(SECONDS) as limit:
        await limit.wait_for(later(25))
        await limit.wait_for(later(25))
        with pytest.raises(TimeoutError):
            await limit.wait_for(later(25))
    assert asyncio.get_running_loop().time() == pytest.approx(began + SECONDS)


async def test_what_is_done_between_waits_is_not_cut_short() -> None:
    with WaitLimit(SECONDS) as limit:
        await limit.wait_for(later(1))
        await asyncio.sleep(2 * SECONDS)


async def test_after_the_time_only_what_is_there_already_comes() -> None:
    async def there() -> str:
        return "there"

    with WaitLimit(SECONDS) as limit:
        await asyncio.sleep(2 * SECONDS)
        assert await limit.wait_for(there()) == "there"
        with pytest.raises(TimeoutError):
            await limit.wait_for(later(1))


async def test_a_wait_that_was_ended_leaves_no_trace_in_its_task() -> None:
    with WaitLimit(SECONDS) as limit, pytest.raises(TimeoutError):
        await limit.wait_for(later(2 * SECONDS))
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await asyncio.sleep(1)  # which a cancellation that was left over would end


@pytest.mark.parametrize("seconds", [1, SECONDS], ids=["while it waits", "as the time is over"])
async def test_who_is_cancelled_from_elsewhere_is_told_so(seconds: float) -> None:
    async def wait() -> None:
        with WaitLimit(SECONDS) as limit:
            await limit.wait_for(later(2 * SECONDS))

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(seconds, waiting.cancel)
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert waiting.cancelled()


async def test_what_it_waited_for_may_fail_in_its_own_way() -> None:
    async def fail() -> None:
        raise ValueError("its own")

    with WaitLimit(SECONDS) as limit, pytest.raises(ValueError, match="its own"):
        await limit.wait_for(fail())
