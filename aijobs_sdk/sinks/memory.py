"""Metrics kept in memory: for tests, and for a look from a notebook."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping

from aijobs_sdk.engine.metrics import Instrument

_Labels = frozenset[tuple[str, str]]


class InMemoryMetrics:
    """Keeps what it is told. Ask by an instrument's name, and by as many labels as matter: the rest is added up."""

    def __init__(self) -> None:
        self._values: defaultdict[str, dict[_Labels, float]] = defaultdict(dict)
        self._seconds: defaultdict[str, list[tuple[_Labels, float]]] = defaultdict(list)
        self._using = (
            threading.Lock()
        )  # clients of one process run in threads of their own, and whoever looks in another

    def count(self, instrument: Instrument, labels: Mapping[str, str], by: int = 1) -> None:
        """Add to a counter or a level."""
        with self._using:
            values, key = self._values[instrument.name], frozenset(labels.items())
            values[key] = values.get(key, 0) + by

    def gauge(self, instrument: Instrument, labels: Mapping[str, str], value: float) -> None:
        """Set a gauge."""
        with self._using:
            self._values[instrument.name][frozenset(labels.items())] = value

    def time(self, instrument: Instrument, labels: Mapping[str, str], seconds: float) -> None:
        """Take in one duration."""
        with self._using:
            self._seconds[instrument.name].append((frozenset(labels.items()), seconds))

    def value(self, name: str, **labels: str) -> float:
        """Return what a counter, a level or a gauge stands at; 0 where nothing was told."""
        wanted = labels.items()
        with self._using:
            return sum(value for key, value in self._values[name].items() if wanted <= key)

    def seconds(self, name: str, **labels: str) -> list[float]:
        """Return the durations that a timer took in, oldest first."""
        wanted = labels.items()
        with self._using:
            return [seconds for key, seconds in self._seconds[name] if wanted <= key]

    def label_values(self) -> set[str]:
        """Return every value that any label has had."""
        with self._using:
            keys = [key for values in self._values.values() for key in values]
            keys += [key for timed in self._seconds.values() for key, _ in timed]
        return {value for key in keys for _, value in key}
