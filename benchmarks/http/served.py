"""A job API on this machine, in a process of its own: it prints its address. `tick` is a job that has news to tell."""

from __future__ import annotations

import asyncio
import gc
import sys

from pydantic import BaseModel

from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.connect.models import open_models
from aijobs_sdk.connect.settings import Settings
from aijobs_sdk.connect.wiring import open_world
from aijobs_sdk.engine.context import JobContext
from aijobs_sdk.engine.job_type import JobTypes, job_type
from aijobs_sdk.engine.meter import Meter
from aijobs_sdk.jobtypes.test_job import test_job
from aijobs_sdk.providers.credentials import Credentials
from aijobs_sdk.server.app import create_app
from aijobs_sdk.server.limits import ServerLimits
from aijobs_sdk.server.serving import new_server

CONCURRENCY = 500


class Ticking(BaseModel):
    """How often, and for how long."""

    seconds: float
    per_second: float
    phase: float
    """When the first tick is, 0 to 1 of the way to the second: not all jobs have news at the same moment."""


@job_type("tick")
async def tick(context: JobContext, payload: Ticking) -> dict[str, str]:
    """Report progress again and again, at an even pace from the start."""
    loop = asyncio.get_running_loop()
    began_at = loop.time() + payload.phase / payload.per_second
    for n in range(round(payload.seconds * payload.per_second)):
        await asyncio.sleep(began_at + n / payload.per_second - loop.time())
        await context.progress(n * 100 // round(payload.seconds * payload.per_second), f"Tick {n}")
    return {}


def main() -> None:
    """Serve until the process is ended."""
    settings = Settings.read({}, url="memory://", concurrency=CONCURRENCY)
    models = open_models(settings, ())
    world = open_world(settings, models, Meter(), credentials=Credentials.made_up())
    backend = LocalBackend(world=world, types=JobTypes([tick, test_job]), caller=settings.caller)
    app = create_app(
        backend.acting_for,
        keys=world.store,
        keyless=settings.caller,
        limits=ServerLimits(max_streams_per_tenant=CONCURRENCY),
    )
    gc.freeze()  # as `aijobs serve` does
    new_server(app, host="127.0.0.1", port=int(sys.argv[1])).run()


if __name__ == "__main__":
    main()
