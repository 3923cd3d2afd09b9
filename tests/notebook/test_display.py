"""What the user chose holds wherever it can be drawn; elsewhere what suits the place is drawn."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.notebook.choice import resolved
from aijobs_sdk.notebook.display import Display, chosen_display, nothing_shown, set_display, suggest_display
from aijobs_sdk.notebook.frontend import Frontend

EVERY_LIBRARY = {"anywidget", "IPython", "rich", "tqdm"}


@pytest.fixture(autouse=True)
def _nobody_has_chosen(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setattr("aijobs_sdk.notebook.display._Chosen.by_the_user", None)
        patched.setattr("aijobs_sdk.notebook.display._Chosen.by_the_environment", None)
        yield


def hide(monkeypatch: pytest.MonkeyPatch, *libraries: str) -> None:
    for library in libraries:
        monkeypatch.setitem(sys.modules, library, None)


@pytest.mark.parametrize("name", list(Display))
def test_a_display_is_chosen_by_its_name(name: str) -> None:
    set_display(name)
    assert chosen_display() == name


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("widgets", "got a text of 7 characters. Did you mean 'widget'?"),
        ("", "got an empty text. Known: auto, html, off, plain, rich, tqdm, widget."),
        (None, "got nothing. Known: auto, widget, html, rich, tqdm, plain, off."),
    ],
)
def test_a_display_that_there_is_not_is_refused(name: str, hint: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        set_display(name)
    assert refused.value.message == f"`display` must name a display, {hint}"
    assert chosen_display() is Display.AUTO


def test_the_users_choice_comes_before_the_environments() -> None:
    set_display("html")
    suggest_display(Display.PLAIN)
    assert chosen_display() is Display.HTML


def test_the_environments_choice_may_change_until_the_user_chooses() -> None:
    suggest_display(Display.PLAIN)
    suggest_display(Display.RICH)
    assert chosen_display() is Display.RICH
    suggest_display(None)
    assert chosen_display() is Display.AUTO


def test_a_user_who_wants_what_suits_the_place_gets_it_whatever_the_environment_says() -> None:
    suggest_display(Display.OFF)
    set_display("auto")
    assert chosen_display() is Display.AUTO


def test_a_program_that_shows_things_itself_gives_back_what_was_chosen() -> None:
    set_display("html")
    with nothing_shown():
        assert chosen_display() is Display.OFF
    assert chosen_display() is Display.HTML


@pytest.mark.parametrize(
    ("frontend", "display"),
    [
        (Frontend.NOTEBOOK, Display.WIDGET),
        (Frontend.VSCODE, Display.HTML),
        (Frontend.COLAB, Display.HTML),
        (Frontend.EXECUTED, Display.HTML),
        (Frontend.MARIMO, Display.PLAIN),
        (Frontend.TERMINAL, Display.RICH),
        (Frontend.PIPE, Display.PLAIN),
    ],
)
def test_each_place_has_what_suits_it(frontend: Frontend, display: Display) -> None:
    assert resolved(Display.AUTO, frontend) is display


@pytest.mark.parametrize(
    ("frontend", "hidden", "display"),
    [
        (Frontend.NOTEBOOK, ["anywidget"], Display.HTML),
        (Frontend.TERMINAL, ["rich"], Display.TQDM),
        (Frontend.TERMINAL, ["rich", "tqdm"], Display.PLAIN),
        (Frontend.EXECUTED, ["anywidget", "IPython"], Display.PLAIN),
    ],
)
def test_without_a_library_there_is_the_next_best(
    monkeypatch: pytest.MonkeyPatch, frontend: Frontend, hidden: list[str], display: Display
) -> None:
    hide(monkeypatch, *hidden)
    assert resolved(Display.AUTO, frontend) is display


@pytest.mark.parametrize("frontend", list(Frontend))
def test_a_place_without_any_library_still_has_lines(monkeypatch: pytest.MonkeyPatch, frontend: Frontend) -> None:
    hide(monkeypatch, *EVERY_LIBRARY)
    assert resolved(Display.AUTO, frontend) is Display.PLAIN


@pytest.mark.parametrize(
    ("chosen", "frontend", "display"),
    [
        (Display.HTML, Frontend.NOTEBOOK, Display.HTML),
        (Display.WIDGET, Frontend.VSCODE, Display.WIDGET),
        (Display.PLAIN, Frontend.NOTEBOOK, Display.PLAIN),
        (Display.TQDM, Frontend.TERMINAL, Display.TQDM),
        (Display.WIDGET, Frontend.EXECUTED, Display.HTML),
        (Display.WIDGET, Frontend.TERMINAL, Display.RICH),
        (Display.RICH, Frontend.NOTEBOOK, Display.WIDGET),
        (Display.RICH, Frontend.PIPE, Display.PLAIN),
        (Display.OFF, Frontend.NOTEBOOK, Display.OFF),
    ],
)
def test_a_choice_holds_where_it_can_be_drawn(chosen: Display, frontend: Frontend, display: Display) -> None:
    assert resolved(chosen, frontend) is display
