"""Jobs that run until a file appears: a test decides when, on however slow a machine."""

from __future__ import annotations

import time
from pathlib import Path

from pydantic import BaseModel

import aijobs_sdk as aijobs

LOOK_SECONDS = 0.02


class Until(BaseModel):
    path: str


def exists(payload: Until) -> bool:
    return Path(payload.path).exists()


@aijobs.job_type("held")
async def held(context: aijobs.JobContext, payload: Until) -> dict[str, str]:
    while not exists(payload):
        await context.clock.sleep(LOOK_SECONDS)
    return {}


@aijobs.job_type("held_in_thread")
def held_in_thread(context: aijobs.JobContext, payload: Until) -> dict[str, str]:
    while not exists(payload):
        time.sleep(LOOK_SECONDS)
    return {}


@aijobs.job_type("held_loop")
async def held_loop(context: aijobs.JobContext, payload: Until) -> dict[str, str]:
    while not exists(payload):
        time.sleep(LOOK_SECONDS)  # noqa: ASYNC251 - the mistake this one is there for
    return {}


TYPES = [held, held_in_thread, held_loop]
