"""Draws `docs/panel_*.png`: what a batch and a job show in JupyterLab, as they run and at the end, in light and dark.

`PYTHONPATH=. python docs/draw_panels.py`
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from services.chromium import running_chromium
from services.jupyter import running_jupyter
from services.open_notebook import Interface, OpenNotebook, Theme
from services.opening import notebook_of

HERE = Path(__file__).parent
SETUP = """
    import aijobs_sdk as aijobs
    world = aijobs.mock(seed=7, profile="typical", clock="real")
    sim = world.__enter__()  # for all cells
    sim.on(prompt="*harbour 1?3*").do(aijobs.fail("content_filter"))
    sim.on(prompt="*harbour 2?[24]*").do(aijobs.fail("context_too_long"))
    sim.on(prompt="*harbour 31*").do(aijobs.fail("content_filter"))
    client = aijobs.Client()
    harbours = [{"place": f"harbour {n}"} for n in range(400)]
    batch = client.batch(
        harbours, prompt="Describe {place} in a line.", model="gpt-5.2", name="harbours",
        concurrency=40, max_tokens=60, budget=60,
    )
"""
CELLS = (SETUP, "batch.run(); None", 'client.submit("Write about rivers", model="claude-sonnet-4.5").show()')
BATCH, JOB = 1, 2


def draw(notebook: OpenNotebook, cell: int, name: str) -> None:
    """Draw what is below a cell, in both themes."""
    for theme in (Theme.LIGHT, Theme.DARK):
        notebook.switch_to(theme)
        notebook.page.wait_for_timeout(400)
        shown = notebook.output(cell).locator(".jp-OutputArea-output").first
        shown.screenshot(path=HERE / f"panel_{name}_{theme.name.lower()}.png")


def wait_for_text(notebook: OpenNotebook, cell: int, is_there: Callable[[str], bool]) -> None:
    """Wait until what can be read below a cell is what is waited for."""
    notebook.wait_until(lambda: is_there(notebook.text(cell)))


if __name__ == "__main__":
    with running_jupyter() as server, running_chromium() as browser:
        (server.notebooks / "panels.ipynb").write_text(notebook_of(CELLS))
        notebook = OpenNotebook(browser, server, "panels.ipynb", Interface.LAB, pixel_ratio=1.5)
        notebook.run(0)
        notebook.start(BATCH)
        wait_for_text(notebook, BATCH, lambda text: "44 %" in text)
        notebook.output(BATCH).locator("summary").click()
        draw(notebook, BATCH, "batch_running")
        notebook.wait_for(BATCH)
        draw(notebook, BATCH, "batch_final")
        notebook.run(JOB)
        wait_for_text(notebook, JOB, lambda text: "\n" in text and "%" in text)
        notebook.page.wait_for_timeout(4000)
        draw(notebook, JOB, "job_running")
        wait_for_text(notebook, JOB, lambda text: "finished" in text)
        draw(notebook, JOB, "job_final")
