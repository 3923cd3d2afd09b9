"""Rows are taken in once: whoever waits for that together, is interrupted in it, or comes after."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.contract.errors import InvalidRequestError, StoreUnavailableError
from batch.batch_worlds import TASKS, WatchedBackend, a_batch, until

MANY = [{"task": f"Write about harbour {n}."} for n in range(700)]


def once(rows: Any = MANY) -> Iterator[Any]:
    """Give rows as a query does: once."""
    yield from rows


class Stalling:
    """A source that stops behind the rows that are read at once, until it is let go on."""

    def __init__(self) -> None:
        self.stalls, self.goes_on = Event(), Event()

    def __iter__(self) -> Iterator[dict[str, str]]:
        for n, row in enumerate(MANY):
            if n == 150:
                self.stalls.set()
                self.goes_on.wait(10)
                self.stalls.clear()
            yield row


@pytest.mark.anyio
@pytest.mark.parametrize("meanwhile", ["estimate", "refresh", "run"])
@pytest.mark.parametrize("name", [None, "harbours"])
async def test_who_waits_for_the_rows_together_finds_each_once(
    backend: WatchedBackend, meanwhile: str, name: str | None
) -> None:
    batch = a_batch(backend, once(), name=name)
    rows, _ = await asyncio.gather(batch.run(), getattr(batch, meanwhile)())
    assert [row.inputs for row in rows] == MANY
    assert (batch.progress.total, batch.progress.completed, len(backend.sent)) == (700, 700, 700)


@pytest.mark.anyio
@pytest.mark.parametrize("goes_on_at_once", [True, False])
async def test_who_comes_after_one_who_was_interrupted_goes_on_there(
    backend: WatchedBackend, goes_on_at_once: bool
) -> None:
    source = Stalling()
    batch = a_batch(backend, source)
    first = asyncio.create_task(batch.run())
    await asyncio.to_thread(source.stalls.wait)
    first.cancel()
    await asyncio.wait([first])
    second = asyncio.create_task(batch.run())
    await asyncio.sleep(0 if goes_on_at_once else 1)
    source.goes_on.set()
    assert [row.inputs for row in await second] == MANY


@pytest.mark.anyio
@pytest.mark.parametrize(("steer", "state"), [("pause", "paused"), ("cancel", "cancelled")])
async def test_a_source_that_waits_for_its_next_row_holds_up_no_end(
    backend: WatchedBackend, steer: str, state: str
) -> None:
    source = Stalling()
    batch = a_batch(backend, source)
    await batch.start()
    await asyncio.to_thread(source.stalls.wait)
    await getattr(batch, steer)()
    await until(lambda: not batch.runs.is_going_on)
    assert (batch.progress.state, source.stalls.is_set()) == (state, True)
    source.goes_on.set()
    assert [row.inputs for row in await batch.run()] == MANY


@pytest.mark.anyio
async def test_rows_that_were_being_checked_are_checked_again(
    backend: WatchedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = a_batch(backend, once([*MANY, {"task": "x " * 900_000}]))
    with monkeypatch.context() as patch:
        patch.setattr(backend, "refusals", lambda _: asyncio.sleep(1000), raising=False)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(batch.run(), 1)
    with pytest.raises(InvalidRequestError, match=r"Row 701 \(index 700\)"):
        await batch.run()
    with pytest.raises(InvalidRequestError, match=r"Row 701 \(index 700\)"):
        await batch.estimate()


@pytest.mark.anyio
async def test_rows_are_in_also_where_the_journal_could_not_be_begun(
    backend: WatchedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: object) -> None:
        raise StoreUnavailableError("It is away.")

    batch = a_batch(backend, once([*TASKS, {"task": None}]), on_null="skip", name="harbours")
    with monkeypatch.context() as patch:
        patch.setattr(backend, "open_batch", away, raising=False)
        with pytest.raises(StoreUnavailableError):
            await batch.run()
    assert len(await batch.run()) == 13
    assert (batch.progress.completed, batch.progress.skipped) == (12, 1)


@pytest.mark.anyio
@pytest.mark.parametrize("again", ["run", "estimate", "refresh"])
async def test_a_source_that_broke_off_stays_refused(backend: WatchedBackend, again: str) -> None:
    def breaks_off() -> Iterator[object]:
        yield from MANY[:250]
        raise ConnectionError("password=1234")

    batch = a_batch(backend, breaks_off())
    with pytest.raises(ConnectionError):
        await batch.run()
    with pytest.raises(InvalidRequestError, match=r"their source raised ConnectionError\. Make the batch again"):
        await getattr(batch, again)()
    assert backend.sent == []


@pytest.mark.anyio
async def test_a_look_at_a_run_counts_no_row_twice(backend: WatchedBackend) -> None:
    batch = a_batch(backend, name="harbours", concurrency=1)
    await batch.start()
    await until(lambda: batch.progress.completed > 3)
    await asyncio.gather(batch.estimate(), batch.refresh())
    await batch.wait()
    assert (batch.progress.completed, len(backend.sent)) == (12, 12)


def test_rows_are_gone_on_with_on_another_loop() -> None:
    def slowly() -> Iterator[dict[str, str]]:
        for row in MANY:
            time.sleep(0.0001)
            yield row

    async def begin() -> None:
        await batch.start()
        await asyncio.sleep(0.02)

    batch = aijobs.AsyncClient(profile="instant").batch(slowly(), prompt="{task}", model="gpt-5.2")
    asyncio.run(begin())
    assert [row.inputs for row in asyncio.run(batch.wait())] == MANY


def test_runs_at_once_follow_each_other_on_one_loop_after_another() -> None:
    async def twice() -> list[int]:
        return [len(rows) for rows in await asyncio.gather(batch.run(), batch.run())]

    batch = aijobs.AsyncClient(profile="instant").batch(TASKS, prompt="{task}", model="gpt-5.2")
    assert asyncio.run(twice()) == [12, 12]
    assert asyncio.run(twice()) == [12, 12]
