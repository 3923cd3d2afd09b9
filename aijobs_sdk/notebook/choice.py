"""What something is drawn on: what the user chose, where it can be drawn here, or the best there is."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import assert_never

from aijobs_sdk.notebook.display import Display, chosen_display
from aijobs_sdk.notebook.frontend import Frontend
from aijobs_sdk.notebook.snapshot import Watched
from aijobs_sdk.notebook.surface import Surface

_LIBRARIES = {Display.WIDGET: "anywidget", Display.HTML: "IPython", Display.RICH: "rich", Display.TQDM: "tqdm"}


def surface_for(watched: Watched, frontend: Frontend, *, is_asked_for: bool) -> Surface | None:
    """Return where something is drawn, None where nothing is to be; `is_asked_for`: by name, not as part of a call."""
    display = resolved(chosen_display(), frontend)
    return None if display is Display.OFF else _surface(display, watched, frontend, is_asked_for=is_asked_for)


def resolved(chosen: Display, frontend: Frontend) -> Display:
    """Return what is drawn with; what cannot be drawn here, or lacks its library, makes room for the next best."""
    if chosen is Display.OFF:
        return chosen
    possible = [display for display in _possible(frontend) if is_there(display)]
    return chosen if chosen in possible else possible[0]


def _possible(frontend: Frontend) -> Iterator[Display]:
    """Yield what can be drawn at a place, the best first."""
    match frontend:
        case Frontend.NOTEBOOK:
            yield from (Display.WIDGET, Display.HTML)
        case Frontend.VSCODE | Frontend.COLAB:
            yield from (Display.HTML, Display.WIDGET)
        case Frontend.EXECUTED:
            yield Display.HTML  # nobody presses a widget's buttons, and nbclient keeps even one that was closed
        case Frontend.TERMINAL:
            yield from (Display.RICH, Display.TQDM)
        case Frontend.PIPE | Frontend.MARIMO:
            pass
        case _:
            assert_never(frontend)
    yield Display.PLAIN


def is_there(display: Display) -> bool:
    """Return whether the library is installed that it takes."""
    library = _LIBRARIES.get(display)
    return library is None or find_spec(library) is not None


def _surface(display: Display, watched: Watched, frontend: Frontend, *, is_asked_for: bool) -> Surface:
    # Each needs a library that only those pay for who show something with it.
    match display:
        case Display.WIDGET:
            from aijobs_sdk.notebook.surfaces.widget.surface import WidgetSurface  # noqa: PLC0415

            return WidgetSurface(watched)
        case Display.HTML:
            from aijobs_sdk.notebook.surfaces.html import HtmlSurface  # noqa: PLC0415

            return HtmlSurface()
        case Display.RICH:
            from aijobs_sdk.notebook.surfaces.rich_bar import RichSurface, can_draw  # noqa: PLC0415

            return RichSurface() if can_draw() else _lines(frontend, is_asked_for=is_asked_for)
        case Display.TQDM:
            from aijobs_sdk.notebook.surfaces.tqdm_bar import TqdmSurface  # noqa: PLC0415

            return TqdmSurface()
        case Display.PLAIN | Display.AUTO | Display.OFF if frontend.is_a_notebook:
            from aijobs_sdk.notebook.surfaces.html import HtmlSurface  # noqa: PLC0415

            # Lines that a thread writes would land in whatever cell runs by then.
            return HtmlSurface(in_text=True)
        case Display.PLAIN | Display.AUTO | Display.OFF:
            return _lines(frontend, is_asked_for=is_asked_for)
        case _:
            assert_never(display)


def _lines(frontend: Frontend, *, is_asked_for: bool) -> Surface:
    from aijobs_sdk.notebook.surfaces.lines import LinesSurface  # noqa: PLC0415 - as above

    return LinesSurface(says_at_once=is_asked_for or frontend is Frontend.TERMINAL)
