"""What is left of a bar: in the kernel, on a page that is loaded again, in a converted notebook, and in other cells."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence

from nbconvert import HTMLExporter
from playwright.sync_api import Browser
from playwright.sync_api import TimeoutError as PageTimeoutError

from benchmarks.notebook.flood import COUNT
from services.open_notebook import OpenNotebook
from services.opening import Open

PATIENCE_MILLISECONDS = 10_000
MANY = 200
ROWS = 200
TELL = "import json; print(json.dumps(left))"
_COUNTED = re.compile(r"([\d,]+) ?(?:of|/) ?[\d,]+")


def _cells(bar: str, seconds: float, *more: str) -> Sequence[str]:
    setup = f"""
        from benchmarks.notebook.bars import *
        from benchmarks.notebook.counting import *
        total = {ROWS}
        bar = {bar}
        work = Work(bar, per_second=100, seconds={seconds})
    """
    return [setup, "bar.show()\nwork.start()", *more]


def leftovers(open_notebook: Open, bar: str) -> tuple[int, float]:
    """Return how many widgets, and megabytes, 200 leave behind that were shown and are over."""
    setup = """
        from benchmarks.notebook.bars import *
        from benchmarks.notebook.leftovers import leave_behind
        total = 1
    """
    notebook = open_notebook(
        setup, f"left = leave_behind(lambda: {bar}, {MANY})", "import json; print(json.dumps(left))"
    )
    notebook.run(0)
    notebook.run(1)
    widgets, megabytes = json.loads(notebook.run(2))
    return widgets, megabytes


def lives_again(open_notebook: Open, bar: str) -> bool:
    """Return whether it still counts on a page that was saved, and loaded again while it ran."""
    notebook = open_notebook(*_cells(bar.replace("total", "100_000"), 40))
    notebook.run(0)
    notebook.run(1)
    notebook.page.wait_for_timeout(1500)
    notebook.save()
    notebook.reload()
    notebook.watch(1, COUNT)
    try:
        notebook.page.wait_for_function(
            "() => new Set(window.seen.map(sight => sight[1]).filter(Boolean)).size > 1", timeout=PATIENCE_MILLISECONDS
        )
    except PageTimeoutError:
        return False
    return True


def is_kept(open_notebook: Open, browser: Browser, bar: str) -> bool:
    """Return whether the final count is read in the notebook, saved and converted, by who has no kernel or network."""
    notebook = open_notebook(*_cells(bar, ROWS / 100 + 0.5, "work.wait()"))
    _run_all(notebook, 3)
    notebook.page.wait_for_timeout(1000)
    exporter = HTMLExporter(exclude_input=True)  # type: ignore[no-untyped-call]
    page, _ = exporter.from_file(io.StringIO(json.dumps(notebook.save())))
    context = browser.new_context(offline=True)
    opened = context.new_page()
    opened.set_content(page)
    opened.wait_for_timeout(2000)
    read = _COUNTED.findall(opened.inner_text("body"))
    context.close()
    return bool(read) and int(read[-1].replace(",", "")) >= ROWS


def strays(open_notebook: Open, bar: str) -> int:
    """Return how many later cells show something else than their own while it counts."""
    notebook = open_notebook(*_cells(bar, 2, "print('second')", "print('third')", "work.wait()", "print('last')"))
    _run_all(notebook, 6)
    return sum(notebook.text(cell) != own for cell, own in ((2, "second"), (3, "third"), (4, ""), (5, "last")))


def _run_all(notebook: OpenNotebook, cells: int) -> None:
    for cell in range(cells):
        notebook.run(cell)
