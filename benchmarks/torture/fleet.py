"""`aijobs worker` processes that are killed, frozen and replaced; none of them outlives the fleet."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from aijobs_sdk.cli.exit_codes import ExitCode

_AIJOBS = [sys.executable, "-c", "from aijobs_sdk.cli.main import main; main()"]
_CONCURRENCY = 20
_LONGEST_START_SECONDS = _LONGEST_STOP_SECONDS = 60.0
_LAST_WORDS = 2000
_AT_WORK = b" runs up to "


class Worker:
    """One process, and until when it is frozen."""

    def __init__(self, url: str, *, lease_seconds: float, log: Path) -> None:
        self._log = log
        self._thaw_at: float | None = None
        with log.open("wb") as said:
            self._process = subprocess.Popen(
                [*_AIJOBS, "worker", "--url", url, "--concurrency", str(_CONCURRENCY), "--profile", "fast"],
                env=os.environ | {"AIJOBS_LEASE_SECONDS": str(lease_seconds)},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,  # a Ctrl-C is for us, who end it
            )
        self.pid = self._process.pid

    @property
    def frozen(self) -> bool:
        """Whether it is stopped in the middle of whatever it did."""
        return self._thaw_at is not None

    @property
    def at_work(self) -> bool:
        """Whether it has begun to take jobs."""
        return _AT_WORK in self._log.read_bytes()

    @property
    def thaws_now(self) -> bool:
        """Whether it was frozen for as long as it was to be."""
        return self._thaw_at is not None and time.monotonic() >= self._thaw_at

    def kill(self) -> None:
        """End it without a word, frozen or not."""
        self._process.kill()
        self._process.wait()

    def freeze(self, seconds: float) -> None:
        """Stop it in the middle of whatever it does; `thaws_now` says when the time is over."""
        self._process.send_signal(signal.SIGSTOP)
        self._thaw_at = time.monotonic() + seconds

    def thaw(self) -> None:
        """Let it go on as if nothing had happened."""
        self._process.send_signal(signal.SIGCONT)
        self._thaw_at = None

    def tell_to_stop(self) -> None:
        """Ask it to end in an orderly way."""
        self._process.terminate()

    def wait(self) -> None:
        """Return when it has ended.

        Raises:
            TimeoutExpired: it does not.
        """
        self._process.wait(_LONGEST_STOP_SECONDS)

    @property
    def ended(self) -> bool:
        """Whether it is gone."""
        return self._process.poll() is not None

    def complaint(self) -> str | None:
        """Return its last words, where it ended by itself and not well."""
        if self._process.poll() in {None, 0, ExitCode.BAD_INPUT}:
            return None  # what cannot reach its database at the start has begun nothing, and is started again
        words = self._log.read_text("utf-8", "replace")[-_LAST_WORDS:]
        return f"a worker ended with code {self._process.returncode}:\n{words}"


class Fleet:
    """So many workers at a time, as long as a `with` block lasts."""

    def __init__(self, url: str, *, workers: int, lease_seconds: float) -> None:
        self.complaints: list[str] = []
        """What went wrong with workers to whom nothing was done."""
        self._url = url
        self._size = workers
        self._lease_seconds = lease_seconds
        self._workers: dict[int, Worker] = {}
        self._started = 0
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        self._folder = Path(self._cleanup.enter_context(tempfile.TemporaryDirectory(prefix="aijobs-torture-")))
        self._cleanup.callback(self._kill_all)
        self.tend()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cleanup.close()

    @property
    def at_work(self) -> set[int]:
        """The process ids of workers that take jobs, and are not frozen."""
        return {worker.pid for worker in self._workers.values() if not worker.frozen and worker.at_work}

    def wait_until_at_work(self) -> None:
        """Return when every worker takes jobs."""
        deadline = time.monotonic() + _LONGEST_START_SECONDS
        while len(self.at_work) < self._size and time.monotonic() < deadline:
            self.tend()
            time.sleep(0.05)

    def tend(self) -> None:
        """Thaw who was frozen for long enough, and put a new worker in the place of each that is gone."""
        for worker in list(self._workers.values()):
            if worker.thaws_now:
                worker.thaw()
            if worker.ended:
                self._note(worker)
                del self._workers[worker.pid]
        while len(self._workers) < self._size:
            self._started += 1
            log = self._folder / f"{self._started}.log"
            worker = Worker(self._url, lease_seconds=self._lease_seconds, log=log)
            self._workers[worker.pid] = worker

    def kill(self, pid: int) -> None:
        """End a worker without a word; `tend` replaces it."""
        self._workers.pop(pid).kill()

    def freeze(self, pid: int, seconds: float) -> None:
        """Stop a worker in the middle of whatever it does; `tend` thaws it when the time is over."""
        self._workers[pid].freeze(seconds)

    def stop(self) -> None:
        """Let all go on who are frozen, and ask all to end in an orderly way."""
        for worker in self._workers.values():
            worker.thaw()
        for starting in self._workers.keys() - self.at_work:
            self.kill(starting)  # it does not listen yet
        for worker in self._workers.values():
            worker.tell_to_stop()
        for worker in self._workers.values():
            worker.wait()
            self._note(worker)
        self._workers.clear()

    def _note(self, ended: Worker) -> None:
        if (complaint := ended.complaint()) is not None:
            self.complaints.append(complaint)

    def _kill_all(self) -> None:
        for worker in self._workers.values():
            worker.kill()
