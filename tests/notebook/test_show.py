"""What is put on show, and for how long."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from aijobs_sdk.notebook import show as showing
from aijobs_sdk.notebook.display import Display
from aijobs_sdk.notebook.frontend import Frontend
from aijobs_sdk.notebook.hub import hub
from aijobs_sdk.notebook.show import living, on_show, show, show_as_output, still
from aijobs_sdk.notebook.snapshot import Phase
from aijobs_sdk.notebook.surfaces.widget.model import PanelWidget
from panels.shown import Kept, Shown
from panels.views import batch_snapshot


class Placed:
    """A place of a test's own, and what was drawn there."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.frontend = Frontend.NOTEBOOK
        self.kept: list[Kept] = []
        monkeypatch.setattr(showing, "current_frontend", lambda: self.frontend)
        monkeypatch.setattr(showing, "surface_for", self._surface_for)

    def _surface_for(self, *_: object, is_asked_for: bool) -> Kept:
        self.kept.append(Kept())
        return self.kept[-1]


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Placed]:
    yield Placed(monkeypatch)
    hub.close()


def test_what_is_shown_is_drawn_at_once_and_stays_alive(place: Placed) -> None:
    shown = Shown()
    show(shown)
    assert (place.kept[0].phases, hub.has(shown)) == ([Phase.RUNNING], True)


def test_in_a_notebook_what_is_not_over_stays_on_show_after_the_call(place: Placed) -> None:
    shown = Shown()
    with on_show(shown):
        shown.stand(phase=Phase.PAUSED)
    assert (place.kept[0].phases[-1], hub.has(shown)) == (Phase.PAUSED, True)


def test_what_is_over_when_the_call_ends_was_drawn_for_the_last_time(place: Placed) -> None:
    shown = Shown()
    with on_show(shown):
        shown.stand(phase=Phase.FINISHED)
    assert ([view.phase for view in place.kept[0].finished], hub.has(shown)) == ([Phase.FINISHED], False)


@pytest.mark.parametrize("frontend", [Frontend.TERMINAL, Frontend.PIPE])
def test_elsewhere_it_is_on_show_as_long_as_the_call(place: Placed, frontend: Frontend) -> None:
    place.frontend = frontend
    shown = Shown()
    with on_show(shown):
        shown.stand(phase=Phase.PAUSED)
    assert ([view.phase for view in place.kept[0].finished], hub.has(shown)) == ([Phase.PAUSED], False)


def test_a_call_that_raises_leaves_the_last_state_behind(place: Placed) -> None:
    place.frontend = Frontend.TERMINAL
    with pytest.raises(KeyboardInterrupt):
        interrupted(Shown())
    assert [view.phase for view in place.kept[0].finished] == [Phase.PAUSED]


def interrupted(shown: Shown) -> None:
    with on_show(shown):
        shown.stand(phase=Phase.PAUSED)
        raise KeyboardInterrupt


def test_what_is_on_show_already_is_not_shown_twice(place: Placed) -> None:
    shown = Shown()
    show(shown)
    with on_show(shown):
        shown.stand(phase=Phase.FINISHED)
    assert [one.phases for one in place.kept] == [[Phase.RUNNING, Phase.FINISHED]]


def test_a_call_of_another_thread_shows_nothing(place: Placed) -> None:
    def call() -> None:
        with on_show(Shown()):
            pass

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    assert place.kept == []


def test_where_threads_reach_no_page_the_caller_draws(place: Placed) -> None:
    place.frontend = Frontend.COLAB
    shown = Shown()
    with on_show(shown) as pulse:
        assert pulse is not None
        shown.stand(completed=1)
        pulse()
        drawn = len(place.kept[0].drawn)
    assert drawn == 2


def test_there_the_caller_draws_also_what_was_on_show_before(place: Placed) -> None:
    place.frontend = Frontend.COLAB
    shown = Shown()
    show(shown)
    with on_show(shown) as pulse:
        assert pulse is not None
        shown.stand(completed=1)
        pulse()
        drawn = len(place.kept[0].drawn)
    assert (len(place.kept), drawn) == (1, 2)


def test_everywhere_else_the_hub_draws(place: Placed) -> None:
    with on_show(Shown()) as pulse:
        assert pulse is None


def test_a_cell_ends_with_what_is_put_on_show(place: Placed) -> None:
    show_as_output(Shown())
    assert len(place.kept) == 1


@pytest.mark.parametrize("frontend", [Frontend.TERMINAL, Frontend.PIPE, Frontend.MARIMO])
def test_where_there_is_no_page_its_repr_is_printed(place: Placed, frontend: Frontend) -> None:
    place.frontend = frontend
    with pytest.raises(NotImplementedError):
        show_as_output(Shown())
    assert place.kept == []


def test_who_wants_nothing_shown_gets_its_repr(place: Placed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(showing, "chosen_display", lambda: Display.OFF)
    with pytest.raises(NotImplementedError):
        show_as_output(Shown())


def test_how_it_stands_now_is_html_that_lasts() -> None:
    page = still(Shown(batch_snapshot(title="<b>captions</b>", phase=Phase.FINISHED)))
    assert "&lt;b&gt;captions&lt;/b&gt;" in page
    assert "finished" in page


@pytest.mark.usefixtures("place")
def test_who_displays_what_it_is_given_gets_a_widget() -> None:
    shown = Shown()
    widget = living(shown)
    assert isinstance(widget, PanelWidget)
    assert hub.has(shown)
    widget.close()


@pytest.mark.parametrize("display", [Display.HTML, Display.PLAIN, Display.OFF])
def test_or_a_page_where_no_widget_is_wanted(place: Placed, monkeypatch: pytest.MonkeyPatch, display: Display) -> None:
    monkeypatch.setattr(showing, "chosen_display", lambda: display)
    page = living(Shown())
    assert isinstance(page, showing._Page)
    assert "captions-v3" in page._repr_html_()
