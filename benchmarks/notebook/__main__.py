"""Measure bars on a real page: `python -m benchmarks.notebook [--seconds N]`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

from playwright.sync_api import Browser

from benchmarks.notebook.checks import MANY, is_kept, leftovers, lives_again, strays
from benchmarks.notebook.flood import Flood, flood
from benchmarks.table import Measure, Row, compare, print_machine, print_table
from services.chromium import running_chromium
from services.jupyter import JupyterServer, running_jupyter
from services.opening import Open, opening

T = TypeVar("T")
TITLE = "Bars in JupyterLab 4, one run each; 0 or 1: 1 is yes"
PEERS_PYTHON = os.environ.get("AIJOBS_PEERS_PYTHON", sys.executable)
"""An interpreter that has JupyterLab, this project with its notebook extra, and the peers."""
REPOSITORY = Path(__file__).parents[2]


class Peer(NamedTuple):
    """A bar, and what has to be installed for it."""

    bar: str
    package: str


TASKS_OF_ITS_OWN = "dask"
"""It does not count our rows: nobody can say how old what it paints is."""
OURS, NOTHING = "Counting(total)", "Nothing()"
PEERS = {
    "tqdm.notebook": Peer("Tqdm(total)", "tqdm"),
    "rich": Peer("Rich(total)", "rich"),
    "transformers": Peer("Transformers(total)", "transformers"),
    "dask": Peer("Dask(total)", "distributed"),
}


class Bench(NamedTuple):
    """Where all of it is measured."""

    server: JupyterServer
    browser: Browser
    seconds: float


def rows(bench: Bench) -> Iterator[Row]:
    """Measure ours and every peer that is installed."""
    peers = {name: peer.bar for name, peer in PEERS.items() if _is_installed(peer.package)}
    yield from _floods(bench, peers)

    def each(measure: Callable[[Open, str], float]) -> tuple[float, dict[str, float]]:
        return _on_page(bench, measure, OURS), {name: _on_page(bench, measure, bar) for name, bar in peers.items()}

    left = {name: _on_page(bench, leftovers, bar) for name, bar in {"": OURS, **peers}.items()}
    for at, measure in enumerate((Measure(f"{MANY} that are over: widgets left", 0), Measure("    MB left", 5))):
        yield from compare(measure, left[""][at], {name: left[name][at] for name in peers})
    yield from compare(Measure("page loaded again: it goes on", 1, more_is_better=True), *each(lives_again))
    kept = Measure("converted: final count is read", 1, more_is_better=True)
    yield from compare(kept, *each(lambda open_it, bar: is_kept(open_it, bench.browser, bar)))
    yield from compare(Measure("outputs in other cells, of 4", 0), *each(strays))
    for name in PEERS.keys() - peers.keys():
        yield Row(Measure(name), None, f"not installed (pip install {PEERS[name].package})", None)


def _floods(bench: Bench, peers: dict[str, str]) -> Iterator[Row]:
    def measured(open_it: Open, bar: str) -> Flood:
        return flood(open_it, bench.server, bar, bench.seconds)

    floods = {name: _on_page(bench, measured, bar) for name, bar in {"": OURS, NOTHING: NOTHING, **peers}.items()}
    counting = floods.pop(NOTHING).cpu[""]
    measures: dict[Measure, Callable[[Flood], float]] = {
        Measure("10,000 rows/s: messages/s", 11): lambda seen: seen.messages_per_second,
        Measure("    paints/s", more_is_better=True): lambda seen: seen.paints_per_second,
        Measure("    more CPU than counting, %", 3): lambda seen: 100 * (seen.cpu[""] - counting),
        Measure("    a later print arrives", 1, more_is_better=True): lambda seen: seen.later == "later",
        Measure("    messages were dropped", 0): lambda seen: seen.refused,
    }
    for measure, figure in measures.items():
        yield from compare(measure, figure(floods[""]), {name: figure(floods[name]) for name in peers})
    ages = {name: 1000 * seen.age_seconds for name, seen in floods.items() if seen.paints_per_second}
    own = ages.pop("")
    ages.pop(TASKS_OF_ITS_OWN, None)
    yield from compare(Measure("    age when painted, ms, p95", 150), own, ages)


def _on_page(bench: Bench, measure: Callable[[Open, str], T], bar: str) -> T:
    with opening(bench.browser, bench.server) as open_it:
        return measure(open_it, bar)


def _is_installed(package: str) -> bool:
    return not subprocess.run([PEERS_PYTHON, "-c", f"import {package}"], capture_output=True, check=False).returncode


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(
        description="Measure bars in JupyterLab, and print a table: us, the peer, the ratio."
    )
    parser.add_argument("--seconds", type=float, default=30, help="how long 10,000 rows a second come")
    seconds = parser.parse_args().seconds
    print_machine()
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with running_jupyter(environment, python=PEERS_PYTHON) as server, running_chromium() as browser:
        print_table(TITLE, rows(Bench(server, browser, seconds)))


if __name__ == "__main__":
    main()
