"""Real processes, real sockets, real time: what a crash does cannot be simulated."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import aijobs_sdk as aijobs
from batch.crash.crash_worlds import Place, endpoint

LATENCY_SECONDS = 0.2


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with endpoint(tmp_path, LATENCY_SECONDS) as base_url:
        here = Place(tmp_path, base_url)
        for name, value in here.environment.items():
            monkeypatch.setenv(name, value)
        yield here
        here.close()


@pytest.fixture
def client(place: Place) -> Iterator[aijobs.Client]:
    """A client of this process, which is the kernel then."""
    with aijobs.Client(place.url) as here:
        yield here
