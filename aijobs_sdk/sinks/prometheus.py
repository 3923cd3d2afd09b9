"""Metrics for Prometheus, under their own names; counters end in `_total`, as the library has them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import NamedTuple, TypeVar, assert_never
from weakref import WeakKeyDictionary

from aijobs_sdk.contract.errors import ConfigurationError
from aijobs_sdk.contract.refusal import check_kind
from aijobs_sdk.engine.metrics import BUCKETS_SECONDS, INSTRUMENTS, Instrument, Kind

try:
    from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
except ModuleNotFoundError as missing:
    raise ConfigurationError(
        "PrometheusMetrics needs prometheus-client: pip install 'aijobs-sdk[prometheus]'."
    ) from missing

C = TypeVar("C", Counter, Gauge, Histogram)


class PrometheusMetrics:
    """Keeps the numbers in a registry, by default the one that `prometheus_client.start_http_server()` shows.

    Several of them on one registry add up.
    """

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        check_kind("registry", registry, CollectorRegistry, "a `prometheus_client.CollectorRegistry`")
        self._collectors = _collectors_of(registry)

    def count(self, instrument: Instrument, labels: Mapping[str, str], by: int = 1) -> None:
        """Add to a counter or a level."""
        if instrument.kind is Kind.LEVEL:
            _with(labels, self._collectors.gauges[instrument]).inc(by)
        else:
            _with(labels, self._collectors.counters[instrument]).inc(by)

    def gauge(self, instrument: Instrument, labels: Mapping[str, str], value: float) -> None:
        """Set a gauge."""
        _with(labels, self._collectors.gauges[instrument]).set(value)

    def time(self, instrument: Instrument, labels: Mapping[str, str], seconds: float) -> None:
        """Take in one duration."""
        _with(labels, self._collectors.timers[instrument]).observe(seconds)


class _Collectors(NamedTuple):
    counters: Mapping[Instrument, Counter]
    gauges: Mapping[Instrument, Gauge]
    timers: Mapping[Instrument, Histogram]


_known: WeakKeyDictionary[CollectorRegistry, _Collectors] = WeakKeyDictionary()
"""A registry takes each name once, and a notebook's cell is run again."""
_making = threading.Lock()


def _collectors_of(registry: CollectorRegistry) -> _Collectors:
    with _making:
        if registry not in _known:
            _known[registry] = _new_collectors(registry)
        return _known[registry]


def _new_collectors(registry: CollectorRegistry) -> _Collectors:
    counters: dict[Instrument, Counter] = {}
    gauges: dict[Instrument, Gauge] = {}
    timers: dict[Instrument, Histogram] = {}
    for one in INSTRUMENTS:
        match one.kind:
            case Kind.COUNTER:
                counters[one] = Counter(one.name, one.about, one.labels, registry=registry)
            case Kind.LEVEL | Kind.GAUGE:
                gauges[one] = Gauge(one.name, one.about, one.labels, registry=registry)
            case Kind.TIMER:
                timers[one] = Histogram(one.name, one.about, one.labels, registry=registry, buckets=BUCKETS_SECONDS)
            case _:
                assert_never(one.kind)
    return _Collectors(counters, gauges, timers)


def _with(labels: Mapping[str, str], collector: C) -> C:
    return collector.labels(**labels) if labels else collector
