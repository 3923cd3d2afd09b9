"""The widget in a real kernel: what it publishes, what it hears while a cell blocks, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from panels.kernel import Kernel, Message, running_kernel

VIEW = "application/vnd.jupyter.widget-view+json"
PAGE = {"text/html", "text/plain"}
SETUP = """
    import threading
    from ipywidgets.widgets.widget import _instances
    from aijobs_sdk.notebook.surfaces.widget.surface import WidgetSurface
    from panels.views import Phase, batch_view
    from panels.watched import Noting
"""

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def shared_kernel() -> Iterator[Kernel]:
    with running_kernel() as kernel:
        kernel.run(SETUP)
        yield kernel


@pytest.fixture
def kernel(shared_kernel: Kernel) -> Kernel:
    """One that has something to show."""
    shared_kernel.run("watched = Noting(); surface = WidgetSurface(watched); kept = set(_instances)")
    return shared_kernel


def draw(kernel: Kernel) -> Message:
    """Draw for the first time; return what came below the cell."""
    return next(one for one in kernel.run("surface.draw(batch_view())") if one.kind == "display_data")


def model_of(output: Message) -> str:
    return str(output.content["data"][VIEW]["model_id"])


def say_in_turn(kernel: Kernel, model: str, words: list[str]) -> None:
    for word in words:
        kernel.say(model, {"op": word})


def test_what_comes_below_the_cell_is_a_widget_a_page_and_text(kernel: Kernel) -> None:
    data = draw(kernel).content["data"]

    assert set(data) == {VIEW, *PAGE}
    assert "1,240 of 4,000" in data["text/html"]
    assert "1,240 of 4,000 rows" in data["text/plain"]


def test_a_view_is_one_message(kernel: Kernel) -> None:
    model = model_of(draw(kernel))
    published = kernel.run("surface.draw(batch_view(completed=1300))")

    assert [(one.kind, one.content["comm_id"]) for one in published] == [("comm_msg", model)]
    assert set(published[0].content["data"]["state"]) == {"view"}


def test_what_a_page_is_sent_is_text(kernel: Kernel) -> None:
    draw(kernel)
    published = kernel.run("surface.draw(batch_view(title='<img src=x onerror=alert(1)>'))")

    assert published[0].content["data"]["state"]["view"]["title"] == "<img src=x onerror=alert(1)>"


def test_the_end_takes_the_widget_out_of_the_notebook_and_out_of_the_kernel(kernel: Kernel) -> None:
    output = draw(kernel)
    published = kernel.run("surface.finish(batch_view(phase=Phase.FINISHED)); it = set(_instances) - kept")

    assert [one.kind for one in published] == ["update_display_data", "comm_close", "comm_close"]
    assert published[0].display_id == output.display_id
    assert set(published[0].content["data"]) == PAGE
    assert kernel.value() == "set()"


def test_an_end_that_a_thread_draws_replaces_what_the_cell_showed(kernel: Kernel) -> None:
    output = draw(kernel)
    published = kernel.run("""
        thread = threading.Thread(target=surface.finish, args=[batch_view(phase=Phase.FINISHED)])
        thread.start(); thread.join()
    """)

    assert [one.display_id for one in published if one.kind == "update_display_data"] == [output.display_id]
    assert {one.kind for one in published} == {"update_display_data", "comm_close"}


def test_what_is_over_already_makes_no_widget(kernel: Kernel) -> None:
    published = kernel.run("surface.finish(batch_view(phase=Phase.FINISHED))")

    assert [one.kind for one in published] == ["display_data"]
    assert set(published[0].content["data"]) == PAGE


IN_BETWEEN = "surface._widget.comm._reply_subshell_id = None"
"""As ipykernel notes it just before it sends a view."""


@pytest.mark.parametrize("drawn_again", ["", "surface.draw(batch_view(completed=1300))", IN_BETWEEN])
def test_a_click_is_heard_while_the_cell_blocks(kernel: Kernel, drawn_again: str) -> None:
    subshell = kernel.subshell()
    cell = kernel.start(f"surface.draw(batch_view()); {drawn_again}\nprint('drawn'); it = watched.heard.wait(30)")
    model = model_of(kernel.wait_for("display_data"))
    kernel.wait_for("stream")
    kernel.say(model, {"op": "pause", "press": "1"}, subshell=subshell)
    kernel.end_of(cell)

    assert kernel.value() == "True"


@pytest.mark.parametrize(("pages", "answer", "left"), [(1, "kept", 0), (1, "over", 0), (2, "kept", 0), (2, "over", 1)])
def test_it_is_closed_once_the_notebook_holds_what_lasts(kernel: Kernel, pages: int, answer: str, left: int) -> None:
    model = model_of(draw(kernel))
    say_in_turn(kernel, model, ["drawn"] * pages)
    published = kernel.run("surface.finish(batch_view(phase=Phase.FINISHED))")
    assert [one.kind for one in published] == ["update_display_data", "comm_msg"]
    assert published[1].content["data"]["state"]["view"]["commands"] == []
    assert set(published[1].content["data"]["state"]["lasting"]["data"]) == PAGE

    say_in_turn(kernel, model, [answer])
    kernel.run(f"it = len([one for one in set(_instances) - kept if one == {model!r}])")
    assert kernel.value() == str(left)


def test_a_kernel_that_ends_leaves_what_lasts() -> None:
    with running_kernel() as kernel:
        kernel.run(SETUP)
        shown = kernel.run("""
            from aijobs_sdk.notebook.hub import hub
            from aijobs_sdk.notebook.panel import Panel
            watched = Noting()
            hub.add(Panel(watched, WidgetSurface(watched)))
        """)
        kernel.shut_down()
        left = kernel.wait_for("update_display_data")

    assert left.display_id == next(one for one in shown if one.kind == "display_data").display_id
    assert set(left.content["data"]) == PAGE
