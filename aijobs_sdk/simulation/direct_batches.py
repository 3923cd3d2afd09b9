"""Batches where no bytes are sent: the same course and the same answers as over the wire."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from aijobs_sdk.contract.economy import (
    BatchAnswer,
    BatchIntent,
    BatchLimits,
    BatchOutcome,
    BatchRow,
    RemoteBatch,
    RemoteState,
)
from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.contract.provider import GenerationRequest
from aijobs_sdk.providers.economy import limits_of
from aijobs_sdk.providers.economy_rows import check_batch, check_over, mark_of, missing_failure
from aijobs_sdk.providers.failures import MODEL_NOT_FOUND
from aijobs_sdk.simulation.batch_course import Course, DirectBatch
from aijobs_sdk.simulation.direct import (
    called,
    check_askable,
    heard,
    other_tokens,
    thinking_tokens,
    tool_called,
    written,
)
from aijobs_sdk.simulation.faults import BatchFault, Fault
from aijobs_sdk.simulation.provider import SimulatedProvider


class BatchingSimulatedProvider(SimulatedProvider):
    """Stands in for a vendor that also takes batches."""

    @property
    def batch_limits(self) -> BatchLimits:
        """Return the most that the vendor takes at once."""
        return limits_of(self.name)

    async def batch_bytes(self, request: GenerationRequest) -> int:
        """Return about how many bytes the request takes in a batch."""
        return len(request.model_dump_json(exclude_none=True))

    async def submit_batch(self, requests: Sequence[GenerationRequest], *, token: str) -> RemoteBatch:
        """Begin a batch of these requests.

        Raises:
            InvalidRequestError: they cannot be one batch.
        """
        check_batch(requests)
        mark, world = mark_of(token), self._simulation
        repeats = sum(one.mark == mark for one in world.batches.newest_first(self.name))
        batch_id = f"batch_{world.bytes_for('batch', self.name, mark, repeats).hex()}"
        course = Course(
            requests,
            [world.batch_fault(heard(request), self.name) for request in requests],
            self._answer,
            turnaround=world.turnaround(self.name),
            draws=world.draws_of_batch(batch_id),
            created_at=self._clock.now(),
        )
        batch = DirectBatch(batch_id, mark, requests[0].endpoint, course)
        world.batches.keep(self.name, batch_id, batch)
        return self._seen(batch)

    async def find_batch(self, intent: BatchIntent) -> RemoteBatch | None:
        """Return the batch that was made of this intent, None where there is none."""
        mark = mark_of(intent.token)
        made = (batch for batch in self._simulation.batches.newest_first(self.name) if batch.mark == mark)
        found = next(made, None)
        return None if found is None else self._seen(found)

    async def batch_status(self, batch: RemoteBatch) -> RemoteBatch:
        """Return the batch as it is now.

        Raises:
            ProviderError: there is none.
        """
        return self._seen(self._known(batch))

    async def batch_results(
        self, batch: RemoteBatch, asked: Mapping[UUID, GenerationRequest]
    ) -> AsyncGenerator[BatchRow]:
        """Yield what became of each request.

        Raises:
            ProviderError: the batch goes on, or there is none.
        """
        known = self._known(batch)
        over = self._seen(known)
        check_over(over)
        told = {
            request.job_id: outcome
            for request, outcome in known.course.answered
            if not (known.course.has_no_output and isinstance(outcome, BatchAnswer))
        }
        for job_id, outcome in told.items():
            if job_id in asked:
                yield BatchRow(job_id, outcome)
        for job_id in asked.keys() - told.keys():
            yield BatchRow(job_id, missing_failure(over).error(self.name))

    async def cancel_batch(self, batch: RemoteBatch) -> RemoteBatch:
        """Let nothing be answered from now on.

        Raises:
            ProviderError: there is no such batch.
        """
        known = self._known(batch)
        known.course.cancel(self._clock.now())
        return self._seen(known)

    def _known(self, batch: RemoteBatch) -> DirectBatch:
        known = self._simulation.batches.get(self.name, batch.id)
        if known is None:
            raise MODEL_NOT_FOUND.replace(reason="it has no such batch").error(self.name)
        return known

    def _seen(self, batch: DirectBatch) -> RemoteBatch:
        course = batch.course
        state = course.look(self._clock.now())
        answered = sum(isinstance(outcome, BatchAnswer) for _, outcome in course.answered)
        ended = len(course.answered) + (len(course.left) if state.is_final else 0)
        return RemoteBatch(
            provider=self.name,
            id=batch.id,
            endpoint=batch.endpoint,
            state=state,
            reason=BatchFault.QUEUE_FULL if state is RemoteState.FAILED else None,
            total=course.size,
            answered=answered,
            failed=ended - answered,
            created_at=course.created_at,
            expires_at=course.expires_at,
        )

    def _answer(self, request: GenerationRequest, at: datetime) -> BatchOutcome:
        try:
            return self._answered(request, at)
        except ProviderError as error:
            return error

    def _answered(self, request: GenerationRequest, at: datetime) -> BatchAnswer:
        check_askable(request, self.name)
        world = self._simulation
        seconds = world.seconds_at(at)
        plan = world.plan(
            heard(request),
            written=written(request, world, self.name),
            thinking_tokens=thinking_tokens(request),
            other_tokens=other_tokens(request),
            at_seconds=seconds,
            provider=self.name,
        )
        tool = tool_called(request, plan, world, self.name)
        number = world.record(request, plan, at_seconds=seconds, provider=self.name, notices_truncation=True)
        world.close(number, read_to_end=True)
        if isinstance(plan.ending, Fault):
            raise plan.ending.error(self.name)
        if tool is None:
            return BatchAnswer(text=plan.pieces.text, finished=plan.ending)
        return BatchAnswer(text="", finished=called(tool, plan, plan.ending, self.name))
