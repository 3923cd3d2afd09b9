"""From a cold interpreter to the first simulated result."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from statistics import median

from benchmarks.effort import Effort, asked_effort
from benchmarks.fresh_process import time_each
from benchmarks.table import Measure, Row, compare, not_installed, print_machine, print_table

TITLE = "First result, from the start of the interpreter; the peers' clients are made and asked for nothing"
LEAST = Measure("least, ms", target=500)
MEDIAN = Measure("median, ms", target=500)
OURS = "aijobs_sdk"
STATEMENTS = {
    OURS: "import aijobs_sdk as aijobs; aijobs.Client().submit('hi', model='gpt-5.2').result()",
    "fal_client": "import fal_client; fal_client.SyncClient(key='none')",
    "openai": "import openai; openai.OpenAI(api_key='none')",
}


def rows(effort: Effort) -> Iterator[Row]:
    """Measure us and the peers in turn."""
    present = {package: statement for package, statement in STATEMENTS.items() if find_spec(package)}
    times = time_each(present, effort)
    for measure, of in ((LEAST, min), (MEDIAN, median)):
        taken = {package: of(samples) for package, samples in times.items()}
        yield from compare(measure, taken.pop(OURS), taken)
    yield from not_installed(STATEMENTS)


if __name__ == "__main__":
    print_machine()
    print_table(TITLE, rows(asked_effort()))
