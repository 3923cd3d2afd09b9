"""Time that is not waited for: an event loop that jumps to its next timer when nothing else can happen."""

from __future__ import annotations

import asyncio
import selectors
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, TypeVarTuple, Unpack

import anyio.to_thread

from aijobs_sdk.contract.errors import ConfigurationError

_T = TypeVar("_T")
_Args = TypeVarTuple("_Args")

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""When virtual time begins unless somebody says otherwise, so that instants are the same in every run."""

_ON_THE_WAY_SECONDS = 0.0005
"""How long a byte may be on its way from one socket of this machine to another."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose `time()` starts at 0.0 and jumps to the next timer while somebody waits for it.

    It jumps only when no callback is ready, no socket has news, no worker thread is busy, no child process of its own
    runs, no socket is open that may lead to somebody else, and somebody is inside `hold()` (or the loop was made with
    `always=True`: for tests, as a periodic task then runs as fast as it can). At all other times it keeps the pace of
    the real clock.

    A worker thread is seen if it was started by `run_in_executor`, `asyncio.to_thread`, or `anyio.to_thread` with its
    default limiter.
    """

    def __init__(
        self, *, always: bool = False, threads_take_time: bool = True, sockets_lead_here: bool = False
    ) -> None:
        self.waiters = 0
        """How many are inside `hold()`."""
        self.threads_take_time = threads_take_time
        """Whether time passes while a worker thread is busy. Off, all that threads do takes no time at all."""
        self.sockets_lead_here = sockets_lead_here
        """Whether both ends of every socket are on this loop, as a server's and its client's in one test."""
        self._always = always
        self._now = 0.0
        self._executor_calls = 0
        self._children: set[asyncio.SubprocessTransport] = set()
        self._anyio_limiter: anyio.CapacityLimiter | None = None
        self._waiters_lock = threading.Lock()
        super().__init__(_JumpingSelector(self))
        # How early asyncio lets a timer run. After some months 1 ns, asyncio's own, is lost in a float: it would hang.
        self._clock_resolution = 1e-6

    def time(self) -> float:
        """Return the virtual seconds since the loop was made."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let this much time pass at once."""
        self._now += seconds

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Say that somebody waits, from any thread: inside, time may jump."""
        with self._waiters_lock:
            self.waiters += 1
        try:
            self.call_soon_threadsafe(_do_nothing)  # a loop that waits at the real clock's pace looks again
            yield
        finally:
            with self._waiters_lock:
                self.waiters -= 1

    def may_jump(self) -> bool:
        """Whether nothing but time can move this loop, and somebody wants it moved."""
        return (self._always or self.waiters > 0) and not self.threads_are_busy()

    def run_forever(self) -> None:
        """Run until stopped."""
        if self._anyio_limiter is None:
            self.create_task(self._meet_anyio())
        super().run_forever()

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[_Args]], _T], *args: *_Args
    ) -> asyncio.Future[_T]:
        """Call the function in a thread; time does not jump until it is done."""
        future = super().run_in_executor(executor, func, *args)
        self._executor_calls += 1
        future.add_done_callback(self._end_executor_call)
        return future

    async def subprocess_exec(self, *args: Any, **options: Any) -> tuple[asyncio.SubprocessTransport, Any]:  # noqa: ANN401 - asyncio's own
        """Start a program; time does not jump until it has ended."""
        transport, protocol = await super().subprocess_exec(*args, **options)
        self._children.add(transport)
        return transport, protocol

    async def subprocess_shell(self, *args: Any, **options: Any) -> tuple[asyncio.SubprocessTransport, Any]:  # noqa: ANN401 - asyncio's own
        """Start a command of the shell; time does not jump until it has ended."""
        transport, protocol = await super().subprocess_shell(*args, **options)
        self._children.add(transport)
        return transport, protocol

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - asyncio's own
        """Wait for the threads to end, in real time: a limit on this loop's time would have passed at once."""
        self._executor_calls += 1
        try:
            await super().shutdown_default_executor()
        finally:
            self._executor_calls -= 1

    def _end_executor_call(self, _: asyncio.Future[_T]) -> None:
        self._executor_calls -= 1

    def threads_are_busy(self) -> bool:
        """Whether a worker thread works for this loop, or one of asyncio's waits for a child process."""
        in_anyio = self._anyio_limiter.borrowed_tokens if self._anyio_limiter else 0
        return self._executor_calls > 0 or in_anyio > 0 or self._has_children()

    def _has_children(self) -> bool:
        if self._children:
            self._children = {child for child in self._children if child.get_returncode() is None}
        return bool(self._children)

    async def _meet_anyio(self) -> None:
        # anyio's worker threads bypass run_in_executor; its limiter counts them, and only a task can ask for it.
        self._anyio_limiter = anyio.to_thread.current_default_thread_limiter()


class _JumpingSelector(selectors.DefaultSelector):
    """Where the loop waits: for real I/O as always, for timers by moving the clock."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if ready := super().select(0):
            return ready
        if timeout is None or (timeout > 0 and not self._may_jump()):
            return self._wait(timeout)
        if timeout > 0 and self._has_sockets() and (ready := super().select(_ON_THE_WAY_SECONDS)):
            return ready
        self._loop.advance(max(0.0, timeout))
        return []

    def _may_jump(self) -> bool:
        return (self._loop.sockets_lead_here or not self._has_sockets()) and self._loop.may_jump()

    def _has_sockets(self) -> bool:
        only_the_loops_own_pipe = len(self.get_map()) == 1
        return not only_the_loops_own_pipe

    def _wait(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        if self._loop.threads_are_busy() and not self._loop.threads_take_time:
            return super().select(None)
        started = time.monotonic()
        ready = super().select(timeout)
        elapsed = time.monotonic() - started
        self._loop.advance(elapsed if timeout is None else min(elapsed, timeout))
        return ready


def running_virtual_loop() -> VirtualLoop:
    """Return the running loop, if its time is virtual.

    Raises:
        ConfigurationError: it is real.
        RuntimeError: no loop runs here.
    """
    loop = asyncio.get_running_loop()
    if not isinstance(loop, VirtualLoop):
        raise ConfigurationError(
            "Virtual time needs a loop of its own: use `aijobs.Client` here, or `aijobs.mock(clock='real')`, "
            "or run with `asyncio.Runner(loop_factory=sim.new_loop)`."
        )
    return loop


class VirtualClock:
    """The wall clock of a virtual loop: `epoch` plus the running loop's time. Other loops it refuses."""

    def __init__(self, epoch: datetime = EPOCH) -> None:
        self._epoch = epoch

    def now(self) -> datetime:
        """Return the present instant of the running loop.

        Raises:
            ConfigurationError: its time is real.
        """
        return self._epoch + timedelta(seconds=running_virtual_loop().time())

    async def sleep(self, seconds: float) -> None:
        """Return after that many seconds of the running loop.

        Raises:
            ConfigurationError: its time is real.
        """
        running_virtual_loop()
        await asyncio.sleep(seconds)


def _do_nothing() -> None:
    pass
