"""Server-sent events as they come from vendors, and from whatever stands between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence

import httpx2
import pytest

from aijobs_sdk.providers import event_stream
from aijobs_sdk.providers.event_stream import read_events, read_out


class Pieces(httpx2.AsyncByteStream):
    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        for piece in self._pieces:
            yield piece


def events_of(*pieces: bytes) -> list[bytes]:
    async def main() -> list[bytes]:
        return [event async for event in read_events(httpx2.Response(200, stream=Pieces(pieces)))]

    return asyncio.run(main())


def bytewise(content: bytes) -> list[bytes]:
    return [content[place : place + 1] for place in range(len(content))]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["lf", "crlf", "cr"])
def test_lines_end_in_any_of_three_ways(end: bytes) -> None:
    content = b"event: a\ndata: 1\n\nevent: b\ndata: 2\ndata:3\n\n".replace(b"\n", end)

    assert events_of(content) == events_of(*bytewise(content)) == [b"1", b"2\n3"]


@pytest.mark.parametrize(
    "nothing",
    [b"retry: 1000", b"id: 5", b"id", b"event: ping", b": still here", b":", b"", b"of-tomorrow: 1", b"data:"],
)
def test_an_event_without_data_is_none(nothing: bytes) -> None:
    assert events_of(nothing + b"\n\ndata: 1\n\n" + nothing + b"\n\n") == [b"1"]


@pytest.mark.parametrize("tail", [b"data: 2", b"event: b\ndata: 2\n", b"event: b\r\n", b"id: 5", b""])
def test_an_event_that_does_not_come_to_its_end_is_none(tail: bytes) -> None:
    assert events_of(b"data: 1\n\n" + tail) == [b"1"]


@pytest.mark.parametrize("first", [b"data: 1\n\n", b"event: a\ndata: 1\n\n", b": hello\n\ndata: 1\n\n"])
def test_a_byte_order_mark_is_no_part_of_the_first_line(first: bytes) -> None:
    content = b"\xef\xbb\xbf" + first + b"data: 2\n\n"
    assert events_of(content) == events_of(*bytewise(content)) == [b"1", b"2"]


@pytest.mark.parametrize("tail", [b'{"error": {}}', b"<html>", b'{\r\n  "error": {}\r\n}\r\n\r\n'])
def test_what_is_in_no_event_is_told_as_it_is(tail: bytes) -> None:
    assert events_of(b"data: 1\n\n" + tail) == [b"1", tail.strip().replace(b"\r", b"")]


def test_an_event_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "MOST_EVENT_BYTES", 1_000)
    short = b"data: " + b"x" * 900 + b"\n\n"

    assert len(events_of(*[short] * 3)) == 3
    with pytest.raises(ValueError, match="1,000 bytes"):
        events_of(b"data: ", *[b"x" * 10] * 100)


@pytest.mark.parametrize("end", [b"\n\n", b"\r\r", b"\r\n\r\n"])
def test_events_are_passed_on_as_they_come_as_long_as_each_has_its_end(end: bytes) -> None:
    pieces = [b"data: " + b"x" * 80, end[:1], end[1:], b"data: " + b"x" * 80, end] * 5

    assert passed_on(pieces, most_bytes=100) == pieces


@pytest.mark.parametrize("piece", [b"x" * 10, b"data: x\n", b"\r\n:"])
def test_nothing_more_is_passed_on_of_an_event_that_never_ends(piece: bytes) -> None:
    with pytest.raises(ValueError, match="100 bytes"):
        passed_on([b"data: 1\n\n", *[piece] * 1_000], most_bytes=100)


def passed_on(pieces: Sequence[bytes], *, most_bytes: int) -> list[bytes]:
    async def received() -> AsyncGenerator[bytes]:
        for piece in pieces:
            yield piece

    async def play() -> list[bytes]:
        return [piece async for piece in event_stream.within_bounds(received(), most_bytes)]

    return asyncio.run(play())


def test_a_long_event_is_searched_once() -> None:
    """To search all of it with every piece would take a minute."""
    pieces = [b"x" * 500] * 20_000

    [event] = events_of(b"data: ", *pieces, b"\n\n")

    assert len(event) == 10_000_000


def test_what_follows_a_whole_answer_takes_nothing_from_it() -> None:
    async def noise() -> AsyncGenerator[object]:
        yield 1
        raise ValueError("no event")

    asyncio.run(read_out(noise()))
