"""The bridge from code that blocks to the one async client: a loop in a daemon thread of our own.

anyio's `start_blocking_portal()` runs in a thread that is no daemon: a script that forgets `close()` would
never end. And `portal.call()` leaves its coroutine running when the caller is interrupted.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import weakref
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from concurrent.futures import CancelledError, Future, wait
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any, NamedTuple, Never, Protocol, TypeVar, runtime_checkable

from anyio.from_thread import BlockingPortal

from aijobs_sdk.contract.errors import CLIENT_CLOSED, AIJobsError, ConfigurationError

T = TypeVar("T")
PULSE_SECONDS = 0.25
STOP_SECONDS = 0.5
"""How long an ending program waits for handlers that were told to stop."""


@runtime_checkable
class TimeIsHeld(Protocol):
    """A loop on virtual time, which passes only while somebody waits."""

    def hold(self) -> AbstractContextManager[None]:
        """Let time pass while this is entered."""
        ...


class _Running(NamedTuple):
    """A portal at work, in the process that started it."""

    portal: BlockingPortal
    loop: asyncio.AbstractEventLoop
    hold_time: Callable[[], AbstractContextManager[None]]
    thread: threading.Thread
    pid: int
    is_ending: threading.Event
    """Set when nothing is run any more."""


class Portal:
    """Runs coroutines on its own loop: started with the first call, again after a fork, ended when nobody has it."""

    def __init__(self, new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop) -> None:
        self._new_loop = new_loop
        self._starting = threading.Lock()
        self._now: _Running | None = None

    @property
    def is_there(self) -> bool:
        """Whether anything can be run here: always, as it starts when it has to."""
        return True

    def call(
        self,
        function: Callable[..., Coroutine[Any, Any, T]],
        *args: Any,  # noqa: ANN401 - passed on as they are
        pulse: Callable[[], None] | None = None,
    ) -> T:
        """Run to the end and return; an interrupt ends the waiting and the coroutine with it.

        `pulse` is called four times a second meanwhile, in the caller's own thread.
        """
        future = self.start(function, *args)
        try:
            while pulse is not None and wait([future], PULSE_SECONDS).not_done:
                pulse()
            return future.result()
        except (AIJobsError, TimeoutError) as outcome:
            # How it came through our loop helps nobody, and fills a notebook; a bug keeps its whole traceback.
            raise outcome.with_traceback(None)  # noqa: B904 - it is the same error
        except BaseException as error:
            future.cancel()
            if isinstance(error, CancelledError) and self._running().is_ending.is_set():
                _end_with_the_program()
            raise

    def start(self, function: Callable[..., Coroutine[Any, Any, T]], *args: Any) -> Future[T]:  # noqa: ANN401
        """Run in the background; cancelling the future cancels the coroutine.

        Raises:
            ConfigurationError: this is the portal's own thread, where whoever waits waits for itself.
            AIJobsError: the program is ending.
        """
        running = self._running()
        if running.thread is threading.current_thread():
            raise ConfigurationError(
                "A blocking call would wait for itself here: this is the thread on which the client does its work. In "
                "a hook, or an `async` function of a job type, use `aijobs.AsyncClient`, or `asyncio.to_thread()`."
            )
        if running.is_ending.is_set():
            _end_with_the_program()
        return running.portal.start_task_soon(_while_time_passes, running.hold_time, function, args)

    def iterate(self, items: AsyncGenerator[T], *, at_once: int = 1) -> Iterator[T]:
        """Yield an async generator's items; leaving the loop early closes it.

        So many are fetched `at_once`: a way to the portal's thread and back takes longer than most items do.
        """
        try:
            while found := self.call(_next, items, at_once):
                yield from found
        finally:
            # Not waited for; and where a generator is left open until the program ends, the portal ends before it.
            # And a generator may be collected on the portal's own thread.
            with suppress(RuntimeError, AIJobsError, SystemExit):
                self.start(items.aclose)

    def _running(self) -> _Running:
        with self._starting:
            # The thread of a parent process does not exist in its forked child.
            if self._now is None or self._now.pid != os.getpid():
                self._now = self._start()
            return self._now

    def _start(self) -> _Running:
        started: Future[_Running] = Future()
        threading.Thread(target=_serve_in_thread, args=(self._new_loop, started), name="aijobs", daemon=True).start()
        running = started.result()
        weakref.finalize(self, _stop, running)  # at exit as well: tasks that nobody ends are complained about
        return running


def _serve_in_thread(new_loop: Callable[[], asyncio.AbstractEventLoop], started: Future[_Running]) -> None:
    runner = asyncio.Runner(loop_factory=new_loop)
    try:
        _serve_until_stopped(runner.get_loop(), started)
    finally:
        # To end the loop's own threads takes one more, and Python 3.12 starts none while a program ends. They have
        # ended by then, and the loop is closed all the same.
        with suppress(RuntimeError):
            runner.close()


def _serve_until_stopped(loop: asyncio.AbstractEventLoop, started: Future[_Running]) -> None:
    serving = loop.create_task(_serve(loop, started))
    while not serving.done():
        # Signals go to the main thread: here it is a task of somebody's handler that raised this, and whoever waits
        # for the task is told. asyncio ends its loop for it all the same, and all clients would have lost theirs.
        with suppress(KeyboardInterrupt, SystemExit):
            loop.run_until_complete(serving)


async def _serve(loop: asyncio.AbstractEventLoop, started: Future[_Running]) -> None:
    hold_time = loop.hold if isinstance(loop, TimeIsHeld) else nullcontext
    async with BlockingPortal() as portal:
        thread, is_ending = threading.current_thread(), threading.Event()
        started.set_result(_Running(portal, loop, hold_time, thread, os.getpid(), is_ending))
        await portal.sleep_until_stopped()


def _stop(running: _Running) -> None:
    """Cancel what runs and end the thread; a handler that will not stop is left behind with its daemon thread."""
    if running.pid == os.getpid() and running.thread.is_alive():
        running.is_ending.set()
        with suppress(RuntimeError):  # it is ending already
            # The portal's own way waits for the loop to answer, and a handler may block it.
            running.loop.call_soon_threadsafe(_cancel_all, running)
        if running.thread is not threading.current_thread():
            running.thread.join(STOP_SECONDS)


def _end_with_the_program() -> Never:
    """End a daemon thread in silence, as Python ends one that waits for anything else."""
    if threading.current_thread() is not threading.main_thread():
        sys.exit()
    raise AIJobsError(
        "The program is ending, and nothing can be asked any more. Ask before its last line, not in a function that "
        "`atexit` calls.",
        code=CLIENT_CLOSED,
    )


def _cancel_all(running: _Running) -> None:
    running.loop.create_task(running.portal.stop(cancel_remaining=True))


async def _while_time_passes(
    hold_time: Callable[[], AbstractContextManager[None]],
    function: Callable[..., Coroutine[Any, Any, T]],
    args: tuple[Any, ...],
) -> T:
    # Held here and not in the thread that waits: virtual time stands still from the very step that ends the call.
    with hold_time():
        return await function(*args)


async def _next(items: AsyncGenerator[T], at_once: int) -> list[T]:
    """Return the next items; none at the end."""
    found: list[T] = []
    async for item in items:
        found.append(item)
        if len(found) == at_once:
            break
    return found
