"""Ten thousand rows a second: what reaches the page, how old it is there, and what it costs."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from services.jupyter import JupyterServer
from services.open_notebook import OpenNotebook

PER_SECOND = 10_000
OWNER, LATER, END = 1, 2, 3
DRAWING = {"comm_open", "comm_msg", "comm_close", "display_data", "update_display_data", "clear_output"}
COUNT = r"output.textContent.match(/([\d,]+) ?(?:of|\/) ?[\d,]+/)?.[1]"
"""What is read off the page: `1,240 of 4,000`, or `1240/4000`."""


class Flood(NamedTuple):
    """What was seen of it."""

    messages_per_second: float
    """That the kernel sent to the page."""
    age_seconds: float
    """Between a count and its being painted, for 19 of 20 paints; infinite where nothing was painted."""
    paints_per_second: float
    cpu: Mapping[str, float]
    """Cores that each thread of the kernel used, all of them under ''."""
    later: str
    """What a later cell showed that printed `later` meanwhile."""
    refused: bool
    """Whether the server dropped messages because there were too many."""


def flood_cells(bar: str, seconds: float) -> list[str]:
    """Return the cells of a flood of a bar; it is told how many rows there will be as `total`."""
    setup = f"""
        from benchmarks.notebook.bars import *
        from benchmarks.notebook.counting import *
        total = {int(PER_SECOND * seconds)}
        bar = {bar}
        work = Work(bar, per_second={PER_SECOND}, seconds={seconds})
    """
    return [
        setup,
        "bar.show()\nwork.start()",
        "print('later')",
        "work.wait()\nwork.write('flood.json')",
    ]


def flood(open_notebook: Callable[..., OpenNotebook], server: JupyterServer, bar: str, seconds: float) -> Flood:
    """Let it come, run another cell meanwhile, and return what was seen."""
    said_before = len(server.log)
    notebook = open_notebook(*flood_cells(bar, seconds))
    notebook.run(0)
    notebook.watch(OWNER, COUNT)
    before = len(notebook.iopub)
    notebook.start(OWNER)
    notebook.page.wait_for_timeout(1000 * seconds / 2)
    notebook.start(LATER)
    notebook.run(END)
    noted = json.loads((server.notebooks / "flood.json").read_text())
    began, ended = noted["times"][0][0], noted["times"][-1][0]
    notebook.wait_for(LATER)
    ages = _ages(notebook, noted["times"])
    drawn = [at for at, message in notebook.iopub[before:] if message.type in DRAWING]
    return Flood(
        messages_per_second=sum(began <= at <= ended for at in drawn) / seconds,
        age_seconds=sorted(ages)[int(0.95 * len(ages))] if ages else float("inf"),
        paints_per_second=len(ages) / seconds,
        cpu={name: used / seconds for name, used in noted["cpu_seconds"].items()},
        later=notebook.text(LATER),
        refused="rate exceeded" in server.log[said_before:],
    )


def _ages(notebook: OpenNotebook, times: Sequence[tuple[float, int]]) -> list[float]:
    counts = [done for _, done in times]
    painted = [(sight.at, int(re.sub(r"\D", "", sight.value))) for sight in notebook.seen() if sight.value]
    # A number that was never counted is another one than we look for.
    return [at - times[bisect_left(counts, done)][0] for at, done in painted if 0 < done <= counts[-1]]
