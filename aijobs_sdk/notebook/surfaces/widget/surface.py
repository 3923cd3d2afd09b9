"""Draws on a widget below a cell, and at the end puts in its place what lasts."""

from __future__ import annotations

import uuid
import weakref
from collections.abc import Mapping
from dataclasses import replace

from IPython.display import display

from aijobs_sdk.notebook.hub import FAST_HERTZ, hub
from aijobs_sdk.notebook.panel import Panel
from aijobs_sdk.notebook.snapshot import Watched
from aijobs_sdk.notebook.surfaces.html import page_bundle
from aijobs_sdk.notebook.surfaces.widget.model import PanelWidget
from aijobs_sdk.notebook.view import View

NOT_KEPT = "This page was loaded again while it ran: show it once more to keep this in the notebook."


class WidgetSurface:
    """Where one thing is shown: below the cell that drew it first."""

    most_per_second = FAST_HERTZ

    def __init__(self, watched: Watched) -> None:
        self._watched = weakref.ref(watched)
        self._widget: PanelWidget | None = None
        self._display_id = uuid.uuid4().hex
        """Finds the cell's output from any thread, and after the cell has ended."""

    def draw(self, view: View) -> None:
        """Send the view to the page; the first one by way of the cell that is to show it."""
        if self._widget is None:
            self._widget = PanelWidget(self._watched, view)
            live, metadata = self._widget.bundle()
            # The rest is for who reads the notebook while it runs, and has no widgets.
            self._put({**live, **page_bundle(view)}, metadata)
        else:
            self._widget.show(view)

    def finish(self, view: View) -> None:
        """Put HTML and text in the widget's place, and let go of the widget."""
        widget, self._widget = self._widget, None
        lasting = page_bundle(view)
        self._put(lasting, is_there=widget is not None)
        if widget is not None:
            # A page that was loaded later knows the widget, and not the cell's output.
            note = view.note if widget.pages <= 1 else f"{view.note} {NOT_KEPT}".strip()
            widget.end(replace(view, commands=(), note=note), lasting)

    def _put(
        self, bundle: Mapping[str, object], metadata: Mapping[str, object] | None = None, *, is_there: bool = False
    ) -> None:
        display(bundle, metadata=metadata, raw=True, display_id=self._display_id, update=is_there)  # type: ignore[no-untyped-call]


class LivingSurface:
    """A widget that somebody else has put where it is, and that stays there at the end."""

    most_per_second = FAST_HERTZ

    def __init__(self, watched: Watched) -> None:
        self._watched = weakref.ref(watched)
        self._widget: PanelWidget | None = None

    @property
    def widget(self) -> PanelWidget:
        """What shows it; there from the first view on."""
        if self._widget is None:
            raise RuntimeError("Nothing has been drawn yet.")
        return self._widget

    def draw(self, view: View) -> None:
        """Show it on the widget."""
        if self._widget is None:
            self._widget = PanelWidget(self._watched, view)
        else:
            self._widget.show(view)

    def finish(self, view: View) -> None:
        """Show it for the last time, without buttons."""
        self.draw(replace(view, commands=()))


def widget_of(watched: Watched) -> PanelWidget:
    """Return a widget that shows something from now on, for a notebook that displays it by itself, as marimo does."""
    surface = LivingSurface(watched)
    hub.add(Panel(watched, surface))
    return surface.widget
