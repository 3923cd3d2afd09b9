"""The table that every benchmark prints: us, the peer, the ratio."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from typing import NamedTuple


class Measure(NamedTuple):
    """What both sides are measured by."""

    name: str
    """With its unit: `burst, jobs/s`."""
    target: float | None = None
    """What we promise."""
    more_is_better: bool = False

    def best(self, rounds: Iterable[float]) -> float:
        """Return the round that other work on the machine disturbed least."""
        return max(rounds) if self.more_is_better else min(rounds)


class Row(NamedTuple):
    """One comparison; a figure is None where nothing was measured."""

    measure: Measure
    ours: float | None
    peer: str
    theirs: float | None

    @property
    def ratio(self) -> float | None:
        """How many times better we are: above 1 we lead, below 1 the peer does."""
        if not self.theirs or not self.ours:
            return None
        return self.ours / self.theirs if self.measure.more_is_better else self.theirs / self.ours


def compare(measure: Measure, ours: float, peers: Mapping[str, float]) -> Iterator[Row]:
    """Yield a row for our target, if there is one, and a row for each peer by its name; one for us where neither is."""
    if measure.target is None and not peers:
        yield Row(measure, ours, "", None)
    if measure.target is not None:
        yield Row(measure, ours, "target", measure.target)
    for peer, theirs in peers.items():
        yield Row(measure, ours, peer, theirs)


def not_installed(packages: Iterable[str]) -> Iterator[Row]:
    """Yield a row for each of these packages that cannot be measured here."""
    for package in dict.fromkeys(packages):
        if not find_spec(package):
            yield Row(Measure(package), None, f"not installed (pip install {package})", None)


def print_machine() -> None:
    """Print what the figures hang on."""
    load = os.getloadavg()[0]
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load:.1f} before the first measurement")


def print_table(title: str, rows: Iterable[Row]) -> None:
    """Print the rows under their title, each as soon as it is known."""
    print(f"\n{title}\n{'':34}{'us':>10}{'peer':>10}{'ratio':>8}", flush=True)
    above = None
    for row in rows:
        name, ours = ("", "") if row.measure == above else (row.measure.name, _figure(row.ours))
        above = row.measure
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        print(f"{name:34}{ours:>10}{_figure(row.theirs):>10}{ratio:>8}  {row.peer}".rstrip(), flush=True)


def _figure(value: float | None) -> str:
    if value is None:
        return ""
    whole = value == int(value) or value >= 100  # noqa: PLR2004 - beyond three digits nothing repeats
    return f"{value:,.0f}" if whole else f"{value:.2f}"
