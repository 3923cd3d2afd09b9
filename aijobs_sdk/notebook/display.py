"""Which surface things are shown on: what the user set, or what suits the place we run in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from aijobs_sdk.contract.refusal import bad_argument
from aijobs_sdk.contract.shapes import nearest, shape_of


class Display(StrEnum):
    """What progress is drawn with."""

    AUTO = "auto"
    """What suits the place: a widget in a notebook, a bar in a terminal, lines elsewhere."""
    WIDGET = "widget"
    HTML = "html"
    RICH = "rich"
    TQDM = "tqdm"
    PLAIN = "plain"
    OFF = "off"


class _Chosen:
    """What this process was told; nothing, until somebody says it."""

    by_the_user: Display | None = None
    by_the_environment: Display | None = None


def set_display(display: str) -> None:
    """Choose how this process shows progress: `auto`, `widget`, `html`, `rich`, `tqdm`, `plain` or `off`.

    It holds for everything that is put on show from now on, and comes before AIJOBS_DISPLAY. What cannot be drawn where
    this runs, such as a widget in a terminal, or lacks its library, makes room for what suits the place.

    Raises:
        InvalidRequestError: there is no such display.
    """
    _Chosen.by_the_user = read_display(display)


def suggest_display(display: Display | None) -> None:
    """Use this one as long as the user has chosen none; None: what suits the place."""
    _Chosen.by_the_environment = display


@contextmanager
def nothing_shown() -> Iterator[None]:
    """Have nothing shown while the block runs, whatever the user chose: a program shows it in its own way."""
    before = _Chosen.by_the_user
    _Chosen.by_the_user = Display.OFF
    try:
        yield
    finally:
        _Chosen.by_the_user = before


def chosen_display() -> Display:
    """Return what the user chose."""
    return _Chosen.by_the_user or _Chosen.by_the_environment or Display.AUTO


def read_display(display: str) -> Display:
    """Return a display by its name.

    Raises:
        InvalidRequestError: there is none.
    """
    try:
        return Display(display)
    except ValueError:
        # `set_display(None)` is a mistake as good as any.
        meant = nearest(display, Display) if isinstance(display, str) else f" Known: {', '.join(Display)}."
        raise bad_argument("display", f"must name a display, got {shape_of(display)}.{meant}") from None
