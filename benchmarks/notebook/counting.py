"""Runs in a notebook's kernel: rows that a thread counts as fast as is asked, and our panel over them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from aijobs_sdk.notebook.show import on_show, show
from aijobs_sdk.notebook.snapshot import BatchSnapshot, Command, Phase

TICK_SECONDS = 0.001


class Bar(Protocol):
    """What shows how far something is."""

    def show(self) -> None:
        """Begin, in the cell that runs."""
        ...

    def update(self) -> None:
        """Count one more row, from any thread."""
        ...

    def close(self) -> None:
        """End, whatever was counted."""
        ...


class Counting:
    """Ours: rows of a batch that asks nobody anything."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._began = time.monotonic()
        self._over = threading.Event()
        self._done = 0
        self._phase = Phase.RUNNING
        self.told: list[tuple[str, float]] = []
        """What was clicked, and when we heard of it."""

    def snapshot(self) -> BatchSnapshot:
        pause = Command.RESUME if self._phase is Phase.PAUSED else Command.PAUSE
        return BatchSnapshot(
            title="counting",
            phase=self._phase,
            models=("gpt-5.2",),
            total=self._total,
            completed=self._done,
            elapsed_seconds=time.monotonic() - self._began,
            commands=() if self._phase.is_final else (pause, Command.CANCEL),
        )

    def steer(self, command: Command) -> None:
        self.told.append((command.value, time.time()))
        match command:
            case Command.PAUSE:
                self._phase = Phase.PAUSED
            case Command.CANCEL:
                self._end(Phase.CANCELLED)
            case Command.START | Command.RESUME | Command.RETRY_FAILED:
                self._phase = Phase.RUNNING

    def show(self) -> None:
        show(self)

    def update(self) -> None:
        self._done += 1

    def close(self) -> None:
        self._end(Phase.FINISHED)

    def block(self) -> None:
        """Keep the cell until it is over, as `batch.run()` does."""
        with on_show(self):
            self._over.wait()

    def _end(self, phase: Phase) -> None:
        self._phase = phase
        self._over.set()


class Work:
    """A thread that counts, and notes when it had counted how many."""

    def __init__(self, bar: Bar, *, per_second: int, seconds: float) -> None:
        self._bar = bar
        self._per_second = per_second
        self._seconds = seconds
        self._thread = threading.Thread(target=self._count, name="counting", daemon=True)
        self._times: list[tuple[float, int]] = []
        self._cpu_seconds: Mapping[str, float] = {}

    def start(self) -> None:
        self._thread.start()

    def wait(self) -> None:
        self._thread.join()

    def write(self, path: str) -> None:
        """Write down what was noted, for whoever looks at the page."""
        Path(path).write_text(json.dumps({"times": self._times, "cpu_seconds": self._cpu_seconds}))

    def _count(self) -> None:
        began, done = time.monotonic(), 0
        used, process_used = _cpu_seconds(), time.process_time()
        while (elapsed := time.monotonic() - began) < self._seconds:
            for _ in range(int(elapsed * self._per_second) - done):
                self._bar.update()
                done += 1
            self._times.append((time.time(), done))
            time.sleep(TICK_SECONDS)
        # Before the bar is closed: its threads may end then.
        self._cpu_seconds = {name: now - used.get(name, 0.0) for name, now in _cpu_seconds().items()}
        self._cpu_seconds = {**self._cpu_seconds, "": time.process_time() - process_used}
        self._bar.close()


def _cpu_seconds() -> dict[str, float]:
    """Return what each thread has used so far, as the kernel of the machine counts it, to the nanosecond."""
    return {
        thread.name: int(Path(f"/proc/self/task/{thread.native_id}/schedstat").read_text().split()[0]) / 1e9
        for thread in threading.enumerate()
        if thread.native_id is not None
    }
