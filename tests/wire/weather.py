"""What may come between a server and its client: each of these sends an answer, or fails to, in its own way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from wire.exchange import Answer, Frame, Line, Stream, Whole


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that waits for its answer."""

    answer: Callable[[], Answer]
    """Does what was asked."""
    line: Line
    go_dark: Callable[[float], None]
    """Takes the whole server away for so many seconds."""


Weather = Callable[[Exchange], Awaitable[None]]


async def fair(exchange: Exchange) -> None:
    """The answer comes."""
    await exchange.line.send(exchange.answer())


async def lost(exchange: Exchange) -> None:
    """What was asked is done; the connection breaks before the answer is sent."""
    exchange.answer()
    exchange.line.reset()


async def lost_in_silence(exchange: Exchange) -> None:
    """What was asked is done; the answer never comes."""
    exchange.answer()
    await asyncio.Event().wait()


async def silence(_: Exchange) -> None:
    """Nothing is done, and nothing comes."""
    await asyncio.Event().wait()


async def reset(exchange: Exchange) -> None:
    """Nothing is done, and the connection breaks."""
    exchange.line.reset()


def says(answer: Whole) -> Weather:
    """Nothing is done, and this is answered."""

    async def answered(exchange: Exchange) -> None:
        await exchange.line.send_whole(answer)

    return answered


def status(code: int, *, retry_after: int | None = None) -> Weather:
    """Something on the way answers for the server, in words of its own."""
    headers = {"content-type": "text/html"} | ({} if retry_after is None else {"retry-after": str(retry_after)})
    return says(Whole(code, b"<html><h1>nginx</h1></html>", headers))


def away(seconds: float) -> Weather:
    """The server goes away, its port with it, and comes back."""

    async def going(exchange: Exchange) -> None:
        exchange.go_dark(seconds)

    return going


def cut_after(events: int) -> Weather:
    """A stream breaks off after so many events."""

    async def cutting(exchange: Exchange) -> None:
        answer = exchange.answer()
        if isinstance(answer, Stream):
            await _send_some(exchange.line, answer, events)
            exchange.line.reset()
        else:
            await exchange.line.send(answer)

    return cutting


def ends_after(events: int) -> Weather:
    """A stream ends after so many events, as if all were said."""

    async def ending(exchange: Exchange) -> None:
        answer = exchange.answer()
        if isinstance(answer, Stream):
            await _send_some(exchange.line, answer, events)
            await exchange.line.end_stream()
        else:
            await exchange.line.send(answer)

    return ending


def garbled(event: int) -> Weather:
    """One event of a stream, counted from 1, arrives as half of its JSON."""
    return _reworded(
        lambda place, frame: [Frame(frame.event, frame.data[:20], frame.id)] if place == event else [frame]
    )


def with_stray(frame: Frame) -> Weather:
    """Every event of a stream comes after a frame that the API's page does not know."""
    return _reworded(lambda _, said: [frame, said])


async def trickling(exchange: Exchange) -> None:
    """A stream comes byte after byte, lines and characters in pieces."""
    answer = exchange.answer()
    if isinstance(answer, Whole):
        await exchange.line.send(answer)
        return
    await exchange.line.begin_stream(answer)
    async for frame in answer.frames:
        for byte in frame.encode():
            await exchange.line.send_piece(bytes([byte]))
            await asyncio.sleep(0)
    await exchange.line.end_stream()


async def _send_some(line: Line, stream: Stream, events: int) -> None:
    await line.begin_stream(stream)
    sent = 0
    async for frame in stream.frames:
        await line.send_piece(frame.encode())
        sent += frame.is_of_the_log
        if sent == events:
            return


def _reworded(frames_for: Callable[[int, Frame], list[Frame]]) -> Weather:
    async def rewording(exchange: Exchange) -> None:
        answer = exchange.answer()
        if isinstance(answer, Whole):
            await exchange.line.send(answer)
            return
        await exchange.line.begin_stream(answer)
        place = 0
        async for frame in answer.frames:
            place += frame.is_of_the_log
            for one in frames_for(place if frame.is_of_the_log else 0, frame):
                await exchange.line.send_piece(one.encode())
        await exchange.line.end_stream()

    return rewording
