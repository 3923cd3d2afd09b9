"""A vendor is told to stop with the batch of a job that was cancelled between two looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from aijobs_sdk.contract.job import Job, JobRequest, JobStatus
from aijobs_sdk.engine.context import JobContext
from aijobs_sdk.jobtypes.economy.payload import StopPayload
from aijobs_sdk.jobtypes.economy.prices import EconomyTable
from aijobs_sdk.jobtypes.economy.remotes import Owner, Remotes, Turn
from aijobs_sdk.jobtypes.economy.waiting import in_time, patiently

STOP_TYPE = "ai_generation_batch_stop"


def stop_request(job: Job) -> JobRequest | None:
    """Return the request that has the vendor of a cancelled job stop; None for one that never began."""
    if job.started_at is None:
        return None
    items: Any = job.payload["items"]
    asked = items[0]["payload"]
    # One that waits for its vendor counts as not begun.
    attempts = job.attempts + (job.status is not JobStatus.PROCESSING)
    payload = {
        "job_id": str(job.id),
        "model": asked["model"],
        "provider": asked.get("provider"),
        "attempts": attempts,
        "size": len(items),
        "begun_at": job.started_at.isoformat(),
    }
    return JobRequest(type=STOP_TYPE, payload=payload, idempotency_key=f"stop/{job.id}/{attempts}")


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
