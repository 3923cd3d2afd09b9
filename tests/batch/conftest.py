"""A simulated world for each test of a batch."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.notebook.hub import hub
from batch.batch_worlds import WatchedBackend


@pytest.fixture
def sim() -> Iterator[aijobs.Mock]:
    """A calm world on virtual time."""
    with aijobs.mock(seed=7) as world:
        yield world


@pytest.fixture(autouse=True)
def _nothing_stays_on_show() -> Iterator[None]:
    yield
    hub.close()


@pytest.fixture
def backend(sim: aijobs.Mock) -> WatchedBackend:
    """The local backend in that world."""
    return WatchedBackend(aijobs.AsyncClient())
