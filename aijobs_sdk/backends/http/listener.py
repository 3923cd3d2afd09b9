"""Opens streams of events: one job's by its own address, many jobs' together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from uuid import UUID

import httpx
from pydantic_core import to_json

from aijobs_sdk.backends.http.body import body_of, opened
from aijobs_sdk.backends.http.calls import reason_of
from aijobs_sdk.backends.http.frames import EVENT_STREAM, Frame, FrameReader, FrameTooLargeError
from aijobs_sdk.backends.http.limits import HttpLimits
from aijobs_sdk.backends.http.question import Question
from aijobs_sdk.backends.http.refusal import closed, raise_refusal
from aijobs_sdk.backends.http.telling import Telling
from aijobs_sdk.contract.errors import ServerUnavailableError

DEAF_SECONDS = 60.0
"""How long no stream is tried after it turned out that none gets through."""


class Listener:
    """Knows whether streams get through from this server, and opens them."""

    def __init__(self, client: httpx.AsyncClient, server: str, *, limits: HttpLimits, telling: Telling) -> None:
        self._client = client
        self._server = server
        self._telling = telling
        self._timeout = httpx.Timeout(limits.stream_idle_seconds, connect=limits.connect_seconds, pool=None)
        self._most_bytes = limits.max_answer_bytes
        self._deaf_until = 0.0

    @property
    def may_listen(self) -> bool:
        """Whether it is worth a try; if not, jobs have to be looked at."""
        return asyncio.get_running_loop().time() >= self._deaf_until

    async def listen(self, positions: Mapping[UUID, int], *, resumes: bool) -> AsyncGenerator[list[Frame]]:
        """Yield what a stream brings of these jobs, after these places in their logs, until it ends or breaks.

        What came together is yielded together; it may be nothing that is whole.

        Raises:
            TryAgain: the server wants it to be tried later.
            AIJobsError: it lets nobody follow these jobs.
        """
        if self._client.is_closed:
            raise closed(self._server)
        question = _question(positions)
        heard = False
        now = asyncio.get_running_loop().time
        began = now()
        self._telling.sent(question, 1)
        request = self._client.build_request(
            question.method,
            question.address,
            params=question.parameters,
            content=question.body,
            headers=_headers(question, positions, resumes=resumes),
            timeout=self._timeout,
        )
        try:
            async with opened(self._client, request) as response:
                self._telling.answered(question, 1, response, now() - began)
                await self._check(response, question)
                reader = FrameReader()
                async for received in response.aiter_bytes():
                    heard = True
                    yield reader.feed(received)
        except httpx.DecodingError:  # something on the way packs it, unasked
            self._telling.broke(question, "it could not be unpacked")
        except httpx.TransportError as error:
            if isinstance(error, httpx.ReadTimeout) and not heard:
                self._go_deaf("nothing came over it")
            self._telling.broke(question, reason_of(error))
        except FrameTooLargeError as error:
            self._telling.broke(question, f"it sent {error}")
        except ServerUnavailableError as error:
            self._go_deaf(error.message)

    async def _check(self, response: httpx.Response, question: Question) -> None:
        body = b""
        if not response.is_success:
            body = await body_of(response, server=self._server, most_bytes=self._most_bytes)
        elif EVENT_STREAM not in response.headers.get("content-type", "").lower():
            raise ServerUnavailableError("its answer was no stream")
        raise_refusal(response, body, question, self._server)

    def _go_deaf(self, reason: str) -> None:
        self._deaf_until = asyncio.get_running_loop().time() + DEAF_SECONDS
        self._telling.is_deaf(reason)


def _question(positions: Mapping[UUID, int]) -> Question:
    if len(positions) > 1:
        body = to_json({"jobs": {str(job_id): seen for job_id, seen in positions.items()}})
        return Question(method="POST", path="/api/events", body=body, media_type=EVENT_STREAM)
    [(job_id, seen)] = positions.items()
    return Question(
        method="GET",
        path="/api/jobs/{}/events",
        names=(job_id,),
        query={"after": seen, "follow": "true"},
        media_type=EVENT_STREAM,
        job_id=job_id,
    )


def _headers(question: Question, positions: Mapping[UUID, int], *, resumes: bool) -> dict[str, str]:
    headers = {**question.headers, "Accept-Encoding": "identity", "Cache-Control": "no-store"}
    if resumes and len(positions) == 1:
        headers["Last-Event-ID"] = str(*positions.values())
    return headers
