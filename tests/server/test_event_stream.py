"""A stream as an ASGI answer: what a reader who is slow, silent or gone does to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import pytest

from aijobs_sdk.contract.errors import StoreUnavailableError, TooManyStreamsError
from aijobs_sdk.server.event_stream import Bring, EventStream
from aijobs_sdk.server.open_streams import OpenStreams
from aijobs_sdk.server.outbox import Outbox

pytestmark = pytest.mark.anyio

US, THEM = UUID(int=1), UUID(int=2)


async def welcome() -> bool:
    return True


async def unwelcome() -> bool:
    return False


class Reader:
    """The other end of a stream: it takes what is sent while it is not stuck, until it leaves."""

    def __init__(self) -> None:
        self.sent: list[Mapping[str, Any]] = []
        self.gone = asyncio.Event()
        self.takes = asyncio.Event()
        self.takes.set()

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        await self.takes.wait()
        self.sent.append(message)

    @property
    def text(self) -> str:
        return b"".join(message.get("body", b"") for message in self.sent).decode()

    def read(
        self,
        bring: Bring,
        streams: OpenStreams,
        tenant_id: UUID = US,
        *,
        may_stay: Callable[[], Awaitable[bool]] = welcome,
    ) -> asyncio.Task[None]:
        stream = EventStream(bring, streams=streams, tenant_id=tenant_id, may_stay=may_stay)
        return asyncio.create_task(stream({"type": "http"}, self.receive, self.send))


@pytest.fixture
def streams() -> OpenStreams:
    return OpenStreams(per_tenant=2)


async def silence(_: Outbox) -> None:
    await asyncio.sleep(3600)


async def test_a_stream_ends_when_there_is_nothing_more(streams: OpenStreams) -> None:
    async def one_frame(outbox: Outbox) -> None:
        outbox.put(b"data: 1\n\n")

    reader = Reader()
    await reader.read(one_frame, streams)
    assert reader.text == "retry: 1000\ndata: 1\n\n"
    assert (reader.sent[-1]["more_body"], len(streams)) == (False, 0)


async def test_a_silent_stream_shows_a_sign_of_life(streams: OpenStreams) -> None:
    reader = Reader()
    reading = reader.read(silence, streams)
    await asyncio.sleep(35)
    assert reader.text.count(": keep-alive\n") == 3
    reader.gone.set()
    await reading


async def test_a_reader_who_would_not_be_let_in_any_more_is_not_told_more(streams: OpenStreams) -> None:
    reader = Reader()
    await reader.read(silence, streams, may_stay=unwelcome)
    assert 10 <= asyncio.get_running_loop().time() <= 30
    assert (reader.sent[-1]["more_body"], len(streams)) == (False, 0)


async def test_a_reader_who_left_ends_the_stream_at_once(streams: OpenStreams) -> None:
    ended: list[float] = []

    async def watch(_: Outbox) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append(asyncio.get_running_loop().time())

    reader = Reader()
    reading = reader.read(watch, streams)
    await asyncio.sleep(1)
    reader.gone.set()
    await reading
    assert (ended, len(streams)) == ([1.0], 0)


async def test_a_stuck_reader_costs_one_full_box(streams: OpenStreams) -> None:
    put = 0

    async def flood(outbox: Outbox) -> None:
        nonlocal put
        while True:
            async with outbox.room() as put_in:
                put_in(b"x" * 1000)
                put += 1000

    reader = Reader()
    reader.takes.clear()
    reading = reader.read(flood, streams)
    await asyncio.sleep(60)
    assert put < 200_000
    streams.end_all()
    reader.takes.set()
    await reading


async def test_a_tenant_may_follow_so_many_streams_and_no_others_are_touched(streams: OpenStreams) -> None:
    readers = [Reader() for _ in range(4)]
    open_ones = [reader.read(silence, streams) for reader in readers[:2]]
    await asyncio.sleep(1)
    with pytest.raises(TooManyStreamsError):
        await readers[2].read(silence, streams)
    theirs = readers[3].read(silence, streams, THEM)
    await asyncio.sleep(1)
    assert (readers[2].sent, readers[3].sent[0]["status"], len(streams)) == ([], 200, 3)
    streams.end_all()
    await asyncio.gather(*open_ones, theirs)


async def test_when_the_server_stops_every_stream_ends_as_a_whole_answer(streams: OpenStreams) -> None:
    readers = [Reader(), Reader()]
    reading = [reader.read(silence, streams) for reader in readers]
    await asyncio.sleep(1)
    streams.end_all()
    await asyncio.gather(*reading)
    assert [reader.sent[-1]["more_body"] for reader in readers] == [False, False]


async def test_a_store_that_goes_away_ends_the_stream(streams: OpenStreams) -> None:
    async def cut(_: Outbox) -> None:
        raise StoreUnavailableError("It is away.")

    reader = Reader()
    await reader.read(cut, streams)
    assert reader.text == "retry: 1000\n"


async def test_a_mistake_of_ours_ends_the_stream_and_is_logged(
    streams: OpenStreams, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_: Outbox) -> None:
        raise ZeroDivisionError

    await Reader().read(broken, streams)
    assert "ZeroDivisionError" in caplog.text
