"""A simulated world whose answers all take about as long: the profile `fast`, and answers of one length."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import aijobs_sdk as aijobs

TTFT_P50_SECONDS, TTFT_P95_SECONDS, TOKENS_PER_SECOND = 0.010, 0.015, 5_000
"""Of the profile: time to the first token is lognormal."""
P95_DEVIATIONS = 1.645


def mean_ttft_seconds() -> float:
    """Return how long the first token takes on average."""
    sigma = math.log(TTFT_P95_SECONDS / TTFT_P50_SECONDS) / P95_DEVIATIONS
    return TTFT_P50_SECONDS * math.exp(sigma**2 / 2)


@contextmanager
def steady_world(seconds: float) -> Iterator[None]:
    """Let answers take so many seconds on average, inside, in real time."""
    tokens = round((seconds - mean_ttft_seconds()) * TOKENS_PER_SECOND)
    with aijobs.mock(seed=1, profile="fast", clock="real") as sim:
        sim.on().do(aijobs.ok(tokens=tokens).forever())
        yield
