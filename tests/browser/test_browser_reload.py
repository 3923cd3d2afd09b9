"""A notebook that is saved and loaded again while it runs, and after that: check 6 of the notebook's numbers."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

import pytest

from benchmarks.notebook.flood import COUNT
from services.jupyter import JupyterServer
from services.open_notebook import OpenNotebook
from services.opening import Open

RELOADS = 10 if "AIJOBS_TORTURE" in os.environ else 3
MOST_SECONDS_TO_LIVE = 10
"""All but the slowest: beside other tests one of them may wait for its turn."""

COUNTING = """
    from benchmarks.notebook.counting import Counting, Work
    counting = Counting(total=1_000_000)
    work = Work(counting, per_second=100, seconds={seconds})
"""
SHOW = "work.start(); counting.show()"
END_UNSEEN = """
    import threading, time
    from pathlib import Path
    from aijobs_sdk.notebook.hub import hub

    def end():
        while not Path("nobody_looks").exists():
            time.sleep(0.05)
        counting.close()
        hub.look_now(counting)
        Path("it_is_over").touch()

    threading.Thread(target=end, daemon=True).start()
"""
OF_A_WIDGET = re.compile("widget|model", re.IGNORECASE)
"""Notebook 7 complains of itself, whatever is in the notebook."""
LEFT = "from ipywidgets.widgets.widget import _instances; print(len(_instances))"

pytestmark = pytest.mark.timeout(600)  # the first of these tests may install the browser


class Back(NamedTuple):
    """A page that lives again."""

    rows: int
    seconds: float


def counts(notebook: OpenNotebook) -> list[int]:
    return [int(re.sub(r"\D", "", sight.value)) for sight in notebook.seen() if sight.value]


def loaded_again(notebook: OpenNotebook) -> Back:
    notebook.reload()
    notebook.watch(1, COUNT)
    notebook.wait_until(lambda: len(counts(notebook)) > 1)
    began = notebook.page.evaluate("performance.timeOrigin / 1000")
    return Back(counts(notebook)[0], notebook.seen()[-1].at - began)


def assert_it_lasts(notebook: OpenNotebook) -> None:
    """Hold both the page and the saved file against what is to stand there at the end."""
    notebook.wait_for_text(1, "finished")
    notebook.output(1).locator("table").wait_for()
    (saved,) = notebook.save()["cells"][1]["outputs"]
    assert set(saved["data"]) == {"text/html", "text/plain"}
    assert "finished" in saved["data"]["text/plain"]
    assert "widgets" not in notebook.save()["metadata"]


def test_it_goes_on_where_it_was_and_at_the_end_what_lasts_stands_there(open_notebook: Open) -> None:
    notebook = open_notebook(COUNTING.format(seconds=600), SHOW, "counting.close()")
    notebook.run(0)
    notebook.run(1)
    notebook.output(1).get_by_role("button", name="Cancel").wait_for()
    notebook.save()

    back = [loaded_again(notebook) for _ in range(RELOADS)]
    notebook.run(2)

    assert_it_lasts(notebook)
    assert [page.rows for page in back] == sorted(page.rows for page in back)
    assert sorted(page.seconds for page in back)[-2] <= MOST_SECONDS_TO_LIVE
    assert [said for said in notebook.console if OF_A_WIDGET.search(said)] == []


def test_after_a_restart_of_the_kernel_nothing_is_said_to_go_on(open_notebook: Open) -> None:
    notebook = open_notebook(COUNTING.format(seconds=600), SHOW)
    notebook.run(0)
    notebook.run(1)
    notebook.output(1).get_by_role("button", name="Cancel").wait_for()
    notebook.restart()

    panel = notebook.output(1).locator(".aijobs-panel.lost")
    panel.wait_for()
    assert panel.get_by_role("button").count() == 0
    assert panel.locator("[data-of=rate]:visible, [data-of=left]:visible").count() == 0


def test_what_ended_while_nobody_looked_stands_there_when_the_notebook_is_opened_again(
    open_notebook: Open, jupyter: JupyterServer
) -> None:
    notebook = open_notebook(COUNTING.format(seconds=600), SHOW, LEFT, END_UNSEEN)
    notebook.run(0)
    notebook.run(1)
    notebook.output(1).get_by_role("button", name="Cancel").wait_for()
    notebook.run(3)
    notebook.save()
    notebook.leave()
    (jupyter.notebooks / "nobody_looks").touch()
    notebook.wait_until((jupyter.notebooks / "it_is_over").exists)
    notebook.come_back()

    assert_it_lasts(notebook)
    assert notebook.run(2) == "0"
