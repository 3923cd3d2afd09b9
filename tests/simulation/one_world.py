"""Runs many jobs in one simulated world and prints a hash over all that came of them.

`python one_world.py JOBS CONCURRENCY ORDER`: so many at a time, started in an order of that number.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import sys
from collections import defaultdict
from uuid import UUID

import aijobs_sdk as aijobs
from aijobs_sdk.contract.job import Job
from aijobs_sdk.simulation.journal import Call


def hash_of_a_world(count: int, concurrency: int, order: int) -> str:
    """Return the hash; the same for every concurrency and order."""
    with aijobs.mock(seed=11, profile="typical") as sim, asyncio.Runner(loop_factory=sim.new_loop) as runner:
        sim.on(prompt="*[05]").do(aijobs.fail(503))  # two in ten, beside what the profile lets fail
        jobs = runner.run(run_jobs(count, concurrency, order))
        calls: defaultdict[UUID, list[Call]] = defaultdict(list)
        for call in sim.calls:
            calls[call.job_id].append(call)
    outcomes = [outcome(job, calls[job.id]) for job in jobs]
    return hashlib.sha256(json.dumps(outcomes).encode()).hexdigest()


async def run_jobs(count: int, concurrency: int, order: int) -> list[Job]:
    """Return the jobs as they ended, by their numbers, whatever the order in which they were started."""
    places = list(range(count))
    random.Random(order).shuffle(places)
    limits = aijobs.Limits(concurrency=concurrency, breaker=aijobs.BreakerLimits(failures=count, window_calls=count))
    async with aijobs.AsyncClient(limits=limits) as client:
        handles = {}
        for place in places:
            request = client.request(f"Explain river {place}", model="gpt-5.2").replace(draw_key=f"river-{place}")
            [handles[place]] = await client.submit_many([request])
        return [await handles[place].wait() for place in range(count)]


def outcome(job: Job, calls: list[Call]) -> object:
    """Return all of a job that must not hang on when it ran."""
    said = (job.result or {}).get("content")
    tokens = [(job.result or {}).get(name) for name in ("input_tokens", "output_tokens")]
    tries = [(call.attempt, call.outcome, round(seconds_of(call), 6)) for call in calls]
    return [job.status, job.attempts, job.error and job.error.code, said, tokens, tries]


def seconds_of(call: Call) -> float:
    """Return how long a call takes a caller who stays to the end."""
    assert call.started_at_seconds is not None
    assert call.ends_at_seconds is not None
    return call.ends_at_seconds - call.started_at_seconds


if __name__ == "__main__":
    sys.stdout.write(hash_of_a_world(*map(int, sys.argv[1:])))
