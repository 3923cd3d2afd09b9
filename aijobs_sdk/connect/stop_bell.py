"""Where a main thread waits for signals to stop, while its work is done in other threads."""

from __future__ import annotations

import signal
import socket
from contextlib import suppress
from types import TracebackType
from typing import Self

STOP_SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM})


class StopBell:
    """Is rung by SIGINT and SIGTERM, and by whoever has done the work; inside, these signals do nothing else.

    The rings are bytes in a socket, as only that is written in the moment of the signal: a queue that a Python handler
    fills is filled when the main thread wakes up, and a signal that comes just before it falls asleep does not wake it.
    """

    def __enter__(self) -> Self:
        self._inside, self._outside = socket.socketpair()
        self._outside.settimeout(0)
        self._fd_before = signal.set_wakeup_fd(self._outside.fileno(), warn_on_full_buffer=False)
        self._handlers_before = {one: signal.signal(one, lambda *_: None) for one in STOP_SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one, handler in self._handlers_before.items():
            signal.signal(one, handler)
        signal.set_wakeup_fd(self._fd_before)
        self._inside.close()
        self._outside.close()

    def ring(self, _: object) -> None:
        """Say, from any thread, that the work is done."""
        with suppress(OSError):  # nobody waits any more
            self._outside.send(b"\0")

    def wait(self, timeout_seconds: float | None = None) -> signal.Signals | None:
        """Return the signal that came, None where the work is done.

        Raises:
            TimeoutError: neither came in time.
        """
        self._inside.settimeout(timeout_seconds)
        while (rung := self._inside.recv(1)[0]) and rung not in STOP_SIGNALS:
            continue  # a signal that somebody else waits for
        return signal.Signals(rung) if rung else None
