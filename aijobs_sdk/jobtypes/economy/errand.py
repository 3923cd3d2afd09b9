"""One look of a job at its batch: it is sent, waited for, or read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import NoReturn
from uuid import UUID

from pydantic import JsonValue

from aijobs_sdk.contract.economy import BatchProvider, RemoteBatch, RemoteState
from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError, ProviderError
from aijobs_sdk.engine.context import JobContext
from aijobs_sdk.jobtypes.economy.asking import Asked
from aijobs_sdk.jobtypes.economy.harvest import Harvest
from aijobs_sdk.jobtypes.economy.remotes import Remotes, Turn
from aijobs_sdk.jobtypes.economy.waiting import in_time, patiently, until_next_look
from aijobs_sdk.providers.economy import Cut, cut_into_batches
from aijobs_sdk.providers.economy_rows import missing_failure

STOP_SECONDS = 20.0
"""How long a job that is cancelled may take to tell its vendor: less than a worker's lease."""


@dataclass(frozen=True, slots=True)
class Errand:
    """A job, and where its batch is or is to be."""

    context: JobContext
    provider: BatchProvider
    remotes: Remotes
    turn: Turn

    async def look(self) -> RemoteBatch | None:
        """Return the batch, where this process knows of it and it is over; while it goes on the job comes back."""
        with patiently(self.context):
            batch = await self.remotes.recall(self.turn, self.provider)
        return await self._over(batch) if batch is not None else None

    async def send(self, cut: Cut) -> RemoteBatch:
        """Return the batch of these requests once it is over; it is sent where nobody has done that.

        Raises:
            ProviderError: it could not be sent, or the vendor did not begin with it.
        """
        with patiently(self.context):
            endpoint = cut.requests[0].endpoint
            batch = await self.remotes.find(self.turn, len(cut.requests), endpoint, self.provider)
        return await self._over(batch or await self.remotes.send(self.turn, cut.requests, self.provider))

    async def read(self, batch: RemoteBatch, cut: Cut, asked: Mapping[UUID, Asked], harvest: Harvest) -> None:
        """Take in what became of each request of a batch that is over."""
        requests = {request.job_id: request for request in cut.requests}
        with patiently(self.context):
            async with aclosing(self.provider.batch_results(batch, requests)) as rows:
                async for row in rows:
                    harvest.take_in(asked[row.job_id].item, row.outcome)
                    await asyncio.sleep(0)  # others run on this loop too

    async def stop(self) -> None:
        """Tell the vendor to stop, as far as that is known here and can be done in a short while.

        Raises:
            LeaseLostError: nobody wants that: another worker has the job now, and its batch.
        """
        await self.context.progress(95, f"Stopping {self.provider.name}")
        with suppress(TimeoutError, ProviderError):
            async with asyncio.timeout(STOP_SECONDS):
                batch = await self.remotes.recall(self.turn, self.provider)
                if batch is not None:
                    await self.provider.cancel_batch(batch)

    async def _over(self, batch: RemoteBatch) -> RemoteBatch:
        if not batch.state.is_final:
            await self._wait_for(batch)
        if batch.state is RemoteState.FAILED:
            self.remotes.note_none(self.turn)
            raise missing_failure(batch).error(self.provider.name)
        return batch

    async def _wait_for(self, batch: RemoteBatch) -> NoReturn:
        ended = batch.answered + batch.failed
        told = f"{self.provider.name} has answered {ended:,} of {batch.total:,}"
        await self.context.progress(5 + 90 * ended // max(1, batch.total), told)
        self.context.come_back(until_next_look(batch, self.context))


async def run_errand(
    errand: Errand, ask: Callable[[], Mapping[UUID, Asked]], harvest: Harvest
) -> Mapping[str, JsonValue]:
    """Return what became of every item, once the vendor is done; until then the job comes back.

    Raises:
        ProviderError: the batch could not be sent, or the vendor did not begin with it.
    """
    async with in_time(errand.provider.name):
        batch = await errand.look()
        asked = ask()
        cut = await _cut(asked, errand.provider)
        for row in cut.refused:
            harvest.take_in(asked[row.job_id].item, row.outcome)
        if cut.requests:
            await errand.read(batch or await errand.send(cut), cut, asked, harvest)
    errand.remotes.forget(errand.turn.owner)
    return harvest.result


async def _cut(asked: Mapping[UUID, Asked], provider: BatchProvider) -> Cut:
    """Return the requests that can be sent, and those that cannot.

    Raises:
        InvalidRequestError: they are too large for one batch.
    """
    async with aclosing(cut_into_batches((one.request for one in asked.values()), provider)) as cuts:
        found = [cut async for cut in cuts]
    if len(found) > 1:
        problem = f"are more than {provider.name} takes in one batch: send fewer at a time"
        fields = [FieldProblem(field="payload.items", problem=problem)]
        raise InvalidRequestError(f"Nothing was sent: `payload.items` {problem}.", fields=fields)
    return found[0]
