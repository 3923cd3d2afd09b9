"""One attempt at one job: the only code that runs a handler."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from aijobs_sdk.contract.records import Effects
from aijobs_sdk.contract.shapes import shape_of
from aijobs_sdk.contract.store import Cancelled, Done, Outcome, Release
from aijobs_sdk.engine.context import JobContext, World
from aijobs_sdk.engine.failure import outcome_after, overdue
from aijobs_sdk.engine.job_type import JobTypes
from aijobs_sdk.engine.kept_payload import read_kept
from aijobs_sdk.engine.kept_result import as_json
from aijobs_sdk.engine.log_context import log_as
from aijobs_sdk.engine.program import is_program_ending
from aijobs_sdk.engine.time_limit import TimeLimit


async def run_attempt(
    context: JobContext, types: JobTypes, world: World, *, is_ending: Callable[[], bool] = lambda: True
) -> Outcome:
    """Run the handler and say how it ended; an attempt that is interrupted is cancelled or given back.

    `is_ending` says whether its worker is being ended: a handler that cancels itself has failed.

    Raises:
        LeaseLostError: another worker has the job; nothing more may be written.
    """
    log_as(context.job)
    task = asyncio.current_task()
    limit = TimeLimit(world.limits.job_seconds)
    try:
        with limit:
            outcome: Outcome = await _run_handler(context, types)
    except asyncio.CancelledError as error:
        if context.stopping:
            return Cancelled()
        if _was_interrupted(task) and (context.interrupted or is_ending()):
            return Release()
        outcome = overdue(context, world) if limit.exceeded else outcome_after(error, context, world)
    except BaseException as error:
        if _is_for_the_program(error, task):
            raise
        # Whatever else it raises, even sys.exit(), is this job's failure, not ours.
        outcome = outcome_after(error, context, world)
        if context.stopping and context.interrupted:
            return Cancelled()  # it raised this over being stopped
    # Asked after the handler, which may have swallowed the interruption and gone on as if nothing were.
    return overdue(context, world) if limit.exceeded else outcome


def outcome_of_closed(error: GeneratorExit, task: asyncio.Task[Any], context: JobContext, world: World) -> Outcome:
    """Say how an attempt ended whose handler awaited something that raised this: it closed `run_attempt()` itself.

    Raises:
        GeneratorExit: nothing raised it; its task is left behind, and cleared up.
    """
    if _is_for_the_program(error, task):
        raise error
    return outcome_after(error, context, world)


async def _run_handler(context: JobContext, types: JobTypes) -> Outcome:
    job_type = types[context.job.type]
    try:
        result = await job_type.run(context, read_kept(job_type.payload_model, context.job.payload))
    except Exception:
        if is_program_ending():  # which failed it: nothing gets a thread any more
            await asyncio.Future()  # until the end of its loop, by which the job is given back
        raise
    data = as_json(result, job_type)
    if not isinstance(context.effects, Effects):
        raise TypeError(f"`context.effects` must be Effects, got {shape_of(context.effects)}.")
    return Done(data, context.effects, await context.end_answer())


def _is_for_the_program(error: BaseException, task: asyncio.Task[Any] | None) -> bool:
    """Whether no handler raised it: a Ctrl-C, which only the main thread hears, or the end of its loop."""
    if isinstance(error, KeyboardInterrupt):
        return threading.current_thread() is threading.main_thread()
    return isinstance(error, GeneratorExit) and not _is_at_it(task)


def _is_at_it(task: asyncio.Task[Any] | None) -> bool:
    """Whether the task takes a step: the coroutine of one that is left behind is closed by whoever clears up."""
    return task is not None and asyncio.current_task(task.get_loop()) is task


def _was_interrupted(task: asyncio.Task[Any] | None) -> bool:
    """Whether the worker cancelled the handler: one that awaits what somebody cancelled ends the same way."""
    return task is not None and task.cancelling() > 0
