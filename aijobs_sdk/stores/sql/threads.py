"""Threads for what blocks. No program waits for them to end, and they still serve one that is ending."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from queue import SimpleQueue
from typing import Any, NamedTuple, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")


class _Call(NamedTuple):
    future: Future[Any]
    function: Callable[[], Any]


_Calls = SimpleQueue[_Call | None]


class Threads(Executor):
    """So many daemon threads, started by the first call, ended by `shutdown()`, and started again by the next call.

    `ThreadPoolExecutor` takes no call once the program has begun to end: a job under way could not be given back.
    """

    def __init__(self, count: int, *, name: str) -> None:
        self._count = count
        self._name = name
        self._lock = threading.Lock()
        self._calls: _Calls | None = None
        self._ended: list[Future[None]] = []

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call the function in one of the threads, after what was submitted before."""
        future: Future[T] = Future()
        with self._lock:
            if self._calls is None:
                self._calls = self._start()
            self._calls.put(_Call(future, partial(fn, *args, **kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - Executor's own
        """End the threads when they have done what was submitted."""
        with self._lock:
            calls, self._calls = self._calls, None
        if calls is not None:
            _end(calls, self._count)
        if wait:
            concurrent.futures.wait(self._ended)

    async def aclose(self) -> None:
        """Return when the threads have done what was submitted, and ended."""
        if self._calls is not None:
            # As calls that the loop knows of: where time is virtual, it stands still until they are answered.
            everybody = threading.Barrier(self._count)
            loop = asyncio.get_running_loop()
            await asyncio.gather(*[loop.run_in_executor(self, everybody.wait) for _ in range(self._count)])
        self.shutdown()

    def _start(self) -> _Calls:
        calls: _Calls = SimpleQueue()
        self._ended = [Future() for _ in range(self._count)]
        for number, ended in enumerate(self._ended):
            name = f"{self._name}-{number}"
            threading.Thread(target=_serve, args=(calls, ended), name=name, daemon=True).start()
        weakref.finalize(self, _end, calls, self._count).atexit = False
        return calls


def _serve(calls: _Calls, ended: Future[None]) -> None:
    while (call := calls.get()) is not None:
        if call.future.set_running_or_notify_cancel():
            _answer(call)
        del call  # what it holds may hold the threads' owner
    ended.set_result(None)


def _answer(call: _Call) -> None:
    try:
        result = call.function()
    except BaseException as error:  # noqa: BLE001 - it is raised where somebody waits for the answer
        call.future.set_exception(error)
    else:
        call.future.set_result(result)


def _end(calls: _Calls, count: int) -> None:
    for _ in range(count):
        calls.put(None)
