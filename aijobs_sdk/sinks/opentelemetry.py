"""Metrics for OpenTelemetry, through its API alone: the application chooses where they go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from aijobs_sdk.contract.errors import ConfigurationError
from aijobs_sdk.contract.refusal import check_kind
from aijobs_sdk.engine.metrics import BUCKETS_SECONDS, INSTRUMENTS, Instrument, Kind

try:
    from opentelemetry.metrics import Counter, Histogram, MeterProvider, UpDownCounter, get_meter
    from opentelemetry.metrics import _Gauge as Gauge  # public by its `__all__`; it has no other name yet
except ModuleNotFoundError as missing:
    raise ConfigurationError(
        "OpenTelemetryMetrics needs opentelemetry-api: pip install 'aijobs-sdk[otel]'."
    ) from missing


class OpenTelemetryMetrics:
    """Hands the numbers to a meter named `aijobs` of the provider given, or of the application's own."""

    def __init__(self, meter_provider: MeterProvider | None = None) -> None:
        check_kind("meter_provider", meter_provider, MeterProvider, "a `MeterProvider` of OpenTelemetry")
        meter = get_meter("aijobs", meter_provider=meter_provider)
        self._counters: dict[Instrument, Counter | UpDownCounter] = {}
        self._gauges: dict[Instrument, Gauge] = {}
        self._timers: dict[Instrument, Histogram] = {}
        for one in INSTRUMENTS:
            match one.kind:
                case Kind.COUNTER:
                    self._counters[one] = meter.create_counter(one.name, description=one.about)
                case Kind.LEVEL:
                    self._counters[one] = meter.create_up_down_counter(one.name, description=one.about)
                case Kind.GAUGE:
                    self._gauges[one] = meter.create_gauge(one.name, description=one.about)
                case Kind.TIMER:
                    self._timers[one] = meter.create_histogram(
                        one.name,
                        unit="s",
                        description=one.about,
                        explicit_bucket_boundaries_advisory=BUCKETS_SECONDS,
                    )
                case _:
                    assert_never(one.kind)

    def count(self, instrument: Instrument, labels: Mapping[str, str], by: int = 1) -> None:
        """Add to a counter or a level."""
        self._counters[instrument].add(by, labels)

    def gauge(self, instrument: Instrument, labels: Mapping[str, str], value: float) -> None:
        """Set a gauge."""
        self._gauges[instrument].set(value, labels)

    def time(self, instrument: Instrument, labels: Mapping[str, str], seconds: float) -> None:
        """Take in one duration."""
        self._timers[instrument].record(seconds, labels)
