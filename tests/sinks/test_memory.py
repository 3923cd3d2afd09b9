"""Metrics in memory: jobs run in one thread, and whoever looks is in another."""

from __future__ import annotations

import threading

from aijobs_sdk.engine.metrics import JOBS_STARTED
from aijobs_sdk.sinks.memory import InMemoryMetrics

TYPES = 20_000


def test_one_may_look_while_others_count() -> None:
    metrics = InMemoryMetrics()
    counting = threading.Thread(target=_count_many_types, args=[metrics])
    counting.start()
    while counting.is_alive():
        assert metrics.value(JOBS_STARTED.name) <= TYPES
        metrics.label_values()
    assert metrics.value(JOBS_STARTED.name) == TYPES


def _count_many_types(metrics: InMemoryMetrics) -> None:
    for number in range(TYPES):
        metrics.count(JOBS_STARTED, {"type": str(number)})
