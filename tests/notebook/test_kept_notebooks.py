"""A notebook that a program ran and another converted still says how its batch ended, with nobody to ask for more."""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, Route

from services.chromium import running_chromium

pytestmark = pytest.mark.timeout(600)  # the first of these tests may install the browser

BATCH = """
import aijobs_sdk as aijobs
aijobs.set_display({display!r})
kinds = ["secret", "broken", "<b>good</b>", "good & cheap"]
rows = [{{"q": f"Question {{n}}: {{kinds[n % 4]}}"}} for n in range(40)]
with aijobs.mock(seed=7) as sim:
    sim.on().do(aijobs.ok())
    sim.on(prompt="*secret*").do(aijobs.fail("content_filter"))
    sim.on(prompt="*broken*").do(aijobs.fail(400))
    batch = aijobs.Client().batch(rows, prompt="{{q}}", model="gpt-5.2")
    results = batch.run()
"""
TOLD = """
now, causes = batch.progress, batch.failures.by_cause()
counts = [f"{now.finished} of {now.total}", f"{now.failed} failed", f"{now.credits:.2f}"]
[*counts, *(f"{one.count} x {one.code}" for one in causes)]
"""


def executed(display: str) -> Any:
    """Return a notebook with a batch of which some rows failed, as nbclient leaves it."""
    cells = [
        nbformat.v4.new_code_cell(source)  # type: ignore[no-untyped-call]
        for source in (BATCH.format(display=display), TOLD)
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=60).execute()
    return notebook


@pytest.fixture(scope="module")
def notebook() -> Any:
    return executed("auto")


@pytest.fixture(scope="module")
def widgets() -> Any:
    return executed("widget")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


def only_files(route: Route) -> None:
    """Let nothing come from anywhere but this machine's disk."""
    if route.request.url.startswith("file:"):
        route.continue_()
    else:
        route.abort()


def shown_without_a_network(browser: Browser, path: Path) -> str:
    """Return the text that a reader sees of the first output."""
    page = browser.new_context().new_page()
    page.route("**/*", only_files)
    page.goto(path.as_uri(), wait_until="domcontentloaded")
    return page.locator(".jp-OutputArea-output").first.inner_text()


def facts(notebook: Any) -> list[str]:
    """Return what the batch says of itself: counts, credits, and each cause."""
    said: list[str] = literal_eval(notebook.cells[1].outputs[0]["data"]["text/plain"])
    return said


def test_the_page_it_is_converted_to_says_all_of_it(notebook: Any, browser: Browser, tmp_path: Path) -> None:
    page, _ = HTMLExporter().from_notebook_node(notebook)  # type: ignore[no-untyped-call]
    path = tmp_path / "kept.html"
    path.write_text(page)
    text = shown_without_a_network(browser, path)
    assert len(facts(notebook)) == 5
    assert [fact for fact in facts(notebook) if fact not in text] == []


def test_the_file_says_all_of_it_in_text(notebook: Any) -> None:
    [shown] = notebook.cells[0].outputs
    assert [fact for fact in facts(notebook) if fact not in shown["data"]["text/plain"]] == []


@pytest.mark.parametrize("display", ["notebook", "widgets"])
def test_no_widget_is_left_in_the_file(display: str, request: pytest.FixtureRequest) -> None:
    left = request.getfixturevalue(display)
    [shown] = left.cells[0].outputs
    assert shown["data"].keys() == {"text/html", "text/plain"}
    assert "widgets" not in left.metadata
