"""Waiting for many jobs at once, in the words of `concurrent.futures`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple, get_args
from uuid import UUID

from aijobs_sdk.client.handle import JobHandle
from aijobs_sdk.client.portal import Portal
from aijobs_sdk.contract.errors import JobError
from aijobs_sdk.contract.refusal import check_choice, check_seconds, members_of

ReturnWhen = Literal["ALL_COMPLETED", "FIRST_COMPLETED", "FIRST_EXCEPTION"]
Handle = JobHandle[Any]


class DoneAndNotDone(NamedTuple):
    """The jobs that are over and those that are not, both in the order they were given."""

    done: list[Handle]
    not_done: list[Handle]


def wait(
    jobs: Iterable[Handle], timeout: float | None = None, return_when: ReturnWhen = "ALL_COMPLETED"
) -> DoneAndNotDone:
    """Wait for jobs, each once; when `timeout` seconds are over, return what is done by then instead of raising.

    A `timeout` of 0 takes one look at them. FIRST_EXCEPTION returns when a job fails or is cancelled.

    Raises:
        InvalidRequestError: an argument cannot be used.
    """
    check_choice("return_when", return_when, get_args(ReturnWhen))
    handles = _checked(jobs, timeout)
    if not handles:
        return DoneAndNotDone([], [])
    done = _portal_of(handles).call(_wait, handles, timeout, return_when)
    return DoneAndNotDone(
        [handle for handle in handles if handle.id in done], [handle for handle in handles if handle.id not in done]
    )


def as_completed(jobs: Iterable[Handle], timeout: float | None = None) -> Iterator[Handle]:
    """Yield each job once, as it ends, however it ends.

    Raises:
        TimeoutError: some are not over after `timeout` seconds; they keep running.
        InvalidRequestError: an argument cannot be used.
    """
    handles = _checked(jobs, timeout)
    if handles:
        yield from _portal_of(handles).iterate(_as_completed(handles, timeout))


def _checked(jobs: Iterable[Handle], timeout: float | None) -> list[Handle]:
    """Return the jobs, each once."""
    check_seconds("timeout", timeout)
    return list(dict.fromkeys(members_of("jobs", jobs, JobHandle, "jobs of a `Client`")))


async def _wait(handles: Sequence[Handle], timeout: float | None, return_when: ReturnWhen) -> set[UUID]:  # noqa: ASYNC109
    await _look(handles, timeout)
    followers = {asyncio.create_task(_end_of(handle)): handle.id for handle in handles}
    try:
        done, _ = await asyncio.wait(followers, timeout=timeout, return_when=return_when)
    finally:  # an interrupt ends the waiting here, and would leave them following
        await _stop(followers)
    for follower in done:
        _check(follower)
    return {followers[follower] for follower in done}


async def _as_completed(handles: Sequence[Handle], timeout: float | None) -> AsyncGenerator[Handle]:  # noqa: ASYNC109
    now = asyncio.get_running_loop().time
    deadline = None if timeout is None else now() + timeout
    await _look(handles, timeout)
    followers = {asyncio.create_task(_end_of(handle)): handle for handle in handles}
    not_done = set(followers)
    try:
        while not_done:
            remaining = None if deadline is None else max(0.0, deadline - now())
            done, not_done = await asyncio.wait(not_done, timeout=remaining, return_when="FIRST_COMPLETED")
            if not done:
                raise TimeoutError(f"{len(not_done)} of {len(handles)} jobs are not finished; they keep running.")
            for follower in (one for one in followers if one in done):
                _check(follower)
                yield followers[follower]
    finally:
        await _stop(followers)


async def _look(handles: Sequence[Handle], timeout: float | None) -> None:  # noqa: ASYNC109
    """Learn which jobs are over where there is no time to follow one: then their ends are known at once."""
    if timeout is None or timeout > 0:
        return
    looks = await asyncio.gather(*(handle.on_loop.wait(timeout) for handle in handles), return_exceptions=True)
    for look in looks:
        if isinstance(look, BaseException) and not isinstance(look, TimeoutError):
            raise look


async def _end_of(handle: Handle) -> None:
    """Return at the job's end; raise how it ended, so that `FIRST_EXCEPTION` means what it says."""
    await handle.on_loop.result()


def _check(follower: asyncio.Task[None]) -> None:
    """Raise what kept us from following the job; how the job ended is not that."""
    if not isinstance(follower.exception(), JobError | None):
        follower.result()


async def _stop(followers: Iterable[asyncio.Task[None]]) -> None:
    """End those that still follow; of those that have ended, each error is looked at, or asyncio complains of it."""
    for follower in followers:
        follower.cancel()
    await asyncio.gather(*followers, return_exceptions=True)


def _portal_of(handles: Sequence[Handle]) -> Portal:
    portals = {handle.portal for handle in handles}
    if len(portals) > 1:
        raise ValueError("These jobs live in different mock worlds, whose times differ: wait for each world's jobs.")
    return portals.pop()
