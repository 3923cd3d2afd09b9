"""An `AsyncClient` and the loops on which it is used: one after the other, and each in the time of its world."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine

import pytest

import aijobs_sdk as aijobs


async def submitted(client: aijobs.AsyncClient) -> object:
    return await client.submit(type="test_job")


async def told_the_time(client: aijobs.AsyncClient) -> object:
    return await client.now()


@pytest.mark.parametrize("ask", [submitted, told_the_time])
def test_a_client_in_virtual_time_is_refused_on_a_loop_of_real_time(
    ask: Callable[[aijobs.AsyncClient], Coroutine[None, None, object]], caplog: pytest.LogCaptureFixture
) -> None:
    with aijobs.mock():
        client = aijobs.AsyncClient()
    with pytest.raises(aijobs.ConfigurationError, match=r"asyncio\.Runner\(loop_factory=sim\.new_loop\)"):
        asyncio.run(ask(client))
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


def test_a_client_that_was_refused_a_loop_works_on_one_of_its_world() -> None:
    with aijobs.mock() as sim:
        client = aijobs.AsyncClient()
    with pytest.raises(aijobs.ConfigurationError):
        asyncio.run(submitted(client))
    with asyncio.Runner(loop_factory=sim.new_loop) as runner:
        assert runner.run(submitted(client))
