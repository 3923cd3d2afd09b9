"""A stream is taken apart into the same frames, however its bytes come."""

from __future__ import annotations

from itertools import pairwise

import pytest
from httpx_sse._decoders import SSEDecoder, SSELineDecoder
from hypothesis import given
from hypothesis import strategies as st

from aijobs_sdk.backends.http.frames import Frame, FrameReader, FrameTooLargeError

STREAM = (
    b"retry: 5\r\n\r\n: hi\n\nid: 1\nevent: a\ndata: one\ndata:two\n\nevent:b\rdata: \xe2\x80\xa8 x\r\rdata: last\n\n"
)
FRAMES = [Frame("a", b"one\ntwo"), Frame("b", b"\xe2\x80\xa8 x"), Frame("", b"last")]


@given(st.sets(st.integers(min_value=1, max_value=len(STREAM) - 1)))
def test_it_does_not_matter_where_the_bytes_are_parted(cuts: set[int]) -> None:
    reader, places = FrameReader(), [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[start:end] for start, end in pairwise(places)]
    assert [frame for piece in pieces for frame in reader.feed(piece)] == FRAMES


@given(st.text(st.sampled_from("ab: \n\r")))
def test_frames_are_those_that_httpx_sse_finds(text: str) -> None:
    decoder = SSEDecoder()
    found = [event for line in SSELineDecoder().decode(f"{text}\n\n") if (event := decoder.decode(line)) is not None]
    named = [Frame(event.event, event.data.encode()) for event in found if event.data]
    assert [one for one in FrameReader().feed(f"{text}\n\n".encode()) if one.data] == named


def test_a_frame_without_an_end_is_given_up() -> None:
    reader = FrameReader(most_bytes=100)
    reader.feed(b"data: " + b"x" * 90)
    with pytest.raises(FrameTooLargeError, match="100 bytes"):
        reader.feed(b"x" * 90)


def test_many_lines_that_make_one_frame_count_together() -> None:
    reader = FrameReader(most_bytes=100)
    reader.feed(b"data: " + b"x" * 60 + b"\n")
    with pytest.raises(FrameTooLargeError):
        reader.feed(b"data: " + b"x" * 60 + b"\n")


def test_keeping_a_connection_alive_takes_no_memory() -> None:
    reader = FrameReader(most_bytes=100)
    assert [frame for _ in range(1000) for frame in reader.feed(b": keep-alive\n\n")] == []
