"""The widget without a page: what it holds, what it makes of what a page says, and how small it is."""

from __future__ import annotations

import json
import logging
import weakref
from collections.abc import Iterator
from importlib.resources import files

import pytest

from aijobs_sdk.notebook.hub import hub
from aijobs_sdk.notebook.snapshot import Command
from aijobs_sdk.notebook.surfaces.widget.model import PanelWidget
from aijobs_sdk.notebook.surfaces.widget.surface import widget_of
from aijobs_sdk.notebook.view import View
from panels.views import batch_view, job_view
from panels.watched import Noting


@pytest.fixture
def watched() -> Noting:
    return Noting()


@pytest.fixture
def widget(watched: Noting) -> Iterator[PanelWidget]:
    widget = PanelWidget(weakref.ref(watched), batch_view())
    yield widget
    widget.close()


def say(widget: PanelWidget, content: object) -> None:
    """Hand over a message as ipywidgets gets it from a page."""
    widget._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})


@pytest.mark.parametrize("command", list(Command))
def test_a_button_steers_what_is_shown(widget: PanelWidget, watched: Noting, command: Command) -> None:
    say(widget, {"op": command.value, "press": "1"})

    assert watched.told == [command]


def test_a_press_that_is_said_again_steers_once_and_is_answered_each_time(
    widget: PanelWidget, watched: Noting, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[object] = []
    monkeypatch.setattr(widget, "send", answers.append)
    for press in ("1", "1", "2"):
        say(widget, {"op": "pause", "press": press})

    assert watched.told == [Command.PAUSE, Command.PAUSE]
    assert answers == [{"heard": "1"}, {"heard": "1"}, {"heard": "2"}]


@pytest.mark.parametrize(
    "content",
    [
        {"op": "pause"},
        {"op": "pause", "press": 7},
        {"op": "explode"},
        {"op": ["cancel"]},
        {"op": None},
        {},
        "cancel",
        None,
        7,
    ],
)
def test_what_no_button_says_steers_nothing(widget: PanelWidget, watched: Noting, content: object) -> None:
    say(widget, content)

    assert watched.told == []


def test_what_a_click_could_not_do_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    watched = Noting(fails=True)
    with caplog.at_level(logging.ERROR, "aijobs.notebook"):
        say(PanelWidget(weakref.ref(watched), batch_view()), {"op": "pause", "press": "1"})

    assert "pause, could not be done" in caplog.text
    assert "RuntimeError: it cannot" in caplog.text


def test_a_widget_keeps_nothing_alive() -> None:
    gone = PanelWidget(weakref.ref(Noting()), batch_view())
    say(gone, {"op": "cancel", "press": "1"})

    assert gone._watched() is None


@pytest.mark.parametrize("view", [batch_view(), job_view()], ids=["batch", "job"])
def test_what_is_sent_is_small(watched: Noting, view: View) -> None:
    widget = PanelWidget(weakref.ref(watched), view)

    assert len(json.dumps(widget.view)) <= 2_000


def test_a_page_loads_little_for_a_panel() -> None:
    room = files("aijobs_sdk.notebook.surfaces.widget")

    assert sum(len(room.joinpath(name).read_bytes()) for name in ("panel.js", "panel.css")) <= 14_500


def test_a_widget_for_other_notebooks_shows_how_it_stands(watched: Noting, request: pytest.FixtureRequest) -> None:
    request.addfinalizer(hub.close)
    widget = widget_of(watched)

    assert widget.view["summary"] == "0 of 10 rows, 2.00 credits"
    assert hub.has(watched)
