"""What `import aijobs_sdk` costs over a bare interpreter, and what it loads."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from statistics import median

from benchmarks.effort import Effort, asked_effort
from benchmarks.fresh_process import output_of, time_each
from benchmarks.table import Measure, Row, compare, not_installed, print_machine, print_table

TITLE = "Import, over a bare interpreter"
LEAST = Measure("least, ms", target=30)
MEDIAN = Measure("median, ms", target=30)
LOADED = Measure("heavy modules loaded")
PACKAGE = "aijobs_sdk"
PEERS = ("huggingface_hub", "fal_client", "openai", "anthropic")
HEAVY = ("anyio", "duckdb", "httpx", "pydantic")


def rows(effort: Effort) -> Iterator[Row]:
    """Import us and the peers in turn."""
    present = [package for package in (PACKAGE, *PEERS) if find_spec(package)]
    times = time_each({"bare": "pass"} | {package: f"import {package}" for package in present}, effort)
    for measure, of in ((LEAST, min), (MEDIAN, median)):
        bare = of(times["bare"])
        cost = {package: of(times[package]) - bare for package in present}
        yield from compare(measure, cost.pop(PACKAGE), cost)
    loaded = output_of(f"import sys, {PACKAGE}; print(*sys.modules)").split()
    yield from compare(LOADED, len(set(HEAVY) & set(loaded)), {f"allowed of {', '.join(HEAVY)}": 0})
    yield from not_installed(PEERS)


if __name__ == "__main__":
    print_machine()
    print_table(TITLE, rows(asked_effort()))
