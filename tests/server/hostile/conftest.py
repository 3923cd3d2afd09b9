"""A server in a process of its own, so that what it holds can be weighed and what it does takes nobody's time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from server.hostile.attack import Place
from server.server_worlds import bearer

ROOT = Path(__file__).parents[3]


class Hosted:
    """A server, two tenants' keys, and the scales it stands on."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        port, ours, theirs = json.loads(process.stdout.readline())
        self.place = Place(port, ours)
        self.theirs = httpx.Client(base_url=self.place.url, headers=bearer(theirs), timeout=10)
        self._status = Path(f"/proc/{process.pid}/status")
        self._stat = Path(f"/proc/{process.pid}/stat")

    def memory_mib(self) -> float:
        """Return how much memory the server holds now."""
        [kib] = [line.split()[1] for line in self._status.read_text().splitlines() if line.startswith("VmRSS:")]
        return int(kib) / 1024

    def cpu_seconds(self) -> float:
        """Return how long the server has worked, which no other work on this machine makes longer."""
        user, system = self._stat.read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


Host = Callable[..., Hosted]


@pytest.fixture(scope="session")
def host() -> Iterator[Host]:
    """Start servers, and end all of them."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(hosted(json.dumps(settings)))


@contextmanager
def hosted(settings: str) -> Iterator[Hosted]:
    command = [sys.executable, "-m", "server.hostile.hosting", settings]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT / "tests",
        env={"PYTHONPATH": f"{ROOT}"},
    ) as process:
        one = Hosted(process)
        with one.theirs:
            yield one
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture(scope="session")
def hosted_once(host: Host) -> Hosted:
    """A server with the limits that all have, but less patience."""
    return host(head_seconds=1.0, body_seconds=1.0)


@pytest.fixture
def place(hosted_once: Hosted) -> Iterator[Place]:
    """Where it is; whatever a test does, somebody else is served after it."""
    yield hosted_once.place
    assert hosted_once.theirs.get("/api/jobs").status_code == 200
