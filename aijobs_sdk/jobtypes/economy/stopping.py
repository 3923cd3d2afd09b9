"""A vendor is told to stop with the batch of a job that was cancelled between two looks at it."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from aijobs_sdk.engine.context import JobContext
from aijobs_sdk.jobtypes.economy.payload import StopPayload
from aijobs_sdk.jobtypes.economy.prices import EconomyTable
from aijobs_sdk.jobtypes.economy.remotes import Owner, Remotes, Turn
from aijobs_sdk.jobtypes.economy.waiting import in_time, patiently


async def stop_batch(
    context: JobContext, payload: StopPayload, models: EconomyTable, remotes: Remotes
) -> Mapping[str, JsonValue]:
    """Return whether there was a batch to stop; where that cannot be told yet, the job comes back."""
    model = models.reached(payload.model, payload.provider, context.can_ask)
    provider = context.batch_provider(model.provider, region=model.route.region)
    owner = Owner(context.job.tenant_id, payload.job_id)
    turn = Turn(owner, payload.attempts, claim=0, begun_at=payload.begun_at)
    async with in_time(provider.name):
        with patiently(context):
            batch = await remotes.recall(turn, provider)
            if batch is None:
                batch = await remotes.find(turn, payload.size, model.route.endpoint, provider)
            if batch is not None:
                await provider.cancel_batch(batch)
    remotes.forget(owner)
    return {"stopped": batch is not None}
