"""OpenTelemetry hears it, through its own SDK."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

import aijobs_sdk as aijobs
from aijobs_sdk.engine.metrics import INSTRUMENTS, Instrument, Kind


@pytest.fixture
def reader() -> InMemoryMetricReader:
    return InMemoryMetricReader()


@pytest.fixture
def metrics(reader: InMemoryMetricReader) -> aijobs.OpenTelemetryMetrics:
    return aijobs.OpenTelemetryMetrics(MeterProvider([reader]))


def points(reader: InMemoryMetricReader) -> Mapping[str, Any]:
    """Return the one data point of each metric, by its name."""
    data = reader.get_metrics_data()
    assert data is not None
    [scope] = data.resource_metrics[0].scope_metrics
    assert scope.scope.name == "aijobs"
    return {metric.name: next(iter(metric.data.data_points)) for metric in scope.metrics}


def test_a_clients_run_reaches_the_meter(reader: InMemoryMetricReader, metrics: aijobs.OpenTelemetryMetrics) -> None:
    with aijobs.mock(), aijobs.Client(metrics=metrics) as client:
        client.submit("A haiku", model="gpt-5.2").wait()
    heard = points(reader)
    assert heard["aijobs_jobs_completed"].value == 1
    assert heard["aijobs_jobs_completed"].attributes == {"type": "ai_generation", "region": "eu"}
    assert heard["aijobs_jobs_in_flight"].value == 0
    assert heard["aijobs_attempt_seconds"].count == 1
    assert heard["aijobs_attempt_seconds"].explicit_bounds[0] == 0.005


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda one: one.name)
def test_every_instrument_is_heard(
    reader: InMemoryMetricReader, metrics: aijobs.OpenTelemetryMetrics, instrument: Instrument
) -> None:
    labels = dict.fromkeys(instrument.labels, "x")
    match instrument.kind:
        case Kind.COUNTER | Kind.LEVEL:
            metrics.count(instrument, labels, 2)
            assert points(reader)[instrument.name].value == 2
        case Kind.GAUGE:
            metrics.gauge(instrument, labels, 2)
            assert points(reader)[instrument.name].value == 2
        case Kind.TIMER:
            metrics.time(instrument, labels, 2.0)
            assert points(reader)[instrument.name].sum == 2
    assert points(reader)[instrument.name].attributes == labels
