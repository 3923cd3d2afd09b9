"""One exchange while it is recorded."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import anyio

from aijobs_sdk.simulation.recording.exchange import STATUSES, Ended, Exchange, Question, RecordedChunk
from aijobs_sdk.simulation.recording.outcome import has_end_marker
from aijobs_sdk.simulation.recording.secrets import Secrets
from aijobs_sdk.simulation.wire.exchange import Chunk, Headers, HttpRequest

_DECIMALS = 4
"""Of a second: finer than any network."""


class Take:
    """Notes what comes, and when: in seconds from the start of the call, as the caller takes it."""

    def __init__(self, request: HttpRequest, number: int, on_end: Callable[[Take], None]) -> None:
        self._request = request
        self._number = number
        self._on_end = on_end
        self._began = anyio.current_time()
        self._last = 0.0
        self._status: int | None = None
        self._headers: Headers = {}
        self._answered_at: float | None = None
        self._chunks: list[Chunk] = []
        self._ended: Ended | None = None

    def answered(self, status: int, headers: Headers) -> None:
        """Note that status and headers came."""
        self._status, self._headers, self._answered_at = status, headers, self._now()

    def came(self, data: bytes) -> None:
        """Note some bytes of the body."""
        self._chunks.append(Chunk(self._now(), data))

    def end(self, ended: Ended) -> None:
        """Note how it ended; what comes after that is none of the exchange."""
        if self._ended is None:
            self._now()
            self._finish(ended)

    def leave(self) -> None:
        """Note that nobody is going to read on, at the last moment at which anything came."""
        if self._ended is None:
            whole = has_end_marker(b"".join(chunk.data for chunk in self._chunks))
            self._finish(Ended.WHOLE if whole else Ended.LEFT)

    @property
    def problem(self) -> str | None:
        """Why it cannot be written down; None where it can."""
        if self._status is None or self._status in STATUSES:
            return None
        return f"an answer had the status {self._status}, which is none of HTTP's, and cannot be played"

    def exchange(self) -> Exchange:
        """Return what is known, as it may be written down."""
        secrets = Secrets(self._request, self._headers)
        return Exchange(
            number=self._number,
            asked=Question.of(self._request),
            status=self._status,
            headers=secrets.headers(self._headers),
            answered_at=self._answered_at,
            chunks=tuple(RecordedChunk.of(at, data) for at, data in self._masked(secrets)),
            ended=self._ended or Ended.LEFT,
            ended_at=self._last,
        )

    def _finish(self, ended: Ended) -> None:
        self._ended = ended
        self._on_end(self)

    def _now(self) -> float:
        self._last = round(anyio.current_time() - self._began, _DECIMALS)
        return self._last

    def _masked(self, secrets: Secrets) -> list[Chunk]:
        """Return the chunks without secrets, which may begin in one and end in the next."""
        body = secrets.mask(b"".join(chunk.data for chunk in self._chunks), self._status or 0)
        ends = [0]
        for chunk in self._chunks:
            ends.append(ends[-1] + len(chunk.data))
        return [
            Chunk(chunk.at_seconds, body[start:end])
            for chunk, (start, end) in zip(self._chunks, pairwise(ends), strict=True)
        ]
