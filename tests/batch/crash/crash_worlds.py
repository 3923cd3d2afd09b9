"""Where batches are run and killed: a vendor that counts, kernels in sessions of their own, a journal on a disk."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest

from batch.crash.endpoint import ANSWERED, ASKED
from cli.children import said

HERE = Path(__file__).parent
GLANCE_SECONDS = 0.02
PATIENCE_SECONDS = 60.0
"""For anything to happen at all."""
LEASE_SECONDS = 2
IS_LONG = "AIJOBS_TORTURE" in os.environ
ONLY_LONG = pytest.mark.skipif(not IS_LONG, reason="AIJOBS_TORTURE=1 runs it")
ROWS, KILLS, CONCURRENCY = (5000, 10, 50) if IS_LONG else (300, 2, 10)
RUNNER = b"aijobs_sdk.connect.batch_runner"


def tasks(rows: int) -> list[str]:
    return [f"Task {n}." for n in range(rows)]


def answers(asked: Sequence[str]) -> list[str]:
    return [f"Answer to {task}" for task in asked]


def kill_points(rows: int, kills: int, *, seed: int) -> list[int]:
    """Return after how many calls to kill, in order."""
    return sorted(Random(seed).sample(range(1, rows), kills))


class Kernel:
    """A process that runs a batch, as a notebook's kernel does: in its own session, to be killed with its group."""

    def __init__(self, place: Place, asked: Sequence[str], options: Mapping[str, Any]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "kernel.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | place.environment,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        with self._process.stdin as cell:
            json.dump({"url": place.url, "tasks": asked, "options": options}, cell)
        self._process.stdin = None

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """Kill its whole process group, as a notebook server does."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()

    def result(self) -> dict[str, Any]:
        """Return what the cell came to, once it has."""
        out, errors = self._process.communicate(timeout=4 * PATIENCE_SECONDS)
        assert out, errors
        came: dict[str, Any] = json.loads(out)
        return came


class Place:
    """A folder with a store and the vendor's notes, and the processes that work there."""

    def __init__(self, folder: Path, base_url: str) -> None:
        self._folder = folder
        self.url = f"sqlite:///{folder}/jobs.db"
        self.calls_file = folder / "calls.jsonl"
        """Two lines for each call: when it came, and when it was answered."""
        self.environment = {
            "AI_MOCK_MODE": "false",
            "OPENAI_API_KEY": "sk-test",
            "OPENAI_BASE_URL": base_url,
            "AIJOBS_LEASE_SECONDS": str(LEASE_SECONDS),
            "XDG_STATE_HOME": str(folder),
        }
        self._kernels: list[Kernel] = []

    def kernel(self, asked: Sequence[str], **options: Any) -> Kernel:
        """Start a kernel that runs a batch over these tasks."""
        kernel = Kernel(self, asked, {"concurrency": CONCURRENCY} | options)
        self._kernels.append(kernel)
        return kernel

    def run(self, asked: Sequence[str], **options: Any) -> dict[str, Any]:
        """Run a batch over these tasks in a kernel, to its end."""
        return self.kernel(asked, **options).result()

    @property
    def runners(self) -> list[int]:
        """The processes that run a batch here by themselves."""
        return [pid for pid in _pids() if _is_runner(pid, self._folder)]

    def signal_runners(self, number: int) -> None:
        for pid in self.runners:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def asked(self) -> Counter[str]:
        """Return how often the vendor was asked each prompt."""
        return Counter(prompt for what, prompt, _ in self._notes() if what == ASKED)

    def answered(self) -> Counter[str]:
        return Counter(prompt for what, prompt, _ in self._notes() if what == ANSWERED)

    def keys(self) -> dict[str, set[str]]:
        """Return the idempotency keys by prompt."""
        keys: dict[str, set[str]] = {}
        for _, prompt, key in self._notes():
            keys.setdefault(prompt, set()).add(key)
        return keys

    def kept(self) -> set[str]:
        """Return the prompts whose answers the store has."""
        found = self.query("SELECT payload FROM jobs WHERE result IS NOT NULL")
        return {json.loads(payload)["prompt"] for (payload,) in found}

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self._folder / "jobs.db", timeout=30)) as database:
            try:
                return database.execute(statement).fetchall()
            except sqlite3.OperationalError:  # there is nothing yet
                return []

    def log(self) -> str:
        """Return what runners have said."""
        return "".join(file.read_text() for file in (self._folder / "aijobs" / "batches").glob("*.log"))

    @property
    def bytes_of_the_store(self) -> int:
        """The size of its largest file."""
        return max(file.stat().st_size for file in self._folder.glob("jobs.db*"))

    def calls(self) -> int:
        return self.asked().total()

    def figures(self) -> str:
        """Return what came of it all, in numbers."""
        asked = self.asked()
        repeats = asked.total() - len(asked)
        return f"{len(asked):,} prompts, {asked.total():,} calls, {repeats:,} repeated"

    def close(self) -> None:
        for kernel in self._kernels:
            kernel.kill()
        self.signal_runners(signal.SIGKILL)

    def _notes(self) -> Iterator[tuple[str, str, str]]:
        yield from map(json.loads, self.calls_file.read_text().splitlines())


def wait_until(true: Callable[[], object]) -> None:
    """Return once it is."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < until, "it never came"
        time.sleep(GLANCE_SECONDS)


@contextmanager
def endpoint(folder: Path, latency_seconds: float) -> Iterator[str]:
    """Run a vendor that counts; yield its address."""
    command = [sys.executable, str(HERE / "endpoint.py"), str(folder / "calls.jsonl"), str(latency_seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield said(process, "ENDPOINT")
    finally:
        process.kill()
        process.communicate()


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _is_runner(pid: int, folder: Path) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        return RUNNER in command and os.fsencode(folder) in Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:  # it has ended, or is somebody else's
        return False
