"""A page without widgets: one output, in the cell that showed it first, whoever draws later."""

from __future__ import annotations

from collections.abc import Iterator

import nbformat
import pytest
from nbclient import NotebookClient

from panels.kernel import Kernel, running_kernel

SHOWN = """
import threading
from aijobs_sdk.notebook.snapshot import Phase
from aijobs_sdk.notebook.surfaces.html import HtmlSurface
from panels.views import batch_view
surface = HtmlSurface()
surface.draw(batch_view())
thread = threading.Thread(target=lambda: surface.finish(batch_view(phase=Phase.FINISHED)))
"""


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    with running_kernel() as kernel:
        yield kernel


def test_it_is_shown_once_and_replaced_from_then_on(kernel: Kernel) -> None:
    shown, replaced = kernel.run(f"{SHOWN}\nsurface.finish(batch_view(phase=Phase.FINISHED))")
    assert (shown.kind, replaced.kind) == ("display_data", "update_display_data")
    assert shown.display_id == replaced.display_id
    assert shown.content["data"].keys() == replaced.content["data"].keys() == {"text/html", "text/plain"}


def test_two_of_them_are_two_outputs(kernel: Kernel) -> None:
    one, other = kernel.run(f"{SHOWN}\nHtmlSurface().draw(batch_view())")
    assert one.display_id != other.display_id


def test_what_a_thread_draws_stands_where_it_was_shown() -> None:
    cells = [
        nbformat.v4.new_code_cell(source)  # type: ignore[no-untyped-call]
        for source in (SHOWN, "print('a line of the later cell')\nthread.start()\nthread.join()")
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": "tests"}}).execute()
    [shown], [printed] = (cell.outputs for cell in cells)
    assert "· finished ·" in shown["data"]["text/html"]
    assert printed["text"] == "a line of the later cell\n"
