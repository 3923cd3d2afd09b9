"""Waiting for many jobs at once, in the words of `concurrent.futures`."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from typing import Any, Literal, NamedTuple

from aijobs_sdk.client.handle import JobHandle

ReturnWhen = Literal["ALL_COMPLETED", "FIRST_COMPLETED", "FIRST_EXCEPTION"]
Handle = JobHandle[Any]


class DoneAndNotDone(NamedTuple):
    """The jobs that are over and those that are not, both in the order they were given."""

    done: list[Handle]
    not_done: list[Handle]


def wait(
    jobs: Iterable[Handle], timeout: float | None = None, return_when: ReturnWhen = "ALL_COMPLETED"
) -> DoneAndNotDone:
    """Wait for jobs; when `timeout` seconds are over, return what is done by then instead of raising.

    FIRST_EXCEPTION returns when a job fails or is cancelled.
    """
    handles = list(jobs)
    futures = [handle.future() for handle in handles]
    try:
        with _time_may_pass(handles):
            concurrent.futures.wait(futures, timeout, return_when)
        done = [handle for handle, future in zip(handles, futures, strict=True) if future.done()]
        return DoneAndNotDone(done, [handle for handle in handles if handle not in done])
    finally:
        _stop_waiting(futures)


def as_completed(jobs: Iterable[Handle], timeout: float | None = None) -> Iterator[Handle]:
    """Yield each job as it ends, however it ends.

    Raises:
        TimeoutError: some are not over after `timeout` seconds; they keep running.
    """
    by_future = {handle.future(): handle for handle in jobs}
    try:
        with _time_may_pass(list(by_future.values())):
            for future in concurrent.futures.as_completed(by_future, timeout):
                yield by_future[future]
    finally:
        _stop_waiting(list(by_future))


def _time_may_pass(handles: Sequence[Handle]) -> ExitStack:
    held = ExitStack()
    for portal in {handle.portal for handle in handles}:
        held.enter_context(portal.time_may_pass())
    return held


def _stop_waiting(futures: Sequence[Future[Any]]) -> None:
    for future in futures:
        future.cancel()
