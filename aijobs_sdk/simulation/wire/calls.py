"""One call at a simulated vendor: what an endpoint's code works with."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from random import Random
from typing import Protocol

from pydantic import JsonValue

from aijobs_sdk.contract.model import unchecked
from aijobs_sdk.contract.provider import Finished, GenerationRequest
from aijobs_sdk.providers.model import Model
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.providers.tokens import estimate_tokens
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.faults import BatchFault, Fault, FaultKind, Quirk
from aijobs_sdk.simulation.pieces import NO_PIECES
from aijobs_sdk.simulation.plan import Plan
from aijobs_sdk.simulation.rate_limits import Allowances
from aijobs_sdk.simulation.wire.answered import REFUSAL, Answer, FinishReason
from aijobs_sdk.simulation.wire.asked import Asked, Tool
from aijobs_sdk.simulation.wire.exchange import (
    Chunk,
    Ending,
    Headers,
    HttpRequest,
    HttpResponse,
    json_bytes,
    json_response,
    json_text,
)
from aijobs_sdk.simulation.wire.identities import Identity
from aijobs_sdk.simulation.wire.model_ids import SERVED_BY, find_model
from aijobs_sdk.simulation.wire.tool_calls import as_call
from aijobs_sdk.simulation.wire.values import UnusableSchemaError, value_for

_generation_request = unchecked(GenerationRequest)
_uuid = lru_cache(256)(uuid.UUID)
NO_ALLOWANCES = Allowances(None, None)
SAY_NO_WAIT = frozenset({"bedrock"})
"""Vendors that never tell how long to wait."""
PACKET_BYTES = 7
"""Bytes in a packet that ends where no event does: odd, so that it parts characters, too."""


class Refused(Exception):  # noqa: N818 - an outcome, as vendors word it
    """The vendor refuses the request itself."""

    def __init__(self, status: int, message: str, *, code: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        """One of ours: `invalid_request`, `model_not_found`, `invalid_api_key`, `not_found`, `too_large`."""
        self.param = param
        """The field at fault, by its path."""


class Failed(Exception):  # noqa: N818 - an outcome
    """The simulation decided that the call fails before its answer begins."""

    def __init__(self, fault: Fault, at_seconds: float) -> None:
        super().__init__(fault.code)
        self.fault = fault
        self.at_seconds = at_seconds


class LookedAt(Exception):  # noqa: N818 - an outcome
    """The call was only looked at: this is what would go wrong with its batch."""

    def __init__(self, fault: BatchFault | None) -> None:
        super().__init__(fault)
        self.fault = fault


class Line(Protocol):
    """A request that came in a batch, on its way to an answer."""

    def fault(self) -> BatchFault | None:
        """Return what goes wrong with the batch on account of this line."""
        ...

    def answer(self, now: datetime) -> HttpResponse:
        """Return what the same request is answered now by itself, but for limits."""
        ...


class Call:
    """A request on its way to an answer."""

    def __init__(
        self,
        request: HttpRequest,
        *,
        vendor: str,
        params: Mapping[str, str],
        identity: Identity,
        world: Simulation,
        table: ModelTable,
        now: datetime,
        prepare: Callable[[HttpRequest], Line],
    ) -> None:
        self.request = request
        self.vendor = vendor
        self.params = params
        """The named parts of the path."""
        self.identity = identity
        self.table = table
        self.now = now
        self.allowances = NO_ALLOWANCES
        """What is left of the caller's limits, once `generate()` has looked."""
        self.is_broken = False
        """Whether the answer breaks off: an equal request is then another try of this one."""
        self.is_batched = False
        """Whether it is a line of a batch."""
        self.only_looks = False
        """Whether `generate()` is only to tell what would go wrong with a batch of which this is a line."""
        self.prepare = prepare
        """Returns the same vendor's answer, in time, to a request that is a line of this one."""
        self._request_id: str | None = None
        self._world = world
        self._seconds = world.seconds_at(now)

    @property
    def world(self) -> Simulation:
        """Return the world that it is made in."""
        return self._world

    def as_of(self, now: datetime) -> None:
        """Let the call be made now, and not before."""
        self.now = now
        self._seconds = self._world.seconds_at(now)

    @property
    def request_id(self) -> str:
        """Return letters and digits of this call's own; the same call of the same world has the same."""
        if self._request_id is None:
            self._request_id = self.token("request")
        return self._request_id

    def token(self, purpose: str, length: int = 24) -> str:
        """Return up to 32 letters and digits that belong to this call and purpose."""
        who = self.identity
        return self._world.bytes_for(who.tenant, who.key, who.occurrence, who.attempt, purpose).hex()[:length]

    def draws(self, *purpose: str | int) -> Random:
        """Return a generator for what the caller's job is given beside text: the same at every attempt."""
        return self._world.draws_of_job(self.identity.draw_key, "/".join(map(str, purpose)))

    def body(self) -> Mapping[str, JsonValue]:
        """Return the request's body, an object.

        Raises:
            Refused: it is none.
        """
        if isinstance(self.request.json, dict):
            return self.request.json
        raise Refused(400, "We could not parse the JSON body of your request.", code="invalid_request")

    def model(self, model_id: str) -> Model:
        """Return the model that this vendor knows by the name.

        Raises:
            Refused: it knows none.
        """
        found = find_model(self.table, self.vendor, model_id)
        if found is None:
            raise Refused(404, f"The model '{model_id}' does not exist.", code="model_not_found", param="model")
        return found

    def generate(self, asked: Asked) -> Answer:
        """Decide what is answered, and write the call into the journal.

        Raises:
            Refused: the vendor has no such model, or no value fits the schema.
            Failed: the call fails before its answer begins.
        """
        model = self.model(asked.model_id)
        tool = asked.tools[0] if asked.tools else None
        request = self._generation(asked, model)
        provider = _provider_at(self.vendor, model.name, self.table)
        if self.only_looks:
            raise LookedAt(self._world.batch_fault(request, provider))
        written = self._written(asked, tool)
        plan = self._admitted(request, asked) or self._world.plan(
            request,
            written=written,
            thinking_tokens=asked.thinking_tokens,
            other_tokens=asked.other_tokens,
            occurrence=self.identity.occurrence,
            at_seconds=self._seconds,
            provider=provider,
        )
        number = self._world.record(request, self._as_told(plan), at_seconds=self._seconds, provider=provider)
        if plan.ends_at_seconds:
            self.request.begin(self._world, number)
        self.is_broken = isinstance(plan.ending, Fault)
        if isinstance(plan.ending, Fault) and _is_before_the_answer(plan.ending, asked):
            raise Failed(plan.ending, plan.ends_at_seconds)
        # A script may have words said where the model would call a tool.
        calls = tool is not None and (written or "").startswith(plan.pieces.text)
        return self._answer(asked, plan, tool if calls else None)

    def whole(self, answer: Answer, body: object, *, content_type: str = "application/json") -> HttpResponse:
        """Return the answer as one body, when all of it is there."""
        data = Chunk(answer.ends_at_seconds, json_bytes(body))
        chunks = _sliced(data) if answer.quirk is Quirk.SPLIT_UTF8 else (data,)
        return self._response(chunks, answer.ends_at_seconds, content_type)

    def stream(
        self, answer: Answer, events: Iterable[Chunk], *, content_type: str = "text/event-stream; charset=utf-8"
    ) -> HttpResponse:
        """Return the answer as a stream of events, broken off where its fault says so."""
        chunks = list(events)
        if answer.quirk is Quirk.DUPLICATE_EVENT and chunks:
            middle = len(chunks) // 2
            chunks.insert(middle, chunks[middle])
        if answer.quirk is Quirk.SPLIT_UTF8:
            chunks = [part for chunk in chunks for part in _sliced(chunk)]
        ending = Ending.WHOLE
        if answer.fault is not None and answer.fault.kind in {FaultKind.RESET, FaultKind.STALL, FaultKind.TIMEOUT}:
            ending = Ending.RESET
        return self._response(chunks, answer.ends_at_seconds, content_type, ending)

    def reply(self, body: object, *, status: int = 200) -> HttpResponse:
        """Return an answer that nobody waits for."""
        return json_response(body, status=status)

    def _response(
        self, chunks: Sequence[Chunk], ends_at: float, content_type: str, ending: Ending = Ending.WHOLE
    ) -> HttpResponse:
        headers: Headers = {"content-type": content_type}
        return HttpResponse(200, headers, tuple(chunks), ends_at, ending)

    def _generation(self, asked: Asked, model: Model) -> GenerationRequest:
        who = self.identity
        return _generation_request(
            model=model.name,
            prompt=asked.prompt,
            system=asked.context or None,
            max_output_tokens=asked.max_output_tokens,
            stop=asked.stop,
            tenant_id=_uuid(who.tenant),
            job_id=who.job_id or uuid.UUID(bytes=self._world.bytes_for("job", who.tenant, who.key, who.occurrence)),
            attempt=who.attempt,
            idempotency_token=who.key,
            draw_key=who.draw_key,
        )

    def _admitted(self, request: GenerationRequest, asked: Asked) -> Plan | None:
        """Return None for a call within its caller's limits, and otherwise how it is sent away."""
        if self.is_batched:  # batches have limits of their own
            return None
        self.allowances, refused = self._world.admit(request, self._seconds, other_tokens=asked.other_tokens)
        return refused

    def _as_told(self, plan: Plan) -> Plan:
        """Return the plan without a wait that the caller is not told of, and so cannot keep."""
        fault = plan.ending
        if not isinstance(fault, Fault) or fault.retry_after_seconds is None:
            return plan
        if fault.status is not None and not self.is_batched and self.vendor not in SAY_NO_WAIT:
            return plan
        return plan._replace(ending=fault.replace(retry_after_seconds=None))

    def _written(self, asked: Asked, tool: Tool | None) -> str | None:
        """Return what the model has to write, where it is not its own choice.

        Raises:
            Refused: no value fits its schema.
        """
        schema = asked.schema_ if tool is None else tool.parameters
        if schema is None:
            return None
        try:
            return json_text(value_for(schema or {"type": "object"}, self.draws("value", asked.model_id)))
        except UnusableSchemaError:
            raise Refused(400, "Invalid schema: no value fits it.", code="invalid_request") from None

    def _answer(self, asked: Asked, plan: Plan, tool: Tool | None) -> Answer:
        finish = _finish(plan)
        if finish == "refusal" and tool is not None:
            plan, tool = plan._replace(pieces=NO_PIECES), None  # who declines calls nothing
        finished = plan.ending if isinstance(plan.ending, Finished) else None
        read = asked.read_tokens
        answer = Answer(
            id=self.token("answer"),
            request_id=self.request_id,
            created=int(self.now.timestamp()),
            thinking=plan.thinking,
            pieces=plan.pieces,
            tool=None,
            arguments={},
            finish=finish,
            ends_at_seconds=plan.ends_at_seconds,
            input_tokens=finished.input_tokens if finished else read,
            cached_tokens=min(asked.cached_tokens, read),
            output_tokens=finished.output_tokens if finished else _written_tokens(plan, finish),
            thinking_tokens=plan.thinking_tokens,
            fault=plan.ending if isinstance(plan.ending, Fault) and finish != "refusal" else None,
            quirk=plan.quirk,
        )
        return answer if tool is None else as_call(answer, tool, asked.tools)


@lru_cache(1024)  # as find_model()
def _provider_at(vendor: str, name: str, table: ModelTable) -> str:
    model = table.get(name)
    return next((one.provider for one in model.routes if one.provider in SERVED_BY[vendor]), model.provider)


def _is_before_the_answer(fault: Fault, asked: Asked) -> bool:
    """Whether there is no answer at all: a body that is not streamed breaks off before its first byte."""
    return fault.kind is not FaultKind.REFUSAL and not (fault.is_mid_answer and asked.stream)


def _written_tokens(plan: Plan, finish: FinishReason) -> int:
    text = plan.pieces.text
    return estimate_tokens(text + REFUSAL if finish == "refusal" else text) + plan.thinking_tokens


def _finish(plan: Plan) -> FinishReason:
    match plan.ending:
        case Fault(kind=FaultKind.REFUSAL):
            return "refusal"
        case Finished(finish_reason="length"):
            return "length"
        case _:
            return "stop"


def _sliced(chunk: Chunk) -> Sequence[Chunk]:
    starts = range(0, len(chunk.data), PACKET_BYTES)
    return [Chunk(chunk.at_seconds, chunk.data[start : start + PACKET_BYTES]) for start in starts]
