"""`ai_generation_batch`: many texts by one batch of the vendor's own; `ai_generation_batch_stop` ends such a batch."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from aijobs_sdk.engine.context import JobContext
from aijobs_sdk.engine.job_type import JobType
from aijobs_sdk.engine.kept_payload import kept
from aijobs_sdk.jobtypes.economy.asking import Asking
from aijobs_sdk.jobtypes.economy.errand import Errand, run_errand
from aijobs_sdk.jobtypes.economy.harvest import Harvest
from aijobs_sdk.jobtypes.economy.payload import EconomyPayload, StopPayload
from aijobs_sdk.jobtypes.economy.prices import EconomyTable
from aijobs_sdk.jobtypes.economy.remotes import Remotes, Turn
from aijobs_sdk.jobtypes.economy.stopping import STOP_TYPE, stop_batch, stop_request
from aijobs_sdk.jobtypes.generation.writers import Writers
from aijobs_sdk.providers.models import ModelTable

MOST_ATTEMPTS = 20
"""A vendor whose queue is full may be so for an hour and more; looking at a batch that goes on is no attempt."""


def economy_job_types(
    models: ModelTable, *, quotes_by_vocabulary: bool = False, vocabularies: Path | None = None
) -> Sequence[JobType[Any]]:
    """Return the job types, which know these models; the other arguments are as of `ai_generation`."""
    table, remotes = EconomyTable.of(models), Remotes()
    asking = Asking(table, Writers(table, quotes_by_vocabulary, vocabularies))

    async def run(context: JobContext, payload: EconomyPayload) -> Mapping[str, JsonValue]:
        model = asking.model_of(payload, context.can_ask)
        provider = context.batch_provider(model.provider, region=model.route.region)
        errand = Errand(context, provider, remotes, Turn.of(context))
        harvest = Harvest(context, model, table)
        try:
            result = await run_errand(errand, partial(asking.requests, context, payload, model), harvest)
        except asyncio.CancelledError:
            if context.stopping:
                await errand.stop()
            raise
        context.effects = harvest.effects
        return result

    async def get_ready(payloads: Sequence[Mapping[str, object]]) -> None:
        names = {name for payload in payloads for name in _models_in(payload)}
        for model in table:
            if model.name in names:
                await asking.writers.load(model)

    async def stop(context: JobContext, payload: StopPayload) -> Mapping[str, JsonValue]:
        return await stop_batch(context, payload, table, remotes)

    return (
        JobType(
            name="ai_generation_batch",
            payload_model=EconomyPayload,
            run=run,
            prepare=asking.prepared,
            get_ready=get_ready if quotes_by_vocabulary else None,
            estimate=asking.estimated,
            max_attempts=MOST_ATTEMPTS,
            keep=kept,
            after_cancel=stop_request,
        ),
        JobType(name=STOP_TYPE, payload_model=StopPayload, run=stop, max_attempts=MOST_ATTEMPTS),
    )


def _models_in(payload: Mapping[str, object]) -> set[str]:
    """Return the models that an unchecked payload names."""
    items = payload.get("items")
    asked = [item.get("payload") for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []
    named = [one.get("model") for one in asked if isinstance(one, Mapping)]
    return {name for name in named if isinstance(name, str)}
