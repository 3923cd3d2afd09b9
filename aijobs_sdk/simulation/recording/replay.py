"""Recorded exchanges, played back: which answer is due, and how it is acted out."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from http import HTTPStatus
from typing import Literal
from uuid import UUID

from aijobs_sdk.contract.provider import Finished, GenerationRequest
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.faults import Fault
from aijobs_sdk.simulation.journal import Journal
from aijobs_sdk.simulation.pieces import NO_PIECES
from aijobs_sdk.simulation.plan import Plan
from aijobs_sdk.simulation.recording.exchange import Ended, Exchange, Question
from aijobs_sdk.simulation.recording.file import Recording
from aijobs_sdk.simulation.recording.outcome import fault_of
from aijobs_sdk.simulation.script import SILENCE_SECONDS
from aijobs_sdk.simulation.wire.calls import Refused
from aijobs_sdk.simulation.wire.exchange import Chunk, Ending, HttpRequest, HttpResponse
from aijobs_sdk.simulation.wire.model_ids import SERVED_BY, find_model

Missing = Literal["error", "simulate"]
"""What becomes of a request that was never recorded."""
_SHOWN = 5
_FINISHED = Finished(finish_reason="stop", input_tokens=0, output_tokens=0)


class Replay:
    """Answers from a recording: the nth equal request gets the nth answer, later ones the last."""

    def __init__(
        self, recording: Recording, world: Simulation, journal: Journal, *, missing: Missing = "error"
    ) -> None:
        self._name = recording.path.name
        self._world = world
        self._journal = journal
        self._missing = missing
        self._table = ModelTable.load()
        self._answers: dict[tuple[str, bool, str], _Answers] = {}
        self._of_hosts: dict[tuple[str, bool, str, str], _Answers] = {}
        for one in recording.exchanges:
            self._answers.setdefault(one.asked.key, _Answers(one.asked)).add(one)
            self._of_hosts.setdefault((*one.asked.key, one.asked.host), _Answers(one.asked)).add(one)

    def answer(
        self, request: HttpRequest, *, tenant: str, vendor: str | None, at_seconds: float
    ) -> HttpResponse | None:
        """Return what was answered when this was recorded; None where the simulation is to answer.

        Raises:
            Refused: it was not recorded, and nothing else is to answer.
        """
        asked = Question.of(request)
        # The same request to two hosts is two; over HTTP all of them come to one.
        answers = self._of_hosts.get((*asked.key, asked.host)) or self._answers.get(asked.key)
        if answers is not None:
            exchange, response = answers.next()
            if asked.model is not None:
                number = self._note(_call_of(answers, exchange, tenant), exchange, response, vendor, at_seconds)
                request.begin(self._world, number)
            return response
        if self._missing == "simulate":
            return None
        raise Refused(HTTPStatus.NOT_FOUND, self._not_recorded(asked), code="no_recording")

    def unused(self) -> Sequence[str]:
        """Return the recorded requests that did not come, a few of them by name: `GET /v1/models, 2 of 3`."""
        used = {number for one in (*self._answers.values(), *self._of_hosts.values()) for number in one.used}
        told = [line for one in self._answers.values() for line in one.left_out(used)]
        return [*told[:_SHOWN], *([f"{len(told) - _SHOWN} more"] if len(told) > _SHOWN else [])]

    def _note(
        self,
        request: GenerationRequest,
        exchange: Exchange,
        response: HttpResponse,
        vendor: str | None,
        at_seconds: float,
    ) -> int:
        # Straight into the journal: no rule and no capacity has a part in it.
        model = None if vendor is None else find_model(self._table, vendor, request.model)
        return self._journal.write(
            request if model is None else request.replace(model=model.name),
            _plan_of(exchange, response),
            provider=None if vendor is None else SERVED_BY[vendor][0],
            at_seconds=at_seconds,
            notices_truncation=False,
        )

    def _not_recorded(self, asked: Question) -> str:
        known = list({str(one.asked): None for one in self._answers.values()})
        near = difflib.get_close_matches(str(asked), known, n=1, cutoff=0.0)
        if not near:
            said = "It holds nothing at all."
        elif near[0] == str(asked):
            said = "It holds one to such a request with another body: something in it changes from run to run."
        else:
            said = f"The nearest it holds is to {near[0]}."
        return f"{self._name} holds no answer to {asked}. {said} Record it, or say replay_missing='simulate'."


class _Answers:
    """The answers to equal requests, and which of them is due."""

    def __init__(self, asked: Question) -> None:
        self.asked = asked
        self.used: set[int] = set()
        self._exchanges: list[Exchange] = []
        self._given = 0
        self._tries: dict[str, tuple[int, int]] = {}
        """By tenant: how many such calls were answered before, and how often this one has failed."""

    def add(self, exchange: Exchange) -> None:
        """Add the answer to the next equal request."""
        self._exchanges.append(exchange)

    def next(self) -> tuple[Exchange, HttpResponse]:
        """Return the answer that is due; after the last, the last again."""
        exchange = self._exchanges[min(self._given, len(self._exchanges) - 1)]
        self._given += 1
        self.used.add(exchange.number)
        return exchange, response_of(exchange)

    def place(self, tenant: str, *, failed: bool) -> tuple[int, int]:
        """Return how many such calls of a tenant there were before this one, and which try this is.

        After a failure, an equal request is another try.
        """
        before, failures = self._tries.get(tenant, (0, 0))
        self._tries[tenant] = (before, failures + 1) if failed else (before + 1, 0)
        return before, failures + 1

    def left_out(self, used: set[int]) -> Iterator[str]:
        """Yield what is to be said if some of them were not asked for."""
        missing = sum(one.number not in used for one in self._exchanges)
        if missing:
            yield f"{self.asked}, {missing} of {len(self._exchanges)}"


def response_of(exchange: Exchange) -> HttpResponse:
    """Return how a host acts an exchange out.

    One that timed out is silent until the caller's own limit; one that the caller left breaks off there.
    """
    is_silent = exchange.ended is Ended.TIMED_OUT
    ends_at = exchange.ended_at + (SILENCE_SECONDS if is_silent else 0.0)
    if exchange.status is None:
        return HttpResponse(HTTPStatus.OK, {}, (), ends_at, Ending.RESET if is_silent else Ending.REFUSED)
    head = Chunk(exchange.answered_at or 0.0, b"")  # status and headers may come long before the first byte
    chunks = (head, *(Chunk(chunk.at, chunk.data) for chunk in exchange.chunks))
    ending = Ending.WHOLE if exchange.ended is Ended.WHOLE else Ending.RESET
    return HttpResponse(exchange.status, exchange.headers, chunks, ends_at, ending)


def _call_of(answers: _Answers, exchange: Exchange, tenant: str) -> GenerationRequest:
    """Return the call as the journal knows calls. There is no prompt: it was not recorded."""
    asked = exchange.asked
    before, attempt = answers.place(tenant, failed=fault_of(exchange) is not None)
    job = blake2b(f"{tenant}/{asked.fingerprint}/{before}".encode(), digest_size=16)
    return GenerationRequest(
        model=asked.model or "",
        prompt="",
        tenant_id=UUID(tenant),
        job_id=UUID(bytes=job.digest()),
        attempt=attempt,
        idempotency_token=asked.fingerprint,
        draw_key=asked.fingerprint,
    )


def _plan_of(exchange: Exchange, response: HttpResponse) -> Plan:
    ending: Fault | Finished = fault_of(exchange) or _FINISHED
    return Plan(
        ttft_seconds=response.starts_at_seconds,
        pieces=NO_PIECES,
        ends_at_seconds=response.ends_at_seconds,
        ending=ending,
    )
