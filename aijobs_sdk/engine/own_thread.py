"""A thread of its own for each call that blocks, of a handler or a source of rows; no program waits for its end."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from typing import ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")


async def run_in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what a function that blocks returns; whoever stops waiting for it leaves it behind.

    `asyncio.to_thread()` runs a handful at a time, and keeps a program alive until the last of them has ended.
    """
    call = partial(contextvars.copy_context().run, partial(function, *args, **kwargs))
    return await asyncio.get_running_loop().run_in_executor(_THREADS, call)


class _OneThreadEach(Executor):
    """Starts a daemon thread for each call."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        call = partial(fn, *args, **kwargs)
        threading.Thread(target=_answer, args=(future, call), name="aijobs-blocking", daemon=True).start()
        return future


def _answer(future: Future[T], call: Callable[[], T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = call()
    except (StopIteration, GeneratorExit, KeyboardInterrupt) as error:
        # No future takes the first, the second would close whoever waits for it, and the third end the program.
        instead = RuntimeError(f"function raised {type(error).__name__}")  # as Python says it of a coroutine
        future.set_exception(instead.with_traceback(error.__traceback__))
    except BaseException as error:  # noqa: BLE001 - it is raised where somebody waits for the answer
        future.set_exception(error)
    else:
        future.set_result(result)


_THREADS = _OneThreadEach()
