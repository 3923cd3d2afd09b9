"""Prometheus hears it, through its own library."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, generate_latest

import aijobs_sdk as aijobs
from aijobs_sdk.engine.metrics import INSTRUMENTS, Instrument, Kind


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def test_a_clients_run_is_on_the_page_that_prometheus_reads(registry: CollectorRegistry) -> None:
    with aijobs.mock(), aijobs.Client(metrics=aijobs.PrometheusMetrics(registry)) as client:
        client.submit("A haiku", model="gpt-5.2").wait()
    page = generate_latest(registry).decode()
    assert 'aijobs_jobs_completed_total{region="eu",type="ai_generation"} 1.0' in page
    assert 'aijobs_provider_calls_total{outcome="ok",provider="openai",region="eu"} 1.0' in page
    assert 'aijobs_jobs_in_flight{type="ai_generation"} 0.0' in page
    assert 'aijobs_attempt_seconds_bucket{le="0.5",outcome="completed",region="eu",type="ai_generation"} 1.0' in page


def test_two_on_one_registry_add_up(registry: CollectorRegistry) -> None:
    with aijobs.mock():
        for _ in range(2):
            with aijobs.Client(metrics=aijobs.PrometheusMetrics(registry)) as client:
                client.submit(type="test_job", payload={}).wait()
    assert registry.get_sample_value("aijobs_jobs_accepted_total", {"type": "test_job"}) == 2
    assert registry.get_sample_value("aijobs_concurrency") == 0


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda one: one.name)
def test_every_instrument_is_heard(registry: CollectorRegistry, instrument: Instrument) -> None:
    metrics = aijobs.PrometheusMetrics(registry)
    labels = dict.fromkeys(instrument.labels, "x")
    match instrument.kind:
        case Kind.COUNTER:
            metrics.count(instrument, labels, 3)
            assert registry.get_sample_value(f"{instrument.name}_total", labels) == 3
        case Kind.LEVEL:
            metrics.count(instrument, labels, 3)
            metrics.count(instrument, labels, -1)
            assert registry.get_sample_value(instrument.name, labels) == 2
        case Kind.GAUGE:
            metrics.gauge(instrument, labels, 2)
            assert registry.get_sample_value(instrument.name, labels) == 2
        case Kind.TIMER:
            metrics.time(instrument, labels, 2.0)
            assert registry.get_sample_value(f"{instrument.name}_sum", labels) == 2
